"""A registry on a database, with clocks that stand still until they are moved."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from wattseal.registry.api_models import (
    AccessRequest,
    AccessState,
    Confirmation,
    PublicationAnswer,
    RegistrationRequest,
)
from wattseal.registry.failures import Refused
from wattseal.registry.service import Registry
from wattseal.registry.setup import ADMINISTRATOR_FILE, open_registry
from wattseal.tlog.checkpoint import EcdsaKey, check_note, read_checkpoint
from wattseal.tlog.tree import leaf_hash, root_from_inclusion_proof

from support.registry.simulated_module import START_MS, SimulatedModule

NAME = "registry.example/keys"


class OperatedRegistry:
    """Holds the access keys of the administrator and of two operators."""

    def __init__(self, data: Path, url: str) -> None:
        self.now_ms = START_MS
        self.server_ms: int | None = None
        self.registry: Registry = open_registry(
            *(data, url, NAME),
            clock=lambda: self.now_ms,
            server_clock=lambda _connection: self.server_ms,
        )
        key = (data / ADMINISTRATOR_FILE).read_text().strip()
        self.administrator = self.registry.authenticate(key)
        self.abc = self.grant("DE*ABC")
        self.xyz = self.grant("DE*XYZ")

    @property
    def size(self) -> int:
        return self.registry.facts().size

    def grant(self, *operators: str) -> AccessState:
        """Of a new key."""
        request = AccessRequest(role="cpo", operators=list(operators))
        made = self.registry.grant(request, self.administrator)
        return self.registry.authenticate(made.access_key)

    def wait(self, milliseconds: int = 60_000) -> None:
        self.now_ms += milliseconds

    def request(
        self, module: SimulatedModule, scenario: str = "initial", **changes: object
    ) -> RegistrationRequest:
        """What a technician sends now for that module, whose clock is right."""
        module.clock_ms = self.now_ms
        return module.registration(self.registry.challenge().challenge, scenario, **changes)

    def commission(
        self, module: SimulatedModule, scenario: str = "initial", actor: AccessState | None = None
    ) -> Confirmation:
        """Register it; a minute passes before."""
        self.wait()
        return self.registry.register(self.request(module, scenario), actor or self.abc)


def codes(refused: Refused) -> list[str]:
    return [reason.code for reason in refused.reasons]


def check_publication(answer: PublicationAnswer, registry: Registry) -> int:
    """The size at which a proof holds, checked as a client of the log would."""
    key = load_der_public_key(bytes.fromhex(registry.facts().registry_key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    checkpoint = read_checkpoint(check_note(answer.checkpoint, [EcdsaKey(NAME, key)]))
    leaf = leaf_hash(answer.leaf.encode())
    proof = [bytes.fromhex(each) for each in answer.proof]
    root = root_from_inclusion_proof(answer.leaf_index, checkpoint.size, leaf, proof)
    assert root == checkpoint.root
    return checkpoint.size
