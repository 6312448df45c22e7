/* What Debian's libgcc for the LX106 has no code of, though it calls it; an ESP32 multiplies and
 * divides by instructions of its own. */
#include <stdint.h>

uint64_t __umulsidi3(uint32_t a, uint32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);

uint64_t __umulsidi3(uint32_t a, uint32_t b) {
    uint32_t a_low = a & 0xFFFF, a_high = a >> 16, b_low = b & 0xFFFF, b_high = b >> 16;
    uint32_t low = a_low * b_low;
    uint32_t middle = a_high * b_low + (low >> 16); /* fits: (2^16-1)^2 + 2^16-1 < 2^32 */
    uint32_t other = a_low * b_high + (middle & 0xFFFF);
    uint32_t high = a_high * b_high + (middle >> 16) + (other >> 16);
    return (uint64_t)high << 32 | (other << 16 | (low & 0xFFFF));
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
    uint32_t a_low = (uint32_t)a, b_low = (uint32_t)b;
    uint32_t crossed = a_low * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * b_low;
    return __umulsidi3(a_low, b_low) + ((uint64_t)crossed << 32);
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    uint32_t quotient = 0, rest = 0;
    for (int bit = 31; bit >= 0; bit--) {
        rest = rest << 1 | (a >> bit & 1);
        if (rest >= b) {
            rest -= b;
            quotient |= 1u << bit;
        }
    }
    return quotient;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    return a - __udivsi3(a, b) * b;
}
