#include "ws_point.h"

#include <string.h>

#include "ws_inverse.h"
#include "ws_words.h"

#define UNCOMPRESSED 0x04
#define COORDINATE_SIZE (4 * WS_WORDS)

const uint32_t ws_field_one[WS_WORDS] = {0x00000001, 0x00000000, 0x00000000, 0xFFFFFFFF,
                                         0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 0x00000000};
static const uint32_t radix_squared[WS_WORDS] = {0x00000003, 0x00000000, 0xFFFFFFFF, 0xFFFFFFFB,
                                                 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0x00000004};
static const uint32_t curve_b[WS_WORDS] = {0x29C4BDDF, 0xD89CDF62, 0x78843090,
                                           0xACF005CD, 0xF7212ED6, 0xE5A220AB,
                                           0x04874834, 0xDC30061D}; /* in Montgomery's form */
static const uint32_t plain_one[WS_WORDS] = {1};

void ws_field_from_plain(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]) {
    ws_field_multiply(out, a, radix_squared);
}

void ws_field_to_plain(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]) {
    ws_field_multiply(out, a, plain_one);
}

/* 1 if the two have the same y coordinate, given that they have the same x coordinate. */
static uint32_t same_y(const ws_jacobian *point, const ws_affine *other) {
    uint32_t scaled[WS_WORDS];

    ws_field_square(scaled, point->z);
    ws_field_multiply(scaled, scaled, point->z);
    ws_field_multiply(scaled, scaled, other->y);
    return ws_words_equal(scaled, point->y);
}

void ws_point_add_complete(ws_jacobian *point, const ws_affine *other) {
    ws_jacobian before = *point;

    if (ws_words_is_zero(point->z)) {
        ws_point_from_affine(point, other);
        return;
    }
    ws_point_add(point, other);
    if (ws_words_is_zero(point->z) && same_y(&before, other)) {
        *point = before;
        ws_point_double(point);
    }
}

void ws_point_from_affine(ws_jacobian *out, const ws_affine *point) {
    memcpy(out->x, point->x, sizeof out->x);
    memcpy(out->y, point->y, sizeof out->y);
    memcpy(out->z, ws_field_one, sizeof out->z);
}

void ws_point_to_affine(ws_affine *out, const ws_jacobian *point) {
    uint32_t inverse[WS_WORDS], power[WS_WORDS];

    ws_field_invert(inverse, point->z);
    ws_field_square(power, inverse);
    ws_field_multiply(out->x, point->x, power);
    ws_field_multiply(power, power, inverse);
    ws_field_multiply(out->y, point->y, power);
}

uint32_t ws_point_on_curve(const ws_affine *point) {
    uint32_t left[WS_WORDS], right[WS_WORDS];

    ws_field_square(right, point->x);
    for (int i = 0; i < 3; i++) {
        ws_field_subtract(right, right, ws_field_one);
    }
    ws_field_multiply(right, right, point->x); /* (x^2 - 3) x */
    ws_field_add(right, right, curve_b);
    ws_field_square(left, point->y);
    return ws_words_equal(left, right);
}

/* Read one coordinate; whether it is below p. */
static bool coordinate_decode(uint32_t out[WS_WORDS], const uint8_t bytes[COORDINATE_SIZE]) {
    uint32_t number[WS_WORDS], less[WS_WORDS];

    ws_words_decode(number, bytes);
    ws_field_from_plain(out, number);
    return ws_words_subtract(less, number, ws_field_prime) == 1;
}

bool ws_point_decode(ws_affine *out, const uint8_t bytes[WS_POINT_ENCODED_SIZE]) {
    return bytes[0] == UNCOMPRESSED && coordinate_decode(out->x, bytes + 1) &&
           coordinate_decode(out->y, bytes + 1 + COORDINATE_SIZE) && ws_point_on_curve(out);
}

void ws_point_encode(uint8_t bytes[WS_POINT_ENCODED_SIZE], const ws_affine *point) {
    uint32_t plain[WS_WORDS];

    bytes[0] = UNCOMPRESSED;
    ws_field_to_plain(plain, point->x);
    ws_words_encode(bytes + 1, plain);
    ws_field_to_plain(plain, point->y);
    ws_words_encode(bytes + 1 + COORDINATE_SIZE, plain);
}
