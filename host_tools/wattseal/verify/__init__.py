"""Verification of OCMF records, those of this project's modules and of other makers."""

from wattseal.verify.file_check import unreadable, verify_file
from wattseal.verify.findings import Code, Finding, Severity
from wattseal.verify.report import FileReport, Verdict, overall

__all__ = [
    "Code",
    "FileReport",
    "Finding",
    "Severity",
    "Verdict",
    "overall",
    "unreadable",
    "verify_file",
]
