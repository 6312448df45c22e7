"""Meter profiles, read through the firmware's own checker: what the firmware will be told."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from hil.board import REPOSITORY

FOLDER = REPOSITORY / "firmware" / "meters"

Profile = dict[str, Any]
"""A profile as firmware/meters/README.md describes it, defaults filled in."""


@cache
def _checker() -> ModuleType:
    """firmware/meters/generate.py, which is a script and not in any package."""
    spec = importlib.util.spec_from_file_location("meter_profile_checker", FOLDER / "generate.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(FOLDER / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def profile_names() -> list[str]:
    """Names of all profiles there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_profile(name: str) -> Profile:
    """The checked profile of that name; ValueError lists the names there are."""
    if name not in profile_names():
        raise ValueError(f"no meter profile {name!r}; there are {', '.join(profile_names())}")
    profile: Profile = _checker().load_profile(Path(FOLDER / f"{name}.toml"))
    return profile
