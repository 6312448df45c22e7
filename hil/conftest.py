"""Options and fixtures of the rig suite: `pytest hil --target unix,rp2040`.

A test says by markers what it needs: `targets("rp2040")` the kinds of targets that it makes sense
on, `needs("power")` the abilities that its rig must have (see hil/rig.py). It is skipped elsewhere.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wattseal.wire.errors import WattsealError

from hil.rig import FLASH, WANTED_OF_A_BENCH, Rig
from hil.setup import Setup
from hil.suite.module import UNDER_TEST, MakeModule, Module, NotReadyError, OpenModule
from hil.suite.pool import ModulePool
from hil.suite.station import OpenRig, open_station_rig
from hil.suite.technician import Owner
from hil.targets.open import (
    UART_TARGET,
    abilities_of,
    image_of,
    kind_of,
    next_image_of,
    open_rig,
)

DEFAULT_TARGETS = "unix,rp2040"
"""And UART_TARGET for tests that are marked to run over each link."""


@dataclasses.dataclass(frozen=True)
class Flashes:
    """Flash images from two moments of one commissioning."""

    configured: bytes | None
    commissioned: bytes | None


def pytest_addoption(parser: pytest.Parser) -> None:
    """The targets, and what they are to be tried with."""
    group = parser.getgroup("rig")
    group.addoption("--target", help="BOARD, BOARD-VARIANT, serial:/dev/...; commas between")
    group.addoption("--image", type=Path, help="image or program instead of the one just built")
    group.addoption(
        "--next-image", type=Path, help="the same for the image that updates are made to"
    )
    group.addoption("--meter-port", help="adaptor on which a serial target's meter is emulated")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for line in (
        "targets(*kinds): kinds of targets that the test runs on: unix, rp2040, serial",
        "needs(*abilities): what the rig must be able to do, see hil/rig.py",
        "each_link: without --target, also on the image with the link on a UART",
        "thorough(*kinds): on these kinds of targets only with --all, because it takes long",
    ):
        config.addinivalue_line("markers", line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One instance of a test for each target that it may run on."""
    if "target" not in metafunc.fixturenames:
        return
    named = metafunc.config.getoption("--target")
    chosen = [name.strip() for name in (named or DEFAULT_TARGETS).split(",")]
    if not named and metafunc.definition.get_closest_marker("each_link"):
        chosen.append(UART_TARGET)
    metafunc.parametrize("target", [_parameter(name, metafunc) for name in chosen], scope="session")


