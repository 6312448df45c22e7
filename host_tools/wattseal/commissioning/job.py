"""Keeps the folder of one commissioning: its station, its steps, and the files made.

job.json                           the station as it was typed, and each step with its facts
<name>.request.json                the request to the registry, with the module's proof in it
<name>.answer.json                 the registry's answer, with the proof of publication
<name>.test-charge.request.json    the records of the test charge, for the registry
<name>.test-charge.answer.json     the registry's answer to that
test-charge/                       begin.ocmf, end.ocmf, transaction.xml and the key
<name>.pdf, <name>.html            the commissioning document

Every file is written at once under its final name. `job.json` is for the technician; what is left
to do is asked of the module and of the registry.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from wattseal.common.files import OutputDirectory, read_json_file
from wattseal.common.times import unix_ms_now
from wattseal.registry import api_models as api

JOB = "job.json"
REQUEST = ".request.json"
ANSWER = ".answer.json"
TEST_CHARGE = ".test-charge"
MAX_FILE_BYTES = 1 << 20

_File = TypeVar("_File", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StepDone(_Model):
    """A step, when it was last gone through, and what was found; `changed` if it did something."""

    step: str
    unix_ms: int
    changed: bool
    facts: dict[str, Any]


class JobFile(_Model):
    """What job.json holds."""

    version: Literal[1] = 1
    station: dict[str, Any]
    steps: list[StepDone] = []


class RequestFile(_Model):
    """What is sent to a registry, and to which; made on site, sent from anywhere."""

    version: Literal[1] = 1
    registry_name: str
    registry_key: str
    request: Annotated[
        api.RegistrationRequest | api.TestChargeRequest, Field(union_mode="left_to_right")
    ]


class AnswerFile(_Model):
    """What the registry answered, and its record, from which the document is made."""

    version: Literal[1] = 1
    registry: api.RegistryFacts
    confirmation: api.Confirmation
    record: str


class Job:
    """A folder that a run writes to; made when it is first written to."""

    def __init__(self, folder: Path, slug: str, unix_ms: Callable[[], int] = unix_ms_now) -> None:
        self.folder = folder
        self.slug = slug
        self._unix_ms = unix_ms
        self._file = JobFile(station={})
        if (folder / JOB).exists():
            self._file = read_file(folder / JOB, JobFile)

    def begin(self, station: dict[str, Any]) -> None:
        """Note for what station this is."""
        self._file = self._file.model_copy(update={"station": station})
        write_file(self.folder / JOB, self._file)

    def note(self, step: str, facts: dict[str, Any], *, changed: bool) -> None:
        """Note that a step was gone through; it replaces an earlier note of the same step."""
        done = StepDone(step=step, unix_ms=self._unix_ms(), changed=changed, facts=facts)
        others = [one for one in self._file.steps if one.step != step]
        self._file = self._file.model_copy(update={"steps": [*others, done]})
        write_file(self.folder / JOB, self._file)

    def noted(self, step: str) -> dict[str, Any]:
        """The facts noted last of a step; none if it was not reached."""
        return next((one.facts for one in self._file.steps if one.step == step), {})

    def path(self, ending: str) -> Path:
        """Where a file of this job is."""
        return self.folder / f"{self.slug}{ending}"

    def write(self, ending: str, content: BaseModel) -> Path:
        """Write a file of this job, over an earlier one: it was made from the same facts."""
        return write_file(self.path(ending), content)


def read_file(path: Path, form: type[_File]) -> _File:
    """One of the files above. ToolError `file_unreadable`, `job_file_malformed`."""
    return read_json_file(path, form, "job_file_malformed", MAX_FILE_BYTES)


def write_file(path: Path, content: BaseModel) -> Path:
    """Write one of the files above, over an earlier one. ToolError `file_unwritable`."""
    data = (content.model_dump_json(indent=2) + "\n").encode()
    return OutputDirectory(path.parent).write_bytes(path.name, data, replacing=True)


def answer_path(request: Path) -> Path:
    """Where the answer to a request file belongs: beside it."""
    name = request.name.removesuffix(REQUEST) if request.name.endswith(REQUEST) else request.stem
    return request.with_name(name + ANSWER)
