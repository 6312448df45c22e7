/* Numbers that nobody can foresee, for challenges. */
#ifndef WS_RANDOM_H
#define WS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "ws_entropy.h"

#define WS_RANDOM_SIZE 32 /* bytes */

/* One output of a DRBG that is seeded for this call alone; personalisation, at most 32 bytes,
 * is the chip's id. WS_ERR_ARGUMENT when it is longer, WS_ERR_ENTROPY as ws_entropy_seed. */
int ws_random(const ws_entropy_source *source, const uint8_t *personalisation,
              size_t personalisation_size, uint8_t random[WS_RANDOM_SIZE]);

#endif
