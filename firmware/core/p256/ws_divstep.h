/* The three loops of ws_inverse.c, on numbers of 19 limbs of 14 bits. All limbs but the last are
 * from 0 to 2^14 - 1; the last has the sign. On ARMv6-M they are assembler from generate.py,
 * elsewhere ws_divstep_portable.c. */
#ifndef WS_DIVSTEP_H
#define WS_DIVSTEP_H

#include <stdint.h>

#define WS_LIMBS 19
#define WS_LIMB_BITS 14
#define WS_LIMB_MASK ((1 << WS_LIMB_BITS) - 1)

/* 14 division steps as a matrix (u v; q r) over 2^14; |u| + |v| and |q| + |r| are 2^14 at most. */
typedef struct ws_divstep_matrix {
    int32_t u, v, q, r;
} ws_divstep_matrix;

typedef struct ws_divstep_modulus {
    int32_t limb[WS_LIMBS];
    int32_t inverse; /* 1 / modulus modulo 2^14 */
} ws_divstep_modulus;

/* The matrix of the next 14 steps for f and g, of which it reads the lowest limb; the new zeta. */
int32_t ws_divstep_matrix_of(ws_divstep_matrix *matrix, int32_t zeta, const int32_t f[WS_LIMBS],
                             const int32_t g[WS_LIMBS]);

/* (f, g) = matrix (f, g) / 2^14, which leaves no remainder. */
void ws_divstep_apply(int32_t f[WS_LIMBS], int32_t g[WS_LIMBS], const ws_divstep_matrix *matrix);

/* (d, e) = matrix (d, e) / 2^14 modulo the modulus; all from -2 modulus to modulus. */
void ws_divstep_apply_modulo(int32_t d[WS_LIMBS], int32_t e[WS_LIMBS],
                             const ws_divstep_matrix *matrix, const ws_divstep_modulus *modulus);

#endif
