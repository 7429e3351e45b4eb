"""The story in about two minutes: real programs, invented residents, a cable that is cut and mended."""
