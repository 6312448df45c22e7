"""What the product's image is made of: no compiler, no prompt, no file, no interrupt character.

What is not linked in cannot be reached, whatever arrives on the link. The lab image, which has all
but the files on purpose, shows that the search would find them.
"""

import subprocess
from functools import cache
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build"
PRODUCTS = ("rp2040", "rp2040-next", "rp2040-uart", "rp2350")

COMPILER = {"mp_compile", "mp_parse", "mp_lexer_new", "mp_lexer_new_from_file"}
RUNNING_TEXT = {"mp_builtin_compile", "mp_builtin_eval", "mp_builtin_exec", "mp_builtin_execfile"}
PROMPT = {"readline", "readline_process_char", "mp_builtin_input", "mp_reader_stdin_readbyte"}
INTERRUPT = {"mp_interrupt_char", "mp_sched_keyboard_interrupt"}
LOADING_CODE = ("mp_raw_code_load", "mp_reader_new", "mp_native_")
FILES = ("mp_vfs", "mp_fat_vfs", "mp_type_vfs", "lfs1_", "lfs2_", "f_open", "f_mount", "fileio_")


pytestmark = pytest.mark.image(*PRODUCTS, "rp2040-lab")


@cache
def symbols(image: str) -> frozenset[str]:
    """Names of all symbols of an image, local ones too."""
    elf = BUILD / image / "firmware.elf"
    listed = subprocess.run(["arm-none-eabi-nm", elf], capture_output=True, text=True, check=True)
    return frozenset(line.split()[-1] for line in listed.stdout.splitlines())


@pytest.mark.parametrize("image", PRODUCTS)
def test_a_product_runs_nothing_but_what_is_frozen(image: str) -> None:
    found = symbols(image)
    assert "pyexec_frozen_module" in found
    assert found & (COMPILER | RUNNING_TEXT | PROMPT | INTERRUPT) == set()


@pytest.mark.parametrize("image", PRODUCTS)
def test_a_product_reads_no_code_and_no_files(image: str) -> None:
    assert [name for name in symbols(image) if name.startswith(LOADING_CODE + FILES)] == []


def test_the_lab_image_would_be_told() -> None:
    found = symbols("rp2040-lab")
    assert found >= COMPILER | RUNNING_TEXT | PROMPT | INTERRUPT
    assert any(name.startswith(LOADING_CODE) for name in found)


@pytest.mark.parametrize("image", PRODUCTS)
def test_a_product_has_one_link_and_python_cannot_change_what_it_is_on_usb(image: str) -> None:
    found = symbols(image)
    assert ("wattseal_usb_link_module" in found) is (image != "rp2040-uart")
    assert ("tud_task_ext" in found) is (image != "rp2040-uart")
    assert not {"machine_usb_device_type", "mp_usbd_deinit", "tud_msc_read10_cb"} & found


@pytest.mark.parametrize("image", PRODUCTS)
def test_a_product_has_the_application_and_no_benchmark(image: str) -> None:
    found = symbols(image)
    assert "wattseal_module" in found
    assert "wattseal_lab_module" not in found
    assert "wattseal_lab_module" in symbols("rp2040-lab")
