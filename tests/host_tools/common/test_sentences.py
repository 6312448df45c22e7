"""The data files of sentences: whole in each language, all of them used, and nothing else used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
import wattseal
from wattseal.common import sentences
from wattseal.common.findings import Severity, make_finding
from wattseal.common.sentences import Entry, Language, month_names, read_phrases, read_sentences
from wattseal.wire.errors import ERRORS

PACKAGE = Path(str(wattseal.__file__)).parent
FILES = {path.stem for path in Path(str(sentences.__file__)).parent.glob("*.toml")}
PHRASES = {name.removesuffix("_phrases") for name in FILES if name.endswith("_phrases")}
SUBJECTS = sorted(name for name in FILES - {"months"} if not name.endswith("_phrases"))
BILINGUAL = {
    *("verification", "cdr", "cdr_investigation", "cdr_report"),
    *("check_page", "invoice", "verify_report"),
}
SAME_IN_BOTH = {
    ("check_page", "results"),
    ("cdr_report", "version"),
    ("cdr_report", "where"),
}
CAUSE_UNTOLD = ("registry_failures", "not_ready")
"""A driver is not told what is wrong with the registry's database."""

MADE_BY = {
    # name of what is called: (files, subject)
    "ToolError": ("**/*.py", "errors"),
    "reason": ("registry/**/*.py", "registry"),
    "_reason": ("registry/rules/eligibility.py", "registry_eligibility"),
    "verify_found": ("cdr/*.py", "verification"),
    "RegistryError": ("registry/**/*.py", "registry_failures"),
    "AccessError": ("registry/**/*.py", "registry_failures"),
    "NotFound": ("registry/**/*.py", "registry_failures"),
    "StateBroken": ("registry/**/*.py", "registry_failures"),
    "ClockWrong": ("registry/**/*.py", "registry_failures"),
    "Problem": ("registry/web/*.py", "registry_problems"),
    "add": ("registry/audit*.py", "audit"),
}
FOUND_IN = {"cdr/**/*.py": "cdr", "ocmf/*.py": "verification", "registry/audit*.py": "audit"}
FINDINGS = ("verification", "cdr", "registry", "registry_eligibility", "audit")


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def _calls(files: str, name: str) -> Iterator[ast.Call]:
    for path in PACKAGE.glob(files):
        for node in _nodes(path):
            if isinstance(node, ast.Call) and name in (
                getattr(node.func, "id", ""),
                getattr(node.func, "attr", ""),
            ):
                yield node


def _uses() -> Iterator[tuple[str, str, ast.Call]]:
    """Subject, code and call, of every call that names its code."""
    made = [(name, *where) for name, where in MADE_BY.items()]
    made += [("found", files, subject) for files, subject in FOUND_IN.items()]
    for name, files, subject in made:
        for call in _calls(files, name):
            for code in _codes(call.args[0]) if call.args else ():
                yield subject, code, call


def _codes(argument: ast.expr) -> list[str]:
    """What an argument names: a code, or one of two."""
    if isinstance(argument, ast.IfExp):
        return [*_codes(argument.body), *_codes(argument.orelse)]
    return [str(argument.value)] if isinstance(argument, ast.Constant) else []


USES = list(_uses())


def _given(call: ast.Call) -> set[str] | None:
    """The names of the values that a call gives; None where it gives them as a whole."""
    names = {keyword.arg for keyword in call.keywords}
    return None if None in names else {str(name) for name in names}


