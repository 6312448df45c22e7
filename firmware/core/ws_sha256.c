#include "ws_sha256.h"

#include <bearssl_hash.h>

#include "ws_wipe.h"

void ws_sha256(const void *data, size_t size, uint8_t digest[WS_SHA256_SIZE]) {
    br_sha256_context context;

    br_sha256_init(&context);
    br_sha256_update(&context, data, size);
    br_sha256_out(&context, digest);
    ws_wipe(&context, sizeof context);
}
