"""The folder in which workers count: one for each run, gone with it, or with the next one."""

from __future__ import annotations

from pathlib import Path

import pytest
from wattseal.registry.web.metrics import FOLDER, folder_of_run


def runs(data: Path) -> list[Path]:
    return sorted((data / FOLDER).glob("run-*"))


def test_it_is_gone_after_the_run(tmp_path: Path) -> None:
    with folder_of_run(tmp_path) as folder:
        (folder / "counter_1.db").write_bytes(b"1")
        assert runs(tmp_path) == [folder]
    assert runs(tmp_path) == []


def test_it_is_gone_after_a_run_that_failed(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="port"), folder_of_run(tmp_path):
        raise OSError("port")
    assert runs(tmp_path) == []


def test_what_a_killed_run_left_goes_at_the_next_start(tmp_path: Path) -> None:
    left_over = tmp_path / FOLDER / "run-killed"
    left_over.mkdir(parents=True)
    (left_over / "lock").touch()
    (left_over / "counter_1.db").write_bytes(b"1")
    before_its_lock = tmp_path / FOLDER / "run-killed-sooner"
    before_its_lock.mkdir()
    with folder_of_run(tmp_path) as folder:
        assert runs(tmp_path) == [folder]


def test_a_run_that_is_alive_keeps_its_own(tmp_path: Path) -> None:
    with folder_of_run(tmp_path) as first:
        with folder_of_run(tmp_path) as second:
            assert runs(tmp_path) == sorted((first, second))
        assert runs(tmp_path) == [first]


def test_where_the_data_take_no_folder_it_is_elsewhere(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file of that name")
    with folder_of_run(tmp_path) as folder:
        assert folder.is_dir()
        assert tmp_path not in folder.parents
    assert not folder.exists()
