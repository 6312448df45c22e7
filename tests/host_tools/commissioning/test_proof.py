"""What is checked of the registry's answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.device.signer import signer
from support.registry.simulated_module import SimulatedModule
from wattseal.commissioning.registration import (
    check_entry,
    check_publication,
    check_record,
    for_the_link,
)
from wattseal.common.errors import ToolError
from wattseal.registry.api_models import PublicationAnswer
from wattseal.registry.records import Consent, MeterRef, details_of, record_text
from wattseal.tlog.checkpoint import Checkpoint, EcdsaSigner, sign_note
from wattseal.wire import publication, statements

from hil import transparency_log as tree

NAME = "registry.example/keys"
KEY = signer(seed=51)
SPKI = KEY.public.spki.hex()


def members_of(module: SimulatedModule) -> dict[str, object]:
    said = statements.read_statement(module.prove("ab" * 32).statement)
    names = publication.LEAF_MEMBERS[2:-2]
    return {name: said[name] for name in names}


MODULE = SimulatedModule()
LEAF = publication.build_leaf(**members_of(MODULE), unix_ms=1, details="00" * 32)


def answer(
    name: str = NAME, key: object = KEY, origin: str | None = None, size: int = 5
) -> PublicationAnswer:
    hashes = [bytes(tree.leaf_hash(b"entry %d" % n)) for n in range(size)]
    hashes[2] = bytes(tree.leaf_hash(LEAF.encode()))
    text = Checkpoint(origin or name, size, tree.root(hashes)).text
    return PublicationAnswer(
        checkpoint=sign_note(text, [EcdsaSigner(name, key.private)]),
        leaf=LEAF,
        leaf_index=2,
        proof=[one.hex() for one in tree.inclusion_proof(hashes, 2)],
    )


@contextmanager
def is_forged() -> Iterator[None]:
    with pytest.raises(ToolError) as caught:
        yield
    assert caught.value.name == "registry_forged"


def forged(given: PublicationAnswer, **changes: object) -> str:
    with pytest.raises(ToolError) as caught:
        check_publication(given.model_copy(update=changes), NAME, SPKI)
    assert caught.value.name == "registry_forged"
    return str(caught.value.detail["cause"])


class TestPublication:
    def test_holds(self) -> None:
        assert check_publication(answer(), NAME, SPKI).size == 5

    def test_another_entry_of_the_same_log(self) -> None:
        assert "not in the log" in forged(
            answer(), leaf=LEAF.replace('"key_number":1', '"key_number":2')
        )

    def test_another_place(self) -> None:
        assert "not in the log" in forged(answer(), leaf_index=3)
        assert "outside the tree" in forged(answer(), leaf_index=5)

    @pytest.mark.parametrize("count", [0, 1, 4])
    def test_hashes_too_few_or_too_many(self, count: int) -> None:
        good = answer()
        forged(good, proof=(good.proof * 2)[:count])

    def test_a_hash_that_is_none(self) -> None:
        good = answer()
        forged(good, proof=["ab" * 31, *good.proof[1:]])

    def test_another_registrys_signature(self) -> None:
        forged(answer(key=signer(seed=52)))

    def test_another_name(self) -> None:
        forged(answer(name="other.example/keys"))

    def test_another_logs_checkpoint_under_the_registrys_name(self) -> None:
        assert "another log's" in forged(answer(origin="other.example/keys"))

    def test_a_changed_checkpoint(self) -> None:
        good = answer()
        forged(good, checkpoint=good.checkpoint.replace("\n5\n", "\n6\n"))
        forged(good, checkpoint="no note")


class TestRecord:
    RECORD = record_text(
        Consent(
            unix_ms=1,
            actor="registry",
            evse_id="DE*ABC*E1",
            chip_id="ab" * 8,
            meter=MeterRef(manufacturer="M", serial="S"),
            from_operator="DE*ABC",
            to_operator="DE*XYZ",
            until_unix_ms=2,
        )
    )

    def _answer(self, details: str) -> PublicationAnswer:
        return answer().model_copy(update={"leaf": f'{{"details":"{details}"}}'})

    def test_the_one_that_the_entry_names(self) -> None:
        found = check_record(self._answer(details_of(self.RECORD)), self.RECORD)
        assert isinstance(found, Consent)

    def test_another_one(self) -> None:
        with is_forged():
            check_record(self._answer("00" * 32), self.RECORD)

    @pytest.mark.parametrize("text", ["", "{}", "[]", RECORD + " ", RECORD.replace("{", "{ ", 1)])
    def test_what_is_no_record(self, text: str) -> None:
        with is_forged():
            check_record(self._answer(details_of(text)), text)


class TestEntry:
    @pytest.mark.parametrize("name", publication.COMPARED_MEMBERS)
    def test_every_member_is_compared(self, name: str) -> None:
        expected = members_of(MODULE)
        check_entry(LEAF, expected)
        with pytest.raises(ToolError) as caught:
            check_entry(LEAF, {**expected, name: "other"})
        assert caught.value.name == "answer_of_another"
        assert name in str(caught.value)

    def test_what_is_no_entry(self) -> None:
        with is_forged():
            check_entry("{}", members_of(MODULE))


def test_what_no_module_could_take() -> None:
    assert for_the_link(answer()).leaf == LEAF
    with is_forged():
        for_the_link(answer().model_copy(update={"leaf": "x" * 1001}))
