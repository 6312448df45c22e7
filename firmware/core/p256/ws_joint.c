#include "ws_joint.h"

#include <string.h>

#include "ws_inverse.h"
#include "ws_words.h"

#define POINT_WIDTH 5 /* bits of a window */
#define POINT_ENTRIES (1 << (POINT_WIDTH - 2))
#define DIGITS 257

static uint32_t bits_at(const uint32_t number[WS_WORDS], int place, int count) {
    uint32_t bits = 0;
    for (int i = 0; i < count && place + i < 32 * WS_WORDS; i++) {
        bits |= ((number[(place + i) / 32] >> ((place + i) % 32)) & 1) << i;
    }
    return bits;
}

/* Write a number as digits of which each is 0 or odd and below 2^(width - 1), and of `width` in a
 * row at most one is not 0 (J. A. Solinas, "Efficient arithmetic on Koblitz curves", 2000). */
static void to_digits(int8_t digits[DIGITS], const uint32_t number[WS_WORDS], int width) {
    uint32_t carry = 0;

    memset(digits, 0, DIGITS);
    for (int place = 0; place < DIGITS;) {
        if (bits_at(number, place, 1) == carry) {
            place++;
            continue;
        }
        int32_t digit = (int32_t)(bits_at(number, place, width) + carry);
        carry = (uint32_t)digit >> (width - 1);
        digits[place] = (int8_t)(digit - ((int32_t)carry << width));
        place += width;
    }
}

/* Bring points to z = 1 with one inversion (P. L. Montgomery, "Speeding the Pollard and elliptic
 * curve methods of factorization", 1987). No z is 0. */
static void to_affine_all(ws_affine *out, const ws_jacobian *points, int count) {
    uint32_t products[POINT_ENTRIES][WS_WORDS], inverse[WS_WORDS], one[WS_WORDS], power[WS_WORDS];

    memcpy(products[0], points[0].z, sizeof products[0]);
    for (int i = 1; i < count; i++) {
        ws_field_multiply(products[i], products[i - 1], points[i].z);
    }
    ws_field_invert(inverse, products[count - 1]);
    for (int i = count - 1; i >= 0; i--) {
        memcpy(one, inverse, sizeof one);
        if (i > 0) {
            ws_field_multiply(one, inverse, products[i - 1]);
            ws_field_multiply(inverse, inverse, points[i].z);
        }
        ws_field_square(power, one);
        ws_field_multiply(out[i].x, points[i].x, power);
        ws_field_multiply(power, power, one);
        ws_field_multiply(out[i].y, points[i].y, power);
    }
}

/* point, 3 point, 5 point, ... The order is a large prime, so none is the point at infinity. */
static void odd_multiples(ws_affine multiples[POINT_ENTRIES], const ws_affine *point) {
    ws_jacobian sums[POINT_ENTRIES], twice;
    ws_affine step;

    ws_point_from_affine(&twice, point);
    ws_point_double(&twice);
    ws_point_to_affine(&step, &twice);
    ws_point_from_affine(&sums[0], point);
    for (int i = 1; i < POINT_ENTRIES; i++) {
        sums[i] = sums[i - 1];
        ws_point_add_complete(&sums[i], &step);
    }
    to_affine_all(multiples, sums, POINT_ENTRIES);
}

static void add_digit(ws_jacobian *sum, const ws_affine *multiples, int digit) {
    if (digit != 0) {
        ws_affine term = multiples[(digit < 0 ? -digit : digit) / 2];
        ws_field_negate_if(term.y, ws_mask(digit < 0));
        ws_point_add_complete(sum, &term);
    }
}

/* One row of doublings for both (E. G. Straus, 1964). */
void ws_joint_multiply(ws_jacobian *out, const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS],
                       const ws_affine *point) {
    ws_affine multiples[POINT_ENTRIES];
    int8_t a_digits[DIGITS], b_digits[DIGITS];

    odd_multiples(multiples, point);
    to_digits(a_digits, a, WS_JOINT_GENERATOR_WIDTH);
    to_digits(b_digits, b, POINT_WIDTH);
    memset(out, 0, sizeof *out);
    for (int place = DIGITS - 1; place >= 0; place--) {
        if (!ws_words_is_zero(out->z)) {
            ws_point_double(out);
        }
        add_digit(out, ws_generator_multiples, a_digits[place]);
        add_digit(out, multiples, b_digits[place]);
    }
}
