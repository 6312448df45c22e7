"""How the module is set up: its settings, the seal over them, and what depends on the seal.

One object in flash, so that a power cut leaves the old setup or the new one and never a mixture:

    {"settings", "sealed", "commissioning", "facts", "publication"}

`facts` is what a registration said of the settings when the seal was last closed. A publication
names the key and the commissioning that it was accepted for, so that it ends when these change.
"""

from app.contracts import FlashAreas, Json
from app.state_store import StateStore

FACTS = ("gateway_serial", "meter_serial", "charge_point_id", "registry_name", "registry_key")
"""Settings that a registration contains, or that name its registry: after a change of one of them
the module must be registered again."""


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
        """Counts the sealings that changed one of FACTS; 0 if none yet."""
        number: int = self._store.values.get("commissioning", 0)
        return number

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

    def commissioning_when_sealed(self) -> int:
        """Return the number that `seal` would store."""
        is_same = self._object("facts") == self.facts()
        return self.commissioning if is_same else self.commissioning + 1

    def seal(self) -> None:
        """Lock the settings."""
        number = self.commissioning_when_sealed()
        self._change({"sealed": True, "commissioning": number, "facts": self.facts()})

    def unseal(self) -> None:
        """Unlock the settings."""
        self._change({"sealed": False})

    def publish(self, publication: Json, key_number: int) -> None:
        """Store a proof of publication, and what it was accepted for."""
        publication = dict(publication)
        publication["key_number"] = key_number
        publication["commissioning"] = self.commissioning
        self._change({"publication": publication})

    def clear(self) -> None:
        """Delete everything but the count of commissionings, of which no number is used twice."""
        number = self.commissioning
        cleared: Json = {"commissioning": number} if number else {}
        if self._store.values != cleared:
            self._store.save(cleared)

    def prepare(self) -> None:
        """Erase ahead, when there is time."""
        self._store.prepare()

    # --- inside ------------------------------------------------------------------------------

    def _object(self, name: str) -> Json | None:
        found: Json | None = self._store.values.get(name)
        return found

    def facts(self) -> Json:
        """Return what a registration would say of the settings now."""
        settings = self.settings
        return {name: settings.get(name) for name in FACTS}

    def _change(self, members: Json) -> None:
        values = dict(self._store.values)
        values.update(members)
        self._store.save(values)
