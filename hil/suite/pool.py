"""A module that tests share, because an emulated chip takes seconds to start."""

from collections.abc import Callable

from hil.suite.module import Module


class ModulePool:
    """Hands out the same module again and again, put right; a new one once it cannot be."""

    def __init__(
        self, open_module: Callable[[], Module], put_right: Callable[[Module], None]
    ) -> None:
        """`put_right` makes a module as tests expect to find it, or raises if it cannot be."""
        self._open = open_module
        self._put_right = put_right
        self._module: Module | None = None

    def take(self) -> Module:
        """The module, as the next test expects it."""
        if self._module is not None:
            try:
                self._put_right(self._module)
            except Exception:  # a test has left it beyond repair, and has failed for that
                self._discard()
            else:
                return self._module
        self._module = self._open()
        self._put_right(self._module)
        return self._module

    def close(self) -> None:
        """Switch the module off."""
        if self._module is not None:
            self._module.close()

    def _discard(self) -> None:
        broken, self._module = self._module, None
        try:
            if broken is not None:
                broken.close()
        except Exception:  # its breakdown was the failing test's, not the next one's
            return
