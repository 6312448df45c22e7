#include "ws_ecdsa.h"

#include <string.h>

#include "ws_constant_time.h"
#include "ws_error.h"
#include "ws_inverse.h"
#include "ws_joint.h"
#include "ws_nonce.h"
#include "ws_order.h"
#include "ws_signing.h"
#include "ws_wipe.h"
#include "ws_words.h"

/* A nonce is thrown away once in 2^32: several in a row are not by chance, but by a fault. */
#define NONCES_MAX 4

/* Everything secret of one signature, in one place to be wiped. */
struct secrets {
    ws_nonce nonces;
    ws_signing_input in, again;
    uint8_t digest[WS_SHA256_SIZE], candidate[WS_NONCE_SIZE];
};

/* Where the arguments of ws_ecdsa_sign lie. It keeps them twice, in memory and not in registers,
 * and each of the two readings has its own: an address that a fault changed misleads one of them.
 */
struct places {
    const uint8_t *volatile private_key, *volatile digest, *volatile added_entropy;
    uint8_t *volatile signature;
};

/* Read key and digest, and start the sequence of nonces. */
static void begin(struct secrets *s, ws_signing_input *in, const struct places *at) {
    ws_words_decode(in->private_key, at->private_key);
    ws_words_decode(in->digest, at->digest);
    ws_order_reduce(in->digest, in->digest);
    ws_words_encode(s->digest, in->digest);
    ws_nonce_init(&s->nonces, at->private_key, s->digest, at->added_entropy);
}

/* The next nonce; whether it is one. */
static bool next_nonce(struct secrets *s, ws_signing_input *in) {
    ws_nonce_next(&s->nonces, s->candidate);
    ws_words_decode(in->nonce, s->candidate);
    uint32_t valid = ws_order_is_scalar(in->nonce);
    WS_DECLASSIFY(valid); /* a nonce thrown away says nothing about the next one */
    return valid == 1;
}

/* Sign with the first nonce that will do; the number of nonces taken, 0 if none did. */
static int compute(struct secrets *s, ws_signing_output *out) {
    for (int taken = 1; taken <= NONCES_MAX; taken++) {
        if (next_nonce(s, &s->in) && ws_signing_compute(out, &s->in)) {
            return taken;
        }
    }
    return 0;
}

static void encode(uint8_t signature[WS_P256_SIGNATURE_SIZE], const ws_signing_output *out) {
    ws_words_encode(signature, out->r);
    ws_words_encode(signature + WS_P256_SCALAR_SIZE, out->s);
}

static void decode(ws_signing_output *out, const uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    ws_words_decode(out->r, signature);
    ws_words_decode(out->s, signature + WS_P256_SCALAR_SIZE);
}

/* All ones if a second reading of key, digest and nonce agrees with the signature. Looked at are
 * the bytes that will be given out: nothing is written to them afterwards. */
static uint32_t check(struct secrets *s, ws_signing_output *out, int taken,
                      const struct places *at) {
    begin(s, &s->again, at);
    while (taken-- > 0) {
        (void)next_nonce(s, &s->again);
    }
    decode(out, at->signature);
    uint32_t good = ws_mask(ws_constant_time_equal(&s->in, &s->again, sizeof s->in));
    return good & ws_signing_check(out, &s->again);
}

int ws_ecdsa_sign(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                  const uint8_t digest[WS_SHA256_SIZE], const uint8_t *added_entropy,
                  uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    struct places first = {private_key, digest, added_entropy, signature};
    struct places again = {private_key, digest, added_entropy, signature};
    struct secrets s;
    ws_signing_output out;
    volatile uint32_t good = 0;

    memset(first.signature, 0, WS_P256_SIGNATURE_SIZE);
    if (!ws_p256_scalar_valid(first.private_key)) {
        return WS_ERR_ARGUMENT;
    }
    begin(&s, &s.in, &first);
    int taken = compute(&s, &out);
    if (taken > 0) {
        encode(first.signature, &out);
        good = check(&s, &out, taken, &again);
    }
    if (good != UINT32_MAX) {
        good = 0; /* reached by a jump that a fault skipped: there is no signature */
        memset(again.signature, 0, WS_P256_SIGNATURE_SIZE);
    }
    ws_wipe(&s, sizeof s);
    ws_wipe(&out, sizeof out); /* the nonce's y coordinate is not published */
    return good == UINT32_MAX ? WS_OK : WS_ERR_FAULT;
}

/* The leftmost 256 bits of a digest modulo n; fewer are a smaller number. */
static void decode_digest(uint32_t out[WS_WORDS], const uint8_t *digest, size_t size) {
    uint8_t bytes[WS_SHA256_SIZE] = {0};

    if (size > sizeof bytes) {
        size = sizeof bytes;
    }
    memcpy(bytes + sizeof bytes - size, digest, size);
    ws_words_decode(out, bytes);
    ws_order_reduce(out, out);
}

/* Whether x, a number below p, is the x coordinate of a point that is not at infinity. */
static bool is_x_of(const uint32_t x[WS_WORDS], const ws_jacobian *point) {
    uint32_t left[WS_WORDS], square[WS_WORDS];

    ws_field_square(square, point->z);
    ws_field_from_plain(left, x);
    ws_field_multiply(left, left, square);
    return ws_words_equal(left, point->x);
}

/* Whether r is the point's x coordinate modulo n: that coordinate may be r or, below p, r + n. */
static bool r_matches(const uint32_t r[WS_WORDS], const ws_jacobian *point) {
    uint32_t larger[WS_WORDS], less[WS_WORDS];

    if (ws_words_is_zero(point->z)) {
        return false;
    }
    if (is_x_of(r, point)) {
        return true;
    }
    return ws_words_add(larger, r, ws_order) == 0 &&
           ws_words_subtract(less, larger, ws_field_prime) == 1 && is_x_of(larger, point);
}

int ws_ecdsa_verify(const uint8_t point[WS_P256_POINT_SIZE], const uint8_t *digest,
                    size_t digest_size, const uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    static const uint32_t one[WS_WORDS] = {1};
    uint32_t r[WS_WORDS], s[WS_WORDS], u[WS_WORDS], v[WS_WORDS];
    ws_affine public;
    ws_jacobian sum;

    if (!ws_point_decode(&public, point)) {
        return WS_ERR_PUBLIC_KEY;
    }
    ws_words_decode(r, signature);
    ws_words_decode(s, signature + WS_P256_SCALAR_SIZE);
    if (!ws_order_is_scalar(r) || !ws_order_is_scalar(s)) {
        return WS_ERR_SIGNATURE;
    }
    ws_order_invert(s, s);
    decode_digest(u, digest, digest_size);
    ws_order_montgomery(u, u, s);
    ws_order_montgomery(u, u, one); /* digest / s */
    ws_order_montgomery(v, r, s);
    ws_order_montgomery(v, v, one); /* r / s */
    ws_joint_multiply(&sum, u, v, &public);
    return r_matches(r, &sum) ? WS_OK : WS_ERR_SIGNATURE;
}
