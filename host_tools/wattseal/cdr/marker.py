"""How a CDR says that its metering data are not valid.

The best practices ask for such a CDR to be sent all the same, with a marker. No version of OCPI has
a field for it, so the marker stands at the beginning of `remark` (255 characters in 2.2, 2.2.1 and
2.3.0, CDR object, section 10.3.1), in a form that programs read and people understand:

    [invalid-metering-data: signature_mismatch,energy_differs] the remark that was there

Partners who have agreed on a field of their own configure it, for each version (TOML):

    ["2.2.1"]
    prefix = "invalid-metering-data"
    custom_field = "invalid_metering_data"
    remark = false
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError
from pydantic import model_validator as validator

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault, read_at_most

REMARK_CHARACTERS = 255
VERSIONS = ("2.2", "2.2.1", "2.3.0")
MAX_BYTES = 1 << 14

_CUT = "..."
_MORE = "more"
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{2,39}$")]


class Marker(BaseModel, extra="forbid", frozen=True):
    """Where one version of OCPI carries the marker: in `remark`, a field of the partners', both."""

    prefix: _Name = "invalid-metering-data"
    remark: bool = True
    custom_field: _Name | None = None

    @validator(mode="after")
    def _is_somewhere(self) -> Marker:
        if not self.remark and self.custom_field is None:
            raise ValueError("the marker must stand somewhere: remark = true, or a custom_field")
        return self

    def mark(self, cdr: Mapping[str, Any], codes: Sequence[str]) -> dict[str, Any]:
        """The CDR with the codes of what is wrong; a mark that it has is replaced."""
        marked = dict(cdr)
        if self.remark:
            marked["remark"] = self._remark(self._unmarked(str(cdr.get("remark") or "")), codes)
        if self.custom_field:
            marked[self.custom_field] = list(codes)
        return marked

    def read(self, cdr: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The codes that a CDR is marked with; None if it is not marked."""
        custom = cdr.get(self.custom_field) if self.custom_field else None
        if isinstance(custom, list):
            return tuple(str(code) for code in custom)
        found = self._pattern.match(str(cdr.get("remark") or "")) if self.remark else None
        if found is None:
            return None
        return tuple(code for code in found[1].split(",") if code and not code.startswith("+"))

    @property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\[{re.escape(self.prefix)}: ([a-z0-9_,+]*)\] ?")

    def _unmarked(self, remark: str) -> str:
        return self._pattern.sub("", remark, count=1) if self._pattern.match(remark) else remark

    def _remark(self, rest: str, codes: Sequence[str]) -> str:
        """All of the mark, with as many codes and as much of the old remark as fit."""
        listed = list(dict.fromkeys(codes))
        kept = len(listed)
        while len(mark := self._text(listed, kept)) > REMARK_CHARACTERS:
            kept -= 1
        room = REMARK_CHARACTERS - len(mark) - 1
        if not rest or room <= len(_CUT):
            return mark
        return f"{mark} {rest if len(rest) <= room else rest[: room - len(_CUT)] + _CUT}"

    def _text(self, codes: list[str], kept: int) -> str:
        left_out = [f"+{len(codes) - kept}{_MORE}"] if kept < len(codes) else []
        return f"[{self.prefix}: {','.join([*codes[:kept], *left_out])}]"


DEFAULT = Marker()
Markers = Mapping[str, Marker]


def marker_for(markers: Markers, version: str) -> Marker:
    """The marker of a version, the usual one if none is configured."""
    return markers.get(version, DEFAULT)


def read_any(markers: Markers, cdr: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The codes that a CDR of any version is marked with; None if it is not marked."""
    told = (one.read(cdr) for one in (DEFAULT, *markers.values()))
    return next((codes for codes in told if codes is not None), None)


def read_markers(path: Path) -> dict[str, Marker]:
    """The mapping of a TOML file. ToolError `file_unreadable`, `marker_malformed`."""
    try:
        text = read_at_most(path, MAX_BYTES).decode("utf-8")
        told = TypeAdapter(dict[str, Marker]).validate_python(tomllib.loads(text))
    except UnicodeDecodeError:
        raise ToolError("marker_malformed", path=str(path), cause="it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ToolError("marker_malformed", path=str(path), cause=f"no TOML: {error}") from None
    except ValidationError as error:
        raise ToolError("marker_malformed", path=str(path), cause=first_fault(error)) from None
    for version in told:
        if version not in VERSIONS:
            cause = f"{version[:20]} is none of {', '.join(VERSIONS)}"
            raise ToolError("marker_malformed", path=str(path), cause=cause)
    return told
