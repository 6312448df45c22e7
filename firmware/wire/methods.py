"""The method table of the link: both ends check against it, the documentation is made from it.

A method is `(name, states, session, sentence, params, results)`: the states of the module in which
it is allowed, the session it requires ("any", "open", "closed"), and rows as in schema.py. Tuples
of constants, because MicroPython leaves those in flash.
"""

from . import ocmf_tables, owner_challenge
from .errors import WattsealError
from .ocmf_payload import USER
from .schema import check_fields
from .shapes import JsonObject, Row, const

# As in strict_json.py: MicroPython builds a tuple with a name from elsewhere in RAM.
MAX_INTEGER = const((1 << 53) - 1)

_ANY_STATE = const(("blank", "unregistered", "operational", "fault"))
_WITH_KEY = const(("unregistered", "operational"))
_OPERATIONAL = const(("operational",))

EARLIEST_UNIX_MS = const(946771200000)
LATEST_UNIX_MS = const(4070822400000)
"""What the clock can be set to: 2000-01-02 to 2098-12-31, in 2000 to 2098 in every time zone."""

UPDATE_WAYS = const(("uf2_drive",))
"""How an image gets into a module: uf2_drive is a boot loader that appears as a drive."""

LINKS = const(("usb", "uart", "tcp"))
"""What the link of a module is: its chip's own USB, a UART, or a socket of a program."""

OWNER_ACTIONS = owner_challenge.ACTIONS

MAX_PROOF_HASHES = const(32)
"""Of an inclusion proof: enough for 4 billion entries, and it fits one line."""

_STATE = const((("state", "choice", _ANY_STATE, "required", "State of the module."),))

_SESSION_ID = (
    (
        "session_id",
        "int",
        (0, 2147483647),
        "optional",
        "The operator's number of the session, kept with its records and written as the "
        "transactionId of the verifier's XML. Default: the pagination of the begin record.",
    ),
)

LINE = (
    (
        "baud",
        "choice",
        (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200),
        "required",
        "Bits a second.",
    ),
    ("parity", "choice", ("none", "even", "odd"), "required", "Parity bit of each character."),
    ("stop_bits", "choice", (1, 2), "required", "Stop bits of each character."),
)

SETTINGS = (
    ("gateway_id", "text", (1, 50), "optional", "What this signing system is (OCMF GI)."),
    ("gateway_serial", "text", (1, 50), "optional", "Serial number of this system (OCMF GS)."),
    ("meter_profile", "text", (1, 32), "optional", "Name of the meter's register profile."),
    (
        "meter_serial",
        "text",
        (1, 50),
        "optional",
        "Serial number of the meter (OCMF MS). A meter that tells its own must tell this one.",
    ),
    ("meter_unit", "int", (1, 247), "optional", "Modbus unit number of the meter."),
    ("line", "object", LINE, "optional", "The meter's line. Default: the profile's."),
    (
        "meter_echo",
        "bool",
        (),
        "optional",
        "Whether the module hears on that line what it sends itself. Default: the board's.",
    ),
    (
        "charge_point_type",
        "choice",
        ocmf_tables.CHARGE_POINT_TYPES,
        "optional",
        "How the charge point is named (OCMF CT); goes with charge_point_id.",
    ),
    ("charge_point_id", "text", (1, 50), "optional", "The charge point's name (OCMF CI)."),
    (
        "format_version",
        "choice",
        ocmf_tables.FORMAT_VERSIONS,
        "optional",
        "OCMF version of the records (FV). Default: 1.3, which every verifier reads.",
    ),
    (
        "controller_firmware",
        "text",
        (1, 25),
        "optional",
        "Firmware version of the station's charge controller (OCMF CF); the only setting that "
        "the seal does not lock.",
    ),
    (
        "registry_name",
        "string",
        (1, 100),
        "optional",
        "Name of the public-key registry's log: origin of its checkpoints and name of its key.",
    ),
    (
        "registry_key",
        "hex",
        (182, 182),
        "optional",
        "Key of that log: SubjectPublicKeyInfo in DER, secp256r1, uncompressed point.",
    ),
    (
        "owner_key",
        "hex",
        (182, 182),
        "optional",
        "Key that opens the seal again, in the same form.",
    ),
)

UNSEALED_SETTINGS = ("controller_firmware",)
"""Settings that have no part in what a record proves, and may change under the seal."""

