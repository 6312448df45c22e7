"""Runs the wire package over a fixed set of inputs and prints every verdict, one a line.

It runs on MicroPython and on CPython; test_both_interpreters.py compares the two outputs, so that
a difference between the interpreters cannot become a difference between the two ends of the link.
The package `wire` has to be where the interpreter looks for it.
"""

from wire import (
    firmware_manifest,
    merkle,
    messages,
    methods,
    modbus_rtu,
    ocmf_payload,
    owner_challenge,
    publication,
    reading,
    signed_note,
    signed_text,
    statements,
    strict_json,
    sunspec,
)
from wire.digests import crc32
from wire.errors import WattsealError
from wire.modbus_rtu import crc16
from wire.reading import Reading

# fmt: off
JSON_TEXTS = (
    b"{}", b"[]", b'""', b"0", b"-0", b"-1", b"true", b"false", b"null", b" [ 1 , 2 ] ",
    b'{"a":1}', b'{"a":{"b":[1,"c",null]}}', b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}',
    b"{} x", b"{}{}", b"[1,]", b'{"a":1,}', b"{,}", b"[", b"{", b'{"a"', b'{"a":', b'"', b"",
    b"1.5", b"1e3", b"1E3", b"1e999", b"-1.0", b".5", b"5.", b"01", b"-", b"+1", b"--1",
    b"NaN", b"Infinity", b"-Infinity", b"nan", b"True", b"None", b"nulls", b"tru", b"0x10",
    b"9007199254740991", b"-9007199254740991", b"9007199254740992", b"-9007199254740992",
    b"1" * 17, b"9" * 400, b"[" * 6 + b"]" * 6, b"[" * 7 + b"]" * 7, b"[" * 1000,
    b'{"a":' * 7 + b"1" + b"}" * 7, b"'a'", b"{1:2}", b"[1 2]", b'{"a" 1}', b"// x", b"[0 /**/]",
    b'"\\n\\t\\b\\f\\r\\/\\\\\\""', b'"\\u0041"', b'"\\u00fc"', b'"\\ud83d\\ude00"', b'"\\u12"',
    b'"\\x41"', b'"\\', b'"\\u', b'"\\u00g0"', b'"\\u+041"', b'"|"', b'{"":0}', b'"a"b',
    b"1_000", b"[1,2", b"]", b"}", b",", b":", b'{"a":1]', b'[1}', b"\x001", b"1\x00",
)

VALUES = (
    0, -1, 9007199254740991, 9007199254740992, True, None, "", 'a"\\|', "\n\x01", "\xfc", "\x7f",
    1.5, b"bytes", [1, [2]], (1, 2), {"a": [None]}, {1: 2}, [[[[[[[]]]]]]], [[[[[[]]]]]],
    {"a": 1.0},
)
# fmt: on


OWN_ERRORS = (
    strict_json.JsonError,
    signed_text.TextError,
    signed_note.NoteError,
    merkle.ProofError,
)


def verdict(call, *arguments) -> str:
    """What a call gave or raised, in a form that does not depend on the order of a dict."""
    try:
        return in_order(call(*arguments))
    except WattsealError as error:
        return error.name + " " + in_order(error.detail)
    except (ValueError, TypeError, KeyError) as error:
        return type(error).__name__ + (f" {error}" if isinstance(error, OWN_ERRORS) else "")


