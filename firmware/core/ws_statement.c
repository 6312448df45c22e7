#include "ws_statement.h"

#include <string.h>

#include "ws_constant_time.h"
#include "ws_error.h"
#include "ws_key.h"
#include "ws_sha256.h"

/* Encode, and again from the copy, and compare what lies at the same places: what is left out once
 * is there the other time. Not inlined: the second DER needs no stack while the signature is made.
 */
__attribute__((noinline)) static int encode_checked(const uint8_t signature[WS_P256_SIGNATURE_SIZE],
                                                    const uint8_t copy[WS_P256_SIGNATURE_SIZE],
                                                    uint8_t *der, const uint8_t *same_der,
                                                    volatile size_t *der_size,
                                                    volatile size_t *same_size) {
    uint8_t again[WS_DER_MAX_SIZE];

    *der_size = ws_der_encode(signature, der);
    size_t size = ws_der_encode(copy, again);
    if (*same_size != size || memcmp(same_der, again, size) != 0) {
        *der_size = 0;
        return WS_ERR_FAULT;
    }
    return WS_OK;
}

int ws_statement_sign(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *text,
                      size_t text_size, uint8_t der[WS_DER_MAX_SIZE], size_t *der_size) {
    static const char prefix[] = WS_STATEMENT_PREFIX;
    uint8_t digest[WS_SHA256_SIZE], again[WS_SHA256_SIZE];
    uint8_t signature[WS_P256_SIGNATURE_SIZE], copy[WS_P256_SIGNATURE_SIZE];
    /* The addresses once more, in memory: a register that a fault hits has only one of the two. */
    const void *volatile same_text = text;
    const uint8_t *volatile same_der = der;
    size_t *volatile same_size = der_size;

    *der_size = 0;
    if (text_size == 0 || text_size > WS_STATEMENT_MAX_SIZE) {
        return WS_ERR_ARGUMENT;
    }
    ws_sha256_joined(prefix, sizeof prefix - 1, text, text_size, digest);
    int result = ws_key_sign(storage, number, hedge, digest, signature);
    memcpy(copy, signature, sizeof copy);
    ws_sha256_joined(prefix, sizeof prefix - 1, same_text, text_size, again);
    if (result == WS_OK && memcmp(digest, again, sizeof digest) != 0) {
        result = WS_ERR_FAULT; /* signed was another text */
    }
    if (result == WS_OK) {
        WS_DECLASSIFY(signature);
        WS_DECLASSIFY(copy);
        result = encode_checked(signature, copy, der, same_der, der_size, same_size);
    }
    return result;
}
