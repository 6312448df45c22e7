"""Records judged without a file, as bulk validation does it."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.device.signer import signer
from support.device.transactions import Transaction
from wattseal.ocmf.container import SignedValue
from wattseal.ocmf.public_key import CURVES, PublicKey
from wattseal.ocmf.report import RecordsCheck, Verdict
from wattseal.ocmf.verify import MAX_VALUES_FOR_RECOVERY, check_records, verify_file

GOOD = Transaction()
KEY = GOOD.signer.public
OTHER = signer(seed=2).public


def values(transaction: Transaction = GOOD, key: str | None = None) -> list[SignedValue]:
    records = (transaction.begin_record, transaction.end_record)
    contexts = ("Transaction.Begin", "Transaction.End")
    return [
        SignedValue(text, key, context=context)
        for text, context in zip(records, contexts, strict=True)
    ]


def codes(check: RecordsCheck) -> list[str]:
    return [finding.code for finding in check.all_findings]


@pytest.mark.parametrize(("key", "pinned"), [(None, KEY), (KEY.hex, None), (KEY.hex, KEY)])
def test_good_transaction(key: str | None, pinned: PublicKey | None) -> None:
    check = check_records(values(key=key), pinned)
    assert (check.verdict, check.reason, codes(check)) == (Verdict.VERIFIED, None, [])
    assert check.outcome
    assert check.outcome.begin
    assert check.outcome.end
    assert str(check.outcome.end.reading.RV) == "2947.1"


def test_nothing_at_all() -> None:
    check = check_records([], KEY)
    assert (check.values, check.findings) == ((), ())
    assert check.outcome == (None, None, ())


@pytest.mark.parametrize(
    ("spoilt", "expected"),
    [
        ([SignedValue("OCMF|")], ["record_malformed"]),
        ([SignedValue("OCMF|"), values()[1]], ["record_malformed"]),
        ([values()[0]], ["end_missing"]),
        (values(key="?"), ["key_unreadable"] * 2),
        (values(key=OTHER.hex), ["key_differs"] * 2),
        ([*values(), values()[1]], ["record_repeated"]),
        (values(Transaction(end={"MS": "1"})), ["meter_serial_differs"]),
        (values(Transaction(signer=signer(seed=2))), ["key_not_signer"] * 2),
    ],
)
def test_one_fault_has_its_code_and_no_other(
    spoilt: list[SignedValue], expected: list[str]
) -> None:
    check = check_records(spoilt, KEY)
    assert codes(check) == expected
    assert check.verdict is not Verdict.VERIFIED or expected == ["record_repeated"]


def test_without_an_authentic_record_there_is_no_outcome() -> None:
    check = check_records(values(), OTHER)
    assert check.outcome is None
    assert check.findings == ()


def test_half_that_nobody_claims_to_be_whole_is_a_warning() -> None:
    check = check_records(values()[:1], KEY, is_claimed=False)
    assert (check.verdict, codes(check)) == (Verdict.VERIFIED, ["transaction_incomplete"])


class TestFindSigner:
    def test_can_be_left_out(self) -> None:
        check = check_records(values(), OTHER, find_signer=False)
        assert codes(check) == ["signature_mismatch"] * 2

    def test_is_left_out_for_many_records(self) -> None:
        number = MAX_VALUES_FOR_RECOVERY + 1
        many = [
            SignedValue(Transaction(begin={"TT": str(at)}).begin_record) for at in range(number)
        ]
        assert set(codes(check_records(many, OTHER))) == {"signature_mismatch"}


def test_says_what_the_file_says() -> None:
    for transaction in (GOOD, Transaction(end={"ID": "x"}), Transaction(end_reading={"ST": "F"})):
        from_file = verify_file("file", transaction.xml)
        check = check_records(values(transaction, KEY.hex))
        assert sorted(codes(check)) == sorted(one.code for one in from_file.all_findings)
        assert (check.verdict, check.reason) == (from_file.verdict, from_file.reason)


class TestProcessPools:
    @pytest.mark.parametrize("spoilt", [{}, {"IS": None}, {"MS": "1"}])
    def test_what_goes_in_and_comes_out_can_be_pickled(self, spoilt: dict[str, object]) -> None:
        given = values(Transaction(end=spoilt), KEY.hex)
        check = check_records(given, KEY)
        assert pickle.loads(pickle.dumps(check)) == check  # noqa: S301
        assert pickle.loads(pickle.dumps(given)) == given  # noqa: S301

    @pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
    def test_a_key_that_has_verified_can_be_pickled(self, curve: object) -> None:
        one = signer(curve.name)
        assert one.public.verify(b"message", one.sign(b"message"))
        copy = pickle.loads(pickle.dumps(one.public))  # noqa: S301
        assert copy == one.public
        assert copy.curve is one.public.curve
        assert copy.verify(b"message", one.sign(b"message"))


def test_threads_do_not_take_each_others_warnings() -> None:
    tolerated = values(Transaction(end={"IS": None}))

    def judge(at: int) -> list[str]:
        return codes(check_records(tolerated if at % 2 else values(), KEY))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(judge, range(200)))
    assert found == [[], ["format_deviation"]] * 100
