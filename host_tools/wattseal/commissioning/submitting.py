"""Sends request files to the registry, and writes its answers beside them."""

from __future__ import annotations

from pathlib import Path

from wattseal.commissioning.job import (
    REQUEST,
    AnswerFile,
    RequestFile,
    answer_path,
    read_file,
)
from wattseal.commissioning.registering import answer_of
from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory
from wattseal.registry.requests import RegistrationRequest, RegistryFacts
from wattseal.registry_client import RegistryClient


def request_files(given: list[Path]) -> list[Path]:
    """The request files that are named, and those in folders that have no answer yet."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            found = sorted(path.rglob(f"*{REQUEST}"))
            files += [one for one in found if not answer_path(one).exists()]
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def submit(path: Path, registry: RegistryClient, facts: RegistryFacts) -> tuple[Path, AnswerFile]:
    """Send one file, and write the answer; sent again, it is answered with the entry there is."""
    file = read_file(path, RequestFile)
    for name, ours in (("registry_name", facts.name), ("registry_key", facts.registry_key)):
        if getattr(file, name) != ours:
            raise ToolError("registry_differs", setting=name, registry=facts.name)
    out = OutputDirectory(path.parent)
    out.check_writable()
    answered = answer_path(path)
    if isinstance(file.request, RegistrationRequest):
        confirmation = registry.register(file.request)
    elif answered.exists():  # a test charge is kept once
        return answered, read_file(answered, AnswerFile)
    else:
        confirmation = registry.keep_test_charge(file.request)
    answer = answer_of(registry, facts, confirmation)
    content = answer.model_dump_json(indent=2) + "\n"
    return out.write_bytes(answered.name, content.encode(), replacing=True), answer
