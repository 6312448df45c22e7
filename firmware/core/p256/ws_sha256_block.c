#include "ws_sha256_block.h"

#include <string.h>

#include "ws_wipe.h"

#define LENGTH_SIZE 8 /* bytes, at the end of the padding */

void ws_sha256_start(uint32_t state[8]) {
    static const uint32_t initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(state, initial, sizeof initial);
}

static void write_big_endian(uint8_t out[4], uint32_t word) {
    out[0] = (uint8_t)(word >> 24);
    out[1] = (uint8_t)(word >> 16);
    out[2] = (uint8_t)(word >> 8);
    out[3] = (uint8_t)word;
}

void ws_sha256_finish(uint32_t state[8], const void *tail, size_t size, size_t hashed_before,
                      uint8_t digest[32]) {
    uint8_t block[WS_SHA256_BLOCK_SIZE] = {0};
    uint64_t bits = ((uint64_t)hashed_before + size) * 8;
    size_t rest = size % sizeof block;

    ws_sha256_blocks(state, tail, size / sizeof block);
    if (rest > 0) {
        memcpy(block, (const uint8_t *)tail + (size - rest), rest);
    }
    block[rest] = 0x80;
    if (rest >= sizeof block - LENGTH_SIZE) {
        ws_sha256_blocks(state, block, 1);
        memset(block, 0, sizeof block);
    }
    write_big_endian(block + 56, (uint32_t)(bits >> 32));
    write_big_endian(block + 60, (uint32_t)bits);
    ws_sha256_blocks(state, block, 1);
    for (int i = 0; i < 8; i++) {
        write_big_endian(digest + 4 * i, state[i]);
    }
    ws_wipe(block, sizeof block);
}
