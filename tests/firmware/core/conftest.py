"""The core as the tests call it: compiled once, plain or under the sanitizers."""

from collections.abc import Callable

import pytest
from support.core.build import PLAIN, SANITIZED, SANITIZED_RUN, build
from support.core.flash import NorFlash
from support.core.library import Core
from support.core.noise import good


@pytest.fixture(scope="session")
def core() -> Core:
    """The compiled core; test_sanitizers.py runs the same tests with WATTSEAL_CORE=sanitized."""
    return Core(build(SANITIZED if SANITIZED_RUN else PLAIN))


@pytest.fixture(scope="session")
def _key_area(core: Core) -> bytes:
    flash = NorFlash()
    assert core.key_create(flash, good(1), b"chip", bytes(range(32))) == "ok"
    return bytes(flash.memory)


@pytest.fixture
def keyed(_key_area: bytes) -> Callable[[], NorFlash]:
    """Make flashes that hold one key, always the same, and count their operations from zero."""

    def make() -> NorFlash:
        flash = NorFlash()
        flash.memory[:] = _key_area
        return flash

    return make
