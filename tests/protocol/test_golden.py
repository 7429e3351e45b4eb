"""The golden frames under tests/fixtures/wire/v1: read by our code and, beside it, by nothing but the document's rules.

Only the second half shows that a client in another language can be written from `docs/protocol.md`: there plain
msgpack, zlib, hashlib and Ed25519 are used, and no Struct of ours.
"""

import json
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import pytest
from nacl.signing import SigningKey, VerifyKey

from protocol import messages, ops, parcel
from protocol.codec import Message, decode, encode, inflate, pack
from protocol.dictionary import DICTIONARY
from tests.fixtures.wire import make_golden

FOLDER = Path(make_golden.__file__).parent / "v1"
NAMES = sorted(path.stem for path in FOLDER.glob("*-*.bin"))
KEYS = json.loads((FOLDER / "keys.json").read_bytes())


def frame_of(name: str) -> bytes:
    return (FOLDER / f"{name}.bin").read_bytes()


def words_of(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_bytes())


def raw(text: str) -> bytes:
    assert text.startswith("hex:")
    return bytes.fromhex(text.removeprefix("hex:"))


def type_of(name: str) -> type[Message]:
    kind: type[Message] = vars(messages).get(words_of(name)["type"]) or vars(parcel)[words_of(name)["type"]]
    return kind


def as_array(described: Any) -> Any:
    """What plain msgpack must show: objects become arrays in the order in which they are written down."""
    match described:
        case str() if described.startswith("hex:"):
            return raw(described)
        case dict():
            return [as_array(value) for value in described.values()]
        case list():
            return [as_array(value) for value in described]
        case _:
            return described


# --- our code ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_frame_is_read_and_written_again(name: str) -> None:
    message = decode(frame_of(name), type_of(name))
    assert make_golden.described(message) == words_of(name)["content"]
    assert pack(message) == inflate(frame_of(name)) == raw(words_of(name)["msgpack"])
    assert inflate(encode(message)) == pack(message)


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_beside_a_frame_is_what_our_code_makes_of_it(name: str) -> None:
    said = words_of(name)
    message = decode(frame_of(name), type_of(name))
    assert make_golden.ops_of(message) == said.get("ops", [])
    assert make_golden.items_of(message) == said.get("items", [])


def test_every_kind_and_schema_ever_shipped_has_a_golden_op() -> None:
    assert {f"op-{kind}-{schema}" for kind, schema in ops.BODIES} <= set(NAMES)


def test_every_frame_type_has_a_golden_message() -> None:
    carried = {
        messages.EnrolRequest,
        messages.EnrolReply,
        messages.Signed,
        messages.Append,
        messages.Appended,
        messages.FeedReply,
        messages.SnapshotReply,
        messages.Chunk,
        messages.FilePart,
        messages.LogReply,
        messages.AttachmentSent,
        messages.AttachmentHeld,
        messages.Failure,
        parcel.Label,
        parcel.Acknowledgements,
    }
    assert {type_of(name) for name in NAMES} == carried


def test_every_role_of_a_signature_has_a_golden_one() -> None:
    domains = {signed["domain"] for name in NAMES for signed in words_of(name).get("signed", [])}
    roles = ("certificate", "anchor", "receipt", "hello", "welcome", "manifest")
    assert domains == {f"kampung/{role}/1" for role in roles}


def test_the_generator_does_not_overwrite_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert make_golden.main([]) == 1
    assert "--force" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == before


# --- the document's rules and nothing else ----------------------------------------------------------------------------


def test_the_dictionary() -> None:
    dictionary, said = (FOLDER / "dictionary.bin").read_bytes(), words_of("dictionary")
    assert dictionary == DICTIONARY
    assert len(dictionary) == said["bytes"]
    assert sha256(dictionary).hexdigest() == said["sha256"]
    assert f"{zlib.adler32(dictionary):08x}" == said["adler32"]


