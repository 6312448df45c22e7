"""Wrong arguments to every function of `_wattseal`: refused, and no sanitizer finds fault.

Runs in the unix program that is built with AddressSanitizer and UndefinedBehaviorSanitizer.
"""

from collections.abc import Callable

import pytest

# Every function with every combination of these; what must never come back is a crash.
SCRIPT = """
import _wattseal as core

values = (
    None, True, -1, 0, 1, 2, 3, 4, 1 << 31, 1 << 32, (1 << 40) + 256, 1 << 70, "", "text",
    b"", b"x", bytes(32), bytes(91), bytes(256), bytes(5000),
    bytearray(1), bytearray(256), bytearray(8192), [], 1.5,
)
names = [name for name in dir(core) if callable(getattr(core, name)) and name != "CoreError"]
calls = refused = 0


def attempt(function, *arguments):
    global calls, refused
    calls += 1
    try:
        function(*arguments)
    except (TypeError, ValueError, OverflowError, core.CoreError):
        refused += 1


for name in names:
    function = getattr(core, name)
    if name in ("self_test", "random", "hedge"):  # take long, and no arguments that could be wrong
        continue
    attempt(function)
    for first in values:
        attempt(function, first)
        for second in values:
            attempt(function, first, second)
            if name in ("flash_read", "flash_program", "verify", "verify_digest"):
                for third in values:
                    attempt(function, first, second, third)
print(calls, refused, core.key_slots()[0])
"""

BEYOND_THE_AREA = """
import _wattseal as core

refusals = 0
for area in (core.AREA_SETTINGS, core.AREA_STATEMENTS, core.AREA_EVENTS, core.AREA_JOURNAL):
    sector_bytes, page_bytes, sectors = core.flash_info(area)
    end = sector_bytes * sectors
    for function, arguments in (
        (core.flash_read, (area, end, bytearray(1))),
        (core.flash_read, (area, end - 1, bytearray(2))),
        (core.flash_read, (area, 0xFFFFFFFF, bytearray(256))),
        (core.flash_program, (area, end, bytes(page_bytes))),
        (core.flash_program, (area, end - page_bytes, bytes(2 * page_bytes))),
        (core.flash_program, (area, 1, bytes(page_bytes))),
        (core.flash_program, (area, 0, bytes(page_bytes - 1))),
        (core.flash_erase, (area, sectors)),
    ):
        try:
            function(*arguments)
        except core.CoreError as error:
            refusals += error.args == (-1, "argument")
print(refusals)
"""


def test_no_arguments_make_it_crash(run_sanitized: Callable[[str], str]) -> None:
    calls, refused, broken_slots = run_sanitized(SCRIPT).split()
    assert int(calls) > 10_000
    assert int(refused) > 9_000
    assert broken_slots == "0"


def test_nothing_reaches_beyond_its_area(run_sanitized: Callable[[str], str]) -> None:
    assert run_sanitized(BEYOND_THE_AREA) == str(4 * 8)


@pytest.mark.parametrize("area", [0, 5, -1, 1 << 30])
def test_the_key_area_has_no_number(area: int, run_sanitized: Callable[[str], str]) -> None:
    script = f"""
import _wattseal as core
try:
    core.flash_read({area}, 0, bytearray(256))
except ValueError as error:
    print(error)
"""
    assert run_sanitized(script) == "no such flash area"
