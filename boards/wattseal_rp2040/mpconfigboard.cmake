set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")
list(APPEND MICROPY_DEF_BOARD MP_CONFIGFILE="wattseal_mpconfig.h")
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)

# With neither compiler nor file reader, upstream's import code leaves a variable unused.
set_source_files_properties(${MICROPY_DIR}/py/builtinimport.c PROPERTIES
    COMPILE_OPTIONS "-Wno-unused-variable")
