/* Takes the place of BearSSL's src/ec/ecdsa_i15_bits.c, which is not compiled.
 *
 * BearSSL turns the ECDSA nonce into an integer here and then shifts it by 0 bits, in a loop as
 * long as the nonce has words that are not zero. On P-256 the 18th word is the top bit alone, so
 * the time tells that bit of every nonce, and enough such bits tell the private key. (Found by
 * test_constant_time.py.) The curve's order and all digests are whole bytes, so no shift is
 * needed, and without it the time is the same for all nonces. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As BearSSL's inner.h declares them; that header is BearSSL's own. */
void br_i15_decode(uint16_t *x, const void *src, size_t len);
void br_ecdsa_i15_bits2int(uint16_t *x, const void *src, size_t len, uint32_t ebitlen);

/* x: word count and bits of the modulus in the form of ebitlen, then its words of 15 bits, least
 * first. src: big-endian bytes, of which the leftmost as many as the modulus has count. */
void br_ecdsa_i15_bits2int(uint16_t *x, const void *src, size_t len, uint32_t ebitlen) {
    uint32_t bits = ebitlen - (ebitlen >> 4);
    size_t words = (ebitlen + 15) >> 4;

    if (len > bits / 8) {
        len = bits / 8;
    }
    memset(x + 1, 0, words * sizeof *x);
    br_i15_decode(x, src, len);
    x[0] = (uint16_t)ebitlen;
}