_PROBLEM = (
    ("name", "string", (1, 40), "required", "Name of the error."),
    ("sentence", "string", (1, 200), "required", "What happened."),
    ("remedy", "string", (1, 200), "required", "What to do about it."),
    ("detail", "free", (), "required", "Facts of this case."),
)

_WARNINGS = (
    "warnings",
    "list",
    (10, ("", "object", _PROBLEM, "required", "A warning.")),
    "required",
    "What somebody should look at although the module signs: meter_backwards.",
)

ENERGY = (
    ("value", "int", (0, MAX_INTEGER), "required", "The reading in units of 10**exponent Wh."),
    ("exponent", "int", (-3, 6), "required", "Power of ten."),
    ("unit", "choice", ("Wh",), "required", "The unit, always Wh."),
)

_CLOCK = (
    ("unix_ms", "int", (0, MAX_INTEGER), "nullable", "Milliseconds since 1970; null if not set."),
    ("utc_offset_min", "int", (-840, 840), "nullable", "Local time minus UTC, in minutes."),
    (
        "synchronisation",
        "choice",
        ocmf_tables.SYNCHRONISATIONS,
        "required",
        "The letter that a record made now would carry (OCMF table 19).",
    ),
    ("set_ago_s", "int", (0, MAX_INTEGER), "nullable", "Seconds since the last set_time."),
)

_SESSION = (
    ("session_id", "int", (0, MAX_INTEGER), "required", "As given to begin."),
    ("begin_pagination", "int", (1, MAX_INTEGER), "required", "Pagination of the begin record."),
    ("begin_unix_ms", "int", (0, MAX_INTEGER), "required", "Time of the begin record."),
    (
        "recovery",
        "bool",
        (),
        "required",
        "True if a power failure cut the session and the module is about to end it.",
    ),
)

_JOURNAL = (
    ("oldest", "int", (1, MAX_INTEGER), "nullable", "Lowest pagination held; null if none."),
    ("newest", "int", (1, MAX_INTEGER), "nullable", "Highest pagination held; null if none."),
    ("next", "int", (1, MAX_INTEGER), "required", "Pagination of the next record."),
    ("free_bytes", "int", (0, MAX_INTEGER), "required", "Room left for records."),
)

_EVENT_LOG = (
    ("oldest", "int", (1, MAX_INTEGER), "nullable", "Lowest number held; null if none."),
    ("newest", "int", (1, MAX_INTEGER), "nullable", "Highest number held; null if none."),
    ("free_bytes", "int", (0, MAX_INTEGER), "required", "Room left for events."),
    ("full", "bool", (), "required", "True if no session can begin until events are archived."),
)

_PUBLICATION = (
    ("leaf_index", "int", (0, MAX_INTEGER), "required", "Place of the entry in the log."),
    ("tree_size", "int", (1, MAX_INTEGER), "required", "Size of the log at the checkpoint."),
    ("root", "hex", (64, 64), "required", "Root hash of the log at the checkpoint."),
)

_UPDATE = (
    ("firmware", "text", (1, 25), "required", "Version of the image."),
    ("firmware_identity", "hex", (64, 64), "required", "SHA-256 of the image."),
)

_OWNER_NEEDED = (
    (
        "owner_needed",
        "bool",
        (),
        "required",
        "Whether enter_boot_loader wants the owner's signature for it now.",
    ),
)

_MANIFEST = (
    ("manifest", "string", (1, 600), "required", "The manifest (docs/statements.md)."),
    ("vendor_signature", "hex", (16, 144), "required", "The vendor key's signature, DER."),
)

_OWNER_SIGNATURE = (
    (
        "signature",
        "hex",
        (16, 144),
        "required",
        "The owner key's ECDSA signature over the open challenge, DER (docs/statements.md).",
    ),
)

_IF_OWNED = (
    (
        "signature",
        "hex",
        (16, 144),
        "optional",
        "The owner key's signature over the open challenge, DER; needed where there is something "
        "to protect: a key, and an owner_key in the settings.",
    ),
)

_SIGNED_STATEMENT = (
    ("statement", "string", (1, 2000), "required", "A statement (docs/statements.md)."),
    ("signature", "hex", (16, 144), "required", "The module key's signature over it, DER."),
)

_FAREWELL = (
    (
        "statement",
        "string",
        (1, 2000),
        "nullable",
        "The farewell (docs/statements.md); null if no whole key was there to sign it.",
    ),
    ("signature", "hex", (16, 144), "nullable", "The module key's signature over it, DER."),
)

