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
    "nothing_to_archive": ("The module holds no such events.", "", EXIT_FAILED),
    "self_test_failed": (
        "The signing core failed its self-test: {failed}.",
        "Restart the module; if it fails again, replace it.",
        EXIT_FAILED,
    ),
    "statement_broken": (
        "The history of the module's keys does not hold at statement {number}: {cause}.",
        "Do not trust the module: have it inspected.",
        EXIT_FAILED,
    ),
    "answer_forged": (
        "The module's signed answer to {method} does not hold: {cause}.",
        "Do not trust the module: have it inspected.",
        EXIT_FAILED,
    ),
    # Keys and passwords.
    "secret_exposed": (
        "{path} holds a secret, and other users of this computer can read it.",
        "`chmod 600` it; if others may have read it already, make a new one.",
        EXIT_FAILED,
    ),
    "secret_unreadable": ("{path} cannot be used: {cause}.", "Check the file's name.", EXIT_USAGE),
    "password_wrong": (
        "The password does not open {path}.",
        "Check the password, and that the file is the key you mean.",
        EXIT_FAILED,
    ),
    "password_weak": (
        "The password is shorter than {characters} characters.",
        "Take a longer one, such as five words: it is what protects the key if the file is stolen.",
        EXIT_USAGE,
    ),
    "key_not_locked": (
        "{path} is not protected by a password.",
        "Make the owner's key with `wattseal owner create`.",
        EXIT_FAILED,
    ),
    # What the owner signs.
    "challenge_malformed": (
        "That is no challenge of a module for its owner: {cause}.",
        "Give the text that `wattseal device challenge` shows, unchanged.",
        EXIT_USAGE,
    ),
    "owner_key_differs": (
        "{path} is not the owner key that the module knows (SHA-256 {fingerprint}).",
        "Nothing was sent: a wrong answer counts as an attempt. Give the right key file.",
        EXIT_FAILED,
    ),
    # Publication.
    "publication_malformed": (
        "{path} is no proof of publication: {cause}.",
        "Give the file that the registry answered with.",
        EXIT_USAGE,
    ),
    # The registry.
    "registry_url_unusable": (
        "The registry cannot be used at {url}: {cause}.",
        "Give its address as https://host with --registry.",
        EXIT_USAGE,
    ),
    "registry_unreachable": (
        "The registry at {url} does not answer ({cause}).",
        "Check the address and the network, then repeat the command: it goes on where it was.",
        EXIT_FAILED,
    ),
    "audit_process_died": (
        "One of the audit's processes ended by itself, perhaps for want of memory.",
        "Repeat the command with --jobs 1.",
        EXIT_FAILED,
    ),
    "registry_outcome_unknown": (
        "The registry's answer to {what} was lost, and so is whether it was done ({cause}).",
        "Look it up with `wattseal registry show` before you repeat the command.",
        EXIT_FAILED,
    ),
    "registry_busy": (
        "The registry at {url} has no time now (status {status}).",
        "Repeat the command later; nothing is lost.",
        EXIT_FAILED,
    ),
    "registry_answer_unusable": (
        "What answers at {url} is no registry that this tool knows ({cause}).",
        "Check the address, and use the host tools that belong to the registry.",
        EXIT_FAILED,
    ),
    "registry_not_found": ("The registry knows nothing of that ({what}).", "", EXIT_FAILED),
    "registry_access_denied": ("{sentence}", "{remedy}", EXIT_FAILED),
    "registry_error": ("{sentence}", "{remedy}", EXIT_FAILED),
    "registry_refused": ("The registry refuses it. {sentences}", "{remedies}", EXIT_FAILED),
    "registry_data_unusable": (
        "The registry in {path} cannot be opened: {cause}.",
        "{remedy}",
        EXIT_FAILED,
    ),
    "cannot_listen": (
        "The registry cannot listen at {host}, port {port}: {cause}.",
        "Give an address of this computer and a free port with --host and --port.",
        EXIT_FAILED,
    ),
    "extra_missing": (
        "This command needs packages that are not installed ({missing}).",
        "Install them with `pip install 'wattseal[{extra}]'`.",
        EXIT_FAILED,
    ),
    "registry_forged": (
        "The registry's answer does not hold: {cause}.",
        "Do not go on; tell the registry's administrator and keep the answer as evidence.",
        EXIT_FAILED,
    ),
    "export_malformed": (
        "{path} is no export of a registry that can be used: {cause}.",
        "Give a file that `wattseal registry export --format json` wrote, unchanged.",
        EXIT_USAGE,
    ),
    "backup_malformed": (
        "{path} is no backup of a registry that can be used: {cause}.",
        "Nothing was restored: give another file that `wattseal registry backup` wrote.",
        EXIT_FAILED,
    ),
    # Commissioning.
    "station_malformed": (
        "{origin} cannot be used: {cause}.",
        "`wattseal commission --help` shows what a station file holds.",
        EXIT_USAGE,
    ),
    "station_incomplete": (
        "It is not known yet: {missing}.",
        "Add it to the station file, or run the command on a terminal, where it asks.",
        EXIT_USAGE,
    ),
    "module_not_found": (
        "No module answers on any port of this computer ({ports}).",
        "Plug it in, or give its port with --port.",
        EXIT_FAILED,
    ),
    "module_ambiguous": (
        "More than one module answers: {ports}.",
        "Give the port of the one that is meant with --port.",
        EXIT_USAGE,
    ),
    "module_is_another": (
        "The module on {port} is {found}, not {wanted}.",
        "Give the port of the module that is meant, or correct the list.",
        EXIT_FAILED,
    ),
    "module_unfit": ("{meaning}", "{step}", EXIT_FAILED),
    "settings_not_kept": (
        "The module did not keep these settings: {settings}.",
        "Have the module inspected.",
        EXIT_FAILED,
    ),
    "seal_closed": (
        "The seal is closed, and these settings are others: {settings}.",
        "Give the owner's key with --owner-key, have the owner permit `wattseal device unseal` and "
        "repeat the command, or correct the station file.",
        EXIT_FAILED,
    ),
    "seal_left_open": (
        "The seal was left open.",
        "Correct the station file or the wiring, and repeat the command.",
        EXIT_FAILED,
    ),
    "meter_differs": (
        "The meter's {member} is {read}, but its label is said to be {label}.",
        "Compare the label, and that the module is wired to this meter; then correct the station "
        "file.",
        EXIT_FAILED,
    ),
    "clock_not_kept": (
        "The module's clock does not follow this computer's: it says {read}, not {computer} (ms).",
        "Try again; if it happens again, have the module inspected.",
        EXIT_FAILED,
    ),
    "registry_differs": (
        "The station is set up for another registry: its {setting} is not that of {registry}.",
        "Give the right registry with --registry, or correct the station file.",
        EXIT_FAILED,
    ),
    "answer_of_another": (
        "The registry's answer is not about this module as it is now: {cause}.",
        "Give the answer to the newest request of this module, or export a new one.",
        EXIT_FAILED,
    ),
    "answer_missing": (
        "There is no answer of the registry yet ({path}).",
        "Send the request with `wattseal commission submit`.",
        EXIT_FAILED,
    ),
    "still_not_operational": (
        "The module took the proof and is {state} all the same.",
        "`wattseal device status` tells why.",
        EXIT_FAILED,
    ),
    "job_file_malformed": (
        "{path} is not what `wattseal commission` writes: {cause}.",
        "Give the file that it wrote, unchanged.",
        EXIT_USAGE,
    ),
    "job_of_another": (
        "The folder {path} belongs to another station: its {member} is {found}, not {wanted}.",
        "Give another folder with --job.",
        EXIT_USAGE,
    ),
    "list_malformed": (
        "{path} is no list of stations: {cause}.",
        "`wattseal commission batch --help` shows its columns.",
        EXIT_USAGE,
    ),
    # CDRs in bulk.
    "store_unusable": (
        "The store of seen sessions cannot be used: {cause}.",
        "Check --store, and the database itself.",
        EXIT_USAGE,
    ),
    "rows_unreadable": (
        "{path} cannot be read as {format}: {cause}.",
        "Check the file; --format says what it is if its name does not.",
        EXIT_USAGE,
    ),
    "rules_malformed": (
        "{path} holds no rules: {cause}.",
        "It may hold side, energy_decimals, time_tolerance_s and key_tolerance_s.",
        EXIT_USAGE,
    ),
    "format_unknown": (
        "{path} does not tell its format.",
        "Give --format {formats}, with .gz or .zst behind it if it is compressed.",
        EXIT_USAGE,
    ),
    "run_of_another": (
        "{path} belongs to another run: {cause}.",
        "Give the command as it was, or another file with --run; remove {path} to begin anew.",
        EXIT_USAGE,
    ),
    "run_unusable": (
        "The run file {path} cannot be used: {cause}.",
        "Give another one with --run.",
        EXIT_USAGE,
    ),
    "input_changed": (
        "{path} is not the file any more that it was when this run began.",
        "Nothing judged so far is lost. Bring the file back and give the command again, or begin "
        "a new run with the file as it is now.",
        EXIT_USAGE,
    ),
    "worker_lost": (
        "{worker} ended before it had answered: {cause}.",
        "What was judged is kept in {run}: the same command goes on from there. If it happens "
        "again, give fewer --jobs, for memory may be short.",
        EXIT_USAGE,
    ),
    "scheduler_unusable": (
        "The Dask scheduler {address} cannot be used: {cause}.",
        "Check --scheduler, and that wattseal of this version is installed on its workers.",
        EXIT_USAGE,
    ),
    "some_failed": (
        "{failed} of {total} failed; {report} says which and why.",
        "Put that right and repeat the command: it goes on with what is left.",
        EXIT_FAILED,
    ),
    "no_registration": (
        "The registry has no registration of {evse_id}.",
        "Check the EVSE-ID; `wattseal registry search` finds what begins alike.",
        EXIT_FAILED,
    ),
    # CDRs.
    "session_unusable": (
        "No CDR can be made of {path}: {cause}.",
        "Give the folder that `wattseal session end --out` or `wattseal device records --out` "
        "has written.",
        EXIT_FAILED,
    ),
    "session_ambiguous": (
        "{path} holds several sessions, which begin with {sessions}.",
        "Say which one with --begin.",
        EXIT_USAGE,
    ),
    "facts_malformed": (
        "{path} does not say what a CDR needs: {cause}.",
        "`wattseal cdr build --help` shows where its members are told.",
        EXIT_USAGE,
    ),
    "evse_id_missing": (
        "Neither the records nor the facts say which charge point it was.",
        "Give it as evse_id in [location].",
        EXIT_USAGE,
    ),
    "price_missing": (
        "The tariff {tariff} has no price for the session's begin at {at}.",
        "Add the price that was valid then.",
        EXIT_FAILED,
    ),
    "price_change_unsigned": (
        "The price changes at {at}; no signed reading lies within {seconds} s of it: {nearest}.",
        "Have the module sign an intermediate reading at each change "
        "(`wattseal session intermediate`), or bill this session at one price.",
        EXIT_FAILED,
    ),
    "cdr_field_too_long": (
        "{field} has {length} characters; {form} allows {limit}.",
        "Have the module sign begin and end in one record, or agree on a newer version.",
        EXIT_FAILED,
    ),
    "ocpp_malformed": (
        "{path} holds no signed meter values that can be used: {cause}.",
        "Give an OCPP message, or a part of one, as JSON.",
        EXIT_USAGE,
    ),
    "cdr_malformed": (
        "{path} is no CDR that can be used: {cause}.",
        "Give the JSON of one CDR of OCPI 2.2.1 or 2.3.0.",
        EXIT_USAGE,
    ),
    "marker_malformed": (
        "{path} does not say how a CDR is marked: {cause}.",
        "docs/cdr-exchange.md shows what it holds.",
        EXIT_USAGE,
    ),
    "receiver_url_unusable": (
        "CDRs cannot be sent to {url}: {cause}.",
        "Give the URL of the partner's CDR endpoint, as https://.",
        EXIT_USAGE,
    ),
    "cdr_refused": (
        "{url} does not take the CDR {cdr} ({status}): {cause}.",
        "Correct what it says, then send it again; nothing was created there.",
        EXIT_FAILED,
    ),
    "receiver_unreachable": (
        "{url} does not answer ({cause}).",
        "Repeat the command: what was sent is not sent again.",
        EXIT_FAILED,
    ),
    "cdr_outcome_unknown": (
        "The answer of {url} about the CDR {cdr} was lost ({cause}); it may have it.",
        "Ask the partner, or send it once more with --again: a CDR is known by its id.",
        EXIT_FAILED,
    ),
    "outbox_unusable": (
        "The outbox {path} cannot be used: {cause}.",
        "Give another folder with --outbox.",
        EXIT_FAILED,
    ),
    "receiver_data_unusable": (
        "The received CDRs in {path} cannot be opened: {cause}.",
        "Check --data and --database-url.",
        EXIT_FAILED,
    ),
    "receiver_cannot_listen": (
        "The receiver cannot listen at {host}, port {port}: {cause}.",
        "Give an address of this computer and a free port with --host and --port.",
        EXIT_FAILED,
    ),
    "party_malformed": (
        "{party} is no party of OCPI.",
        "Write country and party as DE*ABC.",
        EXIT_USAGE,
    ),
    "party_unknown": (
        "There is no partner {party}.",
        "`wattseal cdr partner list` shows them.",
        EXIT_FAILED,
    ),
    "keys_needed": (
        "Nothing says which keys are right.",
        "Give --registry URL, or --keys FILE with an export of the registry.",
        EXIT_USAGE,
    ),
    "invoice_key_missing": (
        "The CDR {cdr} does not bring the key that its records were signed with.",
        "Give --registry URL, or --keys FILE with an export of the registry.",
        EXIT_FAILED,
    ),
    "nothing_to_invoice": (
        "There is no session of {driver} in {month}.",
        "Check the token's uid or the contract's id, and the month.",
        EXIT_FAILED,
    ),
    "tariff_missing": (
        "The CDR {cdr} does not tell a price per kWh for all of its energy.",
        "Give the driver's prices with --tariff.",
        EXIT_FAILED,
    ),
    # Firmware.
    "bundle_malformed": (
        "{path} is no firmware bundle: {cause}.",
        "Get the bundle again from its vendor.",
        EXIT_FAILED,
    ),
    "bundle_not_signed": (
        "{path} is not signed yet.",
        "`wattseal firmware sign` signs it with the vendor's key.",
        EXIT_FAILED,
    ),
    "bundle_forged": (
        "{path} is not signed by the vendor key with SHA-256 {fingerprint}.",
        "Do not use it; get the bundle again from its vendor.",
        EXIT_FAILED,
    ),
    "bundle_unfit": (
        "The bundle does not fit this module: {cause}.",
        "The running firmware stays; get the bundle for this board.",
        EXIT_FAILED,
    ),
    "manifest_refused": ("No bundle can say that: {cause}.", "", EXIT_USAGE),
    "board_unknown": (
        "This tool does not know how the board {board} takes an image.",
        "Use the host tools that belong to the module's firmware.",
        EXIT_FAILED,
    ),
    "drive_missing": (
        "The boot loader's drive ({board_id}) did not appear within {timeout_s:g} s.",
        "Connect the module's USB to this computer and give the drive's folder with --drive; "
        "`wattseal firmware update --resume` then goes on from here.",
        EXIT_FAILED,
    ),
    "drive_ambiguous": (
        "More than one boot-loader drive is there: {drives}.",
        "Give the one of this module with --drive.",
        EXIT_FAILED,
    ),
    "drive_lost": (
        "The image could not be copied to the boot loader's drive {drive}: {cause}.",
        "The module waits in its boot loader: connect it again and repeat the command with "
        "--resume.",
        EXIT_FAILED,
    ),
    "update_not_running": (
        "The module runs firmware {firmware} with identity {found}, not the bundle's {wanted}.",
        "Repeat the update; if it happens again, check the USB cable.",
        EXIT_FAILED,
    ),
    "update_in_fault": (
        "The module runs firmware {firmware}, but cannot sign with it. {meaning}",
        "{step}",
        EXIT_FAILED,
    ),
    "module_not_back": (
        "The module did not answer on {port} within {timeout_s:g} s after the update: {cause}",
        "If its boot-loader drive is still there, repeat the command with --resume; otherwise look "
        "at `wattseal port list` and `wattseal device status`.",
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
        "The key given with {option} cannot be read: {cause}.",
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
    "sealed": "Have the owner open the seal with `wattseal device unseal`, change them, and seal "
    "and publish again; until then no session can begin.",
    "not_sealed": "Complete the settings, then `wattseal device seal`.",
    "not_operational": "`wattseal device status` tells the state and the next step.",
    "no_challenge": "Get a fresh one with `wattseal device challenge`, and use it within the hour.",
    "owner_refused": "Sign a fresh challenge with the key whose public half is the setting "
    "owner_key.",
    "publication_refused": "Register the module again (`wattseal device prove`) and bring the new "
    "proof.",
    "events_full": "`wattseal device archive-events --out DIR` saves the events and makes room.",
    "no_update": "`wattseal firmware update` does both steps.",
    "update_refused": "The running firmware stays; use a bundle that the vendor signed for this "
    "board.",
    "too_many_attempts": "Wait, then sign a fresh challenge with the right key.",
    "fault": "`wattseal device status` tells the cause; records can still be read out.",
}
"""What to do about the module's refusals, in this tool's commands instead of the link's methods."""


class ToolError(Exception):
    """A command failed: `name` for programs, `message` and `remedy` for people.

    Made from the table above by name, the facts filling its blanks; `from_module` makes one of a
    refusal that came over the link. `step` names the step of a longer run in which it happened.
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
        self.step: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """It may come from another process."""
        return _copied, (dict(self.__dict__),)

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


def _copied(facts: dict[str, Any]) -> ToolError:
    error = ToolError.__new__(ToolError, facts["name"])
    error.__dict__.update(facts)
    return error


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
