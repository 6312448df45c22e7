#include "ws_comb.h"

#include "ws_wipe.h"
#include "ws_words.h"

void ws_comb_make_odd(uint32_t odd[WS_COMB_WORDS], const uint32_t k[WS_WORDS]) {
    uint32_t even = ws_mask(~k[0] & 1);
    uint32_t addend[WS_WORDS];

    for (int i = 0; i < WS_WORDS; i++) {
        addend[i] = ws_order[i] & even;
    }
    odd[WS_WORDS] = ws_words_add(odd, k, addend);
}

void ws_comb_other_form(uint32_t out[WS_COMB_WORDS], const uint32_t odd[WS_COMB_WORDS]) {
    uint32_t twice[WS_WORDS];
    uint32_t top = ws_words_add(twice, ws_order, ws_order);

    uint32_t borrow = ws_words_subtract(out, twice, odd);
    out[WS_WORDS] = top - odd[WS_WORDS] - borrow;
}

/* The digit of a place, 1 for 1 and 0 for -1. Of an odd number k = sum of +-2^i for i below 258,
 * digit i is bit i + 1 of k, and the last one is 1. */
static uint32_t digit(const uint32_t odd[WS_COMB_WORDS], int place) {
    int bit = place + 1;
    if (bit == WS_COMB_TEETH * WS_COMB_DISTANCE) {
        return 1;
    }
    return (odd[bit / 32] >> (bit % 32)) & 1;
}

/* What a column of a block adds: the entry of its digits, negated if the top tooth's is -1. */
static void column_sum(ws_affine *sum, const uint32_t odd[WS_COMB_WORDS], int block, int place) {
    uint32_t index = 0;

    for (int tooth = WS_COMB_TEETH - 2; tooth >= 0; tooth--) {
        index = index << 1 | digit(odd, tooth * WS_COMB_DISTANCE + place);
    }
    uint32_t negative = ws_mask(digit(odd, (WS_COMB_TEETH - 1) * WS_COMB_DISTANCE + place) ^ 1);
    index ^= negative & (WS_SELECT_ENTRIES - 1);
    ws_field_select(sum, ws_comb_table[block], index);
    ws_field_negate_if(sum->y, negative);
}

void ws_comb_multiply(ws_jacobian *out, const uint32_t odd[WS_COMB_WORDS]) {
    ws_affine sum;

    for (int column = WS_COMB_COLUMNS - 1; column >= 0; column--) {
        for (int block = 0; block < WS_COMB_BLOCKS; block++) {
            int place = block * WS_COMB_COLUMNS + column;
            if (place >= WS_COMB_DISTANCE) {
                continue; /* the last block is a column shorter */
            }
            column_sum(&sum, odd, block, place);
            if (column == WS_COMB_COLUMNS - 1 && block == 0) {
                ws_point_from_affine(out, &sum);
            } else {
                ws_point_add(out, &sum);
            }
        }
        if (column > 0) {
            ws_point_double(out);
        }
    }
    ws_wipe(&sum, sizeof sum);
}
