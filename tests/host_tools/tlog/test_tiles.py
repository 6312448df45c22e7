"""The layout of a log as tiles: paths, widths and bundles, against C2SP tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattseal.tlog.tiles import (
    Tile,
    TileError,
    pack_entries,
    read_path,
    split_entries,
    width_at,
)

from hil.transparency_log import tiles_at

PATHS = {
    "tile/0/000": Tile(0, 0),
    "tile/0/x001/x234/067": Tile(0, 1234067),  # the specification's own example
    "tile/1/001.p/17": Tile(1, 1, 17),
    "tile/entries/x001/000": Tile(None, 1000),
    "tile/entries/999.p/255": Tile(None, 999, 255),
}


@pytest.mark.parametrize("path", PATHS)
def test_path_and_back(path: str) -> None:
    assert PATHS[path].path == path
    assert read_path(path) == PATHS[path]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/6/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/x000/001",  # a group of zeros too many
        "tile/0/001/234",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/007",
        "tile/0/000.p/",
        "tile/0/000.p/17/",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/" + "x001/" * 20 + "001",
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(TileError):
        read_path(path)


@given(st.integers(0, 5), st.integers(0, 10**12), st.integers(1, 256))
def test_any_tile(level: int, number: int, width: int) -> None:
    assert read_path(Tile(level, number, width).path) == Tile(level, number, width)


def test_tiles_of_a_log_of_70000_entries() -> None:
    """The specification's example: 70,000 entries are 273 tiles and a part, one and a part, one."""
    tiles = list(tiles_at(70_000))
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert Tile(0, 273, 112) in tiles
    assert [tile for tile in tiles if tile.level == 1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert [tile for tile in tiles if tile.level == 2] == [Tile(2, 0, 1)]
    assert width_at(1, 2, 70_000) == 0
    assert list(tiles_at(0)) == []


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundle_and_back(entries: list[bytes]) -> None:
    assert split_entries(pack_entries(entries)) == entries


def test_bundles_that_are_cut_short() -> None:
    bundle = pack_entries([b"first", b"second"])
    whole = (0, 7, len(bundle))
    for end in range(len(bundle)):
        if end not in whole:
            with pytest.raises(TileError):
                split_entries(bundle[:end])


def test_entry_that_no_bundle_can_hold() -> None:
    assert split_entries(pack_entries([b"x" * 65535])) == [b"x" * 65535]
    with pytest.raises(TileError):
        pack_entries([b"x" * 65536])
