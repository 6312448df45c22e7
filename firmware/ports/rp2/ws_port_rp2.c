#include <string.h>

#include "hardware/flash.h"
#include "hardware/regs/addressmap.h"
#include "hardware/structs/rosc.h"
#include "hardware/sync.h"
#include "pico/time.h"
#include "pico/unique_id.h"

#include "rp2_flash.h"
#include "wattseal_board.h"
#include "ws_error.h"
#include "ws_port.h"

int ws_port_flash_read(uint32_t offset, void *buffer, size_t size) {
    memcpy(buffer, (const uint8_t *)XIP_BASE + offset, size);
    return WS_OK;
}

/* From the linker script: the first byte of the image in flash, and the first one past it. */
extern const uint8_t __flash_binary_start[], __flash_binary_end[];

int ws_port_image(const void **image, size_t *size) {
    *image = __flash_binary_start;
    *size = (size_t)(__flash_binary_end - __flash_binary_start);
    return WS_OK;
}

/* Flash cannot be read while it is written, and interrupt handlers lie in flash. */
int ws_port_flash_program(uint32_t offset, const void *data, size_t size) {
    uint32_t interrupts = save_and_disable_interrupts();
    flash_range_program(offset, data, size);
    restore_interrupts(interrupts);
    rp2_flash_set_timing();
    return memcmp((const uint8_t *)XIP_BASE + offset, data, size) == 0 ? WS_OK : WS_ERR_STORAGE;
}

int ws_port_flash_erase_sector(uint32_t offset) {
    uint32_t interrupts = save_and_disable_interrupts();
    flash_range_erase(offset, WS_FLASH_SECTOR_SIZE);
    restore_interrupts(interrupts);
    rp2_flash_set_timing();
    return WS_OK;
}

static int read_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    for (size_t i = 0; i < size; i++) {
        uint8_t samples = 0;
        for (unsigned bit = 0; bit < 8; bit++) {
            samples = (uint8_t)(samples << 1 | (rosc_hw->randombit & 1u));
            busy_wait_us_32(WS_NOISE_SAMPLE_PERIOD_US);
        }
        buffer[i] = samples;
    }
    return WS_OK;
}

const ws_entropy_source ws_port_noise = {.context = NULL, .read = read_noise};

size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]) {
    pico_unique_board_id_t board;
    pico_get_unique_board_id(&board);
    memcpy(id, board.id, sizeof(board.id));
    return sizeof(board.id);
}
