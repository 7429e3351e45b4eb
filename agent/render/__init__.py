"""From the words of a letter to its page: PDF for the printer, SVG for the screen, both the same page."""

from agent.render.press import CannotPrint, Paper, render_pdf, render_svg

__all__ = ["CannotPrint", "Paper", "render_pdf", "render_svg"]
