"""Compile the model with the machine's C compiler, once per content of its sources."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CACHE = FOLDER.parents[1] / "build" / "cortex_m0"
# Without interposition the functions of one file are built into those of another, which makes the
# model twice as fast.
COMMAND = [
    "gcc",
    "-std=c11",
    "-O3",
    "-flto",
    "-fno-semantic-interposition",
    "-fPIC",
    "-shared",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Werror",
]


def compile_library() -> Path:
    """Shared library of the model, from the cache if its sources are unchanged.

    Safe to call from several processes: each compiles in a folder of its own, and the result is
    moved into place in one step. Raises FileNotFoundError without a compiler, RuntimeError with
    the compiler's words if it fails.
    """
    if shutil.which("gcc") is None:
        raise FileNotFoundError("no gcc: install it (Debian: apt-get install gcc libc6-dev)")
    sources = sorted(FOLDER.glob("*.c"))
    target = CACHE / f"model-{_digest([*sources, *sorted(FOLDER.glob('*.h'))])}.so"
    if target.exists():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        made = Path(name) / "model.so"
        command = [*COMMAND, *map(str, sources), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the processor model does not compile:\n{done.stderr}")
        made.replace(target)
    return target


def _digest(paths: list[Path]) -> str:
    content = hashlib.sha256(" ".join(COMMAND).encode())
    content.update(subprocess.run(["gcc", "--version"], capture_output=True, check=True).stdout)
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()[:16]
