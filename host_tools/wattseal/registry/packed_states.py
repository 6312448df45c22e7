"""A table of states in little memory: compressed JSON under a short hash of the name.

A million registrations are four million states; as objects they would take 7 GB, packed one.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import NamedTuple, TypeVar

from wattseal.registry.requests import (
    AccessState,
    ConsentState,
    EvseState,
    KeyState,
    MeterState,
    ModuleState,
    State,
)
from wattseal.wire import statements

_State = TypeVar("_State", EvseState, KeyState, ModuleState, MeterState, ConsentState, AccessState)

_SPKI_HEAD = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
_NAME_BYTES = 16
_LEVEL = 1
_WINDOW_BITS = -13  # raw, 8 KiB: more than the longest state
_MEMORY_LEVEL = 5


def _dictionary() -> bytes:
    """What all states have in common: names of members, statements, the head of a key."""
    models = (AccessState, ConsentState, MeterState, ModuleState, KeyState, EvseState)
    parts = []
    for model in models:
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

    model: type[State] | type[Pointer]
    name: bytes
    content: bytes


def pack(name: str, state: State) -> PackedState:
    """A state under the name of what it is of."""
    packer = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY
    )
    content = packer.compress(state.model_dump_json().encode()) + packer.flush()
    return PackedState(type(state), _short(name), content)


def pack_pointer(name: str, to: PackedState) -> PackedState:
    """Another name of what a state is of; the bytes of the first one are shared."""
    return PackedState(Pointer, _short(name), to.name)


class PackedStates:
    """The newest state of each name, by their models."""

    def __init__(self) -> None:
        self._packed: dict[type[State] | type[Pointer], dict[bytes, bytes]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._packed.values()))

    def put(self, packed: PackedState) -> None:
        """Hold this one instead of any earlier one."""
        self._packed.setdefault(packed.model, {})[packed.name] = packed.content

    def get(self, model: type[_State], name: str) -> _State | None:
        """The one that is held."""
        return self._unpacked(model, _short(name))

    def get_pointed(self, model: type[_State], name: str) -> _State | None:
        """The newest state of what was pointed to last under that name."""
        to = self._packed.get(Pointer, {}).get(_short(name))
        return None if to is None else self._unpacked(model, to)

    def _unpacked(self, model: type[_State], short: bytes) -> _State | None:
        content = self._packed.get(model, {}).get(short)
        if content is None:
            return None
        text = zlib.decompressobj(_WINDOW_BITS, _DICTIONARY).decompress(content)
        return model.model_validate_json(text)


def _short(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=_NAME_BYTES).digest()
