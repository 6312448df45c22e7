"""Sessions while pages of the flash fail: each record has its own session's user, whatever failed.

The reply to a record whose mark could not be stored is an error, though the record counts.
"""

from collections.abc import Callable
from itertools import combinations

import pytest
from support.app.bench import NOON, Bench, payload_of, reading_of
from wire.errors import WattsealError

JOURNAL_PAGES = 39
"""Programmed in three sessions, each with an intermediate record."""


def fail_pages(bench: Bench, failing: set[int]) -> Callable[[], int]:
    """Let journal pages fail, by their place in the order of programming; returns their count."""
    core, program, count = bench.core, bench.core.flash_program, 0

    def programmed(area: int, offset: int, data: bytes) -> None:
        nonlocal count
        if area == core.AREA_JOURNAL:
            core.stuck_pages = {(area, offset)} if count in failing else set()
            count += 1
        program(area, offset, data)

    core.flash_program = programmed  # type: ignore[method-assign]
    return lambda: count


def insist(bench: Bench, method: str, **params) -> None:
    """Do what a station does: try again until it is done, or is said to be done."""
    for _ in range(3):
        bench.meter.energy_wh += 10
        name = outcome(bench, method, **params)
        if name != "storage_error":
            assert name in ("", "session_open", "no_session")
            return


def outcome(bench: Bench, method: str, **params) -> str:
    """The error's name, "" if there is none."""
    try:
        bench.call(method, **params)
    except WattsealError as error:
        return error.name
    return ""


def charge(bench: Bench) -> None:
    for tag in ("ALICE", "BOB", "CAROL"):
        insist(bench, "begin", id_tag=tag)
        insist(bench, "intermediate")
        insist(bench, "end")


def check_users(bench: Bench) -> None:
    """Check that sessions are whole and that every record has the user of its begin record."""
    user: str | None = None
    for number, record in enumerate(bench.all_records().values(), 1):
        payload, reason = payload_of(record), reading_of(record)["TX"]
        assert payload["PG"] == f"T{number}"
        assert (reason == "B") == (user is None)
        user = payload["ID"] if user is None else user
        assert payload["ID"] == user
        user = None if reason in "EP" else user
    assert user is None


def test_pages_are_counted() -> None:
    bench = Bench().set_up()
    count = fail_pages(bench, set())
    charge(bench)
    assert count() == JOURNAL_PAGES
    check_users(bench)


@pytest.mark.parametrize("first", range(JOURNAL_PAGES))
def test_failed_pages_give_no_record_to_another_user(first: int) -> None:
    """One failed page, and a second one of the twelve after it."""
    for second in range(first, first + 12):
        bench = Bench().set_up()
        fail_pages(bench, {first, second})
        charge(bench)
        check_users(bench)


@pytest.mark.parametrize("failing", [set(one) for n in (1, 2) for one in combinations(range(5), n)])
def test_failed_page_does_not_end_a_cut_session_twice(failing: set[int]) -> None:
    bench = Bench().set_up()
    bench.call("begin", id_tag="ALICE")
    bench.meter.is_silent = True
    bench.boot()
    fail_pages(bench, failing)
    bench.meter.is_silent = False
    for _ in range(6):
        bench.idle(15)
    assert bench.call("status")["session"] is None
    bench.set_time(NOON + 10**9)
    insist(bench, "begin", id_tag="BOB")
    insist(bench, "end")
    check_users(bench)
