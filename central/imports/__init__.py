"""Lists that come from outside: read whole, judged row by row, recorded with every row's fate, all in one transaction."""

from central.imports.coverage import CoverageImport, ImportRefused, import_coverage, read_list

__all__ = ["CoverageImport", "ImportRefused", "import_coverage", "read_list"]
