"""Run as a process: registers modules at a registry, one after the other, and prints each entry.

Arguments: folder, database URL, name of this process, number of modules. Waits for a line on
standard input before it begins, so that several begin together.
"""

from __future__ import annotations

import sys
from pathlib import Path

from wattseal.common.times import unix_ms_now
from wattseal.registry.setup import open_registry

from support.registry.simulated_module import METER, SimulatedModule, digest


def main(data: Path, url: str, name: str, count: int) -> None:
    """Each module is registered twice at once, as by somebody who lost the first answer."""
    registry = open_registry(data, url, "registry.example/keys")
    administrator = registry.authenticate((data / "administrator.key").read_text().strip())
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        serial = f"1EMH{int(digest(f'{name} {number}')[:12], 16) % 10**10:010}"
        module = SimulatedModule(
            f"{name} {number}",
            evse_id=f"DE*ABC*E{name}*{number}",
            meter=METER.model_copy(update={"serial": serial}),
            clock_ms=unix_ms_now(),
        )
        request = module.registration(registry.challenge().challenge)
        confirmed = registry.register(request, administrator)
        again = registry.register(request, administrator)
        assert again.publication == confirmed.publication
        print(confirmed.entry, module.evse_id, flush=True)
    registry.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
