"""contracts.pyi against contracts.py: the same names, and no module of the application."""

import ast
from pathlib import Path

import app.contracts

STUB = ast.parse(Path(app.contracts.__file__).with_suffix(".pyi").read_text())


def names_of_the_stub() -> set[str]:
    """Classes and aliases that others may import."""
    names = {node.name for node in STUB.body if isinstance(node, ast.ClassDef)}
    for node in STUB.body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def test_every_name_is_typed() -> None:
    names = {name for name in vars(app.contracts) if not name.startswith("_")}
    assert names == names_of_the_stub()


def test_it_imports_nothing_that_imports_it() -> None:
    """The import rules of pyproject.toml do not see what a stub imports."""
    imported = {node.module for node in ast.walk(STUB) if isinstance(node, ast.ImportFrom)}
    assert "wire.shapes" in imported
    assert not [name for name in imported if name and name.startswith("app")]
