"""The boot loader's drive as a folder."""

import pytest

from hil.boot_drive import BootDrive
from hil.uf2 import write_blocks

UF2 = write_blocks(bytes(600), None, 0)


@pytest.fixture
def drive(tmp_path):
    made = BootDrive(tmp_path / "drive", "RPI-RP2")
    made.show()
    return made


def test_it_appears_with_the_name_of_the_board_and_goes_with_all_it_holds(drive):
    assert "Board-ID: RPI-RP2" in (drive.folder / "INFO_UF2.TXT").read_text().splitlines()
    (drive.folder / "image.uf2").write_bytes(UF2)
    drive.hide()
    assert not drive.shown
    assert list(drive.folder.iterdir()) == []
    drive.show()
    assert drive.shown
    assert drive.take() is None


def test_a_whole_file_is_taken_and_none_that_is_still_being_written(drive):
    path = drive.folder / "IMAGE.UF2"
    for size in (0, 100, 512, 1024, 1100):
        path.write_bytes(UF2[:size])
        assert drive.take() is None
    path.write_bytes(UF2)
    assert [block.number for block in drive.take()] == [0, 1, 2]


def test_other_files_are_left_alone(drive):
    (drive.folder / "image.bin").write_bytes(UF2)
    (drive.folder / "damaged.uf2").write_bytes(bytes(len(UF2)))
    assert drive.take() is None
    (drive.folder / "image.uf2").write_bytes(UF2)
    assert len(drive.take()) == 3


def test_a_file_that_grows_into_a_whole_one_is_taken(drive):
    path = drive.folder / "image.uf2"
    path.write_bytes(bytes(512))
    assert drive.take() is None
    path.write_bytes(UF2)
    assert drive.take() is not None
