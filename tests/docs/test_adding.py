"""The recipes of docs/adding.md, each followed in a copy of the repository."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from support.recipes import PAGE, Copy, recipe


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_every_recipe_is_followed_here() -> None:
    titles = re.findall(r"^## (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    followed = re.findall(r'\.follow\("(.+)"\)', Path(__file__).read_text("utf-8"))
    assert followed == titles
    assert all(recipe(title)[-1].where == "run" for title in titles)  # it ends with its checks


def test_a_meter(copy: Copy) -> None:
    """The application reads it by its profile, with which the firmware is built."""
    copy.follow("A meter")
    copy.run(sys.executable, "firmware/meters/generate.py", "meter_profiles.py")
    assert "'acme_m1': lambda: {'name': 'acme_m1'" in (copy.root / "meter_profiles.py").read_text()


BOARD = """\
from hil.board import load_board
from wattseal.device.update import drive_of
board = load_board("acme_charger")
print(board.name, board.link.tx_pin, drive_of("acme_charger-lab").board_id)
"""


def test_a_board(copy: Copy) -> None:
    """The image's configuration is made from it, and the rig and the host tools know it."""
    copy.follow("A board")
    assert copy.run(sys.executable, "-c", BOARD).stdout == "acme_charger 8 RPI-RP2\n"
    copy.run(sys.executable, "-m", "boards.generate", "acme_charger-lab", "gen")
    assert "NAME = 'acme_charger-lab'\n" in (copy.root / "gen/frozen/board.py").read_text()
    header = (copy.root / "gen/wattseal_board.h").read_text()
    assert "#define WS_FLASH_JOURNAL_OFFSET 0x158000u\n" in header


RULE = """\
import sys; sys.path.insert(0, "tests")
from support.registry.recorder import Recorder
from support.registry.simulated_module import EVSE_ID, SimulatedModule
from wattseal.registry.api_models import ConsentRequest
from wattseal.registry.failures import Refused
recorder = Recorder()
recorder.commission(SimulatedModule())
try:
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ", days=200))
except Refused as refused:
    print(*[one.sentence_en for one in refused.reasons])
"""


def test_a_rule_of_the_registry(copy: Copy) -> None:
    """It refuses a request, with its sentence and on the page of reasons."""
    copy.follow("A rule of the registry")
    said = copy.run(sys.executable, "-c", RULE).stdout
    assert re.fullmatch(r"The consent for \S+ is to last 200 days; it may last 100\.\n", said)
    assert "| `consent_too_long` |" in (copy.root / "docs/registry-reasons.md").read_text()


def test_a_command(copy: Copy) -> None:
    """It is in the list of commands, and speaks to people and to programs."""
    copy.follow("A command")
    assert "  clock       Look at this computer's clock." in copy.wattseal("--help").stdout
    assert "\nsynchronised " in copy.wattseal("clock", "show").stdout
    told = json.loads(copy.wattseal("clock", "show", "--json").stdout)
    assert set(told) == {"unix_ms", "synchronised"}


FINDING = """\
import sys; sys.path.insert(0, "tests")
from pathlib import Path
from support.ocmf.finding_cases import CASES
from wattseal.cli.program import run
from wattseal.driver_check.browser import tables_module
Path("session.xml").write_bytes(CASES["session_too_long"][0])
print(run(["verify", "session.xml"]), run(["verify", "session.xml", "--language", "de"]))
print(tables_module())
"""
ENGLISH = "The session lasts {days} days; to charge a car takes hours."
GERMAN = "Der Ladevorgang dauert {days} Tage; ein Auto zu laden dauert Stunden."


def test_a_finding(copy: Copy) -> None:
    """`wattseal verify` says it in both languages, and the browser's tables have it."""
    copy.follow("A finding")
    said = copy.run(sys.executable, "-c", FINDING).stdout
    assert f"warning: {ENGLISH.format(days=8)} [session_too_long]\n" in said
    assert f"Hinweis: {GERMAN.format(days=8)} [session_too_long]\n" in said
    tables = dict(re.findall(r"^export const (\w+) = (.+);$", said, re.MULTILINE))
    assert json.loads(tables["SENTENCES"])["session_too_long"] == {"en": ENGLISH, "de": GERMAN}
    assert "session_too_long" in json.loads(tables["WARNINGS"])
    assert "`session_too_long`" in (copy.root / "docs/verify-findings.md").read_text()
