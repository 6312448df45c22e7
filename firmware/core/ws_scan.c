#include "ws_scan.h"

#include <string.h>

#include "ws_error.h"

int ws_scan_is_erased(const ws_storage *storage, uint32_t offset, size_t size, bool *erased) {
    uint32_t words[64]; /* the usual page; read in words, which a slow processor compares faster */
    size_t area_size = (size_t)storage->sector_count * storage->sector_size;

    *erased = false;
    if (offset > area_size || size > area_size - offset) {
        return WS_ERR_ARGUMENT;
    }
    while (size > 0) {
        size_t part = size < sizeof words ? size : sizeof words;
        memset(words, 0xFF, sizeof words); /* behind a part that fills it not */
        if (storage->read(storage->context, offset, words, part) != 0) {
            return WS_ERR_STORAGE;
        }
        uint32_t all_bits = UINT32_MAX;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            all_bits &= words[i];
        }
        if (all_bits != UINT32_MAX) {
            return WS_OK;
        }
        offset += (uint32_t)part;
        size -= part;
    }
    *erased = true;
    return WS_OK;
}

static uint32_t get_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int ws_scan_highest(const ws_storage *storage, const ws_scan_pattern *pattern, uint32_t below,
                    int32_t *highest) {
    uint8_t start[WS_SCAN_START_SIZE];
    size_t magic_size = pattern->magic_size;
    uint32_t number_end = pattern->number_offset + 4;

    *highest = -1;
    if (magic_size < 1 || magic_size > sizeof start || below > WS_SCAN_NUMBER_LIMIT ||
        pattern->number_offset > sizeof start - 4 || storage->sector_size < sizeof start) {
        return WS_ERR_ARGUMENT;
    }
    size_t size = number_end > magic_size ? number_end : magic_size;
    for (uint32_t sector = 0; sector < storage->sector_count; sector++) {
        if (storage->read(storage->context, sector * storage->sector_size, start, size) != 0) {
            return WS_ERR_STORAGE;
        }
        uint32_t number = get_u32(start + pattern->number_offset);
        if (memcmp(start, pattern->magic, magic_size) == 0 && number < below &&
            (int32_t)number > *highest) {
            *highest = (int32_t)number;
        }
    }
    return WS_OK;
}
