"""The examples of the API's description, from examples.json: what one module would really send.

tests/host_tools/registry/http/make_examples.py makes the file, with keys that everybody can make.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

_ALL: dict[str, Any] = json.loads(
    files("wattseal.registry.http").joinpath("examples.json").read_text(encoding="ascii")
)


def of_body(name: str) -> dict[str, Any]:
    """`openapi_examples` of the body of that name."""
    return {each["summary"]: each for each in _ALL[name]}


def add_answers(paths: dict[str, Any]) -> None:
    """Give the answers of a finished description their examples.

    The framework drops what is null from examples, but an answer with a member that is null has it.
    """
    for path, answers in _ALL["answers"].items():
        content = paths[path]["get"]["responses"]["200"]["content"]["application/json"]
        content["examples"] = {each["summary"]: each for each in answers}
