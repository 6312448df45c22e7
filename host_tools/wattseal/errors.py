"""The host tools' own errors: one table, each row with what happened and what to do.

What the module refuses comes over the link with its own name, sentence and remedy (wire/errors.py)
and becomes a ToolError too, so that a command has one kind of error to show.
"""

from __future__ import annotations

from typing import Any

from wattseal.wire.errors import WattsealError

EXIT_FAILED = 1
EXIT_USAGE = 2

MAX_FACT_CHARACTERS = 300

ERRORS: dict[str, tuple[str, str, int]] = {
    # The port.
    "port_missing": (
        "There is no port {port}.",
        "Check cable and name; `wattseal port list` shows the ports there are.",
        EXIT_FAILED,
    ),
    "port_denied": (
        "You may not open the port {port}.",
        "Add yourself to the group that owns it (often dialout) and log in again.",
        EXIT_FAILED,
    ),
    "port_busy": (
        "Another program is using the port {port}.",
        "Close it, or wait until it has finished.",
        EXIT_FAILED,
    ),
    "port_unusable": (
        "{port} cannot be opened as a serial port: {cause}.",
        "Give a device such as /dev/ttyACM0 or COM3, or a URL such as socket://host:port.",
        EXIT_FAILED,
    ),
    "port_lost": (
        "The connection to {port} broke: {cause}.",
        "Check cable and supply, then look at `wattseal device status`.",
        EXIT_FAILED,
    ),
    # The link.
    "no_reply": (
        "The module did not answer {method} within {timeout_s:g} s.",
        "Check that this is the module's port and that the module has power.",
        EXIT_FAILED,
    ),
    "no_clean_reply": (
        "No readable answer to {method} within {timeout_s:g} s: {damaged} damaged line(s) came.",
        "Check the cable, the baud rate and that no other program talks on this port.",
        EXIT_FAILED,
    ),
    "request_damaged": (
        "The module could not read the request {method}.",
        "Try again; if it happens often, check the cable and the baud rate.",
        EXIT_FAILED,
    ),
    "reply_unusable": (
        "The module's answer to {method} does not fit the protocol: {cause}.",
        "Use the host tools that belong to the module's firmware.",
        EXIT_FAILED,
    ),
    "protocol_unknown": (
        "The module speaks version {theirs} of the link protocol, this tool version {ours}.",
        "Use the host tools that belong to the module's firmware.",
        EXIT_FAILED,
    ),
    "not_a_module": (
        "What answers on {port} is {product}, not a Wattseal module.",
        "Give the module's port; `wattseal port list` shows the ports there are.",
        EXIT_FAILED,
    ),
    "outcome_unknown": (
        "The answer to {method} was lost, and so is whether the module has done it: {cause}",
        "Look at `wattseal device status` and `wattseal device records` before trying again.",
        EXIT_FAILED,
    ),
    "not_done": (
        "The module did not carry out {method}; nothing was changed.",
        "Try again.",
        EXIT_FAILED,
    ),
    # Checks of what the module gave.
    "record_missing": (
        "The module no longer holds the record T{pagination}.",
        "If it was released, take it from where it was exported to.",
        EXIT_FAILED,
    ),
    "record_not_verified": (
        "The module's own record does not verify: {reason}",
        "Do not bill by it; read out the events and have the module inspected.",
        EXIT_FAILED,
    ),
    "event_chain_broken": (
        "The event log's hash chain breaks at event {number}.",
        "Events were altered or lost: have the module inspected.",
        EXIT_FAILED,
    ),
    "self_test_failed": (
        "The signing core failed its self-test: {failed}.",
        "Restart the module; if it fails again, replace it.",
        EXIT_FAILED,
    ),
    # Files.
    "file_exists": (
        "{path} holds other data already.",
        "Nothing was overwritten: give another directory, or move the file away.",
        EXIT_FAILED,
    ),
    "file_unwritable": (
        "{path} cannot be written: {cause}.",
        "Give a directory that you may write to, with room left.",
        EXIT_FAILED,
    ),
    "record_kept_by_module": (
        "The record T{pagination} is signed, but {path} could not be written: {cause}.",
        "Nothing is lost: make room, then `wattseal device records --from {first} --out DIR`.",
        EXIT_FAILED,
    ),
    "file_unreadable": ("{path} cannot be read: {cause}.", "Check the file's name.", EXIT_USAGE),
    "settings_malformed": (
        "{path} is no settings file: {cause}.",
        "`wattseal device configure --help` shows what it may hold.",
        EXIT_USAGE,
    ),
    "key_unreadable": (
        "The key given with --key cannot be read: {cause}.",
        "Give it in hex, or a file that holds it as hex, base64, PEM or DER.",
        EXIT_USAGE,
    ),
    "bad_value": ("{field} must be {limit}, not {found}.", "", EXIT_USAGE),
    "usage": ("{cause}", "{help}", EXIT_USAGE),
    "cancelled": ("Cancelled; nothing was changed.", "", EXIT_FAILED),
    "internal_error": (
        "The tool met a condition that it was not written for ({cause}).",
        "Please report it; WATTSEAL_DEBUG=1 shows where it happened.",
        EXIT_FAILED,
    ),
}

