"""What comes back from the bank and the villages: good rows are taken, bad ones are told, nothing is guessed."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from central.domain.payments import Payment, PaymentFile, read_payments
from protocol.lists.tables import ListRefused

CODE, TODAY = "0123456789abcdef", date(2021, 7, 1)
HEAD = "NO;KODE DAFTAR;NAMA;STATUS;TANGGAL;ALASAN"


def read(*rows: str, head: str = HEAD) -> PaymentFile | ListRefused:
    return read_payments("\r\n".join((head, *rows)).encode(), CODE, range(1, 11), TODAY)


def test_paid_failed_and_untouched() -> None:
    found = read(
        f"1;{CODE};A;dibayar;20/06/2021;",
        f"'2;{CODE};B;Gagal  Salur;;rekening tutup",
        f"3;{CODE};C;;;",
        f"4;{CODE.upper()};D;DIBAYAR;2021-06-21 00:00:00;",
    )
    assert isinstance(found, PaymentFile)
    assert found.payments == [
        Payment(1, "paid", "2021-06-20", ""),
        Payment(2, "failed", "", "rekening tutup"),
        Payment(4, "paid", "2021-06-21", ""),
    ]
    assert (found.faults, found.untouched) == ([], 1)


def test_a_bad_row_is_that_rows_problem() -> None:
    found = read(
        f"1;{CODE};A;dibayar;31/06/2021;",
        f"1;{CODE};A;dibayar;20/06/2021;",
        f"1;{CODE};A;dibayar;20/06/2021;",
        f"2;{CODE};A;dibayar;02/07/2021;",
        f"11;{CODE};A;dibayar;20/06/2021;",
        "3;ffffffffffffffff;A;dibayar;20/06/2021;",
        f"4;{CODE};A;gagal salur;;",
        f"5;{CODE};A;mungkin;;",
        f"6;{CODE};A;dibayar",
    )
    assert isinstance(found, PaymentFile)
    assert [payment.entry for payment in found.payments] == [1]
    assert [fault.line for fault in found.faults] == [2, 4, 5, 6, 7, 8, 9, 10]
    assert all(fault.sentence for fault in found.faults)


def test_another_file_is_refused_with_the_cure() -> None:
    for content in (b"", b"%PDF-1.7", b"NAMA;UMUR\nA;3", HEAD.replace("STATUS", "KEADAAN").encode()):
        refused = read_payments(content, CODE, range(1, 3), TODAY)
        assert isinstance(refused, ListRefused)
        assert refused.sentence


@given(st.binary(max_size=400) | st.text(max_size=300).map(lambda text: f"{HEAD}\n{text}".encode()))
@settings(max_examples=200, deadline=None)
def test_any_bytes_end_in_an_answer(content: bytes) -> None:
    found = read_payments(content, CODE, range(1, 3), TODAY)
    if isinstance(found, PaymentFile):
        assert all(payment.entry in range(1, 3) for payment in found.payments)
