"""Files that are read no further than is wanted."""

from pathlib import Path

import pytest
from wattseal.common.errors import ToolError
from wattseal.common.files import read_at_most


@pytest.mark.parametrize(("size", "read"), [(0, 0), (9, 9), (10, 10), (11, 11), (5000, 11)])
def test_one_byte_more_tells_that_there_is_more(tmp_path: Path, size: int, read: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(size))
    assert len(read_at_most(path, 10)) == read


def test_an_endless_file() -> None:
    assert read_at_most(Path("/dev/zero"), 10) == bytes(11)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ToolError) as caught:
            read_at_most(path, 10)
        assert caught.value.name == "file_unreadable"
        assert str(path) in str(caught.value)
