# From the environment, as `dev` sets it: WATTSEAL_KIT and WATTSEAL_CHIP, as the SDK calls board and
# chip; WATTSEAL_BOARD, the target's name; WATTSEAL_USB, WATTSEAL_PROMPT: 1 or 0.
set(PICO_BOARD "$ENV{WATTSEAL_KIT}")
set(PICO_PLATFORM "$ENV{WATTSEAL_CHIP}")
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
list(APPEND MICROPY_DEF_BOARD
    MP_CONFIGFILE="wattseal_mpconfig.h"
    MICROPY_HW_BOARD_NAME="Wattseal $ENV{WATTSEAL_BOARD}"
    WATTSEAL_USB=$ENV{WATTSEAL_USB}
    WATTSEAL_LAB=$ENV{WATTSEAL_PROMPT})

# MicroPython's console on CDC; without a prompt firmware/ports/rp2/modusb_link.c is in its place.
if("$ENV{WATTSEAL_PROMPT}" STREQUAL "0")
    set_source_files_properties(${MICROPY_DIR}/shared/tinyusb/mp_usbd_cdc.c PROPERTIES HEADER_FILE_ONLY TRUE)
endif()

# The port's drivers do not compile where I2C and SPI are left out.
set_source_files_properties(machine_i2c.c machine_spi.c PROPERTIES HEADER_FILE_ONLY TRUE)

# With neither compiler nor file reader, upstream's import code leaves a variable unused.
set_source_files_properties(${MICROPY_DIR}/py/builtinimport.c PROPERTIES
    COMPILE_OPTIONS "-Wno-unused-variable")
