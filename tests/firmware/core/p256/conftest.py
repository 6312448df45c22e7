"""What the tests of the P-256 arithmetic share: both ways to run it, and how much to try."""

from collections.abc import Callable

import pytest
from support.core.arm import assembler_alone, compiled, whole_core
from support.core.build import PLAIN, SANITIZED, SANITIZED_RUN, build
from support.core.runner import HostRunner, ModelRunner, Runner

from hil.cortex_m0.machine import Machine

Amount = Callable[[int, int], int]

needs_the_model = pytest.mark.skipif(
    SANITIZED_RUN, reason="the sanitizers do not see into the model's programs"
)


@pytest.fixture(scope="session")
def amount(pytestconfig: pytest.Config) -> Amount:
    """Tell how much to try: few every day, many with --all."""
    everything = pytestconfig.getoption("--all", False)

    def choose(few: int, many: int) -> int:
        if everything:
            return many
        return max(few // 10, 1) if SANITIZED_RUN else few

    return choose


@pytest.fixture(scope="session")
def assembler() -> ModelRunner:
    """The generated assembler in the model."""
    return ModelRunner(Machine(compiled(assembler_alone())))


@pytest.fixture(scope="session")
def arm_core() -> ModelRunner:
    """The core, compiled as for the image, in the model."""
    return ModelRunner(Machine(compiled(whole_core())))


@pytest.fixture(scope="session")
def host_core() -> HostRunner:
    """The core's portable C on this computer."""
    return HostRunner.load(build(SANITIZED if SANITIZED_RUN else PLAIN))


@pytest.fixture(params=[pytest.param("arm", marks=needs_the_model), "host"])
def core_runner(request: pytest.FixtureRequest) -> Runner:
    """Both of them."""
    runner: Runner = request.getfixturevalue(f"{request.param}_core")
    return runner


@pytest.fixture(params=[pytest.param("assembler", marks=needs_the_model), "host"])
def field_runner(request: pytest.FixtureRequest) -> Runner:
    """The field's two forms."""
    runner: Runner = request.getfixturevalue(
        "assembler" if request.param == "assembler" else "host_core"
    )
    return runner
