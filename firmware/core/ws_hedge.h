/* Entropy that is added to the nonce of each signature (RFC 6979, section 3.6), so that the same
 * text is never signed with the same nonce twice: whoever measures the chip while it signs, or
 * disturbs it, can neither average over many signatures nor compare a right one with a wrong one.
 *
 * It hedges and no more: the nonce still comes from the key and the digest, so a generator that is
 * guessed, or repeats itself, costs nothing but this. That is why signing goes on without: with a
 * hedge that is not seeded, because the noise failed or nobody asked for it, a signature has the
 * nonce of plain RFC 6979. */
#ifndef WS_HEDGE_H
#define WS_HEDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws_drbg.h"
#include "ws_entropy.h"

#define WS_HEDGE_SIZE 32 /* bytes, that one signature draws */

/* Not seeded when all is zero. Holds secrets for as long as signatures are made with it. */
typedef struct ws_hedge {
    ws_drbg drbg;
    bool seeded;
} ws_hedge;

/* Seed from fresh noise; personalisation, at most 32 bytes, is the chip's id. The hedge is not
 * seeded after WS_ERR_ENTROPY and WS_ERR_ARGUMENT, which are those of ws_drbg_seed. */
int ws_hedge_seed(ws_hedge *hedge, const ws_entropy_source *source, const uint8_t *personalisation,
                  size_t personalisation_size);

/* Draw what one signature gets. False, and nothing is written, without a hedge (NULL) or seed. */
bool ws_hedge_draw(ws_hedge *hedge, uint8_t added[WS_HEDGE_SIZE]);

#endif
