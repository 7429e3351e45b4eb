"""What the papers of a roster say: the minutes of validation and the payment lists, in words and cells. Pure.

The minutes carry the hash of the very list they were printed with; the payment list that of the list that was signed. A NIK
stands whole only on the payment list, where the bank needs it. Place in the flow: pages -> here -> central/render.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from central.domain.decisions import day_text
from central.domain.determination import Act, Entry, RosterList, find_village
from central.domain.rosters import Body, InputRow
from central.domain.terbilang import terbilang
from protocol.ids import DistrictCode, mask_nik
from protocol.regions import VillageKind, district


class Column(Struct, frozen=True):
    """`width`: its share of the page."""

    label: str
    width: float
    is_number: bool = False


class Sheet(Struct, frozen=True, kw_only=True):
    """One paper. `dated`: its day, 2021-06-01; a signature is what stands above the line for the pen."""

    title: str
    dated: str
    subtitle: Sequence[str]
    opening: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    closing: Sequence[str]
    signatures: Sequence[Sequence[str]]
    footer: str
    is_lying: bool = False


MINUTES_COLUMNS = (
    Column("No", 0.6, is_number=True),
    Column("Nama", 3.2),
    Column("NIK", 2.2),
    Column("Tanggal lahir", 1.8),
    Column("Desa/kelurahan", 2.2),
    Column("Asal", 2),
)


def minutes(cycle_name: str, body: Body, place: str, rows: Sequence[InputRow], digest: bytes, today: date) -> Sheet:
    """The minutes (berita acara) of one village or one district's LPTQ, for pen and stamp."""
    who = _who(body, place)
    count = len(rows)
    return Sheet(
        title="Berita acara validasi",
        dated=today.isoformat(),
        subtitle=(cycle_name, who),
        opening=(
            f"Pada hari ini, ................................, {who} menyatakan telah memeriksa usulan {cycle_name}. Sebanyak"
            f" {_n(count)} ({terbilang(count)}) orang dinyatakan sesuai untuk diusulkan sebagai penerima:",
        ),
        columns=MINUTES_COLUMNS,
        rows=[
            (
                str(number),
                row.proposal.name,
                mask_nik(row.proposal.nik),
                day_text(row.proposal.birth_date),
                _village(row.proposal.village),
                "Penerima periode lalu" if row.origin == "former" else "Usulan",
            )
            for number, row in enumerate(rows, start=1)
        ],
        closing=("Berita acara ini dibuat dengan sebenarnya dan hanya berlaku untuk daftar dengan sidik di bawah.",),
        signatures=_signers(body, place),
        footer=f"Sidik daftar: {digest.hex()}",
    )


PAYMENT_COLUMNS = (
    Column("No", 0.7, is_number=True),
    Column("Desa/kelurahan", 2.2),
    Column("Nama", 3),
    Column("NIK", 2.4),
    Column("Saluran", 2.2),
    Column("Bank, nomor rekening", 2.8),
    Column("Atas nama", 2.4),
    Column("Jumlah (Rp)", 1.6, is_number=True),
)


def payment_sheet(cycle_name: str, found: RosterList, digest: bytes, place: str) -> Sheet:
    """The payment list of one district: who is paid by this very list, its villages one behind the other with their sums."""
    entries = [entry for entry in found.payable if entry.village.startswith(place)]
    total = len(entries) * found.amount_rupiah
    act = found.act
    return Sheet(
        title="Daftar pembayaran",
        dated=act.dated,
        subtitle=(
            cycle_name,
            f"Kecamatan {district(DistrictCode(place)).name}",
            *_acts(act, place),
        ),
        opening=(),
        columns=PAYMENT_COLUMNS,
        rows=list(_payment_rows(entries, found.amount_rupiah)),
        closing=(
            f"Jumlah: {_n(len(entries))} ({terbilang(len(entries))}) penerima, Rp{_n(total)}"
            f" ({terbilang(total)} rupiah).",
        ),
        signatures=(("Mengetahui,", "Camat"), ("Petugas pembayaran,", "")),
        footer=f"Sidik daftar yang ditetapkan: {digest.hex()}",
        is_lying=True,
    )


