"""Steps of a firmware update: by the module's own methods, and by a programmer."""

import tomllib
from pathlib import Path

from wattseal.device.update import drive_of
from wattseal.device.update_bundle import blocks

from hil.board import REPOSITORY
from hil.suite.command import told
from hil.suite.module import Module
from hil.vendor import PRIVATE_KEY, Release

NEXT_RELEASE = REPOSITORY / "hil" / "next_release.toml"
FIRST_RELEASE = REPOSITORY / "firmware" / "release.toml"
BOOT_LOADER_LIMIT_S = 30
WRITING_LIMIT_S = 120


def release_of(module: Module, image: Path, facts: Path = NEXT_RELEASE) -> Release:
    """The image as a release for this module's board."""
    return release_for(module.hello["board"], image, facts)


def release_for(board: str, image: Path, facts: Path = NEXT_RELEASE) -> Release:
    """The image as a release for that board."""
    said = tomllib.loads(facts.read_text(encoding="ascii"))
    return Release(image, board, said["version"], said["rollback_number"])


def bundle_of(release: Release, folder: Path) -> Path:
    """The release as a bundle signed by the clone's vendor key, made by the host's tool."""
    bundle = folder / "release.wsfw"
    words = ["--board", release.board, "--firmware", release.firmware]
    words += ["--rollback-number", str(release.rollback_number)]
    told("firmware", "pack", release.image, *words, "--out", bundle)
    told("firmware", "sign", bundle, "--key", PRIVATE_KEY)
    return bundle


def enter_boot_loader(module: Module, release: Release) -> None:
    """Let the owner have the module give its key up for the release, and start its boot loader."""
    signed = release.signed()
    signature = module.answer("update", **signed)
    module.client.call("enter_boot_loader", **signed, signature=signature)
    module.rig.wait_for_boot_loader(BOOT_LOADER_LIMIT_S)


def uf2_of(release: Release) -> bytes:
    """The file for the boot loader's drive, as the host's tool orders its blocks."""
    return b"".join(blocks(release.image.read_bytes(), drive_of(release.board).place))


def put_on_drive(module: Module, release: Release) -> None:
    """Copy the release to the boot loader's drive."""
    text = uf2_of(release)
    draft = module.rig.boot_drive / "image.part"
    draft.write_bytes(text)
    draft.rename(module.rig.boot_drive / "image.uf2")


def update(module: Module, release: Release) -> None:
    """The whole way; the module runs the release then."""
    enter_boot_loader(module, release)
    put_on_drive(module, release)
    module.rig.wait_for_start(WRITING_LIMIT_S)
    module.reconnect()
