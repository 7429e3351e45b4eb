"""The pages of everybody, on an address of their own: no login, no cookie, nothing to learn about anybody but oneself."""

from central.web.public.site import build_public_app

__all__ = ["build_public_app"]
