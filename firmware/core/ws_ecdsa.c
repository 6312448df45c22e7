#include "ws_ecdsa.h"

#include <bearssl_ec.h>
#include <bearssl_hash.h>
#include <string.h>

#include "ws_error.h"

int ws_ecdsa_sign(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                  const uint8_t digest[WS_SHA256_SIZE], const uint8_t *added_entropy,
                  uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    (void)added_entropy; /* BearSSL's signer knows the plain nonce alone */
    br_ec_private_key key = {
        .curve = BR_EC_secp256r1,
        .x = (unsigned char *)private_key, /* BearSSL's type is not const; it only reads */
        .xlen = WS_P256_SCALAR_SIZE,
    };
    size_t size =
        br_ecdsa_i15_sign_raw(&br_ec_p256_m15, &br_sha256_vtable, digest, &key, signature);
    return size == WS_P256_SIGNATURE_SIZE ? WS_OK : WS_ERR_ARGUMENT;
}

static int verify_nonzero(const uint8_t point[WS_P256_POINT_SIZE], const uint8_t *digest,
                          size_t digest_size, const uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    br_ec_public_key key = {
        .curve = BR_EC_secp256r1,
        .q = (unsigned char *)point, /* BearSSL's type is not const; it only reads */
        .qlen = WS_P256_POINT_SIZE,
    };
    uint32_t good = br_ecdsa_i15_vrfy_raw(&br_ec_p256_m15, digest, digest_size, &key, signature,
                                          WS_P256_SIGNATURE_SIZE);
    return good == 1 ? WS_OK : WS_ERR_SIGNATURE;
}

/* Whether the digest is 0 modulo the order of the curve. */
static bool is_zero(const uint8_t *digest, size_t digest_size) {
    size_t order_size;
    const uint8_t *order = br_ec_p256_m15.order(BR_EC_secp256r1, &order_size);
    uint8_t any_bit = 0;

    if (digest_size >= order_size && memcmp(digest, order, order_size) == 0) {
        return true;
    }
    for (size_t i = 0; i < digest_size && i < order_size; i++) {
        any_bit |= digest[i];
    }
    return any_bit == 0;
}

/* A signature over a digest of 0 says (r/s) Q = R. BearSSL cannot add the 0 G of this sum, so it
 * is asked the same question in other words: with P = Q - G it says (r/s) G + (r/s) P = R, that
 * is, the signature holds over the digest r under the key P. */
static int verify_zero(const uint8_t point[WS_P256_POINT_SIZE],
                       const uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    static const uint8_t one = 1;
    uint8_t shifted[WS_P256_POINT_SIZE];
    uint8_t minus_one[WS_P256_SCALAR_SIZE];
    size_t order_size;

    memcpy(shifted, point, sizeof shifted);
    memcpy(minus_one, br_ec_p256_m15.order(BR_EC_secp256r1, &order_size), sizeof minus_one);
    minus_one[sizeof minus_one - 1]--;
    if (br_ec_p256_m15.muladd(shifted, NULL, sizeof shifted, &one, 1, minus_one, sizeof minus_one,
                              BR_EC_secp256r1) != 1) {
        return WS_ERR_SIGNATURE; /* Q = G: the private key is 1, which nobody may trust */
    }
    return verify_nonzero(shifted, signature, WS_P256_SCALAR_SIZE, signature);
}

int ws_ecdsa_verify(const uint8_t point[WS_P256_POINT_SIZE], const uint8_t *digest,
                    size_t digest_size, const uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    if (!ws_p256_point_valid(point)) {
        return WS_ERR_PUBLIC_KEY;
    }
    /* BearSSL lets r = 0 pass its own checks. */
    if (!ws_p256_scalar_valid(signature) ||
        !ws_p256_scalar_valid(signature + WS_P256_SCALAR_SIZE)) {
        return WS_ERR_SIGNATURE;
    }
    if (is_zero(digest, digest_size)) {
        return verify_zero(point, signature);
    }
    return verify_nonzero(point, digest, digest_size, signature);
}
