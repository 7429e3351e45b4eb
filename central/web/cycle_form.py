"""The form in which an officer drafts a cycle of a scheme, or a change of one: its window, and what its lock will ask.

Place in the flow: as `draft_forms`, whose parts it is made of.
"""

from datetime import UTC, datetime

from central.domain.catalogue import AMOUNT_RUPIAH_MAX
from central.domain.rule_changes import VALIDATORS, Book, Change, CycleTerms, PutCycle
from central.domain.rule_words import VALIDATIONS
from central.web.draft_forms import CYCLE_CODE, DAY_MS, NAME_MAX, WIB_MS, DraftForm, Field, Reader
from protocol.feed import Cycle
from protocol.schemes import month_text

OBJECTION_DAYS_MAX = 365
QUOTA_MAX, BUDGET_MAX = 1_000_000, 10**13


def cycle_form(book: Book, code: str, scheme_code: str) -> DraftForm | None:
    """A cycle that is there; without a code a new one of a scheme."""
    known = book.cycles.get(code)
    scheme = book.schemes.get(known.cycle.scheme if known else scheme_code)
    if scheme is None or (code and known is None):
        return None
    cycle = known.cycle if known else None
    fields = [
        Field("name", "Nama", hint="Yang dibaca petugas desa", value=cycle.name if cycle else ""),
        Field("month_from", "Bulan pertama", "month", value=month_text(cycle.month_from) if cycle else ""),
        Field("month_until", "Bulan terakhir", "month", value=month_text(cycle.month_until) if cycle else ""),
        Field("opens", "Hari pertama usulan", "date", value=_day(cycle.opens_ms) if cycle else ""),
        Field("closes", "Hari terakhir usulan", "date", value=_day(cycle.closes_ms - 1) if cycle else ""),
        Field("objection_days", "Masa sanggah", "number", "Hari", value=str(cycle.objection_days) if cycle else "14"),
        Field("quota", "Kuota penerima", "number", is_optional=True, value=_number(known.quota if known else None)),
        Field(
            "budget",
            "Anggaran",
            "number",
            "Rupiah",
            is_optional=True,
            value=_number(known.budget_rupiah if known else None),
        ),
        Field(
            "amount",
            "Besaran tiap penerima",
            "number",
            "Rupiah; sebelum diisi, daftar penerimanya belum dapat disusun",
            is_optional=True,
            value=_number(known.amount_rupiah if known else None),
        ),
        Field(
            "former",
            "Penerima dibawa dari",
            "select",
            "Periode yang sudah ditetapkan; kosong bila tidak ada",
            [(each, each) for each in sorted(book.locked)],
            is_optional=True,
            value=known.former if known else "",
            empty="Tidak ada",
        ),
        *(
            Field(
                f"needs_{each}",
                f"Wajib disahkan {VALIDATIONS[each]}",
                "checkbox",
                value="ya" if known and each in known.validations else "",
            )
            for each in VALIDATORS
        ),
    ]
    if known is None:
        fields.insert(0, Field("code", "Kode", hint=f"Tetap untuk seterusnya, misalnya {scheme.code}-2021"))

    def read(reader: Reader) -> Change:
        fresh = reader.code("code", CYCLE_CODE, f"{scheme.code}-2021") if known is None else code
        if known is None and fresh in book.cycles:
            reader.wrong("code", "sudah dipakai periode lain.")
        closes_ms = reader.day_ms("closes") + DAY_MS
        return PutCycle(
            CycleTerms(
                Cycle(
                    fresh,
                    scheme.code,
                    reader.text("name", NAME_MAX),
                    reader.month("month_from"),
                    reader.month("month_until"),
                    reader.day_ms("opens"),
                    closes_ms,
                    reader.number("objection_days", OBJECTION_DAYS_MAX),
                ),
                reader.whole("quota", QUOTA_MAX, is_optional=True),
                reader.whole("budget", BUDGET_MAX, is_optional=True),
                tuple(each for each in VALIDATORS if reader.ticked(f"needs_{each}")),
                reader.whole("amount", AMOUNT_RUPIAH_MAX, is_optional=True),
                reader.text("former", 64, is_optional=True),
            )
        )

    title = f"Ubah periode {code}" if known else f"Tambah periode {scheme.code}"
    return DraftForm(title, fields, read, f"/schemes/{scheme.code}", [("Program", scheme.name)])


def _number(value: int | None) -> str:
    return f"{value:,}".replace(",", ".") if value else ""


def _day(ms: int) -> str:
    return datetime.fromtimestamp((ms + WIB_MS) / 1000, UTC).date().isoformat()
