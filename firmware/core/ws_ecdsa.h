/* ECDSA on P-256 over a digest (FIPS 186-5, section 6.4). */
#ifndef WS_ECDSA_H
#define WS_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#include "ws_der.h"
#include "ws_p256.h"
#include "ws_sha256.h"

/* Sign a SHA-256 digest.
 *
 * The nonce is that of RFC 6979: with added_entropy, 32 bytes that nobody can foresee, of section
 * 3.6, otherwise of section 3.2. The signature is computed and then checked by other ways, so that
 * whoever disturbs the chip gets none: p256/ws_signing.h.
 *
 * WS_ERR_ARGUMENT when the private key is not a valid scalar, WS_ERR_FAULT when the check fails:
 * the chip did not compute right and must sign no more. signature is zeros then. */
int ws_ecdsa_sign(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                  const uint8_t digest[WS_SHA256_SIZE], const uint8_t *added_entropy,
                  uint8_t signature[WS_P256_SIGNATURE_SIZE]);

/* WS_OK for a good signature, WS_ERR_PUBLIC_KEY when the point is not on the curve, otherwise
 * WS_ERR_SIGNATURE. Of a digest longer than 256 bits the leftmost 256 count; a shorter one
 * counts as a smaller number. */
int ws_ecdsa_verify(const uint8_t point[WS_P256_POINT_SIZE], const uint8_t *digest,
                    size_t digest_size, const uint8_t signature[WS_P256_SIGNATURE_SIZE]);

#endif
