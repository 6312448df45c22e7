"""The files of the check in the browser: up to date, complete, and keeping to the page's rules."""

import re
from pathlib import Path

import pytest
from wattseal.registry.http.check import javascript, words
from wattseal.verify.sentences import Language

FOLDER = javascript.FILE.parent
MODULES = sorted(FOLDER.glob("*.js"))
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+\.js)";', re.MULTILINE)


def test_the_tables_are_up_to_date() -> None:
    written = javascript.FILE.read_text("utf-8")
    assert written == javascript.module_text(), (
        "run: python -m wattseal.registry.http.check.javascript"
    )


def test_both_languages_have_the_same_blanks() -> None:
    for name, sentence in words.WORDS.items():
        english, german = (re.findall(r"\{\w+\}", text) for text in sentence)
        assert sorted(english) == sorted(german), name
        assert sentence.en != sentence.de or name == "results", name


def test_every_month_has_a_name() -> None:
    assert {len(words.MONTHS[language]) for language in Language} == {12}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_imports_what_there_is(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("/**")
    for names, module in IMPORT.findall(text):
        exported = EXPORT.findall((FOLDER / module).read_text("utf-8"))
        for name in filter(None, (part.strip() for part in names.split(","))):
            assert name in exported, f"{name} of {module}"
            assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{name} is not used"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_makes_no_markup_and_runs_no_text(path: Path) -> None:
    text = path.read_text("utf-8")
    for risky in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert risky not in text
    assert "://" not in text  # nothing is asked but the registry


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_functions_fit_a_screen(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"(export )?(async )?function ", line):
            start = number
        elif line == "}" and start is not None:
            assert number - start <= 45, f"{path.name}:{start}"
            start = None
