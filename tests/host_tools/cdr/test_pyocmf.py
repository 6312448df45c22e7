"""Our verdicts beside pyocmf's, on every good session and every mutation.

Where they differ, docs/cdr-validation.md says why; it must name these differences and no others.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import pytest
from pyocmf import OCMF
from pyocmf.exceptions import PyOCMFError
from support.cdr.charging import Charge
from support.cdr.good_charges import NOTED, PLAIN
from support.cdr.mutations import all_mutations, effect_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "cdr-validation.md"

ACCEPTED_THERE = "pyocmf accepts, and the session is not billable here:"
REFUSED_THERE = "pyocmf refuses, and the session is billable here:"


def opinion(made: Charge) -> bool | None:
    """Whether pyocmf would bill by the records; None if they are neither one nor a pair."""
    periods = [period for listed in made.keys.listed.values() for period in listed]
    texts, natures = made.texts(), [nature.lower() for nature in made.natures]
    if len(texts) > 1:
        texts = [texts[natures.index(name)] for name in ("start", "end") if name in natures]
        if len(texts) < 2:
            return None
        texts = list(dict.fromkeys(texts))
    if not (texts and periods):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(accepts(texts, period.key.hex) for period in periods)


def accepts(texts: list[str], key: str) -> bool:
    """Whether all are signed with the key, and nothing speaks against them."""
    try:
        records = [OCMF.from_string(text) for text in texts]
        are_signed = all(record.verify_signature(key) for record in records)
    except PyOCMFError:
        return False
    other = records[1] if len(records) > 1 else None
    return are_signed and not records[0].check_eichrecht(other, errors_only=True)


def told(section: str) -> set[str]:
    """The codes of the table behind a sentence of the page."""
    table = PAGE.read_text().partition(section)[2].lstrip().partition("\n\n")[0]
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def codes(differing: Iterable[tuple[str, str]]) -> set[str]:
    return {code for _name, code in differing}


@pytest.fixture(scope="module")
def differences() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Names and codes of the mutations that pyocmf alone accepts, and that it alone refuses."""
    accepted, refused = [], []
    for mutation in all_mutations():
        made = mutation.make()
        theirs = opinion(made)
        ours = not effect_of(mutation.code).is_error
        if theirs is None or theirs == ours or mutation.code == "cdr_malformed":
            continue
        (accepted if theirs else refused).append((mutation.name, mutation.code))
    return accepted, refused


@pytest.mark.parametrize("name", [*PLAIN, *NOTED])
def test_pyocmf_finds_no_error_in_a_good_session(name: str) -> None:
    made = PLAIN[name]() if name in PLAIN else NOTED[name][0]()
    if name == "key changed while charging":
        return  # it takes one key for both
    assert opinion(made) in (True, None)


def test_the_page_names_what_pyocmf_accepts(
    differences: tuple[list[tuple[str, str]], list[tuple[str, str]]],
) -> None:
    accepted, _refused = differences
    assert codes(accepted) == told(ACCEPTED_THERE) - {"cdr_malformed"}


def test_the_page_names_what_pyocmf_refuses(
    differences: tuple[list[tuple[str, str]], list[tuple[str, str]]],
) -> None:
    _accepted, refused = differences
    assert codes(refused) == told(REFUSED_THERE)
