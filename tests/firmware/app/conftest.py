"""Puts the firmware's packages and this folder's fakes where the tests can import them."""

import gc
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parents[2] / "firmware"

for folder in (FIRMWARE, HERE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@pytest.fixture(autouse=True, scope="session")
def _quick_collections() -> None:
    """The application collects garbage while idle; what the tests themselves hold is exempt."""
    gc.freeze()