_STORED_STATEMENT = (
    ("number", "int", (1, MAX_INTEGER), "required", "Counts up by 1, never repeats."),
    ("statement", "string", (1, 2000), "required", "A statement (docs/statements.md)."),
    (
        "signatures",
        "list",
        (
            2,
            (
                "",
                "object",
                (
                    ("key_number", "int", (1, 1000), "required", "Number of the key pair."),
                    ("signature", "hex", (16, 144), "required", "Its signature, DER."),
                ),
                "required",
                "A signature.",
            ),
        ),
        "required",
        "One; of a rollover two, the old key's first.",
    ),
)

_RECORD = (
    ("pagination", "int", (1, MAX_INTEGER), "required", "Number of the record's PG."),
    ("session_id", "int", (0, MAX_INTEGER), "required", "The session that it belongs to."),
    ("record", "string", (1, 4000), "required", "The OCMF record, the very bytes signed."),
)

_EVENT = (
    ("number", "int", (1, MAX_INTEGER), "required", "Counts up by 1, never repeats."),
    ("entry", "string", (1, 2000), "required", "The event as stored, a JSON text."),
    (
        "chain",
        "hex",
        (64, 64),
        "required",
        "SHA-256 of the chain value before (32 zero bytes for the first) and the entry's bytes.",
    ),
)

_PUBLIC_KEY = (
    (
        "public_key",
        "hex",
        (182, 182),
        "required",
        "SubjectPublicKeyInfo in DER: secp256r1, uncompressed point.",
    ),
)

_BEGUN_BY = (
    (
        "begin_pagination",
        "int",
        (1, MAX_INTEGER),
        "required",
        "Pagination of the session's begin record.",
    ),
)

_KEY_NUMBER = (("key_number", "int", (1, 1000), "required", "Number of the key pair."),)

