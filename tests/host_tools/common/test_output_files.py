"""Files come whole or not at all, and nothing is written over."""

import errno
import os
from pathlib import Path

import pytest
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory


def test_writes_into_a_directory_that_it_makes(tmp_path: Path) -> None:
    directory = OutputDirectory(tmp_path / "a" / "b")
    written = directory.write({"begin.ocmf": "OCMF|\r\n", "end.ocmf": "x"})
    assert [path.name for path in written] == ["begin.ocmf", "end.ocmf"]
    assert written[0].read_bytes() == b"OCMF|\r\n"
    assert sorted(path.name for path in directory.path.iterdir()) == ["begin.ocmf", "end.ocmf"]


def test_same_data_again_is_no_error(tmp_path: Path) -> None:
    for _ in range(2):
        OutputDirectory(tmp_path).write({"a": "1"})
    assert (tmp_path / "a").read_text() == "1"


def test_different_data_is_kept_and_nothing_beside_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    with pytest.raises(ToolError, match="holds other data already") as caught:
        OutputDirectory(tmp_path).write({"a": "1", "b": "new"})
    assert caught.value.name == "file_exists"
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_text() == "old"


def test_directory_in_the_way_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ToolError, match="Is a directory"):
        OutputDirectory(tmp_path).write({"a": "1"})


def test_file_in_the_way_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    for act in (OutputDirectory.check_writable, lambda directory: directory.write({"x": ""})):
        with pytest.raises(ToolError) as caught:
            act(OutputDirectory(tmp_path / "a"))
        assert caught.value.name == "file_unwritable"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a file system that takes no files")
def test_file_system_that_takes_no_files() -> None:
    with pytest.raises(ToolError) as caught:
        OutputDirectory(Path("/proc/self")).check_writable()
    assert caught.value.name == "file_unwritable"


def test_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolError, match="No space left on device"):
        OutputDirectory(tmp_path).write({"a": "1"})
    assert list(tmp_path.iterdir()) == []
