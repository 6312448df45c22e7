#include "ws_inverse.h"

#if !defined(__ARM_ARCH_6M__)

void ws_divstep_next(ws_divstep *step, const int32_t f[WS_LIMBS], const int32_t g[WS_LIMBS]) {
    int32_t zeta = step->zeta;
    uint32_t low_f = (uint32_t)f[0], low_g = (uint32_t)g[0]; /* 14 steps look at 14 bits */
    uint32_t u = 1, v = 0, q = 0, r = 1;

    for (int i = 0; i < WS_LIMB_BITS; i++) {
        uint32_t swap = (uint32_t)(zeta >> 31); /* delta is positive */
        uint32_t odd = 0u - (low_g & 1);
        low_g += ((low_f ^ swap) - swap) & odd;
        q += ((u ^ swap) - swap) & odd;
        r += ((v ^ swap) - swap) & odd;
        swap &= odd;
        zeta = (zeta ^ (int32_t)swap) - 1;
        low_f += low_g & swap;
        u += q & swap;
        v += r & swap;
        low_g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    *step = (ws_divstep){zeta, (int32_t)u, (int32_t)v, (int32_t)q, (int32_t)r};
}

void ws_divstep_apply(int32_t f[WS_LIMBS], int32_t g[WS_LIMBS], const ws_divstep *step) {
    const int32_t u = step->u, v = step->v, q = step->q, r = step->r;
    int32_t f_sum = (u * f[0] + v * g[0]) >> WS_LIMB_BITS;
    int32_t g_sum = (q * f[0] + r * g[0]) >> WS_LIMB_BITS;

    for (int i = 1; i < WS_LIMBS; i++) {
        int32_t fi = f[i], gi = g[i];
        f_sum += u * fi + v * gi;
        g_sum += q * fi + r * gi;
        f[i - 1] = f_sum & WS_LIMB_MASK;
        g[i - 1] = g_sum & WS_LIMB_MASK;
        f_sum >>= WS_LIMB_BITS;
        g_sum >>= WS_LIMB_BITS;
    }
    f[WS_LIMBS - 1] = f_sum;
    g[WS_LIMBS - 1] = g_sum;
}

void ws_divstep_apply_modulo(int32_t d[WS_LIMBS], int32_t e[WS_LIMBS], const ws_divstep *step,
                             const ws_divstep_modulus *modulus) {
    const int32_t u = step->u, v = step->v, q = step->q, r = step->r;
    int32_t d_sign = d[WS_LIMBS - 1] >> 31, e_sign = e[WS_LIMBS - 1] >> 31;
    int32_t d_sum = u * d[0] + v * e[0], e_sum = q * d[0] + r * e[0];
    /* So many times the modulus makes the sums positive enough and divisible by 2^14. */
    int32_t d_times = (u & d_sign) + (v & e_sign), e_times = (q & d_sign) + (r & e_sign);

    d_times -= (modulus->inverse * (d_sum & WS_LIMB_MASK) + d_times) & WS_LIMB_MASK;
    e_times -= (modulus->inverse * (e_sum & WS_LIMB_MASK) + e_times) & WS_LIMB_MASK;
    d_sum = (d_sum + modulus->limb[0] * d_times) >> WS_LIMB_BITS;
    e_sum = (e_sum + modulus->limb[0] * e_times) >> WS_LIMB_BITS;
    for (int i = 1; i < WS_LIMBS; i++) {
        int32_t di = d[i], ei = e[i], mi = modulus->limb[i];
        d_sum += u * di + v * ei + mi * d_times;
        e_sum += q * di + r * ei + mi * e_times;
        d[i - 1] = d_sum & WS_LIMB_MASK;
        e[i - 1] = e_sum & WS_LIMB_MASK;
        d_sum >>= WS_LIMB_BITS;
        e_sum >>= WS_LIMB_BITS;
    }
    d[WS_LIMBS - 1] = d_sum;
    e[WS_LIMBS - 1] = e_sum;
}

#endif
