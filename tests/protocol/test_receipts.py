"""Receipt codes: short, read aloud, and a slip of the pen is noticed."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.receipts import ALPHABET, make_pin, parse_pin, parse_receipt_code, pin_verifier, receipt_code

RECORDS = st.binary(min_size=16, max_size=16)


@given(RECORDS)
def test_a_code_leads_back_to_its_record_however_it_is_typed(record: bytes) -> None:
    code = receipt_code(record)
    for typed in (code, code.lower(), code.replace("-", ""), f" {code} ", code.replace("0", "o").replace("1", "I")):
        span = parse_receipt_code(typed)
        assert span is not None
        assert span[0] <= record <= span[1]


@given(RECORDS, st.integers(0, 9), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(record: bytes, place: int, wrong: str) -> None:
    plain = receipt_code(record).replace("-", "")
    if {plain[place], wrong} not in ({wrong}, {"0", "Z"}):
        assert parse_receipt_code(plain[:place] + wrong + plain[place + 1 :]) is None


@given(RECORDS, st.integers(0, 8))
def test_two_swapped_neighbours_are_noticed(record: bytes, place: int) -> None:
    plain = receipt_code(record).replace("-", "")
    a, b = plain[place], plain[place + 1]
    if a != b and {a, b} != {"0", "Z"}:
        assert parse_receipt_code(plain[:place] + b + a + plain[place + 2 :]) is None


@given(st.text(max_size=30))
def test_anything_else_is_no_code_and_no_error(typed: str) -> None:
    span = parse_receipt_code(typed)
    assert span is None or len(span[0]) == len(span[1]) == 16


def test_a_pin_is_eight_digits_however_it_is_typed_and_only_the_right_one_verifies() -> None:
    assert make_pin(b"\x00" * 8) == "0000-0000"
    assert make_pin((48210937).to_bytes(8, "big")) == "4821-0937"
    for typed in ("4821-0937", " 4821 0937", "48210937"):
        assert parse_pin(typed) == "48210937"
    for wrong in ("", "4821093", "482109370", "4821-093O", "\u0664\u0668\u0662\u0661\u0660\u0669\u0663\u0667"):
        assert parse_pin(wrong) is None
    verifier = pin_verifier(b"s" * 16, b"p" * 16, "48210937")
    others = [
        (b"t" * 16, b"p" * 16, "48210937"),
        (b"s" * 16, b"q" * 16, "48210937"),
        (b"s" * 16, b"p" * 16, "48210938"),
    ]
    assert all(pin_verifier(*other) != verifier for other in others)
