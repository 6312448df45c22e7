"""Starts the application on the board's own port and core, and serves the link for ever."""

import _wattseal
import board
import meter_profiles
import port
import release

from app.boot import boot
from app.link import LinkServer
from app.profiles import Profiles


def run() -> None:
    """Serve the link and never return: an error in one line must not stop the next.

    The watchdog watches the start too: what hangs there would hang for ever.
    """
    port.watch()
    link = port.open_link()
    module = boot(_wattseal, port, board.NAME, release, Profiles(meter_profiles.PROFILES))
    server = LinkServer(module, link)
    while True:
        try:
            server.serve_once()
        except Exception as problem:
            module.refuse("link", problem)
