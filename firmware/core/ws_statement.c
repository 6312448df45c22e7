#include "ws_statement.h"

#include <string.h>

#include "ws_constant_time.h"
#include "ws_error.h"
#include "ws_key.h"
#include "ws_sha256.h"

/* Encode, and again, and compare: what is left out once is there the other time. */
static int encode_checked(const uint8_t signature[WS_P256_SIGNATURE_SIZE],
                          uint8_t der[WS_DER_MAX_SIZE], volatile size_t *der_size) {
    uint8_t again[WS_DER_MAX_SIZE];

    *der_size = ws_der_encode(signature, der);
    size_t size = ws_der_encode(signature, again);
    if (*der_size != size || memcmp(der, again, size) != 0) {
        *der_size = 0;
        return WS_ERR_FAULT;
    }
    return WS_OK;
}

int ws_statement_sign(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *text,
                      size_t text_size, uint8_t der[WS_DER_MAX_SIZE], size_t *der_size) {
    static const char prefix[] = WS_STATEMENT_PREFIX;
    uint8_t digest[WS_SHA256_SIZE], again[WS_SHA256_SIZE];
    uint8_t signature[WS_P256_SIGNATURE_SIZE];

    *der_size = 0;
    if (text_size == 0 || text_size > WS_STATEMENT_MAX_SIZE) {
        return WS_ERR_ARGUMENT;
    }
    ws_sha256_joined(prefix, sizeof prefix - 1, text, text_size, digest);
    int result = ws_key_sign(storage, number, hedge, digest, signature);
    ws_sha256_joined(prefix, sizeof prefix - 1, text, text_size, again);
    if (result == WS_OK && memcmp(digest, again, sizeof digest) != 0) {
        result = WS_ERR_FAULT; /* signed was another text */
    }
    if (result == WS_OK) {
        WS_DECLASSIFY(signature);
        result = encode_checked(signature, der, der_size);
    }
    return result;
}
