"""What tests build their worlds from. The people are the demo's own, so that both tell the same stories."""

from deploy.demo.people import (
    TODAY,
    Entry,
    Household,
    Person,
    as_entry,
    dirty,
    dirty_list,
    household,
    make_kk,
    make_nik,
    siksng_csv,
    village_people,
)

__all__ = [
    "TODAY",
    "Entry",
    "Household",
    "Person",
    "as_entry",
    "dirty",
    "dirty_list",
    "household",
    "make_kk",
    "make_nik",
    "siksng_csv",
    "village_people",
]
