#include "ws_order.h"

#include "ws_words.h"

/* -1 / n modulo 2^256, and 2^512 modulo n. */
static const uint32_t quotient_factor[WS_WORDS] = {
    0xEE00BC4F, 0xCCD1C8AA, 0x7D74D2E4, 0x48C94408, 0xC588C6F6, 0x50FE77EC, 0xA9D6281C, 0x60D06633,
};
static const uint32_t radix_squared[WS_WORDS] = {
    0xBE79EEA2, 0x83244C95, 0x49BD6FA6, 0x4699799C, 0x2B6BEC59, 0x2845B239, 0xF3D95620, 0x66E12D94,
};

/* out = number + carry 2^256, less n unless that is below n; the whole is below 2 n. */
static void subtract_order_once(uint32_t out[WS_WORDS], const uint32_t number[WS_WORDS],
                                uint32_t carry) {
    uint32_t less[WS_WORDS];
    uint32_t borrow = ws_words_subtract(less, number, ws_order);
    ws_words_choose(out, ws_mask(carry | (borrow ^ 1)), less, number);
}

/* P. L. Montgomery, 1985, with the whole quotient at once. a b + q n is below 2^512 + 2^256 n, and
 * its lower half is 0; that half of the sum has a carry unless it was 0 from the beginning. */
void ws_order_montgomery(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                         const uint32_t b[WS_WORDS]) {
    uint32_t product[2 * WS_WORDS], quotient[2 * WS_WORDS], multiple[2 * WS_WORDS];

    ws_words_multiply(product, a, b);
    ws_words_multiply(quotient, product, quotient_factor);
    ws_words_multiply(multiple, quotient, ws_order);
    uint32_t carry = ws_words_add(product, product, multiple);
    uint32_t first[WS_WORDS] = {carry};
    uint32_t top = ws_words_add(product + WS_WORDS, product + WS_WORDS, multiple + WS_WORDS);
    top |= ws_words_add(product + WS_WORDS, product + WS_WORDS, first);
    subtract_order_once(out, product + WS_WORDS, top);
}

void ws_order_multiply(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]) {
    ws_order_montgomery(out, a, b);
    ws_order_montgomery(out, out, radix_squared);
}

void ws_order_add(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS]) {
    uint32_t carry = ws_words_add(out, a, b);
    subtract_order_once(out, out, carry);
}

void ws_order_reduce(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]) {
    subtract_order_once(out, a, 0);
}

uint32_t ws_order_is_scalar(const uint32_t a[WS_WORDS]) {
    uint32_t less[WS_WORDS];
    return ws_words_subtract(less, a, ws_order) & (ws_words_is_zero(a) ^ 1);
}
