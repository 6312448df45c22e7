#include "ws_words.h"

const uint32_t ws_field_prime[WS_WORDS] = {
    0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0x00000000, 0x00000000, 0x00000001, 0xFFFFFFFF,
};
const uint32_t ws_order[WS_WORDS] = {
    0xFC632551, 0xF3B9CAC2, 0xA7179E84, 0xBCE6FAAD, 0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0xFFFFFFFF,
};

/* The carry is computed with logic alone: where it comes from a comparison, compilers for small
 * cores make branches. */
uint32_t ws_words_add(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                      const uint32_t b[WS_WORDS]) {
    uint32_t carry = 0;
    for (int i = 0; i < WS_WORDS; i++) {
        uint32_t x = a[i], y = b[i], sum = x + y + carry;
        carry = ((x & y) | ((x | y) & ~sum)) >> 31;
        out[i] = sum;
    }
    return carry;
}

uint32_t ws_words_subtract(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                           const uint32_t b[WS_WORDS]) {
    uint32_t borrow = 0;
    for (int i = 0; i < WS_WORDS; i++) {
        uint32_t x = a[i], y = b[i], difference = x - y - borrow;
        borrow = ((~x & y) | ((~x | y) & difference)) >> 31;
        out[i] = difference;
    }
    return borrow;
}

void ws_words_choose(uint32_t out[WS_WORDS], uint32_t mask, const uint32_t a[WS_WORDS],
                     const uint32_t b[WS_WORDS]) {
    for (int i = 0; i < WS_WORDS; i++) {
        out[i] = b[i] ^ ((a[i] ^ b[i]) & mask);
    }
}

/* 1 for 0, otherwise 0. */
static uint32_t is_zero(uint32_t word) {
    return (~word & (word - 1)) >> 31;
}

uint32_t ws_words_is_zero(const uint32_t a[WS_WORDS]) {
    uint32_t any = 0;
    for (int i = 0; i < WS_WORDS; i++) {
        any |= a[i];
    }
    return is_zero(any);
}

uint32_t ws_words_equal(const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS]) {
    uint32_t any = 0;
    for (int i = 0; i < WS_WORDS; i++) {
        any |= a[i] ^ b[i];
    }
    return is_zero(any);
}

void ws_words_decode(uint32_t out[WS_WORDS], const uint8_t bytes[4 * WS_WORDS]) {
    for (int i = 0; i < WS_WORDS; i++) {
        const uint8_t *at = bytes + 4 * (WS_WORDS - 1 - i);
        out[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
}

void ws_words_encode(uint8_t bytes[4 * WS_WORDS], const uint32_t a[WS_WORDS]) {
    for (int i = 0; i < WS_WORDS; i++) {
        uint8_t *at = bytes + 4 * (WS_WORDS - 1 - i);
        at[0] = (uint8_t)(a[i] >> 24);
        at[1] = (uint8_t)(a[i] >> 16);
        at[2] = (uint8_t)(a[i] >> 8);
        at[3] = (uint8_t)a[i];
    }
}
