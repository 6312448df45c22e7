"""`_wattseal.pyi` against the C module: same names, same numbers of arguments."""

import ast
import re
from pathlib import Path

BINDING = Path(__file__).resolve().parents[3] / "firmware/binding"
C_TEXT = (BINDING / "modwattseal.c").read_text()
STUB = ast.parse((BINDING / "_wattseal.pyi").read_text())
PRIVATE = {"_Buffer"}
MICROPYTHONS_OWN = {"__name__", "__init__", "_wattseal"}


def stub_names() -> set[str]:
    names = set()
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_every_name_of_the_stub_is_in_the_module_and_no_other() -> None:
    table = C_TEXT[C_TEXT.index("globals_table[]") :]
    in_c = set(re.findall(r"MP_ROM_QSTR\(MP_QSTR_(\w+)\)", table)) - MICROPYTHONS_OWN
    assert in_c == stub_names() - PRIVATE


def test_every_function_takes_as_many_arguments_as_the_stub_says() -> None:
    few = re.findall(r"MP_DEFINE_CONST_FUN_OBJ_(\d)\((\w+)_obj,", C_TEXT)
    many = re.findall(r"MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN\((\w+)_obj, (\d), \2,", C_TEXT)
    counts = {name: int(count) for count, name in few} | {name: int(n) for name, n in many}
    in_c = {name: count for name, count in counts.items() if name not in MICROPYTHONS_OWN}
    assert in_c == {
        node.name: len(node.args.posonlyargs) + len(node.args.args)
        for node in STUB.body
        if isinstance(node, ast.FunctionDef)
    }


def test_no_function_is_about_a_private_key() -> None:
    assert not [name for name in stub_names() if "private" in name.lower()]
    assert "WS_AREA_KEYS" in C_TEXT  # the one use: refusing its number, and the core's own calls
    given_out = set(re.findall(r"mp_obj_new_bytes\((?:\(const byte \*\))?([\w>-]+)[,(]", C_TEXT))
    assert given_out == {
        "image_identity",
        "random",
        "key->identity",
        "spki",
        "text",
        "der",
        "digest",
        "id",
    }
