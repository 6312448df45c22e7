/* SHA-256 (FIPS 180-4) on its state, for callers that keep one: HMAC and ws_sha256.h. Takes the
 * same path for all data of one size and address. What the functions leave on the stack depends on
 * the data: a caller with secret data clears it with ws_wipe_stack(). */
#ifndef WS_SHA256_BLOCK_H
#define WS_SHA256_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define WS_SHA256_BLOCK_SIZE 64 /* bytes */

/* Set the initial value. */
void ws_sha256_start(uint32_t state[8]);

/* Hash whole blocks. data may lie at any address; words are faster. */
void ws_sha256_blocks(uint32_t state[8], const uint8_t *data, size_t count);

/* Hash the tail, of any size, and the padding. hashed_before: bytes that went into the state
 * before, a multiple of 64. digest may lie over the tail. The state is of no use afterwards. */
void ws_sha256_finish(uint32_t state[8], const void *tail, size_t size, size_t hashed_before,
                      uint8_t digest[32]);

#endif
