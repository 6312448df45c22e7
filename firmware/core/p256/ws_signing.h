/* The arithmetic of one ECDSA signature on P-256 (FIPS 186-5, section 6.4.1) and its check against
 * faults. ws_ecdsa.h is what others call. The same instructions and addresses for all values. */
#ifndef WS_SIGNING_H
#define WS_SIGNING_H

#include <stdint.h>

#include "ws_point.h"

/* What goes in: all below n, private_key and nonce not 0. Holds secrets: the owner wipes it. */
typedef struct ws_signing_input {
    uint32_t private_key[WS_WORDS], digest[WS_WORDS], nonce[WS_WORDS];
} ws_signing_input;

/* What comes out: r and s, and the nonce's point, of which r is the x coordinate modulo n. */
typedef struct ws_signing_output {
    uint32_t r[WS_WORDS], s[WS_WORDS];
    ws_affine point;
} ws_signing_output;

/* 1, or 0 if the nonce cannot be used: r or s is 0, or its comb met an exceptional case. */
uint32_t ws_signing_compute(ws_signing_output *out, const ws_signing_input *in);

/* All ones if `out` is what `in` gives, otherwise 0. The nonce's point is computed from the other
 * form of the nonce, by other sums, and compared; it is checked whether it is on the curve,
 * whether r is its x coordinate, and whether s nonce = digest + r private_key.
 *
 * Whoever disturbs the chip in one of the two computations gets no signature. */
uint32_t ws_signing_check(const ws_signing_output *out, const ws_signing_input *in);

#endif
