// MicroPython options of the boards with a chip of the ESP32 family. No image was ever made with
// them. It has MicroPython's compiler and its files still: what the images of the other chips leave
// out cannot be left out here before somebody can build and try it. So it is no product: see
// docs/threat-model.md.

// Only the lab variant has a prompt; everywhere else UART0 belongs to the link, and the chip's own
// USB to nothing.
#define MICROPY_HW_ENABLE_UART_REPL (WATTSEAL_LAB)
#define MICROPY_HW_ENABLE_USBDEV (0)
#define MICROPY_HW_ESP_USB_SERIAL_JTAG (0)

// No radio.
#define MICROPY_PY_NETWORK_WLAN (0)
#define MICROPY_PY_ESPNOW (0)
#define MICROPY_PY_BLUETOOTH (0)
