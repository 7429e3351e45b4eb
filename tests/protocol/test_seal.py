"""The seal against public test vectors, an independent implementation, and everybody who changes a letter of it."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

import base45
import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from chassis.signing import Key, verify
from protocol import seal
from protocol.ids import mask_name
from protocol.seal import Damaged, Seal, SealKey, Standing
from tests.protocol import samples

VECTOR = json.loads((Path(__file__).parent.parent / "fixtures" / "seal" / "eddsa-sig-01.json").read_bytes())
KEY = Key.from_seed(b"\x02" * 32)
OTHER = Key.from_seed(b"\x03" * 32)
SALT = samples.salt(4)
WORDS = ("SURAT KETERANGAN TIDAK MAMPU", "Nomor: 470/041/429.508.03/2021")


def a_seal(**changes: object) -> Seal:
    facts: dict[str, object] = {
        "letter": samples.OPS[3].record_id,
        "kind": "beda_identitas",
        "number": "470/041/429.508.03/2021",
        "village": samples.VILLAGE,
        "issued_on": date(2021, 5, 3),
        "valid_until": date(2021, 8, 3),
        "name": samples.SUBJECT.name,
        "nik": samples.SUBJECT.nik,
        "words": WORDS,
        "salt": SALT,
    }
    return seal.make(**(facts | changes))  # type: ignore[arg-type]


SEAL = a_seal()
TEXT = seal.write(SEAL, KEY.public, KEY.sign)
RAW = base45.b45decode(TEXT.removeprefix(seal.PREFIX))


def text_of(raw: bytes) -> str:
    return seal.PREFIX + base45.b45encode(raw).decode()


def opened(text: str) -> Seal:
    return seal.open_sealed(seal.read(text), KEY.public, verify)


def signed(payload: bytes) -> str:
    """What a village's own key can be made to sign by a program that is not ours."""
    protected = bytes.fromhex("a2012704 48") + seal.key_id(KEY.public)
    signature = KEY.sign(seal.to_be_signed(protected, payload))
    return text_of(cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])))


# --- the standards ----------------------------------------------------------------------------------------------------


def test_what_is_signed_is_that_of_the_public_vector() -> None:
    message = cbor2.loads(bytes.fromhex(VECTOR["output"]["cbor"]))
    protected, _, payload, signature = message.value
    said = seal.to_be_signed(protected, payload)
    assert message.tag == 18
    assert said == bytes.fromhex(VECTOR["intermediates"]["ToBeSign_hex"])
    key = Key.from_seed(bytes.fromhex(VECTOR["input"]["sign0"]["key"]["d_hex"]))
    assert key.public == bytes.fromhex(VECTOR["input"]["sign0"]["key"]["x_hex"])
    assert key.sign(said) == signature
    assert verify(key.public, said, signature)


@pytest.mark.parametrize(("plain", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581")])
def test_base45_is_that_of_rfc_9285(plain: bytes, text: str) -> None:
    assert base45.b45encode(plain).decode() == text
    assert base45.b45decode(text) == plain


def test_an_independent_reader_needs_nothing_of_ours() -> None:
    message = cbor2.loads(base45.b45decode(TEXT[4:]))
    protected, unprotected, payload, signature = message.value
    structure = cbor2.dumps(["Signature1", protected, b"", payload])
    Ed25519PublicKey.from_public_bytes(KEY.public).verify(signature, structure)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(OTHER.public).verify(signature, structure)
    assert (message.tag, unprotected, cbor2.loads(protected)[1]) == (18, {}, -8)
    letter, kind, number, village, issued, until, name, tag, digest = cbor2.loads(payload)
    assert (letter, kind, number) == (samples.OPS[3].record_id, "beda_identitas", "470/041/429.508.03/2021")
    assert (village, issued, until) == (3510252010, 18750, 18842)
    assert (name, len(tag), len(digest)) == ("S*** C***", 8, 16)


def test_what_an_independent_writer_makes_is_read() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
    protected = cbor2.dumps({1: -8, 4: seal.key_id(KEY.public)}, canonical=True)
    payload = cbor2.dumps([b"L" * 16, "skd", "470/1/2021", 3510252010, 18750, None, "A***", b"t" * 8, b"d" * 16])
    signature = key.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    text = text_of(cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])))
    assert opened(text).number == "470/1/2021"
    assert opened(text).valid_until is None


# --- one form, and only unchanged -------------------------------------------------------------------------------------


def test_a_seal_comes_back_as_it_was_made() -> None:
    assert opened(TEXT) == SEAL
    assert (SEAL.village, SEAL.issued_on, SEAL.valid_until) == (samples.VILLAGE, date(2021, 5, 3), date(2021, 8, 3))
    assert seal.read(TEXT).key_id == seal.key_id(KEY.public)
    assert seal.write(SEAL, KEY.public, KEY.sign) == TEXT


def test_blanks_and_line_ends_around_it_are_the_scanners() -> None:
    assert opened(f" \t{TEXT}\r\n") == SEAL


def test_every_altered_byte_is_refused() -> None:
    for place in range(len(RAW)):
        for change in (0x01, 0x20, 0x80, 0xFF):
            altered = bytearray(RAW)
            altered[place] ^= change
            with pytest.raises(Damaged):
                opened(text_of(bytes(altered)))


def test_every_altered_letter_of_the_text_is_refused() -> None:
    for place in range(len(TEXT)):
        for letter in "0Z:%é":
            if TEXT[place] != letter:
                with pytest.raises(Damaged):
                    opened(TEXT[:place] + letter + TEXT[place + 1 :])


