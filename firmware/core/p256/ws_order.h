/* Arithmetic modulo n, the order of P-256's group. Numbers as in ws_field.h, in plain form. The
 * same instructions and addresses for all values. */
#ifndef WS_ORDER_H
#define WS_ORDER_H

#include <stdint.h>

#include "ws_field.h"

/* out = a b / 2^256 modulo n, below n; a below 2^256, b below n. */
void ws_order_montgomery(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                         const uint32_t b[WS_WORDS]);

/* out = a b modulo n, below n; a below 2^256, b below n. */
void ws_order_multiply(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]);

/* out = a + b modulo n; both below n. */
void ws_order_add(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS]);

/* out = a modulo n, for a below 2^256. */
void ws_order_reduce(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]);

/* 1 if a is from 1 to n - 1, otherwise 0. */
uint32_t ws_order_is_scalar(const uint32_t a[WS_WORDS]);

#endif
