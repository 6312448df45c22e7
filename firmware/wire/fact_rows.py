"""Rows (schema.py) of the facts that more than one signed text states."""

from .strict_json import MAX_INTEGER

CHIP_ID = ("chip_id", "hex", (16, 64), "required", "")
KEY_NUMBER = ("key_number", "int", (1, 1000), "required", "")
PUBLIC_KEY = ("public_key", "hex", (182, 182), "required", "")
FIRMWARE = ("firmware", "text", (1, 25), "required", "")
FIRMWARE_IDENTITY = ("firmware_identity", "hex", (64, 64), "required", "")
ROLLBACK_NUMBER = ("rollback_number", "int", (0, 65535), "required", "")
EVSE_ID = ("evse_id", "text", (1, 50), "required", "")
GATEWAY_SERIAL = ("gateway_serial", "text", (1, 50), "required", "")
METER_SERIAL = ("meter_serial", "text", (1, 50), "required", "")
COMMISSIONING = ("commissioning", "int", (1, MAX_INTEGER), "required", "")
EVENT_NUMBER = ("event_number", "int", (0, MAX_INTEGER), "required", "")
UNIX_MS_OR_NULL = ("unix_ms", "int", (0, MAX_INTEGER), "nullable", "")
