"""What boards/chips and boards/kits tell agrees with what MicroPython and the SDK have of it."""

import re

import pytest

from boards.facts import BOARDS, KITS, load_chip, load_kit

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


@pytest.mark.parametrize("chip", ["rp2040", "rp2350"])
@pytest.mark.parametrize("role", ["tx", "rx"])
def test_the_pins_of_a_uart_are_those_of_the_chips_registers(chip: str, role: str) -> None:
    """GPIOn_CTRL names the functions that a pin can have, in the SDK's header of the registers."""
    text = (SDK / f"{chip}/hardware_regs/include/hardware/regs/io_bank0.h").read_text()
    told = load_chip(chip)
    named = re.findall(rf"_GPIO(\d+)_CTRL_FUNCSEL_VALUE_UART(\d)_{role.upper()} ", text)
    for number, uart in told.uart.items():
        pins = {int(pin) for pin, of in named if of == number}
        assert sorted(pins & set(told.pins)) == getattr(uart, role)
    pins = {int(pin) for pin in re.findall(r"IO_BANK0_GPIO(\d+)_CTRL_OFFSET", text)}
    assert pins >= set(told.pins)  # the RP2350 in its larger package has more


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


@pytest.mark.parametrize("kit", ["pico", "pico2"])
def test_a_kit_takes_the_pins_that_the_sdk_names(kit: str) -> None:
    text = (SDK / f"boards/include/boards/{kit}.h").read_text()
    found = re.findall(r"#define PICO_(?:SMPS_MODE|VBUS|VSYS|DEFAULT_LED)_PIN (\d+)", text)
    assert sorted(found) == sorted(load_kit(kit).taken)


# By the pinout of the boards' data sheets; 30 is RUN, 33 and what follows 34 no GPIO.
GROUND = {3, 8, 13, 18, 23, 28, 33, 38}


@pytest.mark.parametrize("kit", ["pico", "pico2"])
def test_the_header_of_a_pico_has_its_gpios_in_order(kit: str) -> None:
    told = load_kit(kit)
    free = [pin for pin in range(1, 35) if pin not in GROUND | {30}]
    gpios = [pin for pin in load_chip(told.chip).pins if str(pin) not in told.taken]
    assert {int(gpio): int(pin) for gpio, pin in told.pads.items()} == dict(
        zip(gpios, free, strict=True)
    )
    assert int(told.supply["GND"]) in GROUND


@pytest.mark.parametrize("kit", [path.stem for path in sorted(KITS.glob("*.toml"))])
def test_a_kit_leads_out_pins_of_its_chip_that_are_free(kit: str) -> None:
    told = load_kit(kit)
    chip = load_chip(told.chip)
    pads = set(map(int, told.pads))
    assert pads <= set(chip.pins)
    assert not pads & set(map(int, chip.unusable))
    assert set(told.bridge) <= pads


# What ESP-IDF 5 says of the pins, as quoted in boards/chips: spi_pins.h, uart_pins.h, gpio.rst.
ESP32 = {
    "esp32c3": {
        "pins": range(22),
        "strapping": {2, 8, 9},
        "flash": set(range(12, 18)) | {11},
        "usb": {18, 19},
        "bridge": [21, 20],
    },
    "esp32s3": {
        "pins": [*range(22), *range(26, 49)],
        "strapping": {0, 3, 45, 46},
        "flash": set(range(26, 38)),
        "usb": {19, 20},
        "bridge": [43, 44],
    },
}


@pytest.mark.parametrize("chip", ESP32)
def test_an_esp32_keeps_the_pins_that_it_needs_itself(chip: str) -> None:
    told, source = load_chip(chip), ESP32[chip]
    assert told.pins == list(source["pins"])
    reasons = {int(pin): reason for pin, reason in told.unusable.items()}
    assert reasons.keys() == source["strapping"] | source["flash"] | source["usb"]
    assert {pin for pin, said in reasons.items() if "strapping" in said} == source["strapping"]
    assert {pin for pin, said in reasons.items() if "USB" in said} == source["usb"]
    kits = [load_kit(path.stem) for path in KITS.glob("*.toml")]
    [bridge] = [kit.bridge for kit in kits if kit.chip == chip]
    assert bridge == source["bridge"]  # TX, RX of UART 0


@pytest.mark.parametrize("chip", ["esp32c3", "esp32s3"])
def test_micropython_has_the_pins_that_a_board_may_use(chip: str) -> None:
    text = (SOURCES / "micropython-1.25.0/ports/esp32/machine_pin.h").read_text()
    begin, end = rf"#elif [^\n]*CONFIG_IDF_TARGET_{chip.upper()}\n", r"\n#e(?:lif CONF|ndif\n\nt)"
    [part] = re.findall(f"{begin}(.*?){end}", text, re.DOTALL)
    enabled = {int(pin) for pin in re.findall(r"MICROPY_HW_ENABLE_GPIO(\d+) ", part)}
    told = load_chip(chip)
    assert set(told.pins) - set(map(int, told.unusable)) <= enabled


def test_a_pin_that_drives_the_led_of_either_version_is_refused() -> None:
    taken = load_kit("esp32s3_devkitc").taken
    assert {pin for pin, reason in taken.items() if "LED" in reason} == {"38", "48"}


@pytest.mark.parametrize("chip", ["esp32c3", "esp32s3"])
def test_an_esp32_has_the_uarts_that_micropython_drives(chip: str) -> None:
    """The C3 has two, the S3 three (soc_caps.h of ESP-IDF: SOC_UART_NUM); both exist upstream."""
    boards = SOURCES / "micropython-1.25.0/ports/esp32/boards"
    assert (boards / f"ESP32_GENERIC_{chip.removeprefix('esp32').upper()}").is_dir()
    assert len(load_chip(chip).uart) == {"esp32c3": 2, "esp32s3": 3}[chip]
