"""Birth dates of a roster's column (`protocol/lists/dates`), and what the clerk is told of a cell that is no date."""

from datetime import date

from agent.domain.fields import Fault
from language import say
from protocol.lists import dates
from protocol.lists.dates import DateProblem, Order

FAULTS = {
    DateProblem.UNREADABLE: say("bukan tanggal. Tulis hari-bulan-tahun, misalnya 31-12-1980."),
    DateProblem.TWO_READINGS: say(
        "hari dan bulannya dapat tertukar, dan NIK tidak memastikan. Cocokkan dengan KTP-el atau KK, tulis hari-bulan-tahun."
    ),
}


def read_date(cell: str, order: Order, in_nik: date | None) -> date | Fault:
    """The date of a cell. `in_nik`: what the NIK says, None where it says nothing."""
    read = dates.read_date(cell, order, in_nik)
    return Fault(read.value, FAULTS[read]) if isinstance(read, DateProblem) else read
