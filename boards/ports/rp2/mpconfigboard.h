// MicroPython options of the boards with a chip of Raspberry Pi. WATTSEAL_USB and WATTSEAL_LAB (a
// prompt, for test vectors and benchmarks only, never for a station) come from mpconfigboard.cmake;
// the two transports differ in nothing else.

#if !WATTSEAL_USB
#define MICROPY_HW_ENABLE_USBDEV (0)
#define MICROPY_HW_USB_CDC (0)
#define MICROPY_HW_USB_MSC (0)
#endif

// Only the lab variant has a prompt; everywhere else UART0 belongs to the link.
#define MICROPY_HW_ENABLE_UART_REPL (WATTSEAL_LAB)

// The application has no file system. The flash driver of the port needs one sector to exist:
// it gets the last one, which no area of board.toml uses.
#define MICROPY_HW_FLASH_STORAGE_BYTES (4096)

// One core, one thread: nothing can run beside the signing core.
#define MICROPY_PY_THREAD (0)

#define MICROPY_PY_NETWORK (0)
#define MICROPY_PY_BLUETOOTH (0)
