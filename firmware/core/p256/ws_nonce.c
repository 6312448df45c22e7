#include "ws_nonce.h"

#include <string.h>

#include "ws_sha256_block.h"
#include "ws_wipe.h"

/* HMAC with SHA-256 (RFC 2104) under a key whose two padded blocks are hashed once. */

/* State after one block of the key with every byte XORed with pad. */
static void hash_pad(uint32_t state[8], const uint8_t key[WS_SHA256_SIZE], uint8_t pad) {
    uint8_t block[WS_SHA256_BLOCK_SIZE];

    memset(block, pad, sizeof block);
    for (int i = 0; i < WS_SHA256_SIZE; i++) {
        block[i] ^= key[i];
    }
    ws_sha256_start(state);
    ws_sha256_blocks(state, block, 1);
    ws_wipe(block, sizeof block);
}

static void set_key(ws_nonce *nonce, const uint8_t key[WS_SHA256_SIZE]) {
    hash_pad(nonce->inner, key, 0x36);
    hash_pad(nonce->outer, key, 0x5C);
}

/* HMAC of up to two blocks less padding; result may be the message. */
static void hmac(const ws_nonce *nonce, const uint8_t *message, size_t size,
                 uint8_t result[WS_SHA256_SIZE]) {
    uint32_t state[8];

    memcpy(state, nonce->inner, sizeof state);
    ws_sha256_finish(state, message, size, WS_SHA256_BLOCK_SIZE, result);
    memcpy(state, nonce->outer, sizeof state);
    ws_sha256_finish(state, result, WS_SHA256_SIZE, WS_SHA256_BLOCK_SIZE, result);
    ws_wipe(state, sizeof state);
}

/* K = HMAC_K(V || marker || data), V = HMAC_K(V). data may be empty. */
static void update(ws_nonce *nonce, uint8_t marker, const uint8_t *data, size_t size) {
    uint8_t message[WS_SHA256_SIZE + 1 + 3 * WS_NONCE_SIZE];
    uint8_t key[WS_SHA256_SIZE];

    memcpy(message, nonce->value, WS_SHA256_SIZE);
    message[WS_SHA256_SIZE] = marker;
    if (size > 0) {
        memcpy(message + WS_SHA256_SIZE + 1, data, size);
    }
    hmac(nonce, message, WS_SHA256_SIZE + 1 + size, key);
    set_key(nonce, key);
    hmac(nonce, nonce->value, WS_SHA256_SIZE, nonce->value);
    ws_wipe(message, sizeof message);
    ws_wipe(key, sizeof key);
}

void ws_nonce_init(ws_nonce *nonce, const uint8_t private_key[WS_NONCE_SIZE],
                   const uint8_t reduced[WS_NONCE_SIZE], const uint8_t *added) {
    uint8_t data[3 * WS_NONCE_SIZE];
    size_t size = added != NULL ? sizeof data : 2 * WS_NONCE_SIZE;

    memcpy(data, private_key, WS_NONCE_SIZE);
    memcpy(data + WS_NONCE_SIZE, reduced, WS_NONCE_SIZE);
    if (added != NULL) {
        memcpy(data + 2 * WS_NONCE_SIZE, added, WS_NONCE_SIZE);
    }
    nonce->is_used = false;
    memset(nonce->value, 0x00, sizeof nonce->value);
    set_key(nonce, nonce->value);
    memset(nonce->value, 0x01, sizeof nonce->value);
    update(nonce, 0x00, data, size);
    update(nonce, 0x01, data, size);
    ws_wipe(data, sizeof data);
}

void ws_nonce_next(ws_nonce *nonce, uint8_t candidate[WS_NONCE_SIZE]) {
    if (nonce->is_used) {
        update(nonce, 0x00, NULL, 0);
    }
    nonce->is_used = true;
    hmac(nonce, nonce->value, WS_SHA256_SIZE, nonce->value);
    memcpy(candidate, nonce->value, WS_NONCE_SIZE);
}
