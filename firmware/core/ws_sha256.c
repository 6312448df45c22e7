#include "ws_sha256.h"

#include <string.h>

#include "ws_sha256_block.h"
#include "ws_wipe.h"

_Static_assert(sizeof((ws_sha256_context *)0)->block == WS_SHA256_BLOCK_SIZE,
               "a context holds a block");

void ws_sha256(const void *data, size_t size, uint8_t digest[WS_SHA256_SIZE]) {
    uint32_t state[8];

    ws_sha256_start(state);
    ws_sha256_finish(state, data, size, 0, digest);
    ws_wipe(state, sizeof state);
}

void ws_sha256_joined(const void *head, size_t head_size, const void *tail, size_t tail_size,
                      uint8_t digest[WS_SHA256_SIZE]) {
    ws_sha256_context context;

    ws_sha256_init(&context);
    ws_sha256_update(&context, head, head_size);
    ws_sha256_update(&context, tail, tail_size);
    ws_sha256_out(&context, digest);
}

void ws_sha256_init(ws_sha256_context *context) {
    ws_sha256_start(context->state);
    context->size = 0;
}

void ws_sha256_update(ws_sha256_context *context, const void *data, size_t size) {
    const uint8_t *next = data;
    size_t waiting = context->size % WS_SHA256_BLOCK_SIZE;
    size_t missing = WS_SHA256_BLOCK_SIZE - waiting;

    if (size == 0) {
        return; /* data may be NULL then */
    }
    context->size += size;
    if (size < missing) {
        memcpy(context->block + waiting, next, size);
        return;
    }
    if (waiting > 0) {
        memcpy(context->block + waiting, next, missing);
        ws_sha256_blocks(context->state, context->block, 1);
        next += missing;
        size -= missing;
    }
    ws_sha256_blocks(context->state, next, size / WS_SHA256_BLOCK_SIZE);
    size_t rest = size % WS_SHA256_BLOCK_SIZE;
    memcpy(context->block, next + (size - rest), rest);
}

void ws_sha256_out(ws_sha256_context *context, uint8_t digest[WS_SHA256_SIZE]) {
    size_t waiting = context->size % WS_SHA256_BLOCK_SIZE;

    ws_sha256_finish(context->state, context->block, waiting, context->size - waiting, digest);
    ws_wipe(context, sizeof *context);
}
