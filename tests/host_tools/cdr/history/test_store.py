"""One fault in otherwise good sessions, on both databases: its code, and no other."""

from __future__ import annotations

import random
from multiprocessing import get_context
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from support.cdr.day_of_sessions import BEGAN_MS, CPO, HOUR_MS, MSP, session, sha, told
from wattseal.cdr.findings import found, of_verify
from wattseal.cdr.history import neighbours
from wattseal.cdr.history import store as store_module
from wattseal.cdr.history.neighbours import windows
from wattseal.cdr.history.rows import Session, new_rows
from wattseal.cdr.history.store import SeenSessions
from wattseal.cdr.history.tables import is_of, seen_session
from wattseal.cdr.rules import Rules
from wattseal.common import sql
from wattseal.common.errors import ToolError
from wattseal.ocmf.findings import found as verify_found


def test_good_sessions_are_found_nothing_about(store: SeenSessions) -> None:
    assert told(store, *(session(n, m) for m in "AB" for n in range(5))) == {}
    assert told(store, *(session(n, m) for m in "AB" for n in range(5, 9))) == {}
    assert list(store.doubts()) == []


def test_a_keys_numbers_may_begin_anywhere(store: SeenSessions) -> None:
    assert told(store, session(700)) == {}


def test_a_number_left_out_within_a_run(store: SeenSessions) -> None:
    run = [session(0), session(2), session(3)]
    assert told(store, *run) == {"DE*ABC*M-2": ["counter_gap"]}
    [doubt] = store.doubts()
    assert (doubt.finding.values["expected"], doubt.finding.values["found"]) == ("T3", "T5")
    assert doubt.session.cdr == "DE*ABC*M-2"
    assert doubt.session.first_pagination == "T5"
    assert doubt.earlier is not None
    assert (doubt.earlier.cdr, doubt.earlier.last_pagination) == ("DE*ABC*M-0", "T2")
    assert doubt.earlier.key_fingerprint == sha("M")


def test_a_number_left_out_across_days_and_the_missing_session_later(store: SeenSessions) -> None:
    assert told(store, session(0)) == {}
    assert told(store, session(2)) == {"DE*ABC*M-2": ["counter_gap"]}
    assert len(list(store.doubts())) == 1
    assert told(store, session(1)) == {}
    assert list(store.doubts()) == []  # it has settled itself


def test_the_missing_session_is_one_of_many_records(store: SeenSessions) -> None:
    assert told(store, session(0), session(5)) == {"DE*ABC*M-5": ["counter_gap"]}
    assert told(store, session(1, paginations=(3, 5, 10)), rules=MSP) == {}
    assert list(store.doubts()) == []


def test_an_msp_knows_of_no_gaps(store: SeenSessions) -> None:
    assert told(store, session(0), session(2), rules=MSP) == {}
    assert told(store, session(9), rules=MSP) == {}


def test_intermediate_records_belong_to_their_session(store: SeenSessions) -> None:
    long = session(0, paginations=(1, 2, 3, 6))
    assert told(store, long, session(3)) == {}
    within = session(9, paginations=(4, 5))
    assert told(store, within) == {"DE*ABC*M-9": ["sessions_interleaved"]}
    reuses = session(9, paginations=(3, 7), content=sha("other"), cdr="DE*ABC*again")
    assert told(store, reuses) == {"DE*ABC*again": ["pagination_reused"]}


@pytest.mark.parametrize("days", [1, 2])
def test_the_same_cdr_again(store: SeenSessions, days: int) -> None:
    again = session(0)
    found_ = (
        told(store, session(0), session(1), again)
        if days == 1
        else (told(store, session(0), session(1)) or told(store, again))
    )
    assert found_ == {"DE*ABC*M-0": ["cdr_repeated"]}


@pytest.mark.parametrize("days", [1, 2])
def test_the_same_name_with_other_records(store: SeenSessions, days: int) -> None:
    changed = session(1, cdr="DE*ABC*M-0")
    if days == 1:
        assert told(store, session(0), changed) == {"DE*ABC*M-0": ["cdr_changed"]}
    else:
        assert told(store, session(0)) == {}
        assert told(store, changed) == {"DE*ABC*M-0": ["cdr_changed"]}
    # Its records are the module's all the same, so nothing is missing, and they can be billed.
    better = session(1)
    assert told(store, better, session(2)) == {}


