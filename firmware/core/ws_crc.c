#include "ws_crc.h"

/* Bit by bit and without branches: a table indexed by the data would leak, through the flash
 * cache, the private key that a slot's CRC-32 covers. */

uint16_t ws_crc16(const void *data, size_t size) {
    const uint8_t *bytes = data;
    uint32_t crc = 0xFFFF;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xA001u & -(crc & 1u));
        }
    }
    return (uint16_t)crc;
}

uint32_t ws_crc32(const void *data, size_t size) {
    const uint8_t *bytes = data;
    uint32_t crc = 0xFFFFFFFFu;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & -(crc & 1u));
        }
    }
    return ~crc;
}
