// MicroPython options of the boards with a chip of Raspberry Pi. WATTSEAL_USB and WATTSEAL_LAB (a
// prompt, for test vectors and benchmarks only, never for a station) come from mpconfigboard.cmake;
// the two transports differ in nothing else.
#include "wattseal_board.h"

#if WATTSEAL_USB
#ifndef WS_USB_VID
#error "board.toml has no table [usb], which a USB link needs; build the variant with a UART link"
#endif
#define MICROPY_HW_USB_VID (WS_USB_VID)
#define MICROPY_HW_USB_PID (WS_USB_PID)
#define MICROPY_HW_USB_MANUFACTURER_STRING WS_USB_MANUFACTURER
#define MICROPY_HW_USB_PRODUCT_FS_STRING WS_USB_PRODUCT
#define MICROPY_HW_USB_CDC_INTERFACE_STRING "Wattseal link"
// One serial port, and nothing that Python could change about it.
#define MICROPY_HW_ENABLE_USB_RUNTIME_DEVICE (0)
#if !WATTSEAL_LAB
// A whole reply and the line feed that ends a dropped one: firmware/ports/rp2/modusb_link.c.
#define CFG_TUD_CDC_TX_BUFSIZE (4096 + 64)
#define CFG_TUD_CDC_RX_BUFSIZE (512)
#define MICROPY_HW_STDIN_BUFFER_LEN (1)
#endif
#else
#define MICROPY_HW_ENABLE_USBDEV (0)
#define MICROPY_HW_USB_CDC (0)
#define MICROPY_HW_USB_MSC (0)
#endif

// Only the lab variant has a prompt, on USB: UART0 is the link's, or nothing's.
#define MICROPY_HW_ENABLE_UART_REPL (0)

// The application has no file system. The flash driver of the port needs one sector to exist:
// it gets the last one, which no area of board.toml uses.
#define MICROPY_HW_FLASH_STORAGE_BYTES (4096)

// One core, one thread: nothing can run beside the signing core.
#define MICROPY_PY_THREAD (0)

#define MICROPY_PY_NETWORK (0)
#define MICROPY_PY_BLUETOOTH (0)
