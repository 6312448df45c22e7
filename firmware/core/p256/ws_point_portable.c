/* Point operations for every core but ARMv6-M. */
#include "ws_point.h"

#if !defined(__ARM_ARCH_6M__)

/* "dbl-2001-b" of D. J. Bernstein and T. Lange's Explicit-Formulas Database: 3M + 5S. */
void ws_point_double(ws_jacobian *point) {
    uint32_t delta[WS_WORDS], gamma[WS_WORDS], beta[WS_WORDS], alpha[WS_WORDS], t[WS_WORDS];

    ws_field_square(delta, point->z);
    ws_field_square(gamma, point->y);
    ws_field_add(t, point->y, point->z);
    ws_field_square(t, t);
    ws_field_subtract(t, t, gamma);
    ws_field_subtract(point->z, t, delta); /* z = 2 y z */
    ws_field_multiply(beta, point->x, gamma);
    ws_field_subtract(t, point->x, delta);
    ws_field_add(delta, point->x, delta);
    ws_field_multiply(t, t, delta);
    ws_field_add(alpha, t, t);
    ws_field_add(alpha, alpha, t); /* 3 (x - z^2) (x + z^2) */
    ws_field_add(beta, beta, beta);
    ws_field_add(beta, beta, beta); /* 4 x y^2 */
    ws_field_square(t, alpha);
    ws_field_subtract(t, t, beta);
    ws_field_subtract(point->x, t, beta);
    ws_field_subtract(beta, beta, point->x);
    ws_field_multiply(beta, beta, alpha);
    ws_field_add(gamma, gamma, gamma);
    ws_field_square(gamma, gamma);
    ws_field_add(gamma, gamma, gamma); /* 8 y^4 */
    ws_field_subtract(point->y, beta, gamma);
}

/* H. Cohen, A. Miyaji, T. Ono, "Efficient elliptic curve exponentiation using mixed coordinates"
 * (1998): 8M + 3S. h = x' z^2 - x and r = y' z^3 - y are 0 where the two points agree. */
void ws_point_add(ws_jacobian *point, const ws_affine *other) {
    uint32_t h[WS_WORDS], r[WS_WORDS], square[WS_WORDS], v[WS_WORDS];

    ws_field_square(h, point->z);
    ws_field_multiply(r, h, point->z);
    ws_field_multiply(h, h, other->x);
    ws_field_subtract(h, h, point->x);
    ws_field_multiply(r, r, other->y);
    ws_field_subtract(r, r, point->y);
    ws_field_multiply(point->z, point->z, h);
    ws_field_square(square, h);
    ws_field_multiply(h, h, square);        /* h^3 */
    ws_field_multiply(v, point->x, square); /* x h^2 */
    ws_field_square(square, r);
    ws_field_subtract(square, square, h);
    ws_field_subtract(square, square, v);
    ws_field_subtract(point->x, square, v);
    ws_field_subtract(v, v, point->x);
    ws_field_multiply(v, v, r);
    ws_field_multiply(h, h, point->y);
    ws_field_subtract(point->y, v, h);
}

#endif
