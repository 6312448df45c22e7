"""The host tools stay as small as docs/architecture.md says that they may grow."""

import ast
import re
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "host_tools" / "wattseal"
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)


def python_files() -> list[Path]:
    """Those of the tools themselves; `wire` is the firmware's."""
    return [path for path in TOOLS.rglob("*.py") if path.relative_to(TOOLS).parts[0] != "wire"]


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [
        one for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def is_one_statement(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether there is one plain statement in it, its docstring left out."""
    has_docstring = ast.get_docstring(function) is not None
    body = function.body[1:] if has_docstring else function.body
    return len(body) == 1 and not isinstance(body[0], BLOCKS)


def documented(what: str) -> int:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    found = re.search(rf"^\| {re.escape(what)} \|.*\| ([0-9,]+) \|$", page, re.MULTILINE)
    assert found, f"docs/architecture.md has no line for {what}"
    return int(found[1].replace(",", ""))


def test_the_host_tools_are_within_their_budget() -> None:
    lines = [lines_of(path) for path in python_files()]
    functions = [one for path in python_files() for one in functions_of(path)]
    short = sum(map(is_one_statement, functions))
    print(
        f"{len(lines)} files, {sum(lines)} lines, half of them under {median(lines):g}; "
        f"{len(functions)} functions, {short} of one statement"
    )
    assert len(lines) <= documented("Python files of the host tools")
    assert sum(lines) <= documented("their lines")


def test_the_check_in_the_browser_is_within_its_budget() -> None:
    lines = [lines_of(path) for path in (TOOLS / "driver_check/static").glob("*.js")]
    print(f"{len(lines)} modules of the browser's check, {sum(lines)} lines")
    assert len(lines) <= documented("modules of the browser's check")
    assert sum(lines) <= documented("the lines of those modules")