def in_order(value) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{in_order(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(in_order(item) for item in value) + "]"
    if isinstance(value, str):
        return "'" + "".join(c if " " <= c <= "~" else f"<{ord(c)}>" for c in value) + "'"
    if isinstance(value, WattsealError):
        return value.name + in_order(value.detail)
    return repr(value)


class Random:
    """A generator that is the same everywhere: Numerical Recipes' 32-bit LCG."""

    def __init__(self, seed: int):
        self.state = seed

    def below(self, limit: int) -> int:
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % limit

    def bytes(self, length: int) -> bytes:
        return bytes(self.below(256) for _ in range(length))


def check_json() -> None:
    for text in JSON_TEXTS:
        print("json", text[:40], verdict(strict_json.loads, text))
    for value in VALUES:
        encoded = verdict(strict_json.dumps, value)
        print("sorted", verdict(strict_json.dumps_sorted, value))
        print("dumps", encoded if not isinstance(value, dict) or len(value) < 2 else "dict")
    random = Random(1)
    alphabet = b'{}[]",:0123456789-.eE\\u truefalsn|'
    for _ in range(3000):
        text = bytes(alphabet[random.below(len(alphabet))] for _ in range(1 + random.below(12)))
        print("random json", text, verdict(strict_json.loads, text))


def check_frames() -> None:
    line = b'{"jsonrpc":"2.0","id":1,"method":"hello"}'
    line += b" %08x\n" % crc32(line)
    decoder = messages.LineDecoder()
    print(
        "frame", in_order(decoder.feed(line + line[:-1] + b"\r\n\n" + b"x" * 9000 + b"\n" + line))
    )
    for at in range(len(line) - 1):
        for bit in range(8):
            bad = bytearray(line)
            bad[at] ^= 1 << bit
            print("flip", at, bit, in_order(messages.LineDecoder().feed(bytes(bad) + b"\n")))
    random = Random(2)
    for _ in range(500):
        print(
            "noise", in_order(messages.LineDecoder().feed(random.bytes(random.below(80)) + b"\n"))
        )
    for value in VALUES:
        print("encode", verdict(messages.encode, {"a": value}))
    print("long", verdict(messages.encode, {"a": "x" * 4080}))
    for message in ({}, {"jsonrpc": "2.0"}, {"jsonrpc": "2.0", "id": True, "method": "a"}):
        print("request", verdict(messages.read_request, message))


def check_methods() -> None:
    for method, params in (
        ("begin", {"id_tag": "\xfc"}),
        ("begin", {"id_tag": "a|b"}),
        ("begin", {"id_tag": "x" * 41}),
        ("begin", {"id_flags": ["RFID_PLAIN", "RFID_PLAIN"]}),
        ("set_time", {"unix_ms": True, "utc_offset_min": 0, "source": "informative"}),
        ("set_time", {"unix_ms": 1 << 70, "utc_offset_min": 0, "source": "informative"}),
        ("configure", {"line": {"baud": True, "parity": "none", "stop_bits": 1}}),
        ("configure", {"line": {"baud": 9600, "parity": "none", "stop_bits": 1}}),
        ("end", {"reason": "P"}),
        ("nothing", {}),
    ):
        print("params", method, verdict(methods.check_params, method, params))


def check_modbus() -> None:
    print("build", verdict(modbus_rtu.build_read, 1, 4, 72, 2))
    for arguments in ((0, 4, 0, 1), (248, 4, 0, 1), (1, 6, 0, 1), (1, 4, 65535, 2), (1, 3, 0, 126)):
        print("build", arguments, verdict(modbus_rtu.build_read, *arguments))
    reply = b"\x01\x04\x04\x44\xc2\x8b\x64"
    reply += bytes((crc16(reply) & 0xFF, crc16(reply) >> 8))
    for cut in range(len(reply) + 1):
        print("reply", cut, verdict(modbus_rtu.parse_reply, 1, 4, 2, reply[:cut]))
    print("doubled", verdict(modbus_rtu.parse_reply, 1, 4, 2, reply + reply))
    for baud in (1200, 9600, 19200, 38400, 115200):
        print("silence", modbus_rtu.silence_us(baud, 11), modbus_rtu.silence_us(baud, 10))


def check_registers() -> None:
    random = Random(3)
    energy = {"address": 0, "count": 2, "exponent": 3, "resolution": 0, "type": "f32"}
    for _ in range(2000):
        words = [random.below(65536), random.below(65536)]
        print("f32", words, verdict(reading.decode_energy, energy, words))
        words[0] = 0x3F00 + random.below(0x0E00)
        print("f32", words, verdict(reading.decode_energy, energy, words))
    double = {"address": 0, "count": 4, "exponent": 0, "resolution": 0, "type": "f64"}
    for _ in range(500):
        words = [random.below(65536) for _ in range(4)]
        print("f64", words, verdict(reading.decode_energy, double, words))
        words[0] = 0x4000 + random.below(0x0400)
        print("f64", words, verdict(reading.decode_energy, double, words))
    for kind in ("u16", "s16", "u32", "s32", "u64", "s64"):
        count = reading.WIDTHS[kind]
        quantity = {"address": 0, "count": count, "exponent": 0, "type": kind}
        for words in (
            [0] * count,
            [0xFFFF] * count,
            [0x8000] + [0] * (count - 1),
            [1, 2, 3, 4][:count],
        ):
            for order in ("big", "little"):
                quantity["word_order"] = order
                print(kind, order, words, verdict(reading.decode_energy, quantity, list(words)))
    text = {"address": 0, "count": 3, "type": "ascii"}
    for words in ([0x4142, 0x4300, 0], [0x41, 0x42, 0x43], [0xFFFF] * 3, [0] * 3, [0x7C41, 0, 0]):
        print("text", verdict(reading.decode_text, text, words))
    walk = sunspec.Walk(40000, (203,))
    walk.take([0x5375, 0x6E53])
    walk.take([1, 66])
    print("sunspec", walk.next_read(), verdict(walk.take, [0xFFFF, 0]))


def check_payloads() -> None:
    for days in range(-800000, 800000, 1009):
        print("date", days, ocmf_payload.date_of(days))
    station = {
        "format_version": "1.4",
        "gateway_id": 'gate "way" \\',
        "gateway_serial": "1",
        "gateway_version": "0.1.0",
        "meter_vendor": "v",
        "meter_model": "m",
        "meter_serial": "2",
        "meter_firmware": "0107",
        "controller_firmware": "cf",
        "charge_point_type": "EVSEID",
        "charge_point_id": "DE*ABC*E1",
        "current_type": "DC",
    }
    when = {"utc_offset_min": -210, "synchronisation": "I", "reason": "P", "error_flags": "t"}
    for unix_ms in (946697400000, 946697399999, 4102457399999, 4102457400000, 1709164800000, -1):
        when["unix_ms"] = unix_ms
        for user in (
            {},
            {"id_tag": "+4930123456", "id_type": "PHONE_NUMBER", "id_flags": ["PLMN_SMS"]},
        ):
            readings = [(Reading(7, 0), when), (Reading(123456, 2), when)]
            print("payload", verdict(ocmf_payload.build_payload, station, user, 12, readings))


def mutations(random: Random, data: bytes, count: int):
    """The data cut, with a byte changed, left out or put in."""
    for _ in range(count):
        at, byte = random.below(len(data)), bytes((random.below(256),))
        yield data[:at]
        yield data[:at] + byte + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
        yield data[:at] + byte + data[at:]


def check_signed_texts() -> None:
    module = {"chip_id": "0f" * 8, "key_number": 2, "public_key": "0a" * 91}
    image = {"firmware": '0.1.0 "\\"', "firmware_identity": "0b" * 32}
    place = {"evse_id": "DE*ABC*E1", "gateway_serial": "1", "meter_serial": "2"}
    facts = dict(
        commissioning=1,
        settings_sha256="5e" * 32,
        unix_ms=1795263600123,
        details="0c" * 32,
        **place,
        **module,
    )
    facts["firmware_identity"] = image["firmware_identity"]
    born = dict(rollback_number=1, last_pagination=0, after_unix_ms=None, **module, **image)
    texts = (
        (statements.read_statement, statements.build_statement("birth", **born)),
        (publication.read_leaf, publication.build_leaf(**facts)),
        (
            owner_challenge.read_challenge,
            owner_challenge.build_challenge("archive_events", "0f" * 8, "0d" * 32, 3, through=2),
        ),
        (
            firmware_manifest.read_manifest,
            firmware_manifest.build_manifest("b", "0.1.0", 1, 9, "0e" * 32),
        ),
    )
    random = Random(4)
    for read, text in texts:
        print("signed text", text, verdict(read, text))
        for other, _ in texts:
            print("signed text of another form", verdict(other, text))
        for bad in mutations(random, text.encode(), 150):
            if all(byte < 0x80 for byte in bad):
                print("signed text", bad, verdict(read, bad.decode()))
    for kind in ("birth", "rollover", "nothing"):
        print("build", verdict(statements.build_statement, kind))
    print("leaf", verdict(publication.difference, facts, dict(facts, evse_id="x")))


def check_notes() -> None:
    random = Random(5)
    text = b"registry.example/keys\n9\n" + b"AAAA" * 10 + b"AAA=\n"
    note = (
        text
        + b"\n\xe2\x80\x94 registry.example/keys YWJjZGVmZw==\n\xe2\x80\x94 \xc3\xa9 YWJjZGVm\n"
    )
    print("note", verdict(signed_note.parse_note, note))
    for bad in mutations(random, note, 300):
        print("note", bad, verdict(signed_note.parse_note, bad))
    for bad in mutations(random, text, 300):
        if signed_note.is_utf8(bad):
            print("checkpoint", bad, verdict(signed_note.parse_checkpoint, bad))
    for blob in (
        b"",
        b"=",
        b"====",
        b"YQ==YQ==",
        b"YWJjZGU",
        b"YWJjZGV=",
        b"YWJj\xc3\xa9",
        b"Y Q=",
    ):
        print("base64", verdict(signed_note.parse_note, b"a\n\n\xe2\x80\x94 a " + blob + b"\n"))
    for name in ("a", "a b", "a+b", "a\u00a0", "\u3000", "a\t", "\u00e9", ""):
        print("name", verdict(signed_note.is_key_name, name))
    for _ in range(2000):
        data = bytes(0x80 + random.below(128) for _ in range(1 + random.below(4)))
        print("utf8", data, signed_note.is_utf8(data))


def check_merkle() -> None:
    hashes = [merkle.leaf_hash(bytes((n,))) for n in range(12)]
    for size in (0, 1, 2, 3, 7, 8, (1 << 32) + 1, (1 << 53) - 1, 1 << 53):
        for index in (-1, 0, 1, 2, 6, 7, 1 << 32, (1 << 53) - 2):
            for count in range(5):
                proof = hashes[:count]
                found = verdict(merkle.root_from_inclusion_proof, index, size, hashes[11], proof)
                print("root", size, index, count, found)
    for count in (32, 33, 52, 53, 54):
        proof = [hashes[n % 12] for n in range(count)]
        for index in (0, (1 << 52) + 12345, (1 << 31) - 1):
            for size in ((1 << 53) - 1, (1 << 32) + 1):
                print(
                    "root", verdict(merkle.root_from_inclusion_proof, index, size, hashes[1], proof)
                )
    print("split", verdict(merkle.split_hashes, bytes(64)), verdict(merkle.split_hashes, bytes(63)))


check_json()
check_signed_texts()
check_notes()
check_merkle()
check_frames()
check_methods()
check_modbus()
check_registers()
check_payloads()
