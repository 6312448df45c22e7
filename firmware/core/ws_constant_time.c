#include "ws_constant_time.h"

#include <stdint.h>

bool ws_constant_time_equal(const void *a, const void *b, size_t size) {
    const uint8_t *left = a;
    const uint8_t *right = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < size; i++) {
        difference |= left[i] ^ right[i];
    }
    WS_DECLASSIFY(difference); /* alike or not is what the caller asks for */
    return difference == 0;
}
