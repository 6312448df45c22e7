"""A CPO, an MSP and what is between them, in this process."""

import base64
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient
from wattseal.cdr.exchange.inbox import Compare, Inbox, Partners, open_database
from wattseal.cdr.exchange.receiver import create_app
from wattseal.cdr.exchange.reports import Reporter
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.common.exact_json import write_exactly
from wattseal.ocmf.evse_id import read_evse_id
from wattseal.ocmf.public_key import KeyPeriod, PublicKey

from support.cdr.charged import BEGIN, END, EVSE, MIDDLE, NEXT_END
from support.device.signer import signer

NOW_MS = 1_795_000_000_000
REPORTS_AT = "https://cpo.example/cdr-reports"


@dataclass
class Keys:
    """A key source that knows one charge point, or fails."""

    key: PublicKey | None = field(default_factory=lambda: signer().public)
    failure: Exception | None = None

    def periods(self, evse_id: str) -> tuple[KeyPeriod, ...] | None:
        if self.failure:
            raise self.failure
        if self.key is None or read_evse_id(evse_id) != read_evse_id(EVSE):
            return None
        return (KeyPeriod(self.key, 0, None, False, "WS000017", "12345678", 3),)


def cdr(*records: str, **changes: Any) -> dict[str, Any]:
    """A CDR of 2.2.1 as the CPO sends it; a change to None leaves a member out."""
    natures = {1: ["End"], 2: ["Start", "End"], 3: ["Start", "Intermediate", "End"]}
    texts = records or (BEGIN, NEXT_END)
    members = {
        "country_code": "DE",
        "party_id": "ABC",
        "id": "cdr-17",
        "start_date_time": "2026-11-21T09:00:00Z",
        "end_date_time": "2026-11-21T10:30:00Z",
        "cdr_token": {
            "country_code": "DE",
            "party_id": "MSP",
            "uid": "04A2B1C3",
            "type": "RFID",
            "contract_id": "DE-MSP-C12345678-9",
        },
        "auth_method": "WHITELIST",
        "cdr_location": {"id": "LOC1", "evse_id": EVSE, "address": "Example road 1"},
        "currency": "EUR",
        "tariffs": [tariff("AC-2026", "0.39")],
        "charging_periods": [
            {
                "start_date_time": "2026-11-21T09:00:00Z",
                "dimensions": [{"type": "ENERGY", "volume": Decimal("11.525")}],
                "tariff_id": "AC-2026",
            }
        ],
        "signed_data": {
            "encoding_method": "OCMF",
            "public_key": base64.b64encode(signer().public.spki).decode(),
            "signed_values": [
                {"nature": nature, "plain_data": "", "signed_data": text}
                for nature, text in zip(natures[len(texts)], texts, strict=True)
            ],
        },
        "total_cost": {"excl_vat": Decimal("4.4948"), "incl_vat": Decimal("5.3488")},
        "total_energy": Decimal("11.525"),
        "total_time": Decimal("1.5"),
        "last_updated": "2026-11-21T11:00:00Z",
    }
    return {name: value for name, value in (members | changes).items() if value is not None}


def tariff(name: str, per_kwh: str) -> dict[str, Any]:
    component = {"type": "ENERGY", "price": Decimal(per_kwh), "vat": Decimal("19"), "step_size": 1}
    return {
        "country_code": "DE",
        "party_id": "ABC",
        "id": name,
        "currency": "EUR",
        "elements": [{"price_components": [component]}],
        "last_updated": "2026-11-21T11:00:00Z",
    }


def tampered(**changes: Any) -> dict[str, Any]:
    """A CDR one of whose records was altered after it was signed."""
    return cdr(BEGIN, NEXT_END.replace("2947.125", "2957.125"), **changes)


def with_intermediate(**changes: Any) -> dict[str, Any]:
    return cdr(BEGIN, MIDDLE, END, **changes)


def text_of(members: dict[str, Any]) -> bytes:
    return write_exactly(members).encode()


class Msp:
    """A receiver whose clock is set by the test, and which posts its reports to a fake CPO."""

    def __init__(
        self,
        data: Path,
        keys: Keys | None = None,
        compare: Compare | None = None,
        database_url: str | None = None,
    ):
        self.now_ms = NOW_MS
        self.keys = keys or Keys()
        self.reports: list[dict[str, Any]] = []
        self.report_status = 200
        self.database = open_database(data, database_url)
        self.partners = Partners(self.database)
        judge = Validator(self.keys, Rules(side="msp")).judge
        self.inbox = Inbox(self.database, judge, compare, {}, self.clock)
        http = httpx.MockTransport(self._take_report)
        self.reporter = Reporter(self.inbox, self.partners, "https://msp.example", http)
        self.app = create_app(self.reporter)
        self.http = TestClient(self.app, base_url="https://msp.example")

    def clock(self) -> int:
        return self.now_ms

    async def _take_report(self, request: httpx.Request) -> httpx.Response:
        if self.report_status == 0:
            raise httpx.ConnectError("nobody there")
        if str(request.url) != REPORTS_AT:
            async with httpx.AsyncHTTPTransport() as network:
                return await network.handle_async_request(request)
        self.reports.append(json.loads(request.content))
        return httpx.Response(self.report_status)

    def partner(self, party: str = "DE*ABC", report_url: str | None = REPORTS_AT) -> str:
        return self.partners.add(party, report_url, self.now_ms)

    def post(
        self, token: str, members: dict[str, Any] | bytes, version: str = "2.2.1"
    ) -> httpx.Response:
        body = members if isinstance(members, bytes) else text_of(members)
        answer = self.http.post(f"/ocpi/{version}/cdrs", content=body, headers=authorised(token))
        if self.reporter.wanted.is_set():  # a running receiver has a thread for that
            self.reporter.wanted.clear()
            self.reporter.send_due()
        return answer

    def close(self) -> None:
        self.database.close()


def authorised(token: str) -> dict[str, str]:
    return {"Authorization": f"Token {base64.b64encode(token.encode()).decode()}"}


def export(path: Path) -> Path:
    """An export of a registry that knows one charge point."""
    meter = {"manufacturer": "Eastron", "serial": "12345678", "from_unix_ms": 0, "entry": 3}
    key = {
        "public_key": signer().public.hex.lower(),
        "fingerprint": signer().public.fingerprint,
        "algorithm": "ECDSA-secp256r1-SHA256",
        "key_number": 1,
        "firmware_identity": "0" * 64,
        "chip_id": "e6614103e7452d2f",
        "gateway_serial": "WS000017",
        "meters": [meter],
        "settings": [{"settings_sha256": "0" * 64, "from_unix_ms": 0, "entry": 3}],
        "valid_from_unix_ms": 0,
        "valid_until_unix_ms": None,
        "ended_as": None,
    }
    point = {
        "evse_id": EVSE,
        "operator": "DE*ABC",
        "status": "active",
        "since_unix_ms": 0,
        "meter": None,
        "keys": [key],
    }
    told = {"registry": "r", "size": 1, "root": "0" * 64, "at": 1, "evses": [point]}
    path.write_text(json.dumps(told))
    return path
