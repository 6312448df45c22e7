/* Inversion modulo p and n by division steps, in the same instructions and addresses for all
 * values: D. J. Bernstein, B.-Y. Yang, "Fast constant-time gcd computation and modular inversion"
 * (TCHES 2019), with the half-step start of P. Wuille (libsecp256k1, "The safegcd implementation
 * explained"). Its bound is argued in docs/decisions/0012-p256.md. */
#ifndef WS_INVERSE_H
#define WS_INVERSE_H

#include <stdint.h>

#include "ws_field.h"

/* out = 2^512 / a modulo p: the inverse of a field element in Montgomery's form. 0 gives 0. */
void ws_field_invert(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]);

/* out = 2^512 / a modulo n, for a number in plain form below n. 0 gives 0. */
void ws_order_invert(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]);

#endif
