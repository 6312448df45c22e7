"""All other tests once more, on a core compiled with AddressSanitizer and UBSan.

The harness hands the core buffers of exactly the length told, so a read or write of one byte too
many ends that run.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.core.build import ROOT, SANITIZED, SANITIZED_RUN, build, run

HERE = Path(__file__).parent

# Tests that compile cores of their own or run programs: they have no use for this one.
OTHERS = (
    "test_sanitizers.py",
    "test_constant_time.py",
    "test_residue.py",
    "test_footprint.py",
    "test_processors.py",
)
OTHERS += ("test_cycles.py", "p256/test_algebra.py", "p256/test_comb_exceptions.py")
OTHERS += ("p256/test_data_flow.py", "p256/test_emulator.py", "p256/test_instructions.py")
OTHERS += ("p256/test_mutants.py", "p256/test_registers.py")


def sanitizer_library(name: str) -> str:
    return run(["gcc", f"-print-file-name={name}"], HERE).strip()


def environment() -> dict[str, str]:
    """The interpreter is not sanitized itself: the run-time comes first, leaks are its own.

    With malloc in place of the interpreter's arenas each buffer has guarded ends.
    """
    return {
        **os.environ,
        "WATTSEAL_CORE": "sanitized",
        "LD_PRELOAD": f"{sanitizer_library('libasan.so')} {sanitizer_library('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
    }


@pytest.mark.skipif(SANITIZED_RUN, reason="this is the sanitized run")
def test_the_core_is_clean_under_address_and_undefined_behaviour_sanitizers() -> None:
    build(SANITIZED)
    command = [sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:cacheprovider"]
    command += [f"--ignore={HERE / name}" for name in OTHERS]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]


FAULTS = {
    "reads past the end": ("return bytes[size];", "heap-buffer-overflow"),
    "overflows": ("return 0x7fffffff + (int)size;", "signed integer overflow"),
}


@pytest.mark.skipif(SANITIZED_RUN, reason="this is the sanitized run")
@pytest.mark.parametrize("fault", FAULTS)
def test_the_harness_would_notice(tmp_path: Path, fault: str) -> None:
    """The same interpreter, environment and flags on a function that does wrong."""
    body, report = FAULTS[fault]
    source = tmp_path / "fault.c"
    source.write_text(
        "#include <stddef.h>\n"
        f"int fault(const unsigned char *bytes, size_t size) {{ (void)bytes; {body} }}\n"
    )
    run(["gcc", *SANITIZED.flags, "-fPIC", "-shared", str(source), "-o", "fault.so"], tmp_path)
    call = (
        "import ctypes; size = 100; data = (ctypes.c_uint8 * size)();"
        f"ctypes.CDLL({str(tmp_path / 'fault.so')!r}).fault(data, ctypes.c_size_t(size))"
    )
    done = subprocess.run(
        [sys.executable, "-c", call],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert report in done.stderr
