#include "ws_sign.h"

#include <string.h>

#include "ws_constant_time.h"
#include "ws_der.h"
#include "ws_error.h"
#include "ws_key.h"
#include "ws_sha256.h"

/* --- records ------------------------------------------------------------------------------- */

static const char head[] = "{\"SA\":\"ECDSA-secp256r1-SHA256\",\"SE\":\"hex\",\"SD\":\"";
static const char tail[] = "\"}";

#define HEAD_SIZE (sizeof head - 1)
#define TAIL_SIZE (sizeof tail - 1)

_Static_assert(WS_RECORD_SECTION_MAX_SIZE == HEAD_SIZE + 2 * WS_DER_MAX_SIZE + TAIL_SIZE,
               "the longest section has the longest signature");

/* Write the section around a signature; its size. */
static size_t write_section(const uint8_t signature[WS_P256_SIGNATURE_SIZE], char *text) {
    static const char digits[] = "0123456789ABCDEF";
    uint8_t der[WS_DER_MAX_SIZE];
    size_t der_size = ws_der_encode(signature, der);
    char *end = text;

    memcpy(end, head, HEAD_SIZE);
    end += HEAD_SIZE;
    for (size_t i = 0; i < der_size; i++) {
        *end++ = digits[der[i] >> 4];
        *end++ = digits[der[i] & 0x0F];
    }
    memcpy(end, tail, TAIL_SIZE);
    return (size_t)(end - text) + TAIL_SIZE;
}

/* Write the section, and again from the copy, and compare the two: a step that a fault skips once
 * is done the other time. Not inlined: the second text needs no stack while the
 * signature is made. */
__attribute__((noinline)) static int write_checked(const uint8_t signature[WS_P256_SIGNATURE_SIZE],
                                                   const uint8_t copy[WS_P256_SIGNATURE_SIZE],
                                                   char *text, const char *same_text,
                                                   volatile size_t *text_size,
                                                   volatile size_t *same_size) {
    char again[WS_RECORD_SECTION_MAX_SIZE];

    *text_size = write_section(signature, text);
    size_t size = write_section(copy, again);
    if (*same_size != size || memcmp(same_text, again, size) != 0) {
        *text_size = 0;
        return WS_ERR_FAULT;
    }
    return WS_OK;
}

int ws_sign_record(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *payload,
                   size_t payload_size, char *text, size_t text_capacity, size_t *text_size) {
    uint8_t digest[WS_SHA256_SIZE], again[WS_SHA256_SIZE];
    uint8_t signature[WS_P256_SIGNATURE_SIZE], copy[WS_P256_SIGNATURE_SIZE];
    /* The addresses once more, in memory: a register that a fault hits has only one of the two. */
    const void *volatile same_payload = payload;
    const char *volatile same_text = text;
    size_t *volatile same_size = text_size;

    *text_size = 0;
    if (payload_size == 0 || payload_size > WS_RECORD_PAYLOAD_MAX_SIZE ||
        *(const char *)payload != WS_RECORD_PAYLOAD_FIRST) {
        return WS_ERR_ARGUMENT;
    }
    if (text_capacity < WS_RECORD_SECTION_MAX_SIZE) {
        return WS_ERR_SPACE;
    }
    ws_sha256(payload, payload_size, digest);
    int result = ws_key_sign(storage, number, hedge, digest, signature);
    memcpy(copy, signature, sizeof copy);
    ws_sha256(same_payload, payload_size, again);
    if (result == WS_OK && memcmp(digest, again, sizeof digest) != 0) {
        result = WS_ERR_FAULT; /* signed was another text */
    }
    if (result == WS_OK) {
        WS_DECLASSIFY(signature);
        WS_DECLASSIFY(copy);
        result = write_checked(signature, copy, text, same_text, text_size, same_size);
    }
    return result;
}

/* --- statements ------------------------------------------------------------------------------ */

/* Encode, and again from the copy, and compare the two: a step that a fault skips once is done the
 * other time. Not inlined: the second DER needs no stack while the signature is made.
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

int ws_sign_statement(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *text,
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
