"""Charging sessions of the stations that tests register, and sessions that claim to be."""

import io
import zipfile
from copy import copy

from wattseal.ocmf.container import transaction_xml
from wattseal.ocmf.public_key import read_public_key

from support.device.transactions import Transaction
from support.registry.api_caller import Api, now_ms
from support.registry.simulated_module import SimulatedKey, SimulatedModule
from support.registry.stations import charging_station, closed_station

HOUR_MS = 3_600_000


def session_xml(module: SimulatedModule, transaction_id: int = 1) -> bytes:
    """The transparency software's file of a session that the module signs now."""
    begin, end = module.session()
    return transaction_xml(transaction_id, begin, end, read_public_key(module.key.hex)).encode()


def other(module: SimulatedModule, **changes: object) -> SimulatedModule:
    """A module with the same key that says something else."""
    made = copy(module)
    for name, value in changes.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


def sessions(api: Api) -> dict[str, bytes]:
    """What drivers may bring, each by what the check says to it; registers two stations."""
    module, closed = charging_station(api), closed_station(api)
    meter = module.meter.model_copy(update={"serial": "1EMH0000000001"})
    good = session_xml(module)
    begin, end = module.session()
    bare = other(module, evse_id="DE*ABC*E404").session()
    first_key = SimulatedKey.named("module 1, 1")
    later = now_ms() + HOUR_MS
    return {
        "verified": good,
        "verified, text": (begin + end).encode(),
        "verified, half": begin.encode(),
        "verified, hex": begin.encode().hex().encode(),
        "unknown": Transaction().xml,
        "no key": (bare[0] + bare[1]).encode(),
        "other station": session_xml(other(module, evse_id="DE*ABC*E777")),
        "no station": session_xml(other(module, evse_id="somewhere")),
        "other meter": session_xml(other(module, meter=meter)),
        "before": session_xml(other(module, clock_ms=now_ms() - HOUR_MS)),
        "superseded": session_xml(other(module, key=first_key, clock_ms=later)),
        "deactivated": session_xml(other(closed, clock_ms=later)),
        "closed, in time": session_xml(other(closed, clock_ms=now_ms() - 120_000)),
        "altered": good.replace(b'"RV":1003.000', b'"RV":1008.000'),
        "wrong key": good.replace(module.key.hex.upper().encode(), first_key.hex.encode()),
        "wrong meter status": Transaction(end_reading={"ST": "F"}).xml,
        "fiscal": Transaction(begin_reading={"TX": None}).begin_record.encode(),
        "junk": b"<values",
        "steering": Transaction(begin={"MM": "<b>\x1b[2J\u202e & co"}).xml,
    }


def bundle(*files: tuple[str, bytes]) -> bytes:
    """A zip of files as an invoice bundle has them, with what else is in one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("README.txt", "How to check")
        opened.writestr("statement.pdf", b"%PDF-1.7")
        for name, data in files:
            opened.writestr(name, data)
    return made.getvalue()