def _parameter(target: str, metafunc: pytest.Metafunc) -> Any:
    """The target, marked as skipped if the test's markers rule it out."""
    node = metafunc.definition
    kinds = {kind for mark in node.iter_markers("targets") for kind in mark.args}
    if kinds and kind_of(target) not in kinds:
        reason = f"not for {target}, but for {', '.join(sorted(kinds))}"
        return pytest.param(target, marks=pytest.mark.skip(reason=reason))
    abilities = abilities_of(target, metafunc.config.getoption("--meter-port"))
    missing = {need for mark in node.iter_markers("needs") for need in mark.args} - abilities
    if missing:
        reason = f"{target} has no {', '.join(sorted(missing))} here"
        if kind_of(target) == "serial":
            wanted = "; ".join(WANTED_OF_A_BENCH[name] for name in sorted(missing))
            reason += f"; a bench would need {wanted}"
        return pytest.param(target, marks=pytest.mark.skip(reason=reason))
    if kind_of(target) == "serial" or metafunc.config.getoption("--image"):
        return target
    next_too = "next_image" in metafunc.fixturenames
    return pytest.param(
        target, marks=pytest.mark.image(target, *([f"{target}-next"] if next_too else []))
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is too slow for every day, unless all is asked for."""
    if config.getoption("--all"):
        return
    for item in items:
        slow_on = {kind for mark in item.iter_markers("thorough") for kind in mark.args}
        parameters = getattr(item, "callspec", None)
        if slow_on and parameters and kind_of(parameters.params["target"]) in slow_on:
            item.add_marker(pytest.mark.skip(reason="only with --all on this target"))


@pytest.fixture(scope="session")
def open_module(pytestconfig: pytest.Config) -> OpenModule:
    """Opens a module of a target; the caller closes it."""
    of_command_line = pytestconfig.getoption("--image")
    meter_port = pytestconfig.getoption("--meter-port")

    def open_one(target: str, setup: Setup, image: Path | None = None) -> Module:
        chosen = image or of_command_line
        rig = open_rig(target, setup, image=chosen, meter_port=meter_port, hurry=True)
        try:
            return Module(rig)
        except BaseException:
            rig.close()
            raise

    return open_one


@pytest.fixture
def make_module(target: str, open_module: OpenModule) -> Iterator[MakeModule]:
    """Opens modules of the test's target, and closes them after the test."""
    with contextlib.ExitStack() as stack:

        def make(setup: Setup, image: Path | None = None) -> Module:
            module = open_module(target, setup, image)
            stack.callback(module.close)
            return module

        yield make


@pytest.fixture(scope="session")
def first_image(target: str, pytestconfig: pytest.Config) -> Path:
    """The image that modules of the target come with."""
    chosen: Path | None = pytestconfig.getoption("--image")
    return chosen or image_of(target)


@pytest.fixture(scope="session")
def next_image(target: str, pytestconfig: pytest.Config) -> Path:
    """The image of another version, which updates are made to."""
    chosen: Path | None = pytestconfig.getoption("--next-image")
    return chosen or next_image_of(target)


@pytest.fixture(scope="session")
def flashes(target: str, open_module: OpenModule) -> Flashes:
    """The flash of a module on its way to its first session; None where none is seen."""
    if FLASH not in abilities_of(target, None):
        return Flashes(None, None)
    module = open_module(target, UNDER_TEST)
    try:
        module.configure()
        configured = module.rig.flash_image()
        module.commission()
        return Flashes(configured, module.rig.flash_image())
    finally:
        module.close()


@pytest.fixture(scope="session")
def configured_flash(flashes: Flashes) -> bytes | None:
    """The flash of a module with a key and all settings, unsealed."""
    return flashes.configured


@pytest.fixture(scope="session")
def commissioned_flash(flashes: Flashes) -> bytes | None:
    """The flash of a module that is operational."""
    return flashes.commissioned


@pytest.fixture
def own_module(make_module: MakeModule, commissioned_flash: bytes | None) -> Module:
    """An operational module that no other test has used, its clock set."""
    module = make_module(dataclasses.replace(UNDER_TEST, flash=commissioned_flash))
    module.commission()
    module.set_time()
    return module


@pytest.fixture(scope="session")
def module_pool(
    target: str, open_module: OpenModule, commissioned_flash: bytes | None
) -> Iterator[ModulePool]:
    """One operational module of the target for all tests that can share one."""
    setup = dataclasses.replace(UNDER_TEST, flash=commissioned_flash)

    def open_one() -> Module:
        module = open_module(target, setup)
        if kind_of(target) == "serial":
            _make_ready(module)
        return module

    pool = ModulePool(open_one, Module.put_right)
    yield pool
    pool.close()


def _make_ready(board: Module) -> None:
    """Bring a board, in whatever state it was left, to where the tests begin; or end the run."""
    try:
        board.make_ready()
    except (NotReadyError, WattsealError) as problem:
        board.close()
        pytest.exit(f"{board.rig.target} cannot be tested: {problem}", returncode=2)


@pytest.fixture(scope="session")
def unsealed_pool(
    target: str, open_module: OpenModule, configured_flash: bytes | None
) -> Iterator[ModulePool]:
    """One module with its seal open for all tests that can share one."""
    setup = dataclasses.replace(UNDER_TEST, flash=configured_flash)
    pool = ModulePool(lambda: open_module(target, setup), Module.put_right_unsealed)
    yield pool
    pool.close()


@pytest.fixture
def module(module_pool: ModulePool) -> Module:
    """An operational module with its clock set and no session open; others have used it before."""
    return module_pool.take()


@pytest.fixture
def unsealed_module(target: str, module_pool: ModulePool, request: pytest.FixtureRequest) -> Module:
    """A module with all settings, unsealed, so unregistered; others have used it before."""
    if FLASH in abilities_of(target, None):
        pool: ModulePool = request.getfixturevalue("unsealed_pool")
        return pool.take()
    module = module_pool.take()  # there is only one board
    module.put_right_unsealed()
    return module


@pytest.fixture(scope="session")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Owner:
    """The owner of all stations of a run."""
    return Owner.create(tmp_path_factory.mktemp("owner") / "owner.pem")


@pytest.fixture
def open_station(target: str) -> Iterator[OpenRig]:
    """Opens rigs of the target's charge points, and closes them after the test."""
    with contextlib.ExitStack() as stack:

        def make(chip: int, meter: int, flash: bytes | None = None) -> Rig:
            return stack.enter_context(open_station_rig(target, chip, meter, flash))

        yield make
