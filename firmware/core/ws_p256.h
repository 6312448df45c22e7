/* Key pairs on P-256 (secp256r1). */
#ifndef WS_P256_H
#define WS_P256_H

#include <stdbool.h>
#include <stdint.h>

#include "ws_drbg.h"
#include "ws_spki.h"

#define WS_P256_SCALAR_SIZE 32 /* bytes, big-endian */

/* Whether the number is from 1 to the order of the curve minus 1, as a private key and both
 * halves of a signature must be. Takes the same time for every number. */
bool ws_p256_scalar_valid(const uint8_t scalar[WS_P256_SCALAR_SIZE]);

/* Whether the 65 bytes are an uncompressed point of the curve. */
bool ws_p256_point_valid(const uint8_t point[WS_P256_POINT_SIZE]);

/* Public key of a private key; WS_ERR_ARGUMENT when that is not a valid scalar, WS_ERR_FAULT when
 * what was computed is no point of the curve: the chip was disturbed, or the key is one of at most
 * eight of 2^256 that the comb cannot take (docs/decisions/0012-p256.md). */
int ws_p256_public(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                   uint8_t point[WS_P256_POINT_SIZE]);

/* Draw a key pair, uniform by rejection (FIPS 186-5, A.2.2); one whose public key does not come out
 * as a point of the curve is thrown away. */
void ws_p256_generate(ws_drbg *drbg, uint8_t private_key[WS_P256_SCALAR_SIZE],
                      uint8_t point[WS_P256_POINT_SIZE]);

#endif
