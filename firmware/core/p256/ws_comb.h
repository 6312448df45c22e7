/* Multiples of P-256's generator by a secret number: a signed comb.
 *
 * The number, made odd, is written with 258 digits that are 1 or -1. Digits 43 places apart make a
 * column of six teeth; four blocks have 11 columns each, the last one 10, and each block a table of
 * the sums that the teeth of a column give.
 * C. H. Lim, P. J. Lee, "More flexible exponentiation with precomputation" (CRYPTO '94); signed
 * digits: M. Hedabou, P. Pinel, L. Beneteau, "Countermeasures for preventing comb method against
 * SCA attacks" (ISPEC 2005). The same instructions and addresses for all numbers. */
#ifndef WS_COMB_H
#define WS_COMB_H

#include <stdint.h>

#include "ws_point.h"

#define WS_COMB_TEETH 6
#define WS_COMB_BLOCKS 4
#define WS_COMB_COLUMNS 11  /* of a block */
#define WS_COMB_DISTANCE 43 /* places from tooth to tooth */

/* The sums of block v: entry i is 2^(11 v) (2^215 + the sum over t of +-2^(43 t)) G, where bit t
 * of i, t from 0 to 4, is the sign. Written by generate.py. */
extern const ws_affine ws_comb_table[WS_COMB_BLOCKS][WS_SELECT_ENTRIES];

/* The number as ws_comb_multiply takes it: 9 words, odd, below 2 n. */
#define WS_COMB_WORDS 9

/* odd = k or k + n, whichever is odd; k from 1 to n - 1. */
void ws_comb_make_odd(uint32_t odd[WS_COMB_WORDS], const uint32_t k[WS_WORDS]);

/* out = 2 n - odd, the other form: it represents -k and has other digits. */
void ws_comb_other_form(uint32_t out[WS_COMB_WORDS], const uint32_t odd[WS_COMB_WORDS]);

/* out = odd G. z = 0 for the few numbers whose sums meet an exceptional case of ws_point_add; see
 * docs/decisions/0012-p256.md. */
void ws_comb_multiply(ws_jacobian *out, const uint32_t odd[WS_COMB_WORDS]);

#endif
