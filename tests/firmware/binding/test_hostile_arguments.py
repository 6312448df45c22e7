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
            if name.startswith(("flash_", "verify")):
                for third in values:
                    attempt(function, first, second, third)
                    if name == "flash_highest":
                        attempt(function, first, second, third, 1 << 30)
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
        (core.flash_is_erased, (area, end, 1)),
        (core.flash_is_erased, (area, 1, end)),
        (core.flash_is_erased, (area, 0xFFFFFFFF, 0xFFFFFFFF)),
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
    assert run_sanitized(BEYOND_THE_AREA) == str(4 * 11)


LOOKED_THROUGH = """
import _wattseal as core

area = core.AREA_JOURNAL
sector_bytes, page_bytes, sectors = core.flash_info(area)
page = bytearray(b"\\xff" * page_bytes)
for sector in (0, 1, 5, sectors - 1):
    page[:12] = b"WSLG\\x01\\x4a\\x00\\x00" + bytes([sector + 1, 0, 0, 0])
    core.flash_program(area, sector * sector_bytes, page)
numbers = [1 << 30]
while numbers[-1] >= 0:
    numbers.append(core.flash_highest(area, b"WSLG", 8, numbers[-1]))
print(numbers[1:])
print([core.flash_is_erased(area, sector * sector_bytes, sector_bytes) for sector in range(7)])
print(core.flash_highest(area, bytearray(b"WSKY"), 8, 1 << 30), sectors)
"""


def test_an_area_is_looked_through(run_sanitized: Callable[[str], str]) -> None:
    numbers, erased, other = run_sanitized(LOOKED_THROUGH).splitlines()
    sectors = other.split()[1]
    assert numbers == f"[{sectors}, 6, 2, 1, -1]"
    assert erased == "[False, False, True, True, True, False, True]"
    assert other.split()[0] == "-1"


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
