# The link on the UART of board.toml, no USB device.
list(APPEND MICROPY_DEF_BOARD WATTSEAL_USB=0 WATTSEAL_LAB=0)
