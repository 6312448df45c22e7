/* Field arithmetic for every core but ARMv6-M, whose compiler multiplies 64-bit numbers in a
 * function that is not constant time. Cores with this file multiply 32 x 32 to 64 bits in
 * instructions of their own. */
#include "ws_field.h"

#include "ws_words.h"

#if !defined(__ARM_ARCH_6M__)

void ws_words_multiply(uint32_t out[2 * WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]) {
    for (int i = 0; i < 2 * WS_WORDS; i++) {
        out[i] = 0;
    }
    for (int i = 0; i < WS_WORDS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < WS_WORDS; j++) {
            carry += out[i + j] + (uint64_t)a[i] * b[j];
            out[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        out[i + WS_WORDS] = (uint32_t)carry;
    }
}

/* out = number + carry 2^256, less p unless that is below p; the whole is below 2 p. */
static void subtract_prime_once(uint32_t out[WS_WORDS], const uint32_t number[WS_WORDS],
                                uint32_t carry) {
    uint32_t less[WS_WORDS];
    uint32_t borrow = ws_words_subtract(less, number, ws_field_prime);
    ws_words_choose(out, ws_mask(carry | (borrow ^ 1)), less, number);
}

/* P. L. Montgomery, "Modular multiplication without trial division", 1985. p is -1 modulo 2^32,
 * so each lowest word is its own quotient digit. */
static void reduce(uint32_t out[WS_WORDS], uint32_t product[2 * WS_WORDS]) {
    uint32_t top = 0;

    for (int i = 0; i < WS_WORDS; i++) {
        uint32_t digit = product[i];
        uint64_t carry = 0;
        for (int j = 0; j < WS_WORDS; j++) {
            carry += product[i + j] + (uint64_t)digit * ws_field_prime[j];
            product[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += (uint64_t)product[i + WS_WORDS] + top;
        product[i + WS_WORDS] = (uint32_t)carry;
        top = (uint32_t)(carry >> 32);
    }
    subtract_prime_once(out, product + WS_WORDS, top);
}

void ws_field_multiply(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]) {
    uint32_t product[2 * WS_WORDS];
    ws_words_multiply(product, a, b);
    reduce(out, product);
}

void ws_field_square(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]) {
    ws_field_multiply(out, a, a);
}

void ws_field_add(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS]) {
    uint32_t carry = ws_words_add(out, a, b);
    subtract_prime_once(out, out, carry);
}

void ws_field_subtract(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]) {
    uint32_t again[WS_WORDS];
    uint32_t borrow = ws_words_subtract(out, a, b);
    ws_words_add(again, out, ws_field_prime);
    ws_words_choose(out, ws_mask(borrow), again, out);
}

void ws_field_negate_if(uint32_t number[WS_WORDS], uint32_t mask) {
    uint32_t negative[WS_WORDS];
    ws_words_subtract(negative, ws_field_prime, number);
    ws_words_choose(number, mask, negative, number);
}

void ws_field_select(ws_affine *point, const ws_affine table[WS_SELECT_ENTRIES], uint32_t index) {
    *point = (ws_affine){0};
    for (uint32_t entry = 0; entry < WS_SELECT_ENTRIES; entry++) {
        uint32_t mask = ws_mask(((entry ^ index) - 1) >> 31);
        for (int i = 0; i < WS_WORDS; i++) {
            point->x[i] |= table[entry].x[i] & mask;
            point->y[i] |= table[entry].y[i] & mask;
        }
    }
}

#endif
