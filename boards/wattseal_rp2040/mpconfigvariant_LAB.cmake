# For test vectors and benchmarks only, never for a station: a prompt on UART0, no application.
include(${CMAKE_CURRENT_LIST_DIR}/no_usb.cmake)
list(APPEND MICROPY_DEF_BOARD WATTSEAL_USB=0 WATTSEAL_LAB=1)
set(ENV{WATTSEAL_LAB} 1)
