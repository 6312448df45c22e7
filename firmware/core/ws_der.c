#include "ws_der.h"

#include <string.h>

#include "ws_error.h"

#define TAG_INTEGER 0x02
#define TAG_SEQUENCE 0x30
#define INTEGER_SIZE 32 /* bytes of r and of s */

static size_t encode_integer(const uint8_t value[INTEGER_SIZE], uint8_t *der) {
    size_t leading = 0;
    while (leading < INTEGER_SIZE - 1 && value[leading] == 0) {
        leading++;
    }
    size_t size = INTEGER_SIZE - leading;
    size_t sign = value[leading] >> 7; /* DER integers are signed: a zero keeps it positive */

    der[0] = TAG_INTEGER;
    der[1] = (uint8_t)(sign + size);
    der[2] = 0;
    memcpy(der + 2 + sign, value + leading, size);
    return 2 + sign + size;
}

size_t ws_der_encode(const uint8_t signature[WS_P256_SIGNATURE_SIZE],
                     uint8_t der[WS_DER_MAX_SIZE]) {
    size_t size = encode_integer(signature, der + 2);
    size += encode_integer(signature + INTEGER_SIZE, der + 2 + size);
    der[0] = TAG_SEQUENCE;
    der[1] = (uint8_t)size; /* at most 70, so the length is always the short form */
    return 2 + size;
}

/* Bytes that one minimal, non-negative integer takes at the start of der; 0 if none is there. */
static size_t decode_integer(const uint8_t *der, size_t der_size, uint8_t value[INTEGER_SIZE]) {
    if (der_size < 3 || der[0] != TAG_INTEGER || der[1] == 0 || der[1] > INTEGER_SIZE + 1 ||
        der[1] > der_size - 2) {
        return 0;
    }
    size_t size = der[1];
    const uint8_t *content = der + 2;

    if (content[0] & 0x80) {
        return 0; /* negative */
    }
    if (content[0] == 0 && size > 1) {
        if (!(content[1] & 0x80)) {
            return 0; /* a leading zero that the sign does not need */
        }
        content++;
        size--;
    }
    if (size > INTEGER_SIZE) {
        return 0;
    }
    memset(value, 0, INTEGER_SIZE - size);
    memcpy(value + INTEGER_SIZE - size, content, size);
    return der[1] + 2u;
}

int ws_der_decode(const uint8_t *der, size_t der_size, uint8_t signature[WS_P256_SIGNATURE_SIZE]) {
    if (der_size < 2 || der_size > WS_DER_MAX_SIZE || der[0] != TAG_SEQUENCE ||
        der[1] != der_size - 2) {
        return WS_ERR_SIGNATURE;
    }
    size_t used = 2;
    for (size_t i = 0; i < 2; i++) {
        size_t size = decode_integer(der + used, der_size - used, signature + i * INTEGER_SIZE);
        if (size == 0) {
            return WS_ERR_SIGNATURE;
        }
        used += size;
    }
    return used == der_size ? WS_OK : WS_ERR_SIGNATURE;
}
