#include "ws_verify.h"

#include "ws_der.h"
#include "ws_ecdsa.h"
#include "ws_error.h"
#include "ws_p256.h"
#include "ws_sha256.h"
#include "ws_spki.h"

int ws_verify_public_key(const uint8_t *public_key, size_t public_key_size) {
    uint8_t point[WS_P256_POINT_SIZE];

    int result = ws_spki_decode(public_key, public_key_size, point);
    if (result == WS_OK && !ws_p256_point_valid(point)) {
        result = WS_ERR_PUBLIC_KEY;
    }
    return result;
}

int ws_verify_digest(const uint8_t *public_key, size_t public_key_size, const uint8_t *digest,
                     size_t digest_size, const uint8_t *signature, size_t signature_size) {
    uint8_t point[WS_P256_POINT_SIZE];
    uint8_t raw[WS_P256_SIGNATURE_SIZE];

    if (digest_size < WS_VERIFY_DIGEST_MIN_SIZE || digest_size > WS_VERIFY_DIGEST_MAX_SIZE) {
        return WS_ERR_ARGUMENT;
    }
    int result = ws_spki_decode(public_key, public_key_size, point);
    if (result == WS_OK) {
        result = ws_der_decode(signature, signature_size, raw);
    }
    if (result == WS_OK) {
        result = ws_ecdsa_verify(point, digest, digest_size, raw);
    }
    return result;
}

int ws_verify(const uint8_t *public_key, size_t public_key_size, const void *message,
              size_t message_size, const uint8_t *signature, size_t signature_size) {
    uint8_t digest[WS_SHA256_SIZE];

    ws_sha256(message, message_size, digest);
    return ws_verify_digest(public_key, public_key_size, digest, sizeof digest, signature,
                            signature_size);
}