@pytest.mark.parametrize("days", [1, 2])
def test_the_same_records_under_another_name(store: SeenSessions, days: int) -> None:
    replay = session(0, cdr="DE*ABC*X")
    rest = [session(1), session(2)]
    if days == 1:
        assert told(store, replay, session(0), *rest) == {"DE*ABC*X": ["record_replayed"]}
    else:
        assert told(store, session(0), *rest) == {}
        run = store.begin("replay")
        store.add(run, new_rows([replay]))
        store.compare(run, CPO)
        [(row, finding)] = store.findings(run)
        assert (row, finding.values["expected"]) == (0, "DE*ABC*M-0")


def test_what_was_not_billed_can_be_sent_again(store: SeenSessions) -> None:
    wrong = session(0, is_billable=False)
    assert told(store, wrong) == {}
    assert told(store, session(0)) == {}
    assert told(store, replace(session(0), cdr="DE*ABC*better")) == {
        "DE*ABC*better": ["record_replayed"]
    }


def test_what_a_comparison_refused_was_not_billed(store: SeenSessions) -> None:
    assert told(store, session(0)) == {}
    assert told(store, session(1, begin_wh="999.9")) == {"DE*ABC*M-1": ["energy_went_back"]}
    corrected = session(1, cdr="DE*ABC*corrected")
    assert told(store, corrected) == {}


def test_after_a_credit_the_records_can_be_billed_once_more(store: SeenSessions) -> None:
    credit = replace(session(0), cdr="DE*ABC*credit", credited="DE*ABC*M-0")
    first, second = (session(0, cdr=f"DE*ABC*{name}") for name in ("better", "again"))
    assert told(store, session(0)) == {}
    assert told(store, credit, first) == {}
    assert told(store, second) == {"DE*ABC*again": ["record_replayed"]}
    assert told(store, session(0), name="again") == {"DE*ABC*M-0": ["cdr_repeated"]}


def test_a_credit_that_is_not_good_cancels_nothing(store: SeenSessions) -> None:
    credit = replace(session(0), credited="DE*ABC*M-0", is_billable=False, cdr="DE*ABC*credit")
    replay = session(0, cdr="DE*ABC*X")
    assert told(store, session(0), credit) == {}
    assert told(store, replay) == {"DE*ABC*X": ["record_replayed"]}


def test_without_records_the_name_counts(store: SeenSessions) -> None:
    unsigned = Session(1, "DE*ABC*1", None, is_billable=True, facts=None)
    assert told(store, unsigned, replace(unsigned, cdr="DE*ABC*2")) == {}
    assert told(store, unsigned, name="next day") == {"DE*ABC*1": ["cdr_repeated"]}


@pytest.mark.parametrize("days", [1, 2])
def test_a_number_used_for_two_records(store: SeenSessions, days: int) -> None:
    other = session(1, content=sha("clone"), cdr="DE*ABC*clone")
    rest = [session(0), session(1), session(2)]
    if days == 1:
        found_ = told(store, *rest, other)
        assert list(found_.values()) == [["pagination_reused"]]
    else:
        assert told(store, *rest) == {}
        assert told(store, other) == {"DE*ABC*clone": ["pagination_reused"]}
    [doubt] = store.doubts()
    assert doubt.earlier is not None
    assert {doubt.session.cdr, doubt.earlier.cdr} == {"DE*ABC*M-1", "DE*ABC*clone"}
    assert (doubt.finding.values["found"], doubt.session.is_billable) == ("T3", True)


def test_a_session_within_another_that_lies_far_back(store: SeenSessions) -> None:
    long = session(0, paginations=(1, 100))
    assert told(store, long) == {}
    for number in (1, 24, 12):
        inner = session(number)
        assert told(store, inner) == {inner.cdr: ["sessions_interleaved"]}


