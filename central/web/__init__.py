"""The centre's doors: `sync` for boxes, pages for officers."""
