"""What all tests of the application share."""

import gc

import pytest


@pytest.fixture(autouse=True, scope="session")
def _quick_collections() -> None:
    """The application collects garbage while idle; what the tests themselves hold is exempt."""
    gc.freeze()
