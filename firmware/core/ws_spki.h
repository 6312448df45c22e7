/* SubjectPublicKeyInfo of a P-256 key: RFC 5480, uncompressed point, named curve. */
#ifndef WS_SPKI_H
#define WS_SPKI_H

#include <stddef.h>
#include <stdint.h>

#define WS_SPKI_SIZE 91       /* bytes; DER leaves no other length */
#define WS_P256_POINT_SIZE 65 /* bytes; 0x04, x, y */

void ws_spki_encode(const uint8_t point[WS_P256_POINT_SIZE], uint8_t spki[WS_SPKI_SIZE]);

/* WS_ERR_PUBLIC_KEY unless spki is byte for byte what ws_spki_encode would give for some 65
 * bytes beginning with 0x04. Whether they are a point of the curve is the user's check. */
int ws_spki_decode(const uint8_t *spki, size_t spki_size, uint8_t point[WS_P256_POINT_SIZE]);

#endif
