"""A registry without a database, served to httpx without a network: what an auditor meets.

Everything that is served lies in plain lists that a test may bend before it is read.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from wattseal.registry import make_record
from wattseal.registry.api_models import DeactivationRequest, RegistrationRequest
from wattseal.registry.log_client import LogSource
from wattseal.registry.memory_ledger import MemoryLedger
from wattseal.registry.records import AccessGranted, Record, leaf_of, record_text
from wattseal.registry.rules import check_against_registry, facts
from wattseal.registry.states import index_names, states_of
from wattseal.tlog.checkpoint import Checkpoint, EcdsaSigner, Ed25519Signer, sign_note
from wattseal.tlog.prefix_tree import Leaves, gather, key_of, root_of
from wattseal.tlog.tiles import WIDTH, Tile, pack_entries, read_path

from hil import transparency_log as tree
from support.registry.simulated_module import START_MS, SimulatedModule

NAME = "registry.example/keys"
URL = "http://registry.example"
ACTOR = "k7qy2m4nxa5d"
CHALLENGE = "ab" * 32


class ServedLog:
    """Takes records, and serves the log of them."""

    def __init__(self, *, empty: bool = False) -> None:
        self.name = NAME
        self.ed25519 = Ed25519Signer(NAME, ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32))
        self.ecdsa = EcdsaSigner(NAME, ec.derive_private_key(7, ec.SECP256R1()))
        self.ledger = MemoryLedger()
        self.now_ms = START_MS
        self.records: list[str] = []
        self.leaves: list[str] = []
        self.bundled: list[str] = []
        self.states: list[list[dict[str, Any]]] = []
        self.hashes: list[bytes] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.note: str | None = None
        self.index: str | None = None
        self.indexed: list[list[bytes]] = []
        self.busy = 0
        self.asked: list[str] = []
        if empty:
            return
        self.append(
            AccessGranted(
                unix_ms=self.now_ms,
                actor="registry",
                key_id=ACTOR,
                role="administrator",
                operators=[],
                label="first",
                secret_sha256="ab" * 32,
                until_unix_ms=None,
            )
        )

    # --- what comes in ------------------------------------------------------------------------

    def append(self, record: Record) -> None:
        states = states_of(len(self.records), record)
        self.ledger.apply(states)
        self.records.append(record_text(record))
        self.indexed.append(list(map(key_of, index_names(len(self.indexed), record))))
        self.leaves.append(leaf_of(record))
        self.bundled.append(self.leaves[-1])
        self.states.append([json.loads(state.model_dump_json()) for state in states])
        self.hashes.append(bytes(tree.leaf_hash(self.leaves[-1].encode())))
        if len(self.hashes) % WIDTH == 0:
            self.nodes[1, len(self.hashes) // WIDTH - 1] = tree.root(self.hashes[-WIDTH:])

    def register(self, module: SimulatedModule, scenario: str = "initial") -> None:
        request: RegistrationRequest = module.registration(CHALLENGE, scenario)
        found, reasons = facts(request, NAME, self.now_ms, lambda _: "good")
        actor = self.ledger.access(ACTOR)
        assert found is not None
        assert actor is not None
        assert not [*reasons, *check_against_registry(found, self.ledger, actor, self.now_ms)]
        self.append(make_record.build(found, self.ledger, actor, self.now_ms))

    def deactivate(self, request: DeactivationRequest) -> None:
        actor = self.ledger.access(ACTOR)
        assert actor is not None
        self.append(make_record.build_about_evse(request, self.ledger, actor, self.now_ms))

    def grow(self, size: int) -> None:
        """Access keys by the hundred: the cheapest of records."""
        while len(self.records) < size:
            key_id = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(12))
            granted = json.loads(self.records[0]) | {"key_id": key_id, "unix_ms": self.now_ms}
            self.append(AccessGranted.model_validate_json(json.dumps(granted)))

    # --- what goes out ------------------------------------------------------------------------

    @property
    def size(self) -> int:
        return len(self.records)

    def checkpoint(self, size: int | None = None, name: str = NAME) -> str:
        hashes = self.hashes[:size]
        text = Checkpoint(name, len(hashes), tree.root(hashes)).text
        return str(sign_note(text, [self.ed25519, self.ecdsa]))

    def source(self, waited: list[float] | None = None) -> LogSource:
        client = httpx.Client(base_url=URL, transport=httpx.MockTransport(self.answer))
        return LogSource(client, (waited if waited is not None else []).append)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.busy:
            self.busy -= 1
            return httpx.Response(429, headers={"Retry-After": "3"})
        path = request.url.path.removeprefix("/")
        for prefix, serve in self._routes().items():
            if path.startswith(prefix):
                content = serve(path.removeprefix("log/"), request.url.params)
                if content is None:
                    return httpx.Response(404)
                return httpx.Response(200, content=content)
        return httpx.Response(404)

    def _routes(self) -> dict[str, Callable[[str, Any], bytes | str | None]]:
        return {
            "v1/registry": lambda _path, _query: self._facts(),
            "v1/records": lambda _path, query: json.dumps(self._lines(query)),
            "v1/states": lambda _path, query: json.dumps(self.states[_span(query)]),
            "v1/heads": lambda _path, _query: self._heads(),
            "log/checkpoint": lambda _path, _query: self.note or self.checkpoint(),
            "log/tile": lambda path, _query: self._tile(read_path(path)),
        }

    def _facts(self) -> str:
        told = {
            "name": self.name,
            "registry_key": self.ecdsa.public.spki.hex(),
            "vkey": self.ed25519.public.vkey,
            "log": f"{URL}/log",
            "size": self.size,
        }
        return json.dumps(told)

    def _heads(self) -> str:
        checkpoint = self.checkpoint() if self.note is None else self.note
        size = int((re.findall(r"^\d+$", checkpoint, re.MULTILINE) or ["0"])[0])
        index = self.index_note(size) if self.index is None else self.index
        return json.dumps({"checkpoint": checkpoint, "index": index})

    def index_note(self, size: int, name: str = f"{NAME}/index", missing: int | None = None) -> str:
        """The root of the index, signed; missing: the entry that it says nothing of."""
        leaves: Leaves = {}
        for number, keys in enumerate(self.indexed[:size]):
            if number != missing:
                gather(leaves, keys, number)
        return str(sign_note(Checkpoint(name, size, root_of(leaves)).text, [self.ed25519]))

    def _lines(self, query: Any) -> list[dict[str, Any]]:
        numbers = range(self.size)[_span(query)]
        rows = [(n, self.leaves[n], self.records[n]) for n in numbers]
        return [{"number": n, "leaf": leaf, "record": record} for n, leaf, record in rows]

    def _tile(self, tile: Tile) -> bytes:
        span = slice(tile.number * WIDTH, tile.number * WIDTH + tile.width)
        if tile.level is None:
            return pack_entries([leaf.encode() for leaf in self.bundled[span]])
        if tile.level == 0:
            return b"".join(self.hashes[span])
        numbers = range(span.start, span.stop)
        return b"".join(self.nodes[tile.level, number] for number in numbers)


def _span(query: Any) -> slice:
    first, count = int(query["first"]), int(query["count"])
    return slice(first, first + count)
