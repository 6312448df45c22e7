"""What a technician does between first boot and first session, as calls of the link's methods.

`call(method, **params)` is whatever carries a method to the module and brings its result fields.
"""

from collections.abc import Callable
from typing import Any

from hil.owner import Owner
from hil.registry import Publication, Registry

Call = Callable[..., dict[str, Any]]


def answer(call: Call, owner: Owner, action: str, **params: Any) -> str:
    """The owner's signature that permits an action now, over a fresh challenge."""
    return owner.sign(call("challenge", action=action, **params)["challenge"])


def set_signed_time(
    call: Call, chip_id: str, registry: Registry, unix_ms: int, utc_offset_min: int
) -> dict[str, Any]:
    """Set the clock of a sealed module to a time that the registry signs for it."""
    nonce = call("time_challenge")["nonce"]
    signature = registry.sign_time(chip_id, nonce, unix_ms)
    params = {"unix_ms": unix_ms, "utc_offset_min": utc_offset_min, "source": "signed"}
    return call("set_time", **params, signature=signature)


def register(call: Call, registry: Registry, unix_ms: int) -> Publication:
    """Let the module prove its key to the registry, which publishes it then."""
    proven = call("prove", challenge=registry.challenge())
    return registry.register(proven["statement"], proven["signature"], unix_ms)


def commission(call: Call, settings: dict[str, Any], registry: Registry, unix_ms: int) -> None:
    """From settings to an operational module; the settings name the registry and the owner."""
    call("configure", **settings)
    call("seal")
    call("accept_publication", **register(call, registry, unix_ms).params())