def _blanks(text: str) -> list[tuple[str, str | None]]:
    return sorted((name, form) for _, name, form, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("subject", SUBJECTS)
class TestFile:
    def test_has_the_same_blanks_in_both_languages(self, subject: str) -> None:
        for code, told in read_sentences(subject).items():
            if (subject, code) != CAUSE_UNTOLD:
                assert not told.de or _blanks(told.de) == _blanks(told.en), code
                assert not told.remedy_de or _blanks(told.remedy_de) == _blanks(told.remedy), code

    def test_is_said_in_both_languages_or_in_one(self, subject: str) -> None:
        for code, told in read_sentences(subject).items():
            if subject in BILINGUAL:
                assert told.en, code
                assert told.de, code
                assert told.en != told.de or (subject, code) in SAME_IN_BOTH, code
            assert bool(told.remedy_de) <= bool(told.de), code

    def test_knows_its_severities(self, subject: str) -> None:
        for told in read_sentences(subject).values():
            Severity(told.severity)
            if subject == "verification":
                assert bool(told.in_cdr) != bool(told.instead_in_cdr)
                assert not told.in_cdr or Severity(told.in_cdr)

    def test_has_no_entry_that_nothing_says(self, subject: str) -> None:
        texts, forms = _said()
        unsaid = [code for code in read_sentences(subject) if code not in texts]
        assert [code for code in unsaid if not forms.fullmatch(code)] == []


@cache
def _said() -> tuple[set[str], re.Pattern[str]]:
    """Every text of the program, its pages and its scripts that may be a code; forms of others."""
    texts: set[str] = set()
    forms: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in _nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.JoinedStr) and len(node.values) == 2:
                parts = (one.value if isinstance(one, ast.Constant) else "" for one in node.values)
                begin, end = map(str, parts)
                if re.fullmatch(r"[a-z_]{4,}", begin + end):
                    forms.add(f"{begin}\\w+{end}")
    for path in [*PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.js")]:
        texts |= {word.strip() for word in re.findall(r"[\w' ]+", path.read_text("utf-8"))}
    texts |= {row[1] for row in ERRORS}  # the module's refusals
    texts |= read_sentences("cdr_investigation").keys()  # said as a whole
    return texts, re.compile("|".join(sorted(forms)))


def test_every_file_is_read() -> None:
    assert set(SUBJECTS) >= {*BILINGUAL, *FINDINGS}
    assert {"months", "cdr_phrases", "verification_phrases"} == FILES - set(SUBJECTS)


def test_many_codes_are_named_where_they_are_used() -> None:
    assert len(USES) > 400


@pytest.mark.parametrize("subject", sorted({subject for subject, _code, _call in USES}))
def test_every_code_that_is_used_is_there(subject: str) -> None:
    used = {code for where, code, _call in USES if where == subject}
    assert used - read_sentences(subject).keys() == set()


@pytest.mark.parametrize("subject", sorted({subject for subject, _code, _call in USES}))
def test_every_use_fills_the_blanks(subject: str) -> None:
    for where, code, call in USES:
        given = _given(call)
        if where != subject or given is None:
            continue
        blanks = read_sentences(subject)[code].blanks.keys()
        extra = given - {"subject", "found_german"} - blanks
        assert blanks <= given, (code, ast.unparse(call))
        assert not extra or subject not in FINDINGS, (code, ast.unparse(call))


@pytest.mark.parametrize("subject", FINDINGS)
def test_a_finding_takes_every_blank_and_no_more(subject: str) -> None:
    for code, told in read_sentences(subject).items():
        values = {name: f"<{name}>" for name in told.blanks}
        more = dict.fromkeys(told.also, "")
        finding = make_finding(subject, code, values | more)
        said = finding.sentence_en + finding.remedy
        assert all(value in said for value in values.values())
        assert told.de == "" or "{" not in finding.sentence(Language.GERMAN)
        with pytest.raises(TypeError):
            make_finding(subject, code, {**values, **more, "another": ""})


def test_values_with_braces_are_no_blanks() -> None:
    finding = make_finding("registry", "evse_unknown", {"evse_id": "{evse_id.__class__}"})
    assert "{evse_id.__class__}" in finding.sentence_en


@pytest.mark.parametrize("subject", sorted(PHRASES))
def test_phrases_have_the_same_blanks(subject: str) -> None:
    for english, german in read_phrases(subject).items():
        assert english.count("{}") == german.count("{}")


def test_every_month_has_a_name() -> None:
    assert {len(month_names(language)) for language in Language} == {12}


def test_what_an_entry_may_not_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        Entry(english="There is no port.")  # type: ignore[call-arg]
