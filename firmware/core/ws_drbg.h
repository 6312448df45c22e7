/* HMAC-DRBG with SHA-256 (NIST SP 800-90A, section 10.1.2), seeded once, for one secret, and
 * the numbers drawn from it. */
#ifndef WS_DRBG_H
#define WS_DRBG_H

#include <bearssl_rand.h>
#include <stddef.h>
#include <stdint.h>

#include "ws_entropy.h"

#define WS_DRBG_SEED_MAX_SIZE 64            /* bytes */
#define WS_DRBG_PERSONALISATION_MAX_SIZE 32 /* bytes */

/* Holds secrets: the owner wipes it after use. */
typedef struct ws_drbg {
    br_hmac_drbg_context bearssl;
} ws_drbg;

/* Instantiate from seed (entropy input and nonce together) and a personalisation string, which
 * may be empty. WS_ERR_ARGUMENT when either is longer than its limit. */
int ws_drbg_init(ws_drbg *drbg, const uint8_t *seed, size_t seed_size,
                 const uint8_t *personalisation, size_t personalisation_size);

/* Instantiate from a fresh seed of a noise source; errors as ws_entropy_seed and ws_drbg_init. */
int ws_drbg_seed(ws_drbg *drbg, const ws_entropy_source *source, const uint8_t *personalisation,
                 size_t personalisation_size);

void ws_drbg_generate(ws_drbg *drbg, uint8_t *out, size_t size);

#define WS_RANDOM_SIZE 32 /* bytes */

/* Draw a number that nobody can foresee, for a challenge: one output of a DRBG that is seeded for
 * this call alone. personalisation is the chip's id. Errors as ws_drbg_seed. */
int ws_random(const ws_entropy_source *source, const uint8_t *personalisation,
              size_t personalisation_size, uint8_t random[WS_RANDOM_SIZE]);

#endif
