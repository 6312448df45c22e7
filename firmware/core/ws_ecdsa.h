/* ECDSA on P-256 over a digest (FIPS 186-5, section 6.4). */
#ifndef WS_ECDSA_H
#define WS_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#include "ws_der.h"
#include "ws_p256.h"
#include "ws_sha256.h"

/* Sign a SHA-256 digest with the nonce of RFC 6979. added_entropy: 32 bytes for its section 3.6, or
 * NULL for the plain nonce. WS_ERR_ARGUMENT when the private key is not a valid scalar. */
int ws_ecdsa_sign(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                  const uint8_t digest[WS_SHA256_SIZE], const uint8_t *added_entropy,
                  uint8_t signature[WS_P256_SIGNATURE_SIZE]);

/* WS_OK for a good signature, WS_ERR_PUBLIC_KEY when the point is not on the curve, otherwise
 * WS_ERR_SIGNATURE. Of a digest longer than 256 bits the leftmost 256 count; a shorter one
 * counts as a smaller number. */
int ws_ecdsa_verify(const uint8_t point[WS_P256_POINT_SIZE], const uint8_t *digest,
                    size_t digest_size, const uint8_t signature[WS_P256_SIGNATURE_SIZE]);

#endif
