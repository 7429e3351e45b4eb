"""Anjungan Mandiri: residents ask for letters themselves, and wait to be called.

A screen that anybody may stand in front of: it has an origin and a port of its own, no login and no cookie, and answers
with nothing that was not typed into it, save initials. Must never give a letter's number, never show personal data, never
tell whether a NIK is on record. Each page forgets its visitor after a minute, scripts or not. Place in the flow: opens a
request (`agent/store/requests`), which a clerk sees as any other.
"""

from agent.web.kiosk.pages import build_kiosk_app

__all__ = ["build_kiosk_app"]
