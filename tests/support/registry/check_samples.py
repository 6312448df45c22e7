"""Files for the driver's check to judge: good ones, bad ones, and ones that are neither."""

import base64
import json
import random
import re
from collections.abc import Iterator
from typing import Any

from wattseal.ocmf.container import MAX_FILE_BYTES, MAX_RECORDS
from wattseal.ocmf.public_key import CURVES

from support.device.signer import signer
from support.device.transactions import END_TIME, Transaction, payload, reading, xml

Samples = dict[str, bytes]

GOOD = Transaction()
RECORD = GOOD.begin_record
KEY = GOOD.signer.public
BOM = b"\xef\xbb\xbf"

ODD_VALUES: list[Any] = [
    None, True, False, 0, 1, 2, -1, 5, 0.5, 1.0, 12.50, 1e400, "", " ", "0", "1", "2935.6", " 7 ",
    "1_0", ".5", "5.", "+5", "NaN", "Infinity", "x", "true", "Yes", "G", " B", "B ", "E", "kWh",
    "T1", "T01", "F1", "T1\n", "1-0:1.8.0", "1-0:1.8.0*255", "01-00:B2.08.00*FF", "1-0:1.8.0*",
    "1-0:2.8.0", "1-0:98.8.0", "a*b*c", "é", "ü" * 251, "\u202e", "😀", "NONE", "TRUSTED",
    "MISMATCH", "HEARSAY ", "EVSEID", "CBIDC", "ISO14443", "EMAID", "EVCCID", "EVCOID", "ISO15693",
    "ISO7812", "0.4", "0.3", "1.3", "AC", "DC", [], ["RFID_PLAIN"], ["x", "x"], ["OCPP_RS"] * 5,
    [None], [1], {},
    {"code": "1-0:1.8.0"}, {"code": "1-0:1.8.0", "suffix": "255"}, {"code": 1}, {"LI": "5"},
    {"LI": 5.0, "LR": 1.5, "LU": "mOhm", "LN": "n"}, {"LI": 5.5}, {"LI": True, "LU": "x"},
    {"LN": "n" * 21, "LR": "2"}, "2026-11-21T10:00:00,000+0100 S", "2026-11-21T10:00:00,000+0100 U",
    "2026-11-21T10:00:00,000+0100 I", "2026-11-21T10:00:00,000+0100 R",
    "2026-11-21T10:00:00,000+0100 Q", "2026-11-21T10:00:00,000+0100", "2026-11-21T10:00:00,000Z S",
    "2026-11-21T10:00:00 S", "2026-11-21 S", "20261121T100000Z S", "2026-11-21 10:00:00.5+01:00 S",
    "2026-W47-6T10:00 S", "2026-W47 S", "2026W476T1000 S", "2026-W54-1 S", "2026-02-30T10:00:00 S",
    "2026-11-21T25:00:00,000+0100 S", "2026-11-21T10:60:00 S", "2026-11-21T10:00:00-24:00 S",
    "0000-11-21T10:00:00 S", "0001-01-01T00:00:00+0100 S", "9999-12-31T23:59:59,999999999-0100 S",
    "yesterday", " S",
]  # fmt: skip
PAYLOAD_MEMBERS = [
    "FV", "GI", "GS", "PG", "MM", "MS", "IS", "IL", "IF", "IT", "TT", "CF", "LC", "CT", "CI", "RD",
]  # fmt: skip
READING_MEMBERS = ["TM", "TX", "RV", "RI", "RU", "RT", "CL", "EF", "ST", "EI"]


def as_xml(record: str, key: str = KEY.hex) -> str:
    """The verifier's XML of one record."""
    return xml((record, key, None), transaction_id=None).decode()


