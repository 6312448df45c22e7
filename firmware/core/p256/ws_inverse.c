#include "ws_inverse.h"

#include "ws_wipe.h"

/* 590 steps suffice for numbers of 256 bits; 43 rounds of 14 are 602. */
#define ROUNDS 43

typedef int32_t limbs[WS_LIMBS];

struct modulus {
    ws_divstep_modulus limbs;
    limbs radix_squared; /* 2^512 modulo the number */
};

static const struct modulus prime = {
    .limbs = {.limb = {16383, 16383, 16383, 16383, 16383, 16383, 4095, 0, 0, 0, 0, 0, 0, 1024, 0, 0,
                       16383, 16383, 15},
              .inverse = 16383},
    .radix_squared = {3, 0, 0, 0, 16128, 16383, 16383, 16382, 16383, 16379, 16383, 16383, 16383,
                      14335, 16383, 16383, 4, 0, 0},
};

static const struct modulus order = {
    .limbs = {.limb = {9553, 12684, 11311, 11890, 1267, 7802, 6769, 16043, 15590, 16382, 16383,
                       16383, 16383, 1023, 0, 0, 16383, 16383, 15},
              .inverse = 945},
    .radix_squared = {11938, 14823, 2395, 2323, 9859, 13758, 1179, 7783, 1689, 12645, 14014, 3658,
                      1458, 161, 5474, 15606, 11668, 7044, 6},
};

static void to_limbs(limbs out, const uint32_t a[WS_WORDS]) {
    for (int i = 0; i < WS_LIMBS; i++) {
        int word = i * WS_LIMB_BITS / 32, shift = i * WS_LIMB_BITS % 32;
        uint32_t bits = a[word] >> shift;
        if (shift > 32 - WS_LIMB_BITS && word + 1 < WS_WORDS) {
            bits |= a[word + 1] << (32 - shift);
        }
        out[i] = (int32_t)(bits & WS_LIMB_MASK);
    }
}

/* limbs from 0 to 2^14 - 1 each, the number below 2^256. */
static void to_words(uint32_t out[WS_WORDS], const limbs a) {
    for (int i = 0; i < WS_WORDS; i++) {
        out[i] = 0;
    }
    for (int i = 0; i < WS_LIMBS; i++) {
        int word = i * WS_LIMB_BITS / 32, shift = i * WS_LIMB_BITS % 32;
        out[word] |= (uint32_t)a[i] << shift;
        if (shift > 32 - WS_LIMB_BITS && word + 1 < WS_WORDS) {
            out[word + 1] |= (uint32_t)a[i] >> (32 - shift);
        }
    }
}

/* a = (a ^ flip) - flip + (modulus & add), carries passed on: flip and add are masks. */
static void negate_and_add(limbs a, int32_t flip, int32_t add, const int32_t *modulus) {
    int32_t carry = 0;
    for (int i = 0; i < WS_LIMBS; i++) {
        carry += (a[i] ^ flip) - flip + (modulus[i] & add);
        a[i] = i + 1 < WS_LIMBS ? carry & WS_LIMB_MASK : carry;
        carry >>= WS_LIMB_BITS;
    }
}

static void invert(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS], const struct modulus *m) {
    struct {
        limbs f, g, d, e;
        ws_divstep step;
    } s;

    for (int i = 0; i < WS_LIMBS; i++) {
        s.f[i] = m->limbs.limb[i];
        s.d[i] = 0;
        s.e[i] = m->radix_squared[i];
    }
    to_limbs(s.g, a);
    s.step.zeta = -1; /* delta starts at 1/2 */
    for (int round = 0; round < ROUNDS; round++) {
        ws_divstep_next(&s.step, s.f, s.g);
        ws_divstep_apply(s.f, s.g, &s.step);
        ws_divstep_apply_modulo(s.d, s.e, &s.step, &m->limbs);
    }
    int32_t top = WS_LIMBS - 1;
    negate_and_add(s.d, 0, s.d[top] >> 31, m->limbs.limb);
    negate_and_add(s.d, s.f[top] >> 31, 0, m->limbs.limb);
    negate_and_add(s.d, 0, s.d[top] >> 31, m->limbs.limb);
    to_words(out, s.d);
    ws_wipe(&s, sizeof s);
}

void ws_field_invert(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]) {
    invert(out, a, &prime);
}

void ws_order_invert(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]) {
    invert(out, a, &order);
}