def test_what_reaches_furthest_is_beside_the_next(store: SeenSessions) -> None:
    """Whether it begins last, or goes around those that do."""
    dice = random.Random(3)
    earlier: list[tuple[int, int]] = []
    for number in range(40):
        first = dice.randrange(5, 60)
        pages = (first, first + dice.choice((1, 1, 2, 9, 20)))
        here = session(0, paginations=pages, content=sha(f"{number}"), cdr=f"DE*ABC*{number}")
        told(store, here, rules=MSP)
        earlier.append(pages)
        low = dice.randrange(6, 70)
        run = store.begin(f"looks only {number}")
        store.add(run, new_rows([session(0, paginations=(low, low + 1))]))
        own = seen_session.c
        stretch = select(own.key, own.context, own.first, own.first.label("high"))
        with store._database.ask() as connection:
            around = windows(stretch.where(is_of(own.id, run)).subquery())
            [window] = connection.execute(around.select()).all()
        reaches = [(last, -begin) for begin, last in earlier if begin < low]
        assert window.start == (-max(reaches)[1] if reaches else low)


def test_a_late_session_around_an_earlier_one(store: SeenSessions) -> None:
    assert told(store, session(0), session(2), rules=MSP) == {}
    late = session(1, paginations=(3, 7))
    assert told(store, late, rules=MSP) == {"DE*ABC*M-1": ["sessions_interleaved"]}


def test_who_is_not_billable_anyway_accuses_nobody(store: SeenSessions) -> None:
    spliced = session(0, paginations=(1, 4), is_billable=False, cdr="DE*ABC*spliced")
    assert told(store, spliced, session(1), session(2)) == {"DE*ABC*spliced": ["pagination_reused"]}


def test_the_reading_went_back(store: SeenSessions) -> None:
    run = [session(0), session(1, begin_wh="0999.99", end_wh="1500"), session(2)]
    assert told(store, *run) == {"DE*ABC*M-1": ["energy_went_back"]}
    [doubt] = store.doubts()
    assert (doubt.finding.values["expected"], doubt.finding.values["found"]) == (
        "1.0000 kWh",
        "0.99999 kWh",
    )
    assert doubt.finding.severity.is_error


def test_a_meter_that_counts_on_from_a_lower_reading_is_told_once(store: SeenSessions) -> None:
    """Its owner had the module accept that: the first session is in doubt, not the module."""
    reset = [session(1, begin_wh="0", end_wh="5"), session(2, begin_wh="5", end_wh="9")]
    assert told(store, session(0), *reset) == {"DE*ABC*M-1": ["energy_went_back"]}
    assert told(store, session(3, begin_wh="9", end_wh="12")) == {}


def test_a_late_session_that_reaches_beyond_the_next(store: SeenSessions) -> None:
    assert told(store, session(0), session(2), rules=MSP) == {}
    late = session(1, end_wh="2000.1")
    assert told(store, late, rules=MSP) == {"DE*ABC*M-1": ["energy_went_back"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"meter_serial": "new meter", "begin_wh": "0", "end_wh": "5"},
        {"register_code": "01-00:B1.08.00*FF", "begin_wh": "0", "end_wh": "5"},
    ],
)
def test_another_meter_begins_anywhere(store: SeenSessions, changes: dict[str, str]) -> None:
    assert told(store, session(0), session(1, **changes)) == {}


@pytest.mark.parametrize("code", ["01-00:B2.08.00*FF", "1-0:c3.8.0"])
def test_registers_of_one_transaction_begin_at_nothing(store: SeenSessions, code: str) -> None:
    run = [session(n, register_code=code, begin_wh="0", end_wh="7") for n in range(3)]
    assert told(store, *run) == {}


def test_the_time_went_back(store: SeenSessions) -> None:
    early = session(1, begin_ms=BEGAN_MS + HOUR_MS - 1)
    assert told(store, session(0), early, session(2)) == {"DE*ABC*M-1": ["time_went_back"]}