REMEDIES = {
    "invalid_params": "",
    "out_of_range": "",
    "not_ascii": "Use printable ASCII characters without '|'.",
    "not_configured": "`wattseal device configure` sets them.",
    "clock_not_set": "`wattseal device time` sets it.",
    "session_open": "End it with `wattseal session end`.",
    "no_session": "Begin one with `wattseal session begin`.",
    "journal_full": "`wattseal device records --out DIR` exports the records, "
    "`wattseal device release` then makes room.",
    "fault": "`wattseal device status` tells the cause; records can still be read out.",
}
"""What to do about the module's refusals, in this tool's commands instead of the link's methods."""


class ToolError(Exception):
    """A command failed: `name` for programs, `message` and `remedy` for people.

    Made from the table above by name, the facts filling its blanks; `from_module` makes one of a
    refusal that came over the link.
    """

    def __init__(self, name: str, **detail: Any) -> None:
        message, remedy, exit_status = ERRORS[name]
        self._fill(
            name, message.format(**detail), remedy.format(**detail), exit_status, dict(detail)
        )

    @classmethod
    def from_module(cls, refusal: WattsealError) -> ToolError:
        """The module's refusal in the form that commands show."""
        remedy = REMEDIES.get(refusal.name, refusal.remedy)
        detail = dict(refusal.detail)
        error = cls.__new__(cls)
        error._fill(refusal.name, _in_words(refusal), remedy, EXIT_FAILED, detail)
        return error

    def _fill(
        self, name: str, message: str, remedy: str, exit_status: int, detail: dict[str, Any]
    ) -> None:
        self.args = (name,)
        self.name = name
        self.message = message
        self.remedy = remedy
        self.exit_status = exit_status
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def as_json(self) -> dict[str, Any]:
        """The object that --json prints."""
        return {
            "error": {
                "name": self.name,
                "message": self.message,
                "remedy": self.remedy,
                "detail": self.detail,
            }
        }


def _in_words(refusal: WattsealError) -> str:
    """What the module refused and why, in one line."""
    facts = {key: _flat(refusal.detail[key]) for key in sorted(refusal.detail)}
    if refusal.name in ("invalid_params", "out_of_range") and {"field", "limit"} <= facts.keys():
        found = f", not {facts['found']}" if "found" in facts else ""
        return f"{facts['field']} must be {facts['limit']}{found}."
    told = ", ".join(f"{key}: {fact}" for key, fact in facts.items())
    return refusal.sentence + (f" ({told})" if told else "")


def _flat(value: Any) -> str:
    """A fact from the module, short enough for a line."""
    text = " ".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_FACT_CHARACTERS else text[: MAX_FACT_CHARACTERS - 3] + "..."
