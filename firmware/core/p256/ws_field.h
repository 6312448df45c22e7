/* Numbers of 256 bits and arithmetic modulo p of P-256, the prime of its coordinates.
 *
 * A number is eight words, the least first. Field elements are below p and in Montgomery's form:
 * the element a is stored as a 2^256 mod p. Every function takes the same instructions and the
 * same addresses for all values. `out` may be one of the operands, but not overlap one partly.
 *
 * On ARMv6-M these functions are assembler, which generate.py writes; elsewhere they are
 * ws_field_portable.c. */
#ifndef WS_FIELD_H
#define WS_FIELD_H

#include <stdint.h>

#define WS_WORDS 8 /* words of a number */

/* out = a b. out has 16 words and is neither a nor b. */
void ws_words_multiply(uint32_t out[2 * WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]);

/* out = a b / 2^256, a a / 2^256, a + b, a - b modulo p; operands and results below p. */
void ws_field_multiply(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]);
void ws_field_square(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS]);
void ws_field_add(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS], const uint32_t b[WS_WORDS]);
void ws_field_subtract(uint32_t out[WS_WORDS], const uint32_t a[WS_WORDS],
                       const uint32_t b[WS_WORDS]);

/* number = -number modulo p where mask is all ones; number is not 0. */
void ws_field_negate_if(uint32_t number[WS_WORDS], uint32_t mask);

/* A point of the curve: the quotients of Jacobian coordinates. */
typedef struct ws_affine {
    uint32_t x[WS_WORDS], y[WS_WORDS];
} ws_affine;

#define WS_SELECT_ENTRIES 32

/* Copy entry `index` of a table, from 0 to 31. Reads the whole table, whatever the index. */
void ws_field_select(ws_affine *point, const ws_affine table[WS_SELECT_ENTRIES], uint32_t index);

#endif
