"""How the module is set up: its settings, the seal over them, and what depends on the seal.

One object in flash, so that a power cut leaves the old setup or the new one and never a mixture:

    {"settings", "sealed", "commissioning", "facts", "publication", "certain_ms",
     "undated_through"}

`facts` is what the seal locked when it was last closed, as a digest. A publication names the key
and the commissioning that it was accepted for, so that it ends when these change. `certain_ms` and
`undated_through` are time_keeper.py's.
"""

from app.contracts import FlashAreas, Json
from app.state_store import StateStore


class Setup:
    """The setup in its flash area; nothing here asks whether a change is allowed.

    `damage` says in words what was found decayed at boot, "" if nothing was.
    """

    def __init__(self, flash: FlashAreas, area: int) -> None:
        self._store = StateStore(flash, area)
        self.damage = self._store.damage

    # --- what it holds -----------------------------------------------------------------------

    @property
    def settings(self) -> Json:
        """The settings that are set, by name."""
        return self._object("settings") or {}

    @property
    def owner_key(self) -> bytes | None:
        """The owner's key, SPKI DER; None if the settings have none yet."""
        key = self.settings.get("owner_key")
        return None if key is None else bytes.fromhex(key)

    @property
    def sealed(self) -> bool:
        """Whether the settings are locked."""
        return bool(self._store.values.get("sealed", False))

    @property
    def commissioning(self) -> int:
        """Counts the sealings that changed what they lock, and times set back; 0 if none yet."""
        return self._number("commissioning")

    @property
    def certain_ms(self) -> int:
        """The newest time that somebody accountable gave and that was kept; 0 if none yet."""
        return self._number("certain_ms")

    @property
    def undated_through(self) -> int:
        """The last pagination whose time no longer bounds later ones; 0 if there is none."""
        return self._number("undated_through")

    @property
    def last_publication(self) -> Json | None:
        """The newest proof of publication that was accepted, whether or not it still holds."""
        return self._object("publication")

    def publication(self, key_number: int) -> Json | None:
        """Return the accepted proof if it is of this key and of the current commissioning."""
        found = self._object("publication")
        if found is None or found["key_number"] != key_number:
            return None
        return found if found["commissioning"] == self.commissioning else None

    # --- changing it; in flash on return -----------------------------------------------------

    def configure(self, settings: Json) -> None:
        """Store new settings."""
        self._change({"settings": settings})

    def commissioning_when_sealed(self, settings_sha256: str) -> int:
        """Return the number that `seal` would store."""
        is_same = self._store.values.get("facts") == settings_sha256
        return self.commissioning if is_same else self.commissioning + 1

    def seal(self, settings_sha256: str, pagination: int) -> None:
        """Lock the settings, of which this is the digest (settings.py).

        pagination: of the newest record.
        """
        number = self.commissioning_when_sealed(settings_sha256)
        changes = {"sealed": True, "commissioning": number, "facts": settings_sha256}
        if number != self.commissioning:
            changes["undated_through"] = pagination
        self._change(changes)

    def unseal(self) -> None:
        """Unlock the settings."""
        self._change({"sealed": False})

    def publish(self, publication: Json, key_number: int) -> None:
        """Store a proof of publication, and what it was accepted for."""
        publication = dict(publication)
        publication["key_number"] = key_number
        publication["commissioning"] = self.commissioning
        self._change({"publication": publication})

    def keep_certain(self, unix_ms: int) -> None:
        """Store a time that is certain to have been reached."""
        self._change({"certain_ms": unix_ms})

    def let_time_go_back(self, pagination: int, is_new_commissioning: bool) -> None:
        """Let later records have earlier times; pagination: of the newest record."""
        number = self.commissioning + is_new_commissioning
        self._change({"commissioning": number, "undated_through": pagination})

    def clear(self, pagination: int) -> None:
        """Delete all but the certain time and the count of commissionings: none is used twice.

        pagination: of the newest record.
        """
        old = self._store.values
        cleared: Json = {name: old[name] for name in ("commissioning", "certain_ms") if name in old}
        if pagination:
            cleared["undated_through"] = pagination
        if old != cleared:
            self._store.save(cleared)

    def prepare(self) -> None:
        """Erase ahead, when there is time."""
        self._store.prepare()

    # --- inside ------------------------------------------------------------------------------

    def _number(self, name: str) -> int:
        found: int = self._store.values.get(name, 0)
        return found

    def _object(self, name: str) -> Json | None:
        found: Json | None = self._store.values.get(name)
        return found

    def _change(self, members: Json) -> None:
        values = dict(self._store.values)
        values.update(members)
        self._store.save(values)
