"""Verification of OCMF records, those of this project's modules and of other makers."""

from wattseal.verify.codes import Code, Severity
from wattseal.verify.file_check import unreadable, verify_file
from wattseal.verify.findings import Finding, found
from wattseal.verify.records_check import RecordsCheck, check_records
from wattseal.verify.report import FileReport, Verdict, overall
from wattseal.verify.sentences import Language
from wattseal.verify.signed_value import SignedValue

__all__ = [
    "Code",
    "FileReport",
    "Finding",
    "Language",
    "RecordsCheck",
    "Severity",
    "SignedValue",
    "Verdict",
    "check_records",
    "found",
    "overall",
    "unreadable",
    "verify_file",
]
