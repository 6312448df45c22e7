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

/* The three loops of ws_inverse.c, on numbers of 19 limbs of 14 bits. All limbs but the last are
 * from 0 to 2^14 - 1; the last has the sign. On ARMv6-M they are assembler from generate.py,
 * elsewhere ws_divstep_portable.c. */

#define WS_LIMBS 19
#define WS_LIMB_BITS 14
#define WS_LIMB_MASK ((1 << WS_LIMB_BITS) - 1)

/* zeta is -(delta + 1/2) of the division steps done so far; u, v, q, r are the matrix (u v; q r)
 * over 2^14 of the latest 14 steps, where |u| + |v| and |q| + |r| are 2^14 at most. */
typedef struct ws_divstep {
    int32_t zeta, u, v, q, r;
} ws_divstep;

typedef struct ws_divstep_modulus {
    int32_t limb[WS_LIMBS];
    int32_t inverse; /* 1 / modulus modulo 2^14 */
} ws_divstep_modulus;

/* Take the next 14 steps for f and g, of which the lowest limb is read. */
void ws_divstep_next(ws_divstep *step, const int32_t f[WS_LIMBS], const int32_t g[WS_LIMBS]);

/* (f, g) = matrix (f, g) / 2^14, which leaves no remainder. */
void ws_divstep_apply(int32_t f[WS_LIMBS], int32_t g[WS_LIMBS], const ws_divstep *step);

/* (d, e) = matrix (d, e) / 2^14 modulo the modulus; all from -2 modulus to modulus. */
void ws_divstep_apply_modulo(int32_t d[WS_LIMBS], int32_t e[WS_LIMBS], const ws_divstep *step,
                             const ws_divstep_modulus *modulus);

#endif
