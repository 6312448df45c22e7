/* Points of P-256 in Jacobian coordinates (x / z^2, y / z^3), coordinates as in ws_field.h. */
#ifndef WS_POINT_H
#define WS_POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "ws_field.h"

typedef struct ws_jacobian {
    uint32_t x[WS_WORDS], y[WS_WORDS], z[WS_WORDS]; /* z = 0: the point at infinity */
} ws_jacobian;

extern const uint32_t ws_field_one[WS_WORDS]; /* 1 in Montgomery's form */

/* Between Montgomery's form and plain numbers. ws_field_from_plain takes numbers below p. */
void ws_field_from_plain(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]);
void ws_field_to_plain(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]);

/* point = 2 point. The point at infinity stays one. Same instructions for all points. */
void ws_point_double(ws_jacobian *point);

/* point = point + other, by formulas that are not complete: if the two are the same point, one is
 * the other's negative, or point is the point at infinity, the result has z = 0. Same
 * instructions for all points. */
void ws_point_add(ws_jacobian *point, const ws_affine *other);

/* The same, right for all points; takes another time for those cases. */
void ws_point_add_complete(ws_jacobian *point, const ws_affine *other);

void ws_point_from_affine(ws_jacobian *out, const ws_affine *point);

/* The point with its z inverted; (0, 0) for the point at infinity. */
void ws_point_to_affine(ws_affine *out, const ws_jacobian *point);

/* Between a point and its uncompressed form of 65 bytes (SEC 1, section 2.3.3). Decoding tells
 * whether the bytes are a point of the curve; the time depends on them. */
#define WS_POINT_ENCODED_SIZE 65
bool ws_point_decode(ws_affine *out, const uint8_t bytes[WS_POINT_ENCODED_SIZE]);
void ws_point_encode(uint8_t bytes[WS_POINT_ENCODED_SIZE], const ws_affine *point);

/* 1 if y^2 = x^3 - 3 x + b, otherwise 0. */
uint32_t ws_point_on_curve(const ws_affine *point);

#endif
