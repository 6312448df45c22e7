"""What boards/chips and boards/kits tell agrees with what MicroPython and the SDK have of it."""

import re

import pytest

from boards.facts import BOARDS, load_chip, load_kit

SOURCES = BOARDS.parent / "build/sources"
SDK = SOURCES / "pico-sdk-2.1.1/src"

pytestmark = pytest.mark.image("sources")


def macros(chip: str) -> dict[str, str]:
    """The conditions by which MicroPython takes a pin for a UART's, as Python expressions."""
    text = (SOURCES / "micropython-1.25.0/ports/rp2/machine_uart.c").read_text()
    of_rp2350, of_rp2040 = re.findall(
        r"#define IS_VALID_TX\(uart, pin\)(.*)\n#define IS_VALID_RX\(uart, pin\)(.*)\n", text
    )
    [either] = re.findall(r"#define IS_VALID_PERIPH\(uart, pin\)(.*)\n", text)
    tx, rx = of_rp2350 if chip == "rp2350" else of_rp2040
    names = {"tx": tx, "rx": rx, "IS_VALID_PERIPH": either}
    return {name: rule.replace("&&", "and").strip() for name, rule in names.items()}


@pytest.mark.parametrize("chip", ["rp2040", "rp2350"])
@pytest.mark.parametrize("role", ["tx", "rx"])
def test_the_pins_of_a_uart_are_those_that_micropython_takes(chip: str, role: str) -> None:
    rules = macros(chip)
    told = load_chip(chip)
    for number, uart in told.uart.items():
        names = {"uart": int(number)}
        names["IS_VALID_PERIPH"] = lambda uart, pin: eval(  # noqa: S307  # MicroPython's own rule
            rules["IS_VALID_PERIPH"], {"uart": uart, "pin": pin}
        )
        taken = [
            pin
            for pin in told.pins
            if eval(rules[role], {**names, "pin": pin})  # noqa: S307
        ]
        assert taken == getattr(uart, role)


@pytest.mark.parametrize(("chip", "name"), [("rp2040", "RP2040"), ("rp2350", "RP2350_ARM_S")])
def test_the_uf2_family_is_that_of_the_sdk(chip: str, name: str) -> None:
    text = (SDK / "common/boot_uf2_headers/include/boot/uf2.h").read_text()
    [family] = re.findall(rf"#define {name}_FAMILY_ID\s+(0x\w+)u", text)
    assert load_chip(chip).boot_loader_family == int(family, 16)


@pytest.mark.parametrize("kit", ["pico", "pico2"])
def test_a_kit_has_flash_and_led_as_the_sdk_says(kit: str) -> None:
    text = (SDK / f"boards/include/boards/{kit}.h").read_text()
    [megabytes] = re.findall(r"#define PICO_FLASH_SIZE_BYTES \((\d+) \* 1024 \* 1024\)", text)
    [led] = re.findall(r"#define PICO_DEFAULT_LED_PIN (\d+)", text)
    assert load_kit(kit).flash_bytes == int(megabytes) << 20
    assert led in load_kit(kit).taken


@pytest.mark.parametrize("chip", ["esp32c3", "esp32s3"])
def test_an_esp32_has_the_uarts_that_micropython_drives(chip: str) -> None:
    """The C3 has two, the S3 three (soc_caps.h of ESP-IDF: SOC_UART_NUM); both exist upstream."""
    boards = SOURCES / "micropython-1.25.0/ports/esp32/boards"
    assert (boards / f"ESP32_GENERIC_{chip.removeprefix('esp32').upper()}").is_dir()
    assert len(load_chip(chip).uart) == {"esp32c3": 2, "esp32s3": 3}[chip]
