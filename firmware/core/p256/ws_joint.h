/* Sums of two multiples, as the verification of a signature needs them. Takes other times for
 * other numbers: everything here is public. */
#ifndef WS_JOINT_H
#define WS_JOINT_H

#include <stdint.h>

#include "ws_point.h"

#define WS_JOINT_GENERATOR_WIDTH 8 /* bits of a window */
#define WS_JOINT_GENERATOR_ENTRIES (1 << (WS_JOINT_GENERATOR_WIDTH - 2))

/* G, 3 G, 5 G, ... Written by generate.py. */
extern const ws_affine ws_generator_multiples[WS_JOINT_GENERATOR_ENTRIES];

/* out = a G + b point, for a and b below 2^256; right for all of them, with z = 0 for the point at
 * infinity. point is on the curve. */
void ws_joint_multiply(ws_jacobian *out, const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS],
                       const ws_affine *point);

#endif
