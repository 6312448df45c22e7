"""One JSON object in flash, of which the latest whole version counts: the module's setup.

A version is an entry and a mark after it, both in flash before `save` returns. So a version that
decayed is known from one that a power cut interrupted, and no older one is taken instead. A version
that is found without its mark gets it at once.
"""

from wire import strict_json

from app.contracts import FlashAreas, Json
from app.sector_log import SectorLog

_LOG_KIND = 0x53
_VERSION = 1
_MARK = 2


class StateStore:
    """The object in its flash area; `values` is a dict.

    `damage` says in words what was found decayed at boot, "" if nothing was: then `values` is
    empty, which does not mean that nothing was stored.
    """

    def __init__(self, flash: FlashAreas, area: int) -> None:
        self._log = SectorLog(flash, area, _LOG_KIND)
        self._sector = -1  # where the version that counts is
        self.values: Json = {}
        self.damage = self._log.damage
        if self._log.newest >= 0:
            self._load()

    def save(self, values: Json) -> None:
        """Store a new version; in flash on return."""
        self._log.free_before(self._sector, b"")
        self._log.append(_VERSION, strict_json.dumps(values), 1, b"")
        self._sector = self._log.newest
        self.values = values
        self._log.append(_MARK, b"", 1, b"")

    def prepare(self) -> None:
        """Erase ahead, when there is time."""
        self._log.prepare()

    def _load(self) -> None:
        """Take the version in the newest sector that has one; nothing above it may have decayed."""
        log = self._log
        is_marked = False
        for sector in range(log.newest, log.oldest - 1, -1):
            if log.missing(sector):
                self.damage = "a version of the setup has decayed"
                return
            entries = log.entries(sector)
            is_marked = is_marked or (bool(entries) and entries[-1].kind == _MARK)
            versions = [entry for entry in entries if entry.kind == _VERSION]
            if versions:
                self._sector = sector
                self._use(log.read(versions[-1]))
                break
        if not self.damage and not is_marked:
            self._secure()

    def _secure(self) -> None:
        """Make sure of a version without its mark: the power may have failed in its storing."""
        self._log.secure()
        if self._sector >= 0 and self._log.has_room((0,), 0):
            self._log.append(_MARK, b"", 0, b"")

    def _use(self, body: bytes) -> None:
        try:
            values = strict_json.loads(body)
        except strict_json.JsonError as error:
            self.damage = str(error)
            return
        if isinstance(values, dict):
            self.values = values
        else:
            self.damage = "the setup is not an object"
