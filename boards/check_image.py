"""Refuse a built image that is larger than its board.toml allows: it would lie over the keys."""

import sys
from pathlib import Path

from generate import BoardError, load


def check(board_toml: Path, image: Path) -> None:
    """BoardError if the image has over flash.image_limit_bytes; 0 of them is no limit."""
    limit, size = load(board_toml)["flash"]["image_limit_bytes"], image.stat().st_size
    if limit and size > limit:
        raise BoardError(
            f"{image} has {size} bytes, {size - limit} over flash.image_limit_bytes of "
            f"{board_toml}; leave something out, or move the areas behind it"
        )


if __name__ == "__main__":
    try:
        check(Path(sys.argv[1]), Path(sys.argv[2]))
    except (BoardError, OSError) as error:
        sys.exit(f"boards/check_image.py: {error}")
