"""The rig's vendor signs no image that its board cannot hold."""

from pathlib import Path

import pytest

from hil.rig import RigError
from hil.vendor import Release

LIMIT = 448 * 1024


def test_image_over_the_boards_limit_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(bytes(LIMIT))
    assert f'"size":{LIMIT},' in Release(image, "rp2040", "0.2.0").manifest()
    image.write_bytes(bytes(LIMIT + 1))
    with pytest.raises(RigError, match=f"takes {LIMIT}"):
        Release(image, "rp2040", "0.2.0").manifest()
