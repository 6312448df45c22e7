/* RV32 under QEMU: flash in RAM, and no noise source, so that no key can be made on it. It shows
 * that the core computes rightly on the ESP32-C3's instruction set; it is no product. */
#include <stdbool.h>
#include <string.h>

#include "wattseal_board.h"
#include "ws_error.h"
#include "ws_port.h"

static uint8_t flash[WS_FLASH_SIZE];
static bool flash_is_new = true;

static void start_erased(void) {
    if (flash_is_new) {
        memset(flash, 0xFF, sizeof(flash));
        flash_is_new = false;
    }
}

int ws_port_flash_read(uint32_t offset, void *buffer, size_t size) {
    start_erased();
    memcpy(buffer, flash + offset, size);
    return WS_OK;
}

int ws_port_flash_program(uint32_t offset, const void *data, size_t size) {
    start_erased();
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        flash[offset + i] &= bytes[i];
    }
    return memcmp(flash + offset, data, size) == 0 ? WS_OK : WS_ERR_STORAGE;
}

int ws_port_flash_erase_sector(uint32_t offset) {
    start_erased();
    memset(flash + offset, 0xFF, WS_FLASH_SECTOR_SIZE);
    return WS_OK;
}

/* There is no image in flash here: the flash itself is given instead. */
int ws_port_image(const void **image, size_t *size) {
    start_erased();
    *image = flash;
    *size = sizeof(flash);
    return WS_OK;
}

void ws_port_start(void) {
}

static int no_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    (void)buffer;
    (void)size;
    return WS_ERR_ENTROPY;
}

const ws_entropy_source ws_port_noise = {.context = NULL, .read = no_noise};

bool ws_port_hedges(void) {
    return false;
}

size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]) {
    memset(id, 0, WS_KEY_CHIP_ID_MAX_SIZE);
    return 8;
}
