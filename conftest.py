"""What the tests of all folders share: the option `--all`, and images built when needed."""

from collections.abc import Generator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from hil import images

# How long one example takes depends on what else the machine does.
settings.register_profile("wattseal", deadline=None)
settings.load_profile("wattseal")

CONFIGURATIONS = count()

ROOT = Path(__file__).parent
WITH_IMAGES = tuple(
    ROOT / path
    for path in (
        "hil",
        "tests/boards",
        "tests/docs/test_first_module.py",
        "tests/firmware",
        "tests/hil",
    )
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option for all folders."""
    parser.addoption("--all", action="store_true", help="every case where a sample is the default")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and the rigs build what they are to run."""
    config.addinivalue_line(
        "markers", "image(*targets): what the test reads of the images that `./dev build` makes"
    )
    images.build_on_demand()


def _images_of(item: pytest.Item) -> list[str]:
    return [target for mark in item.iter_markers("image") for target in mark.args]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Build what a test reads, or wait until it is built, before the test's time limit runs.

    The limit is set by a wrapper too: only a wrapper can come before it.
    """
    for target in _images_of(item):
        images.build_once(target)
    return (yield)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail the test if an image that it reads could not be built."""
    for target in _images_of(item):
        images.build(target)


@pytest.fixture(autouse=True)
def _own_configuration(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test knows the keys of the registries of another: they share addresses."""
    folder = tmp_path_factory.getbasetemp() / "configuration" / str(next(CONFIGURATIONS))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put last what needs images: they are built beside the other tests."""
    items.sort(key=lambda item: any(item.path.is_relative_to(folder) for folder in WITH_IMAGES))
