/* SHA-256 (FIPS 180-4). */
#ifndef WS_SHA256_H
#define WS_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define WS_SHA256_SIZE 32 /* bytes */

void ws_sha256(const void *data, size_t size, uint8_t digest[WS_SHA256_SIZE]);

/* Of two pieces, one after the other. */
void ws_sha256_joined(const void *head, size_t head_size, const void *tail, size_t tail_size,
                      uint8_t digest[WS_SHA256_SIZE]);

/* Of any number of pieces: init, update with each, out. */
typedef struct ws_sha256_context {
    uint32_t state[8];
    size_t size;       /* bytes taken so far */
    uint8_t block[64]; /* the last of them, while they are no whole block */
} ws_sha256_context;

void ws_sha256_init(ws_sha256_context *context);
void ws_sha256_update(ws_sha256_context *context, const void *data, size_t size);

/* Write the digest and wipe the context. */
void ws_sha256_out(ws_sha256_context *context, uint8_t digest[WS_SHA256_SIZE]);

#endif
