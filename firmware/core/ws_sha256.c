#include "ws_sha256.h"

#include <bearssl_hash.h>

#include "ws_wipe.h"

void ws_sha256(const void *data, size_t size, uint8_t digest[WS_SHA256_SIZE]) {
    ws_sha256_joined(data, size, NULL, 0, digest);
}

void ws_sha256_joined(const void *head, size_t head_size, const void *tail, size_t tail_size,
                      uint8_t digest[WS_SHA256_SIZE]) {
    br_sha256_context context;

    br_sha256_init(&context);
    br_sha256_update(&context, head, head_size);
    if (tail_size > 0) {
        br_sha256_update(&context, tail, tail_size);
    }
    br_sha256_out(&context, digest);
    ws_wipe(&context, sizeof context);
}
