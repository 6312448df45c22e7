"""The table of sentences: whole, in two languages, and filled by every finding."""

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import wattseal.ocmf
from wattseal.common.sentences import Language, read_sentences
from wattseal.ocmf.findings import ABSENT, TABLE, found

SENTENCES = read_sentences(TABLE)

SOURCES = [
    *Path(wattseal.ocmf.__file__).parent.glob("*.py"),
    Path(wattseal.ocmf.__file__).parents[1] / "cli" / "verify.py",
]


def calls_of_found() -> Iterator[tuple[str, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "found":
                yield f"{path.name}:{node.lineno}", node


def named_codes(argument: ast.expr) -> list[str]:
    """The codes that an argument names; none where it is a variable."""
    return [node.value for node in ast.walk(argument) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize("code", SENTENCES)
class TestSentence:
    def test_is_a_sentence_in_both_languages(self, code: str) -> None:
        for text in (SENTENCES[code].en, SENTENCES[code].de):
            assert text[0].isupper()
            assert text.endswith((".", ".)"))
        assert SENTENCES[code].en != SENTENCES[code].de

    def test_takes_every_blank_and_no_more(self, code: str) -> None:
        values = {name: f"<{name}>" for name in SENTENCES[code].blanks}
        finding = found(code, **values)
        for language in Language:
            assert all(value in finding.sentence(language) for value in values.values())
        assert finding.sentence_en == finding.sentence(Language.ENGLISH)
        assert (finding.values, finding.severity) == (values, SENTENCES[code].severity)
        with pytest.raises(TypeError):
            found(code, **values, more="")
        if values:
            with pytest.raises(TypeError):
                found(code)


@pytest.mark.parametrize(("where", "call"), list(calls_of_found()))
def test_every_call_fills_exactly_the_blanks(where: str, call: ast.Call) -> None:
    given = {keyword.arg for keyword in call.keywords}
    for code in named_codes(call.args[0]):
        assert given == SENTENCES[code].blanks.keys(), where


def test_every_code_is_named_where_it_is_found() -> None:
    named = {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in SENTENCES
    }
    assert named == set(SENTENCES)


def test_disagreeing_values_are_named_in_pairs() -> None:
    for code, sentence in SENTENCES.items():
        names = sentence.blanks
        assert ("begin" in names) == ("end" in names), code
        assert "expected" not in names or "found" in names, code


class TestGerman:
    def test_words_of_ours_are_translated(self) -> None:
        finding = found("value_missing", reading="end")
        assert finding.sentence(Language.GERMAN) == "Der Endwert enthält keinen Zählerstand."

    def test_what_a_file_says_is_not(self) -> None:
        finding = found("meter_serial_differs", begin="begin", end="unknown")
        assert finding.sentence(Language.GERMAN).endswith("wechselt von begin zu unknown.")

    def test_an_unknown_cause_stays_as_it_is(self) -> None:
        finding = found("xml_malformed", cause="it is not well-formed, line 1, column 2")
        assert "(it is not well-formed, line 1, column 2)" in finding.sentence(Language.GERMAN)

    def test_an_absent_value_is_said_in_words(self) -> None:
        finding = found("meter_serial_differs", begin="1", end=None)
        assert finding.values["end"] == ABSENT
        assert "von 1 zu (keine Angabe)." in finding.sentence(Language.GERMAN)
        assert "from 1 to (none)." in finding.sentence_en


class TestValues:
    def test_are_short_and_printable(self) -> None:
        finding = found("meter_serial_differs", begin="\x1b[2J\u202e", end="9" * 500)
        assert finding.values == {"begin": "?[2J?", "end": "9" * 57 + "..."}

    def test_with_braces_are_no_blanks(self) -> None:
        finding = found("meter_serial_differs", begin="{end}", end="{0.__class__}")
        for language in Language:
            assert "{end}" in finding.sentence(language)
            assert "{0.__class__}" in finding.sentence(language)


def test_a_finding_survives_pickle() -> None:
    finding = found("meter_status", reading="end", expected="G", found=None)
    copy = pickle.loads(pickle.dumps(finding))  # noqa: S301
    assert copy == finding
    assert len({copy, finding}) == 1
