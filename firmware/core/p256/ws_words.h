/* What is done with numbers of eight words besides multiplying them. Every function takes the same
 * instructions and the same addresses for all values; `out` may be one of the operands. */
#ifndef WS_WORDS_H
#define WS_WORDS_H

#include <stdint.h>

#include "ws_field.h"

/* p, the prime of the coordinates, and n, the order of the group. */
extern const uint32_t ws_field_prime[WS_WORDS];
extern const uint32_t ws_order[WS_WORDS];

/* A mask of all ones for 1, of zeros for 0. Compilers must not find out that it is one of two
 * numbers: they would branch on it. */
static inline uint32_t ws_mask(uint32_t bit) {
    uint32_t mask = 0u - bit;
    __asm__("" : "+r"(mask));
    return mask;
}

/* out = a + b, a - b modulo 2^256; the carry or borrow, 0 or 1. */
uint32_t ws_words_add(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                      const uint32_t b[WS_WORDS]);
uint32_t ws_words_subtract(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                           const uint32_t b[WS_WORDS]);

/* out = a where mask is all ones, b where it is 0. */
void ws_words_choose(uint32_t out[WS_WORDS], uint32_t mask, const uint32_t a[WS_WORDS],
                     const uint32_t b[WS_WORDS]);

/* 1 if the number is 0, otherwise 0; 1 if a and b are alike. */
uint32_t ws_words_is_zero(const uint32_t a[WS_WORDS]);
uint32_t ws_words_equal(const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS]);

/* Between a number and its 32 bytes, the most significant first. */
void ws_words_decode(uint32_t out[WS_WORDS], const uint8_t bytes[4 * WS_WORDS]);
void ws_words_encode(uint8_t bytes[4 * WS_WORDS], const uint32_t a[WS_WORDS]);

#endif