METHODS = (
    (
        "hello",
        _ANY_STATE,
        "any",
        "Say who the module is and which protocol it speaks.",
        (),
        (
            ("product", "string", (1, 40), "required", "Always wattseal."),
            ("protocol", "int", (1, 1000), "required", "Version of this protocol."),
            ("firmware", "text", (1, 25), "required", "Firmware version."),
            (
                "firmware_identity",
                "hex",
                (64, 64),
                "required",
                "SHA-256 of the running image, as the core measured it at the start. OCMF GV is "
                "the version, a plus sign and the first 16 digits of this.",
            ),
            (
                "rollback_number",
                "int",
                (0, 65535),
                "required",
                "An image with a lower one is refused.",
            ),
            (
                "vendor_key",
                "hex",
                (64, 64),
                "nullable",
                "SHA-256 of the key whose signature an update needs; null if none was built in.",
            ),
            (
                "update_way",
                "choice",
                UPDATE_WAYS,
                "required",
                "How an image gets into this module.",
            ),
            ("board", "string", (1, 40), "required", "Name of the board."),
            ("port", "string", (1, 20), "required", "MicroPython port: rp2, esp32, unix."),
            (
                "link",
                "choice",
                LINKS,
                "required",
                "What the link is: usb, the chip's own; uart, of an adaptor; tcp, of a program.",
            ),
            ("chip_id", "hex", (16, 64), "required", "The chip's unique id."),
            ("max_line_bytes", "int", (256, 65536), "required", "Longest line it takes."),
        ),
    ),
    (
        "status",
        _ANY_STATE,
        "any",
        "Tell the state of the module, its session, clock, journal and event log.",
        (),
        (
            _STATE[0],
            (
                "cause",
                "object",
                _PROBLEM,
                "nullable",
                "Why the module is in fault, or has no key because of an update that is not done "
                "(update_pending); null otherwise.",
            ),
            _WARNINGS,
            ("key_number", "int", (1, 1000), "nullable", "Number of the key pair."),
            ("missing", "list", (20, ("", "string", (1, 40))), "required", "Settings to be given."),
            ("sealed", "bool", (), "required", "Whether the settings are locked."),
            (
                "commissioning",
                "int",
                (0, MAX_INTEGER),
                "required",
                "Counts the sealings that changed anything that they lock, and the times that the "
                "owner set back; 0 if none yet.",
            ),
            (
                "settings_sha256",
                "hex",
                (64, 64),
                "nullable",
                "Digest of what the seal locks (docs/statements.md); null while it is open.",
            ),
            (
                "publication",
                "object",
                _PUBLICATION,
                "nullable",
                "The accepted proof that the key is published; null if there is none that holds.",
            ),
            (
                "update",
                "object",
                _UPDATE,
                "nullable",
                "The image that the key was given up for and that does not run yet; null if none.",
            ),
            ("session", "object", _SESSION, "nullable", "The open session; null if none."),
            ("clock", "object", _CLOCK, "required", "The clock."),
            ("journal", "object", _JOURNAL, "required", "The journal of signed records."),
            ("events", "object", _EVENT_LOG, "required", "The event log."),
            ("uptime_ms", "int", (0, MAX_INTEGER), "required", "Time since the start."),
            (
                "reset_cause",
                "string",
                (1, 40),
                "required",
                "Why the module started: power_on, restart, or watchdog.",
            ),
            ("heap_free_bytes", "int", (0, MAX_INTEGER), "required", "Free memory."),
        ),
    ),
    (
        "public_key",
        ("unregistered", "operational", "fault"),
        "any",
        "Give the public key that verifies the records.",
        (),
        _KEY_NUMBER + _PUBLIC_KEY,
    ),
    (
        "configure",
        _WITH_KEY,
        "closed",
        "Change the settings given and leave the others; with no params, only tell them.",
        SETTINGS,
        (
            ("settings", "object", SETTINGS, "required", "All settings that are set."),
            ("missing", "list", (20, ("", "string", (1, 40))), "required", "Settings to be given."),
        ),
    ),
    (
        "time_challenge",
        _WITH_KEY,
        "any",
        "Give a fresh nonce for a signed time; it replaces one that is open.",
        (),
        (
            ("nonce", "hex", (64, 64), "required", "32 bytes for the time to be signed with."),
            ("within_ms", "int", (1, 600000), "required", "How long an answer is taken."),
        ),
    ),
    (
        "set_time",
        _WITH_KEY,
        "closed",
        "Set the clock. A time before the newest record of this commissioning takes the owner, and "
        "begins another commissioning.",
        (
            (
                "unix_ms",
                "int",
                (EARLIEST_UNIX_MS, LATEST_UNIX_MS),
                "required",
                "Milliseconds since 1970 in UTC: in the years 2000 to 2098, so that a record can "
                "still carry the module's time after a year. Of a signed time, what was signed; "
                "of the owner's, what the challenge names.",
            ),
            (
                "utc_offset_min",
                "int",
                (-840, 840),
                "required",
                "Local time minus UTC in minutes, as records shall show it.",
            ),
            (
                "source",
                "choice",
                ("signed", "owner", "informative"),
                "required",
                "signed: the registry or the owner signed it just now, as the answer to "
                "time_challenge (records say S); owner: the owner permits any time by the answer "
                "to a challenge for set_time (records say I); informative: any other (I).",
            ),
            (
                "signature",
                "hex",
                (16, 144),
                "optional",
                "With the sources signed and owner: the ECDSA signature, DER (docs/statements.md).",
            ),
        ),
        _CLOCK,
    ),
    (
        "read_meter",
        _ANY_STATE,
        "any",
        "Read the meter now, as a session would, without signing.",
        (),
        (
            ("energy", "object", ENERGY, "required", "Total imported energy."),
            ("energy_kwh", "string", (1, 30), "required", "The same as a record would show it."),
            (
                "export_kwh",
                "string",
                (1, 30),
                "nullable",
                "Total exported energy, in kWh; null if the meter does not tell it.",
            ),
            _WARNINGS,
            ("meter_vendor", "text", (1, 50), "required", "Maker, from the profile (OCMF MV)."),
            ("meter_model", "text", (1, 50), "required", "Model, from the profile (OCMF MM)."),
            (
                "meter_serial",
                "text",
                (1, 50),
                "nullable",
                "As the meter tells; null if it does not.",
            ),
            (
                "meter_firmware",
                "text",
                (1, 50),
                "nullable",
                "As the meter tells; null if it does not.",
            ),
        ),
    ),
    (
        "begin",
        _OPERATIONAL,
        "closed",
        "Begin a session: read the meter, sign and store the begin record (TX B).",
        USER + _SESSION_ID,
        _RECORD + _PUBLIC_KEY,
    ),
    (
        "intermediate",
        _OPERATIONAL,
        "open",
        "Sign and store a reading during the session (TX C).",
        (),
        _RECORD + _PUBLIC_KEY,
    ),
    (
        "end",
        _OPERATIONAL,
        "open",
        "End the session: read the meter, sign and store the end record.",
        (
            (
                "reason",
                "choice",
                ("E", "L", "R", "A"),
                "optional",
                "E ended, L ended locally, R ended remotely, A aborted by an error (OCMF TX). "
                "Default: E.",
            ),
        ),
        _RECORD + _PUBLIC_KEY + _BEGUN_BY,
    ),
    (
        "records",
        _ANY_STATE,
        "any",
        "Give signed records by pagination, as many as fit one line.",
        (
            (
                "from",
                "int",
                (1, MAX_INTEGER),
                "optional",
                "First pagination. Default: the oldest.",
            ),
            ("to", "int", (1, MAX_INTEGER), "optional", "Last pagination. Default: the newest."),
        ),
        (
            ("records", "list", (100, ("", "object", _RECORD)), "required", "In ascending order."),
            (
                "next",
                "int",
                (1, MAX_INTEGER),
                "nullable",
                "Where to go on; null if the range is complete.",
            ),
        ),
    ),
    (
        "release",
        _OPERATIONAL,
        "any",
        "Let the module forget records that are safely exported.",
        (
            (
                "through",
                "int",
                (1, MAX_INTEGER),
                "required",
                "Last pagination that may be forgotten: the end record of a finished session.",
            ),
        ),
        _JOURNAL,
    ),
    (
        "events",
        _ANY_STATE,
        "any",
        "Give entries of the event log by number, as many as fit one line.",
        (
            ("from", "int", (1, MAX_INTEGER), "optional", "First number. Default: the oldest."),
            ("to", "int", (1, MAX_INTEGER), "optional", "Last number. Default: the newest."),
        ),
        (
            ("events", "list", (100, ("", "object", _EVENT)), "required", "In ascending order."),
            (
                "next",
                "int",
                (1, MAX_INTEGER),
                "nullable",
                "Where to go on; null if the range is complete.",
            ),
        ),
    ),
    (
        "seal",
        ("unregistered",),
        "closed",
        "Check the settings against the meter and lock them.",
        (),
        (
            ("sealed", "bool", (), "required", "True."),
            ("commissioning", "int", (1, MAX_INTEGER), "required", "As in status."),
            (
                "meter_serial_read",
                "bool",
                (),
                "required",
                "Whether the meter told its serial number itself; false if this meter cannot.",
            ),
        ),
    ),
    (
        "challenge",
        _ANY_STATE,
        "any",
        "Give a fresh challenge for the owner to sign; it replaces one that is open.",
        (
            ("action", "choice", OWNER_ACTIONS, "required", "What the answer shall permit."),
            (
                "through",
                "int",
                (1, MAX_INTEGER),
                "optional",
                "For archive_events: the last event that may be forgotten.",
            ),
            (
                "unix_ms",
                "int",
                (EARLIEST_UNIX_MS, LATEST_UNIX_MS),
                "optional",
                "For set_time: the time now.",
            ),
            ("manifest", "string", (1, 600), "optional", "For update: the bundle's manifest."),
            (
                "vendor_signature",
                "hex",
                (16, 144),
                "optional",
                "For update: the vendor key's signature over the manifest, DER.",
            ),
        ),
        (
            ("challenge", "string", (1, 400), "required", "What to sign (docs/statements.md)."),
            ("expires_s", "int", (1, 86400), "required", "How long an answer is taken."),
        ),
    ),
    (
        "unseal",
        _WITH_KEY,
        "closed",
        "Unlock the settings; the module is unregistered from then on.",
        _OWNER_SIGNATURE,
        (("sealed", "bool", (), "required", "False."),),
    ),
    (
        "prove",
        _WITH_KEY,
        "any",
        "Sign a registry's challenge together with all that a registration says.",
        (("challenge", "hex", (32, 128), "required", "The registry's challenge."),),
        _SIGNED_STATEMENT,
    ),
    (
        "accept_publication",
        _WITH_KEY,
        "any",
        "Check the proof that the key is published; if it holds, the module is operational.",
        (
            ("checkpoint", "hex", (100, 1400), "required", "The signed note's bytes (UTF-8)."),
            ("leaf", "string", (1, 1000), "required", "The entry (docs/statements.md)."),
            ("leaf_index", "int", (0, MAX_INTEGER), "required", "Its place in the log."),
            (
                "proof",
                "hex",
                (0, 64 * MAX_PROOF_HASHES),
                "required",
                "The hashes of the inclusion proof, 64 digits each, leaf to root (RFC 6962).",
            ),
        ),
        _STATE + _PUBLICATION,
    ),
    (
        "statements",
        _ANY_STATE,
        "any",
        "Give the signed statements about the module's keys, as many as fit one line.",
        (
            ("from", "int", (1, MAX_INTEGER), "optional", "First number. Default: 1."),
            ("to", "int", (1, MAX_INTEGER), "optional", "Last number. Default: the newest."),
        ),
        (
            (
                "statements",
                "list",
                (100, ("", "object", _STORED_STATEMENT)),
                "required",
                "In ascending order.",
            ),
            (
                "next",
                "int",
                (1, MAX_INTEGER),
                "nullable",
                "Where to go on; null if the range is complete.",
            ),
        ),
    ),
    (
        "event_head",
        _WITH_KEY,
        "any",
        "Sign the number and the chain value of the newest event.",
        (
            (
                "challenge",
                "hex",
                (32, 128),
                "required",
                "Whoever asks chooses it.",
            ),
        ),
        _SIGNED_STATEMENT,
    ),
    (
        "archive_events",
        _WITH_KEY,
        "any",
        "Let the module forget events that the owner has archived; the chain goes on.",
        _OWNER_SIGNATURE,
        _EVENT_LOG,
    ),
    (
        "close_session",
        _WITH_KEY,
        "any",
        "End the open session without a reading, because its meter gives none any more. The signed "
        "record (TX A, EF E, ST what the meter did) must not be billed.",
        _OWNER_SIGNATURE,
        _RECORD + _PUBLIC_KEY + _BEGUN_BY,
    ),
    (
        "accept_meter",
        _WITH_KEY,
        "closed",
        "Compare later readings with the meter's present one, which is lower than before.",
        _OWNER_SIGNATURE,
        (
            ("meter_serial", "text", (1, 50), "required", "Serial number of the meter."),
            ("earlier_kwh", "text", (1, 30), "required", "The newest record's reading, in kWh."),
            ("found_kwh", "text", (1, 30), "required", "The meter's reading now, in kWh."),
        ),
    ),
    (
        "decommission",
        _ANY_STATE,
        "any",
        "Close an open session, sign a farewell statement, erase every private key for ever and "
        "open the seal. The next start makes a new key.",
        _OWNER_SIGNATURE,
        _FAREWELL,
    ),
    (
        "check_update",
        _ANY_STATE,
        "any",
        "Check the manifest of a firmware bundle, and change nothing.",
        _MANIFEST,
        _UPDATE + _OWNER_NEEDED,
    ),
    (
        "enter_boot_loader",
        _ANY_STATE,
        "any",
        "Let the key sign a hand-over to the bundle's image, erase the key for ever, and start the "
        "chip's boot loader to take the image. Where there is no key any more, only start it.",
        _MANIFEST + _IF_OWNED,
        (("update_way", "choice", UPDATE_WAYS, "required", "How it takes the image."),),
    ),
    (
        "cancel_update",
        ("blank", "unregistered", "operational"),
        "any",
        "Call off the update that is pending: the running image makes a new key.",
        _IF_OWNED,
        _STATE + _KEY_NUMBER,
    ),
    (
        "self_test",
        _ANY_STATE,
        "any",
        "Run the known-answer tests of the signing core.",
        (),
        (
            ("passed", "bool", (), "required", "Whether every test gave its known answer."),
            ("failed", "list", (20, ("", "string", (1, 40))), "required", "Tests that did not."),
        ),
    ),
)


def find_method(name: str) -> Row:
    """The row of a method; WattsealError `unknown_method` if there is none."""
    for row in METHODS:
        if row[0] == name:
            return row
    raise WattsealError("unknown_method", method=name[:40])


def check_params(method: str, params: JsonObject) -> JsonObject:
    """The params as the method may use them; WattsealError `invalid_params` naming the field.

    An optional field that was not given stays absent: what that means is in its sentence.
    """
    return check_fields(find_method(method)[4], params)


def check_result(method: str, fields: JsonObject) -> JsonObject:
    """As check_params for the result fields: a reply that the table does not allow is a defect."""
    return check_fields(find_method(method)[5], fields)
