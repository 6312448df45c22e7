"""Commands of commissioning: settings, time, a look at the meter, the seal, and what shows that the
key can be trusted: possession, publication, the head of the event log.
"""

from wire.errors import WattsealError
from wire.statements import build_statement

from app.commands.owner import check_answer
from app.commands.status import clock_fields, publication_fields, warnings
from app.contracts import Json
from app.module import Module
from app.publication import check_publication, possession, registration_facts
from app.settings import check_settings, require_changeable
from app.time_keeper import ANSWER_WITHIN_MS

_LONG_SETTINGS = ("registry_name", "registry_key", "owner_key")  # they get an event of their own


_TOLD_BY_SEALED = (
    "gateway_serial",
    "meter_serial",
    "meter_profile",
    "charge_point_id",
    "registry_name",
    "registry_key",
)
"""Settings that the event `sealed` tells beside the digest of all."""


def configure(module: Module, params: Json) -> Json:
    """Merge the params into the settings: log the change, then store it whole."""
    old = module.setup.settings
    changed = {name: params[name] for name in params if old.get(name) != params[name]}
    if changed:
        is_sealed = module.setup.sealed
        if is_sealed:
            require_changeable(list(changed))
        new = dict(old)
        new.update(changed)
        check_settings(module.core, new, module.profiles)
        module.try_meter(new)
        if is_sealed:
            module.require_ration_to_store()
        _log_change(module, old, changed, "unsealed_setting" if is_sealed else "configured")
        module.setup.configure(new)
    return {"settings": module.setup.settings, "missing": module.missing_settings()}


def time_challenge(module: Module, _: Json) -> Json:
    """Open the question for a signed time."""
    return {"nonce": module.time.challenge(), "within_ms": ANSWER_WITHIN_MS}


def set_time(module: Module, params: Json) -> Json:
    """Set the clock as far as whoever gives the time may."""
    arrived_ms = module.clock.uptime_ms()
    unix_ms, source = params["unix_ms"], params["source"]
    if (source == "informative") == ("signature" in params):
        limit = "given with the sources signed and owner, and only with these"
        raise WattsealError("invalid_params", field="signature", limit=limit, found=source)
    if source == "informative":
        module.time.check_informative(unix_ms)
    elif source == "signed":
        module.require_sealed()
        signature = bytes.fromhex(params["signature"])
        unix_ms = module.time.check_signed(unix_ms, signature, arrived_ms)
    else:
        module.require_room_for_events()
        if check_answer(module, "set_time", params)["unix_ms"] != unix_ms:
            limit = "the time that the challenge names"
            raise WattsealError("invalid_params", field="unix_ms", limit=limit, found=unix_ms)
        arrived_ms = module.owner.asked_ms
    unix_ms += module.clock.uptime_ms() - arrived_ms  # checking a signature takes a while
    is_back = module.time.is_back(unix_ms)
    detail = module.time.set(unix_ms, params["utc_offset_min"], source)
    if detail is not None:
        _log_time(module, detail)
    if is_back:
        module.time.go_back(source == "owner")
    return clock_fields(module)


def _log_time(module: Module, detail: Json) -> None:
    """Log a setting of the clock; what its ration does not allow is kept for a later event."""
    if detail["source"] == "owner":
        module.log_by_owner("time_set", detail)
    else:
        module.log_rationed("time_set", detail)
    module.time.logged(detail)


def read_meter(module: Module, _: Json) -> Json:
    """Read the meter as a session would; nothing is signed."""
    meter = module.meter()
    reading = meter.read_for_signing(module.setup.settings.get("meter_serial"))
    exported = module.export_of(meter, reading)
    return {
        "energy": reading.as_dict(),
        "energy_kwh": reading.to_text_kwh(),
        "export_kwh": exported.to_text_kwh() if exported else None,
        "warnings": warnings(module),
        "meter_vendor": meter.profile["vendor"],
        "meter_model": meter.profile["model"],
        "meter_serial": meter.serial,
        "meter_firmware": meter.firmware,
    }


def seal(module: Module, _: Json) -> Json:
    """Check the settings against the meter, which must answer, and lock them."""
    setup = module.setup
    if setup.sealed:
        raise WattsealError("sealed", settings=[])
    missing = module.missing_settings()
    if missing:
        raise WattsealError("not_configured", missing=missing)
    module.require_room_for_events()
    meter = module.meter()
    meter.read_for_signing(setup.settings["meter_serial"])
    is_read = meter.serial is not None
    digest = module.settings_sha256()
    detail: Json = {
        "commissioning": setup.commissioning_when_sealed(digest),
        "meter_serial_read": is_read,
        "settings_sha256": digest,
    }
    for name in _TOLD_BY_SEALED:
        detail[name] = setup.settings[name]
    module.log_by_owner("sealed", detail)
    setup.seal(digest, module.journal.state.pagination)
    return {
        "sealed": setup.sealed,
        "commissioning": setup.commissioning,
        "meter_serial_read": is_read,
    }


def prove(module: Module, params: Json) -> Json:
    """Sign a registry's challenge with all facts of a registration."""
    module.require_sealed()
    return _signed(module, possession(module, params["challenge"]))


def event_head(module: Module, params: Json) -> Json:
    """Sign number and chain value of the newest event."""
    number, chain = module.events.head
    text = build_statement(
        "event_head",
        challenge=params["challenge"],
        chip_id=module.core.chip_id().hex(),
        key_number=module.key_number,
        number=number,
        chain=chain,
        unix_ms=module.clock.unix_ms_or_none(),
    )
    return _signed(module, text)


def accept_publication(module: Module, params: Json) -> Json:
    """Check the proof and keep it."""
    module.require_sealed()
    settings = module.setup.settings
    registry = (settings["registry_name"], bytes.fromhex(settings["registry_key"]))
    publication = check_publication(
        module.core, params, registry, registration_facts(module), module.setup.last_publication
    )
    fields = publication_fields(publication)
    if module.state != "operational":
        module.require_room_for_events()
        module.log_by_owner("published", fields)
        module.setup.publish(publication, module.key_number)
    elif publication_fields(module.setup.last_publication or {}) != fields:
        module.require_ration_to_store()
        module.log_rationed("published", fields)
        module.setup.publish(publication, module.key_number)
    module.time.learn_published(publication["unix_ms"])
    fields["state"] = module.state
    return fields


def _log_change(module: Module, old: Json, changed: Json, ration: str) -> None:
    """Log one event with old and new values, or two where one could not hold all."""
    for is_long in (False, True):
        names = [name for name in changed if (name in _LONG_SETTINGS) == is_long]
        if names:
            before = {name: old.get(name) for name in names}
            after = {name: changed[name] for name in names}
            module.log_rationed("configured", {"old": before, "new": after}, ration)


def _signed(module: Module, text: str) -> Json:
    """Sign a statement; the same one asked for again gets the same signature.

    Anybody at the link may ask, as often as he likes: nobody must get one text signed many times
    while measuring or disturbing the chip.
    """
    digest = module.core.sha256(text.encode())
    if module.answer[0] != digest:
        signature = module.core.sign_statement(module.key_number, text.encode())
        module.answer = (digest, signature)
    return {"statement": text, "signature": module.answer[1].hex()}
