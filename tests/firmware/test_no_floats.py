"""The image has no floats: code that the unix program runs with them fails on the chip alone."""

import ast
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
FILES = sorted(
    path
    for folder in ("app", "wire", "ports")
    for path in (FIRMWARE / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
READER = FIRMWARE / "wire/strict_json.py"
"""It alone uses MicroPython's `json`, which refuses what has a decimal point."""


def makes_a_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        return isinstance(node.op, ast.Div)
    return isinstance(node, ast.Name) and node.id == "float" and isinstance(node.ctx, ast.Load)


def imports_json(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name == "json" for name in node.names)
    return isinstance(node, ast.ImportFrom) and node.module == "json"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FIRMWARE)))
def test_frozen_code_needs_no_float(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    assert not [node.lineno for node in nodes if makes_a_float(node)]  # type: ignore[attr-defined]
    assert path == READER or not any(map(imports_json, nodes))


def test_what_would_need_a_float_is_found() -> None:
    for text in ("a = 1.5", "a = b / c", "a /= 2", "a = float(b)"):
        assert any(map(makes_a_float, ast.walk(ast.parse(text)))), text
    for text in ("import json", "from json import loads"):
        assert any(map(imports_json, ast.walk(ast.parse(text)))), text
