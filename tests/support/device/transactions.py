"""OCMF payloads and the verifier's XML, good by default, with any field to be spoilt."""

import json
from dataclasses import dataclass, field
from typing import Any

from support.device.signer import Signer, signer

BEGIN_TIME = "2026-11-21T10:00:00,000+0100 S"
END_TIME = "2026-11-21T11:30:00,000+0100 S"


def reading(**changes: Any) -> dict[str, Any]:
    """A reading with the verifier's favourite values; a change to None leaves the field out."""
    fields = {
        "TM": BEGIN_TIME,
        "TX": "B",
        "RV": 2935.6,
        "RI": "1-0:1.8.0",
        "RU": "kWh",
        "RT": "AC",
        "EF": "",
        "ST": "G",
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def payload(readings: list[dict[str, Any]], **changes: Any) -> str:
    """A payload of these readings; a change to None leaves the field out."""
    fields = {
        "FV": "1.3",
        "GI": "Wattseal",
        "GS": "WS000017",
        "GV": "0.1.0",
        "PG": "T1",
        "MV": "Eastron",
        "MM": "SDM630",
        "MS": "12345678",
        "IS": True,
        "IL": "HEARSAY",
        "IF": ["RFID_PLAIN"],
        "IT": "ISO14443",
        "ID": "04A2B1C3",
        "RD": readings,
    }
    kept = {name: value for name, value in {**fields, **changes}.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"))


@dataclass
class Transaction:
    """A begin and an end record; `begin` and `end` change the payload, the others the readings."""

    begin: dict[str, Any] = field(default_factory=dict)
    end: dict[str, Any] = field(default_factory=dict)
    begin_reading: dict[str, Any] = field(default_factory=dict)
    end_reading: dict[str, Any] = field(default_factory=dict)
    signer: Signer = field(default_factory=signer)

    @property
    def begin_record(self) -> str:
        return self.signer.record(payload([reading(**self.begin_reading)], **self.begin))

    @property
    def end_record(self) -> str:
        last = {"TX": "E", "TM": END_TIME, "RV": 2947.1, **self.end_reading}
        return self.signer.record(payload([reading(**last)], **{"PG": "T2", **self.end}))

    @property
    def xml(self) -> bytes:
        key = self.signer.public.hex
        return xml(
            (self.begin_record, key, "Transaction.Begin"), (self.end_record, key, "Transaction.End")
        )


def xml(*values: tuple[str, str | None, str | None], transaction_id: str | None = "17") -> bytes:
    """The verifier's XML of (record, key, context); what is None is left out."""
    parts = []
    for record, key, context in values:
        attributes = f' transactionId="{transaction_id}"' if transaction_id is not None else ""
        attributes += f' context="{context}"' if context else ""
        escaped = record.replace("&", "&amp;").replace("<", "&lt;")
        key_element = f"<publicKey>{key}</publicKey>" if key is not None else ""
        parts.append(
            f'<value{attributes}><signedData format="OCMF" encoding="plain">{escaped}'
            f"</signedData>{key_element}</value>"
        )
    return f'<?xml version="1.0" encoding="UTF-8"?><values>{"".join(parts)}</values>'.encode()
