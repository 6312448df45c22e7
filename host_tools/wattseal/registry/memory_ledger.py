"""A ledger in memory: the newest state of each thing, as an auditor or a test computes them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from typing import NamedTuple, get_args

from wattseal.common.text import normalized
from wattseal.registry import api_models as api
from wattseal.registry.states import AnyState, Ledger, has_serial, name_of
from wattseal.wire import statements

_SPKI_HEAD = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
_NAME_BYTES = 16
_LEVEL = 1
_WINDOW_BITS = -13  # raw, 8 KiB: more than the longest state
_MEMORY_LEVEL = 5


def _dictionary() -> bytes:
    """What all states have in common: names of members, statements, the head of a key."""
    parts = []
    for model in reversed(get_args(api.State)):
        parts.append("{" + ",".join(f'"{name}":"' for name in model.model_fields) + "}")
    for kind in statements.TYPES[:3]:
        members = ",".join(f'\\"{name}\\":\\"' for name in statements.members_of(kind)[2:])
        parts.append(f'{{\\"type\\":\\"{kind}\\",\\"version\\":1,{members}')
    parts += ['"status":"active"', '\\"last_pagination\\":0,\\"after_unix_ms\\":null}']
    parts += [f'\\"public_key\\":\\"{_SPKI_HEAD}', f'"public_key":"{_SPKI_HEAD}']
    return "".join(parts).encode()


_DICTIONARY = _dictionary()


class Pointer:
    """Kept under another name of a thing: the name that its state is kept under."""


class PackedState(NamedTuple):
    """A state as it is kept: under which name, and what; made by whatever process has time."""

    model: type[api.State] | type[Pointer]
    name: bytes
    content: bytes


def pack(name: str, state: api.State) -> PackedState:
    """A state under the name of what it is of."""
    packer = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY
    )
    content = packer.compress(state.model_dump_json().encode()) + packer.flush()
    return PackedState(type(state), _short(name), content)


def pack_pointer(name: str, to: PackedState) -> PackedState:
    """Another name of what a state is of; the bytes of the first one are shared."""
    return PackedState(Pointer, _short(name), to.name)


def _short(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=_NAME_BYTES).digest()


class MemoryLedger(Ledger):
    """Holds as many states as there are things, whatever the number of records."""

    def __init__(self) -> None:
        self._packed: dict[type[api.State] | type[Pointer], dict[bytes, bytes]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._packed.values()))

    def apply(self, states: Iterable[api.State]) -> None:
        """Take the states that a record makes (states.states_of)."""
        self.put(packed(states))

    def put(self, states: Iterable[PackedState]) -> None:
        """Take states that were packed before, each instead of any earlier one of its name."""
        for state in states:
            self._packed.setdefault(state.model, {})[state.name] = state.content

    def newest(self, model: type[AnyState], *name: str) -> AnyState | None:
        """The newest state of the thing of that name."""
        return self._unpacked(model, _short(_joined(name)))

    def module_with_serial(self, gateway_serial: str) -> api.ModuleState | None:
        """The module at a charge point that has this serial number, without case and blanks.

        No two have it at a time, so it is the one that was the last to come to a charge point.
        """
        name = normalized(gateway_serial)
        to = self._packed.get(Pointer, {}).get(_short(name))
        found = None if to is None else self._unpacked(api.ModuleState, to)
        return found if found and has_serial(found, name) else None

    def _unpacked(self, model: type[AnyState], short: bytes) -> AnyState | None:
        content = self._packed.get(model, {}).get(short)
        if content is None:
            return None
        text = zlib.decompressobj(_WINDOW_BITS, _DICTIONARY).decompress(content)
        return model.model_validate_json(text)


def packed(states: Iterable[api.State]) -> list[PackedState]:
    """States as a ledger holds them, a module's under the name of its serial number too."""
    found = []
    for state in states:
        found.append(kept := pack(_joined(name_of(state)), state))
        if isinstance(state, api.ModuleState) and state.evse_id is not None:
            found.append(pack_pointer(normalized(state.gateway_serial), kept))
    return found


def _joined(name: tuple[str, ...]) -> str:
    return "\n".join(name)
