"""The rules as they are in force: schemes, what excludes what by month, amounts, criteria, cycles. Reads only.

Place in the flow: links lead from here to `drafts`, where an officer asks for a change.
"""

from collections.abc import Iterable

from aiohttp import web

from central.domain.catalogue import SchemeAmount
from central.domain.coverage_sets import month_of
from central.domain.rule_changes import Book
from central.domain.rule_words import (
    DETERMINERS,
    LEVELS,
    UNITS,
    amount_words,
    criterion_words,
    cycle_fields,
    exclusion_words,
    pair_words,
    rupiah,
    scheme_fields,
)
from central.rules import shipped_questions
from central.web.desk import Desk
from central.web.draft_forms import row_mark
from central.web.drafts import DRAFTERS, book_in_force
from central.web.fleet import EVERYBODY
from chassis.web import account_of, page, roles
from protocol.schemes import Effect, ExclusionRule, Scheme, month_text, parse_month

CODE = "[A-Z0-9][A-Z0-9-]{1,31}"
CELLS = {
    "reject": ("T", "tidak boleh rangkap", "bad"),
    "allow": ("B", "boleh rangkap", "good"),
    "warn": ("C", "boleh, dengan catatan", "wait"),
    "partly": ("S", "tergantung komponen, penerima atau arah", "wait"),
    "": ("·", "belum diatur", "plain"),
}
"""What a cell of the matrix shows: the letter, the words for it, the colour, which only helps."""


class SchemePages:
    """/schemes, /schemes/{code}, /exclusions and /exclusions/pair?code=…&other=…."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/schemes", self.list),
            web.get(f"/schemes/{{code:{CODE}}}", self.one),
            web.get("/exclusions", self.matrix),
            web.get("/exclusions/pair", self.pair),
        ]

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        book, now = await self._desk.database.read(book_in_force), month_of(self._desk.clock.now_ms())
        context = {
            "lines": [(each, _paid(book, each.code, now)) for each in book.schemes.values()],
            "levels": LEVELS,
            "units": UNITS,
            "determiners": DETERMINERS,
        }
        return await page(request, "schemes.html", context | _drafting(request))

    @roles(*EVERYBODY)
    async def one(self, request: web.Request) -> web.StreamResponse:
        book = await self._desk.database.read(book_in_force)
        scheme = _scheme(book, request.match_info["code"])
        code, rules = scheme.code, book.edition.rules
        context = {
            "scheme": scheme,
            "fields": scheme_fields(scheme),
            "amounts": [(a.component, amount_words(a)) for a in _sorted_amounts(book) if a.scheme == code],
            "criteria": [(row_mark(c), criterion_words(c)) for c in rules.criteria if c.scheme == code],
            "exclusions": [
                (rule.other_scheme if rule.scheme == code else rule.scheme, pair_words(rule), exclusion_words(rule))
                for rule in rules.exclusions
                if code in (rule.scheme, rule.other_scheme)
            ],
            "cycles": [
                (terms.cycle.code, cycle_fields(terms)) for terms in book.cycles.values() if terms.cycle.scheme == code
            ],
            "others": [each for each in book.schemes.values() if each.code != code],
            "has_questions": any(each.scheme == code and each.measures for each in shipped_questions()),
        }
        return await page(request, "scheme.html", context | _drafting(request))

    @roles(*EVERYBODY)
    async def matrix(self, request: web.Request) -> web.StreamResponse:
        book = await self._desk.database.read(book_in_force)
        try:
            at, fault = int(parse_month(request.query["month"])), ""
        except (KeyError, ValueError):
            at = month_of(self._desk.clock.now_ms())
            fault = "Tulis bulan seperti 2021-05." if request.query.get("month") else ""
        schemes = sorted(book.schemes.values(), key=lambda each: (each.priority, each.code))
        cells = _cells(rule for rule in book.edition.rules.exclusions if _is_in(rule, at))
        context = {
            "schemes": schemes,
            "cells": {key: CELLS[effect] for key, effect in cells.items()},
            "empty": CELLS[""],
            "legend": CELLS.values(),
            "month": month_text(at),
            "fault": fault,
        }
        return await page(request, "exclusions.html", context, status=422 if fault else 200)

    @roles(*EVERYBODY)
    async def pair(self, request: web.Request) -> web.StreamResponse:
        book = await self._desk.database.read(book_in_force)
        first, second = (_scheme(book, request.query.get(name, "")) for name in ("code", "other"))
        pair = {first.code, second.code}
        rules = [rule for rule in book.edition.rules.exclusions if {rule.scheme, rule.other_scheme} == pair]
        lines = [
            (row_mark(rule), pair_words(rule), exclusion_words(rule))
            for rule in sorted(rules, key=lambda rule: (rule.first, rule.component, rule.other_component))
        ]
        context = {"first": first, "second": second, "lines": lines}
        return await page(request, "pair.html", context | _drafting(request))


def _drafting(request: web.Request) -> dict[str, bool]:
    return {"may_draft": account_of(request).role in DRAFTERS}


def _scheme(book: Book, code: str) -> Scheme:
    found = book.schemes.get(code)
    if found is None:
        raise web.HTTPNotFound
    return found


def _sorted_amounts(book: Book) -> list[SchemeAmount]:
    return sorted(book.edition.amounts, key=lambda each: (each.component, -each.first))


def _paid(book: Book, code: str, at: int) -> str:
    """What the scheme pays in a month; several where its components are paid differently."""
    amounts = [each for each in _sorted_amounts(book) if each.scheme == code and _is_in(each, at)]
    return "; ".join(rupiah(each.amount_rupiah) for each in amounts) or "-"


def _is_in(row: SchemeAmount | ExclusionRule, at: int) -> bool:
    return row.first <= at and (row.until is None or at <= row.until)


def _cells(rules: Iterable[ExclusionRule]) -> dict[tuple[str, str], str]:
    """The effect of each ordered pair of schemes that some rule speaks of."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        is_partial = bool(rule.component or rule.other_component) or rule.scheme == rule.other_scheme
        said = "partly" if is_partial else Effect(rule.effect).value
        found.setdefault((rule.scheme, rule.other_scheme), set()).add(said)
        if rule.is_symmetric:
            found.setdefault((rule.other_scheme, rule.scheme), set()).add(said)
    return {pair: next(iter(said)) if len(said) == 1 else "partly" for pair, said in found.items()}
