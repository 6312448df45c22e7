"""The meter profiles of the image, each made when it is asked for.

All of them at once would take 4 KB of RAM, and a module has one meter.
"""

from app.contracts import Json, Makers


class Profiles:
    """What the application looks up in a dict from a profile's name to the profile."""

    def __init__(self, makers: Makers) -> None:
        self._makers = makers

    def __contains__(self, name: str) -> bool:
        return name in self._makers

    def __iter__(self):  # type: ignore[no-untyped-def]  # no `typing` on MicroPython
        return iter(self._makers)

    def __getitem__(self, name: str) -> Json:
        return self._makers[name]()

    def get(self, name: str) -> Json | None:
        """Return the profile of a name, None if there is none."""
        maker = self._makers.get(name)
        return maker() if maker else None
