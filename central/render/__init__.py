"""From a sheet's words to its PDF."""

from central.render.press import CannotPrint, render_pdf

__all__ = ["CannotPrint", "render_pdf"]
