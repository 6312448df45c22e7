/* Nonces of ECDSA after RFC 6979 for P-256 and SHA-256. */
#ifndef WS_NONCE_H
#define WS_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "ws_sha256.h"

#define WS_NONCE_SIZE 32 /* bytes */

/* State of the sequence of nonces. Holds secrets: the owner wipes it. */
typedef struct ws_nonce {
    uint8_t value[WS_SHA256_SIZE]; /* V */
    uint32_t inner[8], outer[8];   /* states of HMAC after the padded key K */
    bool is_used;                  /* a candidate was given out */
} ws_nonce;

/* Start the sequence (section 3.2, steps a to g).
 *
 * reduced: the digest modulo n. added: 32 bytes of further data (section 3.6), or NULL for the
 * plain sequence, which depends on key and digest alone. */
void ws_nonce_init(ws_nonce *nonce, const uint8_t private_key[WS_NONCE_SIZE],
                   const uint8_t reduced[WS_NONCE_SIZE], const uint8_t *added);

/* The next candidate (step h); whether it is from 1 to n - 1 is for the caller to see. */
void ws_nonce_next(ws_nonce *nonce, uint8_t candidate[WS_NONCE_SIZE]);

#endif