def test_every_cut_and_every_byte_too_many_is_refused() -> None:
    for length in range(len(RAW)):
        with pytest.raises(Damaged):
            opened(text_of(RAW[:length]))
    for length in range(len(TEXT)):
        with pytest.raises(Damaged):
            opened(TEXT[:length])
    for more in (b"\x00", b"\xf6", RAW):
        with pytest.raises(Damaged):
            opened(text_of(RAW + more))


@pytest.mark.parametrize(
    "text", ["", "SK1:", "SK2:" + TEXT[4:], "sk1:" + TEXT[4:], TEXT.lower(), "https://x/" + TEXT, "SK1:" + "0" * 9999]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(Damaged):
        seal.read(text)


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_else_than_be_refused(raw: bytes) -> None:
    with pytest.raises(Damaged):
        opened(text_of(raw))


def test_another_shape_of_the_same_message_is_refused() -> None:
    protected, payload, signature = RAW[3:16], seal.read(TEXT).payload, RAW[-64:]
    shapes = [
        cbor2.dumps([protected, {}, payload, signature]),
        cbor2.dumps(cbor2.CBORTag(98, [protected, {}, payload, signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {4: b"11"}, payload, signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature, None])),
        RAW.replace(b"\xa0\x58" + bytes([len(payload)]), b"\xa0\x59\x00" + bytes([len(payload)])),
        RAW.replace(b"\xd2\x84\x4d", b"\xd2\x84\x58\x0d"),
    ]
    for raw in shapes:
        assert raw != RAW
        with pytest.raises(Damaged):
            opened(text_of(raw))


BOMBS = (b"\x81" * 200 + b"\x80", b"\x9b" + b"\xff" * 8, b"\x9f" * 100, b"\xd8\x1c" * 60 + b"\x80", b"\xfb" + bytes(8))


@pytest.mark.parametrize("payload", [*BOMBS, b"\x00", b"\xf6", cbor2.dumps({1: 2}), cbor2.dumps(["x"] * 9)])
def test_what_a_key_signed_that_is_no_seal_is_refused(payload: bytes) -> None:
    with pytest.raises(Damaged):
        opened(signed(payload))


def test_what_a_key_signed_in_another_form_is_refused() -> None:
    payload = seal.read(TEXT).payload
    assert opened(signed(payload)) == SEAL
    longer = payload.replace(b"\x1a\xd1", b"\x1b\x00\x00\x00\x00\xd1", 1)  # the village's number in eight bytes
    assert cbor2.loads(longer) == cbor2.loads(payload)
    for other in (longer, payload + b"\x00", cbor2.dumps([*cbor2.loads(payload), 1])):
        assert other != payload
        with pytest.raises(Damaged):
            opened(signed(other))


# --- what it says -----------------------------------------------------------------------------------------------------


def test_neither_nik_nor_whole_name_stands_in_it() -> None:
    assert samples.SUBJECT.nik.encode() not in RAW
    assert samples.SUBJECT.kk.encode() not in RAW
    assert mask_name(samples.SUBJECT.name).encode() in RAW
    assert b"CONTOH" not in RAW


def test_nik_and_words_are_tied_by_the_records_salt() -> None:
    assert a_seal(nik="3510256507850002").nik_tag != SEAL.nik_tag
    assert a_seal(salt=samples.salt(9)).nik_tag != SEAL.nik_tag
    assert a_seal(salt=samples.salt(9)).digest != SEAL.digest
    assert a_seal(words=["".join(WORDS)]).digest != SEAL.digest
    assert a_seal(words=[*WORDS, ""]).digest != SEAL.digest


@given(st.randoms(use_true_random=False))
def test_the_longest_letters_fit(chance: random.Random) -> None:
    name = " ".join("Þórðarson" for _ in range(chance.randint(1, 9)))
    text = seal.write(a_seal(kind="k" * 40, number="9" * 120, name=name), KEY.public, KEY.sign)
    assert opened(text).number == "9" * 120


# --- the answer -------------------------------------------------------------------------------------------------------

OWN = SealKey(samples.VILLAGE, KEY.public, None)
TODAY = date(2021, 6, 1)


def judged(key: SealKey = OWN, *, is_revoked: bool = False, age: int | None = 0, today: date = TODAY) -> Standing:
    return seal.judge(SEAL, key, is_revoked=is_revoked, list_age_days=age, days_max=7, today=today)


def test_the_answers() -> None:
    assert judged() is Standing.VALID
    assert judged(is_revoked=True, age=None, today=date(2030, 1, 1)) is Standing.REVOKED
    assert judged(today=date(2021, 8, 3)) is Standing.VALID
    assert judged(today=date(2021, 8, 4)) is Standing.EXPIRED
    assert judged(age=7) is Standing.VALID
    assert judged(age=8) is Standing.LIST_TOO_OLD
    assert judged(age=None) is Standing.LIST_TOO_OLD


def test_a_village_speaks_only_for_itself() -> None:
    assert judged(SealKey("3510252009", KEY.public, None)) is Standing.UNKNOWN_KEY


def test_a_revoked_key_keeps_its_old_letters_and_gets_no_new_ones() -> None:
    for days, answer in ((-1, Standing.REVOKED), (0, Standing.REVOKED), (1, Standing.VALID)):
        assert judged(SealKey(samples.VILLAGE, KEY.public, date(2021, 5, 3) + timedelta(days))) is answer
