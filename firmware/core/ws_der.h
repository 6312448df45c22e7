/* ECDSA-Sig-Value of P-256 (RFC 3279, section 2.2.3) in strict DER. */
#ifndef WS_DER_H
#define WS_DER_H

#include <stddef.h>
#include <stdint.h>

#define WS_P256_SIGNATURE_SIZE 64 /* bytes; r and s, big-endian, 32 each */
#define WS_DER_MAX_SIZE 72        /* bytes; both integers with a leading zero */

/* Write the one DER form of r and s; its size, 8 to WS_DER_MAX_SIZE bytes. */
size_t ws_der_encode(const uint8_t signature[WS_P256_SIGNATURE_SIZE], uint8_t der[WS_DER_MAX_SIZE]);

/* WS_ERR_SIGNATURE unless der is, to the last byte, what ws_der_encode would write for some r
 * and s below 2^256. BER forms are refused: one signature must have one text. */
int ws_der_decode(const uint8_t *der, size_t der_size, uint8_t signature[WS_P256_SIGNATURE_SIZE]);

#endif