def test_a_time_that_is_not_good_says_nothing(store: SeenSessions) -> None:
    early = session(1, begin_ms=0, end_ms=1, time_is_good=False)
    assert told(store, session(0), early, session(2)) == {}


def test_contexts_and_keys_count_apart(store: SeenSessions) -> None:
    fiscal = session(0, context="F", content=sha("f"), cdr="DE*ABC*F")
    assert told(store, session(0, "A"), session(0, "B"), replace(fiscal)) == {}


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("energy_decreased", {"begin": "2947.1", "end": "2935.6"}),
        ("pagination_repeated", {"pagination": "T1"}),
    ],
)
def test_doubts_of_the_records_check_are_listed(
    store: SeenSessions, code: str, values: dict[str, str]
) -> None:
    doubt = of_verify(verify_found(code, **values))
    assert told(store, session(0, doubts=(doubt,), is_billable=False)) == {}
    [listed] = store.doubts()
    assert listed.finding == doubt


def test_doubts_of_the_judgement_itself_are_listed(store: SeenSessions) -> None:
    doubt = found("key_used_after_deactivation", expected="then", found="now")
    assert told(store, session(0, doubts=(doubt,), is_billable=False)) == {}
    [listed] = store.doubts()
    assert (listed.finding.code, listed.finding.values["found"]) == (
        "key_used_after_deactivation",
        "now",
    )
    assert (listed.session.cdr, listed.earlier) == ("DE*ABC*M-0", None)


