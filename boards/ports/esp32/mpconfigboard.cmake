# For Espressif's ESP-IDF. From the environment, as `dev` sets it: WATTSEAL_CHIP, WATTSEAL_BOARD,
# WATTSEAL_PROMPT, and WATTSEAL_GEN with what boards/generate.py made: partition table and sdkconfig.
set(IDF_TARGET "$ENV{WATTSEAL_CHIP}")
set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    ${MICROPY_BOARD_DIR}/sdkconfig
    $ENV{WATTSEAL_GEN}/sdkconfig)
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
# The link is a UART: no USB of MicroPython's.
set(MICROPY_PY_TINYUSB OFF)
list(APPEND MICROPY_DEF_BOARD
    MICROPY_HW_BOARD_NAME="Wattseal $ENV{WATTSEAL_BOARD}"
    MICROPY_HW_MCU_NAME="$ENV{WATTSEAL_CHIP}"
    WATTSEAL_USB=$ENV{WATTSEAL_USB}
    WATTSEAL_LAB=$ENV{WATTSEAL_PROMPT})
