"""A signature speaks for one thing in one role; codes, statuses and cures are complete."""

from hashlib import sha256
from itertools import permutations

import msgpack
import pytest
from nacl.signing import SigningKey

from protocol import errors, messages, ops
from protocol.codec import pack
from protocol.errors import REMEDY, STATUS, Code, ProtocolError
from protocol.messages import Certificate, Directive, Signed, anchor_hash, open_signed, sign
from tests.protocol import samples
from tests.protocol.samples import SIGNED, verifier

DOMAINS = {
    *SIGNED,
    ops._OP,
    ops._BODY,
    ops._HEAD,
    b"kampung/item/1",
}


@pytest.mark.parametrize("domain", SIGNED, ids=lambda domain: domain.decode())
def test_a_signed_thing_opens_with_its_key_in_its_role(domain: bytes) -> None:
    kind, signed, key = SIGNED[domain]
    opened = open_signed(domain, signed, kind, verifier(key))
    assert pack(opened) == signed.payload
    assert signed.signature == key.sign(domain + signed.payload).signature


@pytest.mark.parametrize(("domain", "other"), list(permutations(SIGNED, 2)))
def test_no_signature_passes_for_another_role(domain: bytes, other: bytes) -> None:
    kind, signed, key = SIGNED[domain]
    with pytest.raises(ProtocolError) as caught:
        open_signed(other, signed, kind, verifier(key))
    assert caught.value.code is Code.BAD_SIGNATURE


@pytest.mark.parametrize("domain", SIGNED, ids=lambda domain: domain.decode())
def test_any_flipped_bit_breaks_a_signature(domain: bytes) -> None:
    kind, signed, key = SIGNED[domain]
    for place in (0, len(signed.payload) // 2, len(signed.payload) - 1):
        payload = bytearray(signed.payload)
        payload[place] ^= 1
        with pytest.raises(ProtocolError):
            open_signed(domain, Signed(bytes(payload), signed.signature), kind, verifier(key))
    for place in (0, 31, 32, 63):
        signature = bytearray(signed.signature)
        signature[place] ^= 1
        with pytest.raises(ProtocolError):
            open_signed(domain, Signed(signed.payload, bytes(signature)), kind, verifier(key))


@pytest.mark.parametrize("domain", SIGNED, ids=lambda domain: domain.decode())
def test_nobody_else_signs(domain: bytes) -> None:
    kind, signed, _ = SIGNED[domain]
    with pytest.raises(ProtocolError) as caught:
        open_signed(domain, signed, kind, verifier(SigningKey(b"\x03" * 32)))
    assert caught.value.code is Code.BAD_SIGNATURE


def test_a_good_signature_over_nonsense_is_malformed() -> None:
    for payload in (b"", b"\xc0", b"\x93", pack(samples.CERTIFIED) + b"\0", b"\x91" * 5000):
        signed = Signed(payload, samples.central_sign(messages.CERTIFICATE + payload))
        with pytest.raises(ProtocolError) as caught:
            open_signed(messages.CERTIFICATE, signed, Certificate, verifier(samples.CENTRAL_KEY))
        assert caught.value.code is Code.MALFORMED


def test_what_was_signed_is_kept_even_where_it_is_not_understood() -> None:
    """A later centre appends an element to a certificate; the box of today passes on the very bytes it was given."""
    payload = msgpack.packb([*msgpack.unpackb(pack(samples.CERTIFIED)), "later"])
    signed = Signed(payload, samples.central_sign(messages.CERTIFICATE + payload))
    opened = open_signed(messages.CERTIFICATE, signed, Certificate, verifier(samples.CENTRAL_KEY))
    assert opened == samples.CERTIFIED
    assert pack(opened) != payload


def test_no_domain_begins_another() -> None:
    assert len(DOMAINS) == 10
    assert not [(one, other) for one, other in permutations(DOMAINS, 2) if other.startswith(one)]


def test_signing_is_over_domain_and_payload_and_nothing_else() -> None:
    seen: list[bytes] = []

    def key(message: bytes) -> bytes:
        seen.append(message)
        return bytes(64)

    signed = sign(messages.RECEIPT, samples.RECEIVED, key)
    assert seen == [b"kampung/receipt/1" + pack(samples.RECEIVED)]
    assert signed == Signed(pack(samples.RECEIVED), bytes(64))


def test_an_op_cites_the_anchor_by_the_hash_of_what_was_signed() -> None:
    cited = anchor_hash(samples.ANCHOR_SIGNED.payload)
    assert cited == sha256(b"kampung/anchor/1" + samples.ANCHOR_SIGNED.payload).digest()
    assert ops.read_header(samples.OPS[0].header).anchor_hash == cited


def test_a_welcome_answers_one_hello() -> None:
    assert samples.WELCOME_MESSAGE.request == sha256(samples.HELLO_SIGNED.payload).digest()


def test_every_code_has_a_status_and_a_remedy() -> None:
    assert set(STATUS) == set(REMEDY) == set(Code)
    assert all(400 <= status <= 599 for status in STATUS.values())
    assert all(len(code) <= 64 for code in Code)


def test_a_retry_is_only_promised_where_it_can_help() -> None:
    for code, remedy in REMEDY.items():
        assert (remedy is errors.Remedy.WAIT) == (
            code
            in {
                Code.TOO_LARGE,
                Code.UNKNOWN_ATTACHMENT,
                Code.BUSY,
                Code.INTERNAL,
            }
        ), code


def test_an_error_speaks_its_code_and_detail() -> None:
    error = ProtocolError(Code.BUSY, "too many at once", retry_seconds=5)
    assert (str(error), error.retry_seconds) == ("busy: too many at once", 5)
    assert str(ProtocolError(Code.GAP)) == "gap"


def test_the_directives_are_a_closed_set() -> None:
    words = {value for name, value in vars(Directive).items() if name.isupper()}
    assert words == {
        "ok",
        "send_from",
        "pull_own_log",
        "new_log",
        "fork",
        "again",
        "duplicate",
        "too_old",
        "too_new",
        "wait",
    }
