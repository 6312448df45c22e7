"""Write what an image is made of beside it: a CycloneDX 1.6 bill of materials, firmware.cdx.json.

Named are the image and its hash, this tree by the hash of what images are made from, each source of
sources.lock that the compiler read a file of, and the compiler. The same inputs give the same file.
"""

import argparse
import datetime
import hashlib
import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6

ROOT = Path(__file__).resolve().parent.parent
TREE = ("firmware", "boards", "dev", "sources.lock")
"""What of this tree an image is made from."""
LEFT_OUT = (".pyc", ".svg", ".md")

LICENCES = {
    "bearssl": "MIT",
    "mbedtls": "Apache-2.0 OR GPL-2.0-or-later",
    "micropython": "MIT",
    "pico-sdk": "BSD-3-Clause",
    "tinyusb-source": "MIT",
}
"""SPDX expressions; docs/decisions/0005-dependencies.md."""

NAMESPACE = uuid.UUID("6f0d3c0e-5f0b-5d53-9b0a-3d1f1c6b7a52")


class SbomError(Exception):
    """An input that no bill can be written from; the message names it and the remedy."""


class Source(NamedTuple):
    """A line of sources.lock."""

    name: str
    version: str
    file: str
    sha256: str
    home: str


def read_lock(path: Path) -> list[Source]:
    """Every source; SbomError for a line that is none, or whose licence is not told above."""
    found = []
    for line in path.read_text(encoding="ascii").splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) < len(Source._fields) or not re.fullmatch("[0-9a-f]{64}", words[3]):
            raise SbomError(
                f"{path}: no source in {line!r}; give name, version, file, SHA-256, home"
            )
        source = Source(*words[: len(Source._fields)])
        if source.name not in LICENCES:
            raise SbomError(f"{path}: {source.name}: add its licence to LICENCES in {__file__}")
        found.append(source)
    return found


def tree_sha256(root: Path, parts: Iterable[str] = TREE) -> str:
    """SHA-256 over the files of the tree: of each its path, a zero byte, the hash of its content.

    The paths are relative, with slashes, and sorted; so it needs no commit, and no clone.
    """
    files: list[Path] = []
    for part in parts:
        top = root / part
        files += [top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]
    listed = {path.relative_to(root).as_posix(): path for path in files}
    total = hashlib.sha256()
    for name in sorted(listed):
        if not name.endswith(LEFT_OUT):
            content = hashlib.sha256(listed[name].read_bytes()).digest()
            total.update(name.encode() + b"\0" + content)
    return total.hexdigest()


def is_read(source: Source, read: str) -> bool:
    """Whether a file of the source is among those that the compiler read.

    MicroPython's makefiles run in one of its folders, and name its files from there; the library
    of a Debian package NAME-source is lib/NAME.
    """
    library = source.name.removesuffix("-source")
    marks = [f"/{source.name}-{source.version}/", f"/lib/{library}/"]
    marks += ["../py/mpconfig.h"] if source.name == "micropython" else []
    return any(mark in read for mark in marks)


def read_by_compiler(folder: Path) -> str:
    """The dependency files that the compiler left in a build folder, one behind the other."""
    files = sorted([*folder.rglob("*.d"), *folder.rglob("*.P")])
    if not files:
        raise SbomError(
            f"{folder} has no dependency files of a compiler; build it with ./dev build"
        )
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def version_of(compiler: str) -> str:
    """The compiler's version, as `12.2.1`; SbomError if it cannot be asked."""
    try:
        done = subprocess.run(
            [compiler, "-dumpfullversion"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise SbomError(f"{compiler} does not tell its version: {error}") from error
    return done.stdout.strip()


def sha256(digest: str) -> HashType:
    """A SHA-256 as CycloneDX has it."""
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def component_of(source: Source) -> Component:
    """A source of the lock, as a component; its hash is that of the file it came in."""
    return Component(
        name=source.name,
        version=source.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"source:{source.name}",
        hashes=[sha256(source.sha256)],
        licenses=[LicenseFactory().make_from_string(LICENCES[source.name])],
        external_references=[
            ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(source.home))
        ],
        properties=[Property(name="wattseal:file", value=source.file)],
    )


def bill(image: Path, target: str, compiler: str, release: Path, root: Path = ROOT) -> str:
    """The bill of an image as JSON text."""
    facts = tomllib.loads(release.read_text(encoding="ascii"))
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    read = read_by_compiler(image.parent)
    sources = [one for one in read_lock(root / "sources.lock") if is_read(one, read)]
    made_at = datetime.datetime.combine(facts["date"], datetime.time(), datetime.UTC)
    firmware = Component(
        name=f"wattseal-{target}",
        version=facts["version"],
        type=ComponentType.FIRMWARE,
        bom_ref="image",
        hashes=[sha256(digest)],
        properties=[Property(name="wattseal:file", value=image.name)],
    )
    tree = Component(
        name="wattseal",
        version=facts["version"],
        type=ComponentType.APPLICATION,
        bom_ref="tree",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
        hashes=[sha256(tree_sha256(root))],
        properties=[
            Property(name="wattseal:hashed", value=" ".join(TREE)),
            Property(name="wattseal:rollback_number", value=str(facts["rollback_number"])),
        ],
    )
    built_with = Component(
        name=Path(compiler).name, version=version_of(compiler), type=ComponentType.APPLICATION
    )
    parts = [tree, *map(component_of, sources)]
    made = Bom(
        serial_number=uuid.uuid5(NAMESPACE, f"{target} {digest}"),
        components=parts,
        metadata=BomMetaData(
            component=firmware,
            timestamp=made_at,
            tools=ToolRepository(components=[built_with]),
        ),
    )
    made.register_dependency(firmware, parts)
    return str(JsonV1Dot6(made).output_as_string(indent=2)) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Command line; 2 with one line on standard error if no bill can be written."""
    parser = argparse.ArgumentParser(prog="boards.sbom", description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path, help="in its build folder; the bill is put beside it")
    parser.add_argument("--target", required=True, help="of ./dev build")
    parser.add_argument("--compiler", required=True, help="its command")
    parser.add_argument("--release", type=Path, required=True, help="the release.toml of the image")
    options = parser.parse_args(arguments)
    try:
        text = bill(options.image, options.target, options.compiler, options.release)
    except (OSError, KeyError, UnicodeError, tomllib.TOMLDecodeError, SbomError) as error:
        print(f"boards: {error}", file=sys.stderr)
        return 2
    (options.image.parent / "firmware.cdx.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
