"""A CPO's and an MSP's desks: CDRs made, sent, received and billed by the `wattseal` command."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hil.registry_process import RegistryProcess
from hil.served import served
from hil.suite.charging import Charged
from hil.suite.command import told

PARTY = "DE*WSL"
CARD = "04A2B1C3D4E5F6"
PRICE, LATER_PRICE = "0.39", "0.59"
TAX_PERCENT = 19

_FACTS = """
id = "{name}"
currency = "EUR"
auth_method = "WHITELIST"

[party]
country_code = "DE"
party_id = "WSL"

[token]
country_code = "DE"
party_id = "MSP"
uid = "{card}"
type = "RFID"
contract_id = "DE-MSP-C12345678-9"

[location]
id = "LOC1"
address = "Example road 1"
city = "Example"
country = "DEU"
evse_uid = "3256"
connector_id = "1"
connector_standard = "IEC_62196_T2"
connector_format = "SOCKET"
connector_power_type = "AC_3_PHASE"
coordinates = {{ latitude = "51.047599", longitude = "3.729944" }}

[tariff]
id = "AC-2026"
tax_percent = {tax}
prices = [{prices}]
"""


@dataclass(frozen=True)
class Cpo:
    """Builds CDRs into `folder`, validates and sends them."""

    folder: Path
    registry: RegistryProcess

    def build(self, name: str, session: Charged, later: datetime | None = None) -> Path:
        """The CDR of a session; `later`: when the second price begins."""
        prices = f"{{ per_kwh = {PRICE} }}"
        if later is not None:
            prices += f", {{ per_kwh = {LATER_PRICE}, since = {later.isoformat()} }}"
        facts = self.folder / f"{name}.toml"
        facts.write_text(_FACTS.format(name=name, card=CARD, tax=TAX_PERCENT, prices=prices))
        out = self.folder / f"{name}.json"
        told(
            *("cdr", "build", session.folder, "--begin", f"T{session.first}"),
            *("--facts", facts, "--out", out),
        )
        return out

    def changed(self, cdr: Path, name: str, **members: Any) -> Path:
        """The same CDR with other members, None for those that it loses, in a file of that name."""
        kept = {**json.loads(cdr.read_text()), **members}
        out = self.folder / f"{name}.json"
        out.write_text(json.dumps({key: one for key, one in kept.items() if one is not None}))
        return out

    def validate(
        self, name: str, cdrs: Iterable[Path], store: Path | None = None, *, status: int
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """What `wattseal cdr validate` says of all of them: the summary, and each by its id."""
        lines = [json.dumps(json.loads(path.read_text())) for path in cdrs]
        source, out = self.folder / f"{name}.jsonl", self.folder / f"{name}-results.jsonl"
        source.write_text("".join(f"{line}\n" for line in lines))
        kept: tuple[str | Path, ...] = ("--store", store) if store else ()
        where = ("--registry", self.registry.url, "--side", "cpo", "--engine", "serial")
        summary = told("cdr", "validate", source, "--output", out, *where, *kept, status=status)
        results = [json.loads(line) for line in out.read_text().splitlines()]
        return summary, {one["cdr"].removeprefix(f"{PARTY}*"): one for one in results}

    def send(
        self, cdrs: Iterable[Path], msp_url: str, token: Path, *words: str, status: int = 0
    ) -> dict[str, dict[str, Any]]:
        """Send them, and what became of each by its id."""
        said = told(
            "cdr",
            "send",
            *cdrs,
            *("--to", f"{msp_url}/ocpi/2.2.1/cdrs", "--token-file", token),
            *("--outbox", self.folder / "outbox"),
            *(words or ("--registry", self.registry.url)),
            status=status,
        )
        return {one["cdr"].removeprefix(f"{PARTY}*"): one for one in said["sent"]}


@dataclass(frozen=True)
class Msp:
    """Receives CDRs at `url`, and keeps them in `data`."""

    url: str
    data: Path
    registry: RegistryProcess

    def admit(self, token: Path, report_to: str) -> None:
        """Let the CPO send, and write its token."""
        words = ("--out", token, "--report-to", report_to, "--data", self.data)
        told("cdr", "partner", "add", PARTY, *words)

    def received(self) -> dict[str, dict[str, Any]]:
        """What was received, by its id."""
        listed = told("cdr", "list", "--data", self.data)["cdrs"]
        return {one["cdr"].removeprefix(f"{PARTY}*"): one for one in listed}

    def invoice(self, month: str, out: Path) -> dict[str, dict[str, Any]]:
        """Make the driver's bundle; its sessions by the CDR's id."""
        made = told(
            *("cdr", "invoice", "--driver", CARD, "--month", month, "--store", self.data),
            *("--registry", self.registry.url, "--out", out),
        )
        return {one["cdr"].removeprefix(f"{PARTY}*"): one for one in made["sessions"]}


@contextmanager
def new_msp(data: Path, registry: RegistryProcess) -> Iterator[Msp]:
    """An MSP's receiver in its own process until the end."""
    words = ("cdr", "serve", "--data", data, "--registry", registry.url, "--port", "0")
    with served(*words, log=data.with_suffix(".log")) as url:
        yield Msp(url, data, registry)
