"""Pages for people: who may see them, how they look, and how forms come in safely.

A program calls `install` once, declares its handlers with `roles`, `signed_in`, `public` or `machine`, reads forms with
`read_form` and answers with `page`.
"""

from chassis.web.accounts import Account
from chassis.web.declarations import RouteUndeclared, machine, public, require_declarations, roles, signed_in
from chassis.web.forms import Form, Upload, read_form
from chassis.web.guard import GuardMetrics
from chassis.web.installation import WebSettings, install, install_public
from chassis.web.layout import NavigationEntry, page
from chassis.web.login import add_notice
from chassis.web.paging import page_count, page_number
from chassis.web.receipts import form_key_of, recall, remember, submit_once
from chassis.web.refusals import RequestRefused
from chassis.web.visitor import account_of, visitor_of, wall_clock_ms

__all__ = [
    "Account",
    "Form",
    "GuardMetrics",
    "NavigationEntry",
    "RequestRefused",
    "RouteUndeclared",
    "Upload",
    "WebSettings",
    "account_of",
    "add_notice",
    "form_key_of",
    "install",
    "install_public",
    "machine",
    "page",
    "page_count",
    "page_number",
    "public",
    "read_form",
    "recall",
    "remember",
    "require_declarations",
    "roles",
    "signed_in",
    "submit_once",
    "visitor_of",
    "wall_clock_ms",
]