def containers() -> Samples:
    """One record in every form, and files that hold none."""
    plain = as_xml(RECORD)
    one = RECORD.encode()
    entities = '<!DOCTYPE v [<!ENTITY a "aaaa">]>'
    bomb = f"{entities}<values><value><signedData>&a;</signedData></value></values>"
    foreign = signer().record(payload([reading()]).replace("Wattseal", "Wätt😀"))
    return {
        "bare": one,
        "bare with blanks": b"\r\n  " + one + b"\r\n",
        "bare with a mark": BOM + one,
        "hex": one.hex().encode(),
        "hex in groups": one.hex(" ", 2).upper().encode() + b"\n",
        "base64": base64.b64encode(one),
        "base64 in lines": base64.encodebytes(one),
        "two records": (GOOD.begin_record + GOOD.end_record).encode(),
        "two records in lines": (GOOD.begin_record + "\r\n\r\n" + GOOD.end_record).encode(),
        "key appended": f"{RECORD}|{KEY.hex}".encode(),
        "xml": plain.encode(),
        "xml with a mark": BOM + plain.encode(),
        "xml after blanks": b"\n\n" + plain.encode(),
        "xml in UTF-16": plain.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        "xml in Latin-1": plain.replace("UTF-8", "ISO-8859-1").encode(),
        "xml of hex": as_xml(one.hex(), base64.b64encode(KEY.spki).decode()).encode(),
        "xml of base64": as_xml(base64.b64encode(one).decode(), KEY.pem).encode(),
        "xml, encodedData": plain.replace("signedData", "encodedData").encode(),
        "xml with a namespace": plain.replace("<values>", '<values xmlns="urn:x">').encode(),
        "xml with a comment": plain.replace("OCMF|", "<!-- n -->OC<!-- n -->MF|").encode(),
        "xml with CDATA": plain.replace("OCMF|", "<![CDATA[OCMF|]]>").encode(),
        "non-ASCII in Latin-1": as_xml(signer().record(payload([reading()], GI="Wätt")))
        .replace("UTF-8", "ISO-8859-1")
        .encode("latin-1"),
        "non-ASCII payload": foreign.encode(),
        "nothing": b"",
        "blanks": b" \n",
        "words": b"hello",
        "picture": b"\x89PNG\r\n\x1a\n",
        "no sections": b"OCMF|",
        "one section": b"OCMF|{}",
        "empty section": b"OCMF|{}|",
        "section of another kind": b"OCMF|{}|[]",
        "section without SD": b"OCMF|{}|{}",
        "SD of another kind": b'OCMF|{}|{"SD":1}',
        "SD cut": b'OCMF|{}|{"SD":"00"',
        "deep": b"OCMF|{}|" + b"[" * 100_000,
        "SD twice": b'OCMF|{}|{"SD":"00","SD":"01"}',
        "xml cut": b"<",
        "xml not closed": b"<values>",
        "xml without values": b"<values/>",
        "xml and more": b"<values></values>junk",
        "xml of unknown encoding": b'<?xml version="1.0" encoding="nonsense"?><values/>',
        "xml of an empty value": b"<values><value/></values>",
        "html": b"<html><body>value</body></html>",
        "signedData twice": plain.replace("<signedData", "<signedData/><signedData").encode(),
        "publicKey twice": plain.replace("<publicKey", "<publicKey/><publicKey").encode(),
        "entities": bomb.encode(),
        "external entity": b'<!DOCTYPE v SYSTEM "file:///etc/passwd"><values/>',
        "too large": b"A" * (MAX_FILE_BYTES + 1),
        "too many": b"<values>" + b"<value/>" * (MAX_RECORDS + 1) + b"</values>",
    }  # fmt: skip


def curves() -> Iterator[tuple[str, bytes]]:
    """On every curve: good, altered, with another key."""
    for curve in CURVES:
        good = Transaction(signer=signer(curve.name))
        other = signer(curve.name, 2).public.hex
        yield f"{curve.name}, good", good.xml
        yield f"{curve.name}, altered", good.xml.replace(b"T11:30", b"T11:31")
        key = good.signer.public.hex.encode()
        yield f"{curve.name}, another key", good.xml.replace(key, other.encode())
        yield f"{curve.name}, another key once", good.xml.replace(key, other.encode(), 1)
        for synonym in curve.synonyms:
            record = good.signer.record(payload([reading()]), f"ECDSA-{synonym}-SHA256")
            yield f"{synonym}", as_xml(record, good.signer.public.hex).encode()