def test_the_keys() -> None:
    for name in ("central", "box"):
        seed = bytes.fromhex(KEYS[name]["ed25519_seed"])
        assert SigningKey(seed).verify_key.encode().hex() == KEYS[name]["ed25519_public"]


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_zlib_with_the_dictionary_around_one_msgpack_array(name: str) -> None:
    frame, dictionary = frame_of(name), (FOLDER / "dictionary.bin").read_bytes()
    assert sha256(frame).hexdigest() == words_of(name)["frame_sha256"]
    assert frame[1] & 0x20
    assert frame[2:6] == zlib.adler32(dictionary).to_bytes(4, "big")
    stream = zlib.decompressobj(zdict=dictionary)
    plain = stream.decompress(frame)
    assert stream.eof
    assert not stream.unused_data
    assert plain == raw(words_of(name)["msgpack"])
    assert msgpack.unpackb(plain) == as_array(words_of(name)["content"])


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name: str) -> None:
    for signed in words_of(name).get("signed", []):
        message, signature = raw(signed["signed_bytes"]), raw(signed["signature"])
        assert message.startswith(signed["domain"].encode())
        payload = message.removeprefix(signed["domain"].encode())
        assert msgpack.unpackb(payload) == as_array(signed["payload"])
        assert payload in zlib.decompressobj(zdict=DICTIONARY).decompress(frame_of(name)) or _is_nested(name, payload)
        VerifyKey(bytes.fromhex(KEYS[signed["signer"]]["ed25519_public"])).verify(message, signature)
        seed = SigningKey(bytes.fromhex(KEYS[signed["signer"]]["ed25519_seed"]))
        assert seed.sign(message).signature == signature


def _is_nested(name: str, payload: bytes) -> bool:
    return any(payload in raw(outer["signed_bytes"]) for outer in words_of(name)["signed"])


@pytest.mark.parametrize("name", [name for name in NAMES if "ops" in words_of(name)])
def test_the_hash_chain(name: str) -> None:
    said = words_of(name)
    after = said["content"]["after"]
    log_id, prev, seq = raw(after["log_id"]), raw(after["hash"]), after["seq"]
    for op in said["ops"]:
        seq += 1
        header, body = raw(op["header_bytes"]), raw(op["body_bytes"])
        digest = sha256(b"kampung/body/1" + body).digest()
        number = sha256(b"kampung/op/1" + log_id + seq.to_bytes(8, "big") + prev + digest + header).digest()
        assert (op["seq"], raw(op["prev_hash"]), raw(op["body_digest"])) == (seq, prev, digest)
        assert raw(op["hash"]) == number
        assert raw(op["record_id"]) == number[:16]
        assert msgpack.unpackb(header) == as_array(op["header"])
        assert msgpack.unpackb(body) == as_array(op["body"])
        assert len(msgpack.unpackb(body)[0]) == 16
        prev = number
    if "head_signature" in said:
        head = said["head_signature"]
        message = b"kampung/head/1" + head["village"].encode() + log_id + seq.to_bytes(8, "big") + prev
        assert raw(head["signed_bytes"]) == message
        VerifyKey(bytes.fromhex(KEYS["box"]["ed25519_public"])).verify(message, raw(said["content"]["signature"]))
        assert raw(head["signature"]) == raw(said["content"]["signature"])


def test_the_ops_make_one_log() -> None:
    whole = words_of("message-append")["ops"]
    single = [words_of(name)["ops"][0] for name in NAMES if name.startswith("op-")]
    assert sorted(single, key=lambda op: op["seq"]) == whole


def test_the_digests_of_the_feeds() -> None:
    reply = words_of("message-feed_reply")["content"]
    for feed_name in ("village", "regency"):
        total = 0
        for place, item in enumerate(reply[feed_name], start=1):
            key, value = raw(item["key"]), raw(item["value"])
            total += int.from_bytes(
                sha256(b"kampung/item/1" + len(key).to_bytes(2, "big") + key + value).digest(), "big"
            )
            assert item["seq"] == place
            assert raw(item["digest"]) == (total % 2**256).to_bytes(32, "big")
    values = words_of("message-feed_reply")["items"]
    carried = [*reply["village"], *reply["regency"]]
    assert [msgpack.unpackb(raw(item["value"])) for item in carried] == [as_array(value["value"]) for value in values]


def test_the_snapshot_names_its_chunk_and_its_digest() -> None:
    manifest = words_of("message-snapshot_reply")["signed"]
    manifest = next(signed["payload"] for signed in manifest if signed["type"] == "Manifest")
    assert [raw(name) for name in manifest["chunks"]] == [sha256(frame_of("message-chunk")).digest()]
    assert manifest["digest"] == words_of("message-feed_reply")["content"]["regency"][-1]["digest"]


def test_an_op_cites_the_anchor_it_had_seen() -> None:
    anchor = next(signed for signed in words_of("message-welcome")["signed"] if signed["type"] == "Anchor")
    cited = words_of("message-append")["ops"][0]["header"]
    assert raw(cited["anchor_hash"]) == sha256(raw(anchor["signed_bytes"])).digest()
    assert cited["anchor_seq"] == anchor["payload"]["seq"]


def test_a_welcome_names_the_hello_it_answers() -> None:
    hello = words_of("message-hello")["content"]["payload"]
    welcome = next(signed for signed in words_of("message-welcome")["signed"] if signed["type"] == "Welcome")
    assert raw(welcome["payload"]["request"]) == sha256(raw(hello)).digest()