def _payment_rows(entries: Iterable[Entry], amount: int) -> Iterable[Sequence[str]]:
    village, count = "", 0
    for entry in entries:
        if village and entry.village != village:
            yield _village_sum(village, count, amount)
            count = 0
        village, count = entry.village, count + 1
        account = ", ".join(part for part in (entry.bank, entry.account_number) if part)
        yield (
            str(entry.number),
            _village(entry.village),
            entry.name,
            entry.nik,
            entry.channel,
            account or "-",
            entry.account_name or "-",
            _n(amount),
        )
    if village:
        yield _village_sum(village, count, amount)


def _village_sum(village: str, count: int, amount: int) -> Sequence[str]:
    return ("", f"Jumlah {_village(village)}", f"{_n(count)} penerima", "", "", "", "", _n(count * amount))


# --- the payment list as a table --------------------------------------------------------------------------------------

TABLE_HEADINGS = (
    "NO", "KODE DAFTAR", "KECAMATAN", "DESA/KELURAHAN", "NAMA", "NIK", "NO KK", "SALURAN", "BANK", "NOMOR REKENING",
    "ATAS NAMA", "JUMLAH", "STATUS", "TANGGAL", "ALASAN",
)  # fmt: skip
"""The last three are empty: whoever pays fills them in, and the file comes back (`payments`)."""
AMOUNT_AT = TABLE_HEADINGS.index("JUMLAH")


def list_code(digest: bytes) -> str:
    """How a payment file names the list it belongs to: the beginning of its hash."""
    return digest.hex()[:16]


def payment_table(found: RosterList, digest: bytes) -> list[Sequence[str]]:
    """A row for each who is paid by this list, in its order; the amount is plain digits."""
    code, amount = list_code(digest), str(found.amount_rupiah)
    return [
        (
            str(entry.number), code, _district(entry.village), _village(entry.village), entry.name, entry.nik, entry.kk,
            entry.channel, entry.bank, entry.account_number, entry.account_name, amount, "", "", "",
        )
        for entry in found.payable
    ]  # fmt: skip


def total_words(found: RosterList) -> str:
    """`12.373 penerima, Rp8.661.100.000 (delapan miliar ... rupiah)`"""
    return f"{_n(len(found.entries))} penerima, Rp{_n(found.total_rupiah)} ({terbilang(found.total_rupiah)} rupiah)"


# --- words ------------------------------------------------------------------------------------------------------------


def _acts(act: Act, place: str) -> Sequence[str]:
    """The act on paper; of a scheme that villages determine, those of the district's."""
    if not act.by_village:
        return (f"{act.instrument} Nomor {act.number}, {day_text(act.dated)}",)
    own = [each for each in act.by_village if each.village.startswith(place)]
    return [f"Perkades {_village(each.village)} Nomor {each.number}, {day_text(each.dated)}" for each in own]


def _who(body: Body, place: str) -> str:
    home = find_village(place)
    if body is Body.VILLAGE and home is not None:
        return f"Pemerintah {home.place}"
    return f"LPTQ Kecamatan {district(DistrictCode(place)).name}"


def _signers(body: Body, place: str) -> Sequence[Sequence[str]]:
    if body is Body.LPTQ:
        return (("Mengetahui,", "Camat"), ("", "Ketua LPTQ Kecamatan"))
    home = find_village(place)
    is_ward = home is not None and home.kind is VillageKind.KELURAHAN
    return (("Mengetahui,", "Lurah" if is_ward else "Kepala Desa"), ("", "Petugas pemeriksa"))


def _village(code: str) -> str:
    home = find_village(code)
    return home.name if home is not None else code


def _district(code: str) -> str:
    home = find_village(code)
    return home.district.name if home is not None else code[:6]


def _n(number: int) -> str:
    return f"{number:,}".replace(",", ".")
