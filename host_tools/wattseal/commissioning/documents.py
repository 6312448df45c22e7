"""Writes the commissioning document, as PDF and as HTML."""

from __future__ import annotations

from pathlib import Path

from wattseal.commissioning.document import Commissioned, find_commissioned
from wattseal.commissioning.document_html import as_html
from wattseal.commissioning.document_pdf import as_pdf
from wattseal.commissioning.workplace import StepResult, Workplace
from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory

PDF, HTML = ".pdf", ".html"


def print_document(work: Workplace) -> StepResult:
    """The document of the registration that this work led to, into the job's folder."""
    if work.registry is None or work.answer is None:
        raise ToolError("answer_missing", path=str(work.job.folder))
    found = find_commissioned(
        work.registry,
        work.station.evse_id,
        entry=work.answer.confirmation.entry,
        facts=work.answer.registry,
    )
    files = write_document(found, work.job.folder, work.job.slug, replacing=True)
    return StepResult(True, str(files[0]), {"files": [str(path) for path in files]})


def write_document(
    found: Commissioned, folder: Path, name: str, *, replacing: bool = False
) -> list[Path]:
    """Both files. ToolError `file_exists` over other data, unless they are to be replaced."""
    out = OutputDirectory(folder)
    contents = {name + PDF: as_pdf(found), name + HTML: as_html(found).encode()}
    if not replacing:
        for file, content in contents.items():
            if (folder / file).exists() and (folder / file).read_bytes() != content:
                raise ToolError("file_exists", path=str(folder / file))
    return [out.write_bytes(file, content, replacing=True) for file, content in contents.items()]