def signatures() -> Samples:
    """What may be wrong with signatures and keys."""
    good, key = GOOD.xml, KEY.hex
    other_curve = signer("secp256k1").public.hex
    samples = {
        "two signers": xml(
            (GOOD.begin_record, key, "Transaction.Begin"),
            (Transaction(signer=signer(seed=2)).end_record, signer(seed=2).public.hex, None),
        ),
        "key of another curve": good.replace(key.encode(), other_curve.encode()),
        "other hash": good.replace(b"secp256r1-SHA256", b"secp256r1-SHA512"),
        "base64 for hex": good.replace(b'"SE":"hex"', b'"SE":"base64"'),
        "unknown encoding": good.replace(b'"SE":"hex"', b'"SE":"base58"'),
        "without a key": RECORD.encode(),
        "value twice": xml(*[(GOOD.begin_record, key, None)] * 2, (GOOD.end_record, key, None)),
        "no integer": good.replace(b'transactionId="17"', b'transactionId="a-17"'),
        "contexts exchanged": xml(
            (GOOD.begin_record, key, "Transaction.End"), (GOOD.end_record, key, "Transaction.Begin")
        ),
    }  # fmt: skip
    for algorithm in ("RSA-2048-SHA256", "ECDSA-secp521r1-SHA256", "none"):
        samples[algorithm] = good.replace(b"ECDSA-secp256r1-SHA256", algorithm.encode())
    for data in ("", "00", "xyz", "3006020101020101" + "00", "3006020100020101", "00" * 64, "0 0"):
        broken = b'"SD":"' + data.encode() + b'"'
        samples[f"SD {data}"] = re.sub(rb'"SD":"[0-9A-F]+"', broken, good, count=1)
    for broken_key in (
        "",
        "30",
        "3059",
        key[:-1],
        key[:-2] + "00",
        key + "00",
        "*",
        "31" + key[2:],
    ):
        samples[f"key {broken_key[:8]} {len(broken_key)}"] = good.replace(
            key.encode(), broken_key.encode(), 1
        )
    return samples


def odd_payloads(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Authentic transactions, one or two of whose members have an odd value."""
    chance = random.Random(seed)
    for number in range(count):
        begin, end = json.loads(payload([reading()])), json.loads(payload([_last()], PG="T2"))
        spoilt = chance.choice([[begin], [end], [begin, end]])
        named = []
        for _ in range(chance.choice([1, 1, 2])):
            name, value = (
                chance.choice(PAYLOAD_MEMBERS + READING_MEMBERS * 2),
                chance.choice(ODD_VALUES),
            )
            named.append(f"{name}={value!r}")
            for one in spoilt:
                where = one if name in PAYLOAD_MEMBERS else one.get("RD")
                where = where[0] if isinstance(where, list) and where else where
                if isinstance(where, dict):
                    where[name] = value
        records = [signer().record(_json(one)) for one in (begin, end)]
        contexts = ("Transaction.Begin", "Transaction.End")
        values = [(record, KEY.hex, of) for record, of in zip(records, contexts, strict=True)]
        yield f"{number}: {', '.join(named)[:80]}", xml(*values)


def mutated(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """The XML and the bare record with a few bytes replaced, inserted, removed or doubled."""
    chance = random.Random(seed)
    for number in range(count):
        source = chance.choice([GOOD.xml, (GOOD.begin_record + GOOD.end_record).encode()])
        data = bytearray(source)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(data))
            kind = chance.choice(["replace", "insert", "remove", "double"])
            if kind == "replace":
                data[at] = chance.randrange(256)
            elif kind == "insert":
                data[at:at] = chance.randbytes(chance.randint(1, 4))
            elif kind == "remove":
                del data[at : at + chance.randint(1, 40)]
            else:
                data[at:at] = data[at : at + 200]
        yield f"mutation {number}", bytes(data)


def _last() -> dict[str, Any]:
    return reading(TX="E", TM=END_TIME, RV=2947.1)


def _json(value: Any) -> str:
    """JSON in which a float that is too large stays a number."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("Infinity", "1e400")
