"""The modules of the check in the browser: complete as served, keeping to the page's rules."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from wattseal.common.sentences import Language, month_names, read_sentences
from wattseal.driver_check import browser
from wattseal.ocmf.findings import TABLE

FOLDER = Path(str(browser.CHECK_FILES))
WRITTEN = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.js"))}
MODULES = {**WRITTEN, "tables.js": browser.tables_module()}
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+\.js)";', re.MULTILINE)


def _imports(text: str) -> dict[str, list[str]]:
    """The names that a module imports, by the module that they are from."""
    parts = {module: names.split(",") for names, module in IMPORT.findall(text)}
    return {module: [n.strip() for n in names if n.strip()] for module, names in parts.items()}


def test_the_page_is_served_with_all_that_its_modules_import(client: TestClient) -> None:
    """Each import is followed as a browser follows it, from the script that the page names."""
    page = client.get("/check").text
    wanted = re.findall(r'<script type="module" src="/static/check/(\w+\.js)">', page)
    served: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name in served:
            continue
        answer = client.get(f"/static/check/{name}")
        assert answer.status_code == 200, name
        # A browser runs no module that comes as another type, now that it must not guess it.
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8", name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        served[name] = answer.text
        wanted += _imports(answer.text)
    assert served == MODULES
    taken = {name for text in served.values() for name in _imports(text).get("tables.js", [])}
    assert taken == set(EXPORT.findall(served["tables.js"]))


def test_what_is_found_here_is_looked_for_there() -> None:
    text = "".join(WRITTEN.values())
    parts = {f"{name}_{what}" for name in ("begin", "end") for what in ("missing", "repeated")}
    elsewhere = {code for code in read_sentences(TABLE) if f'"{code}"' not in text}
    assert elsewhere == {*parts, "file_unreadable"}


def test_every_month_has_a_name() -> None:
    assert {len(month_names(language)) for language in Language} == {12}


@pytest.mark.parametrize("module", WRITTEN)
def test_a_module_imports_what_there_is(module: str) -> None:
    text = WRITTEN[module]
    assert text.startswith("/**")
    for source, names in _imports(text).items():
        exported = EXPORT.findall(MODULES[source])
        for name in names:
            assert name in exported, f"{name} of {source}"
            assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{name} is not used"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_makes_no_markup_and_runs_no_text(module: str) -> None:
    text = MODULES[module]
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


@pytest.mark.parametrize("module", WRITTEN)
def test_functions_fit_a_screen(module: str) -> None:
    lines = WRITTEN[module].splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"(export )?(async )?function ", line):
            start = number
        elif line == "}" and start is not None:
            assert number - start <= 45, f"{module}:{start}"
            start = None
