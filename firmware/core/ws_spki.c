#include "ws_spki.h"

#include <string.h>

#include "ws_error.h"

#define POINT_UNCOMPRESSED 0x04

/* SEQUENCE { SEQUENCE { OID id-ecPublicKey, OID prime256v1 }, BIT STRING of 65 bytes } up to
 * the point itself. */
static const uint8_t header[WS_SPKI_SIZE - WS_P256_POINT_SIZE] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};

void ws_spki_encode(const uint8_t point[WS_P256_POINT_SIZE], uint8_t spki[WS_SPKI_SIZE]) {
    memcpy(spki, header, sizeof header);
    memcpy(spki + sizeof header, point, WS_P256_POINT_SIZE);
}

int ws_spki_decode(const uint8_t *spki, size_t spki_size, uint8_t point[WS_P256_POINT_SIZE]) {
    if (spki_size != WS_SPKI_SIZE || memcmp(spki, header, sizeof header) != 0 ||
        spki[sizeof header] != POINT_UNCOMPRESSED) {
        return WS_ERR_PUBLIC_KEY;
    }
    memcpy(point, spki + sizeof header, WS_P256_POINT_SIZE);
    return WS_OK;
}
