#include <string.h>

#include "hardware/flash.h"
#include "hardware/regs/addressmap.h"
#include "hardware/sync.h"
#include "pico/unique_id.h"

#include "rp2_flash.h"
#include "wattseal_board.h"
#include "ws_chip.h"
#include "ws_error.h"
#include "ws_noise.h"
#include "ws_port.h"
#include "ws_wipe.h"

/* The flash past its cache: what is read here is what the cells hold, and leaves no copy of a key
 * in the cache, whose 16 KB any code can read as RAM. */
static const uint8_t *cells_at(uint32_t offset) {
    return (const uint8_t *)XIP_NOCACHE_NOALLOC_BASE + offset;
}

int ws_port_flash_read(uint32_t offset, void *buffer, size_t size) {
    memcpy(buffer, cells_at(offset), size);
    return WS_OK;
}

/* From the linker script: the first byte of the image in flash, and the first one past it. */
extern const uint8_t __flash_binary_start[], __flash_binary_end[];

int ws_port_image(const void **image, size_t *size) {
    *image = __flash_binary_start;
    *size = (size_t)(__flash_binary_end - __flash_binary_start);
    return WS_OK;
}

/* Flash cannot be read while it is written: interrupt handlers lie in it, and what is to be
 * programmed may. Both functions of the SDK flush the cache. */
int ws_port_flash_program(uint32_t offset, const void *data, size_t size) {
    uint8_t page[FLASH_PAGE_SIZE];
    const uint8_t *source = data;
    int result = WS_OK;

    for (size_t done = 0; result == WS_OK && done < size; done += sizeof(page)) {
        memcpy(page, source + done, sizeof(page));
        uint32_t interrupts = save_and_disable_interrupts();
        flash_range_program(offset + done, page, sizeof(page));
        restore_interrupts(interrupts);
        rp2_flash_set_timing();
        if (memcmp(cells_at(offset + done), page, sizeof(page)) != 0) {
            result = WS_ERR_STORAGE;
        }
    }
    ws_wipe(page, sizeof(page));
    return result;
}

int ws_port_flash_erase_sector(uint32_t offset) {
    uint32_t interrupts = save_and_disable_interrupts();
    flash_range_erase(offset, WS_FLASH_SECTOR_SIZE);
    restore_interrupts(interrupts);
    rp2_flash_set_timing();
    return WS_OK;
}

void ws_port_start(void) {
    static bool started;

    if (!started) {
        ws_chip_start();
        ws_noise_start();
        started = true;
    }
}

bool ws_port_hedges(void) {
    return true;
}

/* Of the flash chip on an RP2040; an RP2350 has an id of its own. */
size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]) {
    pico_unique_board_id_t board;
    pico_get_unique_board_id(&board);
    memcpy(id, board.id, sizeof(board.id));
    return sizeof(board.id);
}
