"""The whole thing with nothing faked: centre and village servers as processes, real pages, a bad line between them."""