@pytest.mark.parametrize("rules", [CPO, MSP], ids=["cpo", "msp"])
def test_a_closer_look_finds_nothing_about_usual_stretches(
    store: SeenSessions, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(5)
    codes: set[str] = set()
    for day in range(12):
        numbers = [day * 4 + number for number in range(4) if dice.random() < 0.9]
        good = [session(n, m) for m in "ABC" for n in numbers]
        good += [session(n, "D", begin_wh=dice.choice(("7", f"{1000 * n}"))) for n in numbers]
        odd = [
            session(day * 4 + 1, "A", paginations=(day * 8 + dice.randrange(5), day * 8 + 5)),
            session(day * 4, "B", begin_wh="7", content=sha(f"other {day}")),
            session(dice.randrange(day * 4 + 1), "C", cdr=f"DE*ABC*again-{day}"),
            session(day * 4, "A", is_billable=False, end_ms=BEGAN_MS + 400 * HOUR_MS),
        ]
        run = good + dice.sample(odd, dice.randrange(3))
        found_ = told(store, *run, rules=rules, name=f"a {day}")
        of_others = [_of_another_module(each) for each in run]
        with monkeypatch.context() as patched:
            patched.setattr(neighbours, "just_follows", lambda *_: False)
            closely = told(store, *of_others, rules=rules, name=f"b {day}")
        assert closely == {f"{name} of another": told_ for name, told_ in found_.items()}
        codes |= {code for each in found_.values() for code in each}
    gaps = {"counter_gap"} if rules is CPO else set()
    assert codes >= gaps | {"record_replayed", "pagination_reused", "energy_went_back"}


def _of_another_module(each: Session) -> Session:
    """The same of a module that nobody knows, in the same order beside others."""
    facts = each.facts and replace(
        each.facts,
        key_fingerprint=sha(f"another {each.facts.key_fingerprint}"),
        content=each.facts.content[:-1] + ("1" if each.facts.content[-1] == "0" else "0"),
    )
    return replace(each, cdr=f"{each.cdr} of another", facts=facts)


def test_the_order_of_the_rows_decides_nothing(store: SeenSessions) -> None:
    day = [session(n, m) for m in "ABC" for n in range(6) if n != 3]
    day += [session(1, "A", cdr="DE*ABC*X"), session(2, "B", content=sha("clone"), cdr="DE*ABC*Y")]
    day += [session(5, "C", paginations=(11, 12), cdr="DE*ABC*C-4")]
    dice = random.Random(7)
    first = None
    for module in range(3):
        renamed = [
            replace(
                each,
                cdr=f"{each.cdr}-{module}",
                facts=each.facts
                and replace(
                    each.facts,
                    key_fingerprint=sha(f"{module} {each.facts.key_fingerprint}"),
                    content=sha(f"{module} {each.facts.content}"),
                ),
            )
            for each in day
        ]
        dice.shuffle(renamed)
        codes = sorted(code for each in told(store, *renamed).values() for code in each)
        first = first or codes
        assert codes == first
    assert first == [
        *("cdr_changed", "counter_gap", "counter_gap", "counter_gap"),
        *("pagination_reused", "record_replayed"),
    ]


def test_more_findings_than_are_read_at_a_time(
    store: SeenSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (store_module, sql):
        monkeypatch.setattr(module, "ROWS_AT_A_TIME", 3)
    back = [session(2 * n, begin_wh="0", end_wh=str(10**6 - n)) for n in range(8)]
    found_ = told(store, *back, name="run")  # before all but the first, a gap; and back each time
    assert list(found_.values()) == [["counter_gap", "energy_went_back"]] * 7
    assert [doubt.session.cdr for doubt in store.doubts()] == [
        f"DE*ABC*M-{2 * n}" for n in range(1, 8) for _finding in range(2)
    ]


def test_the_same_run_again_adds_nothing(store: SeenSessions) -> None:
    day = [session(0), session(2), session(0, cdr="DE*ABC*X")]
    first = told(store, *day, name="run")
    assert first == {"DE*ABC*M-2": ["counter_gap"], "DE*ABC*X": ["record_replayed"]}
    assert told(store, *day, name="run") == first
    store.add(store.begin("run"), new_rows([session(1, row=4, cdr="DE*ABC*too-late")]))
    assert told(store, *day, name="run") == first
    assert len(list(store.doubts())) == 1


def test_a_run_that_was_cut_is_not_seen(store: SeenSessions) -> None:
    run = store.begin("cut")
    store.add(run, new_rows([session(0)]))
    assert told(store, session(0)) == {}
    store.compare(run, CPO)  # it goes on later, and is the second then
    assert [finding.code for _row, finding in store.findings(run)] == ["cdr_repeated"]


def test_one_cdr_at_a_time(store: SeenSessions) -> None:
    assert store.take("a", session(0), CPO) == ()
    assert store.take("a", session(0), CPO) == ()  # asked again
    [finding] = store.take("b", session(0), CPO)
    assert finding.code == "cdr_repeated"


@pytest.mark.parametrize("name", ["\0", "\ud800", "x" * 10_000, "'; DROP TABLE seen_run", "\\N"])
def test_names_of_any_kind(store: SeenSessions, name: str) -> None:
    from wattseal.cdr.history.rows import kept_name

    odd = session(0, cdr=kept_name(f"DE*ABC*{name}"), meter_serial="\\N")
    assert told(store, odd) == {}
    assert list(told(store, odd, name="again").values()) == [["cdr_repeated"]]


def _take(url: str, names: list[str]) -> list[str]:
    store = SeenSessions(url)
    codes = []
    for number, name in enumerate(names):
        billed = session(number, cdr=f"DE*ABC*{name}")
        codes += [finding.code for finding in store.take(name, billed, MSP)]
    store.close()
    return codes


def test_two_processes_at_once(database_url: str) -> None:
    """Both bring the same records under names of their own: each is billed once, by one of them."""
    SeenSessions(database_url).close()
    count = 40
    names = [[f"{process}-{number}" for number in range(count)] for process in "ab"]
    with get_context("spawn").Pool(2) as pool:
        codes = pool.starmap(_take, [(database_url, each) for each in names])
    assert codes[0] + codes[1] == ["record_replayed"] * count


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "nonsense://", "postgresql://x@127.0.0.1:1/none", "postgresql://"]
)
def test_no_database(url: str) -> None:
    with pytest.raises(ToolError) as failed:
        SeenSessions(url)
    assert (failed.value.name, failed.value.exit_status) == ("store_unusable", 2)


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("This is a letter to my aunt, and no database at all.\n" * 99)
    with pytest.raises(ToolError) as failed:
        SeenSessions(tmp_path / "store")
    assert failed.value.name == "store_unusable"
