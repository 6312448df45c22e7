#include "ws_entropy.h"

#include "ws_error.h"
#include "ws_health.h"
#include "ws_sha256.h"
#include "ws_wipe.h"

_Static_assert(WS_ENTROPY_SEED_SIZE == 2 * WS_SHA256_SIZE, "a seed is two digests");
_Static_assert(WS_ENTROPY_SAMPLES_PER_DIGEST / WS_HEALTH_SAMPLES_PER_BIT >= 256 + 64,
               "a conditioned digest needs 64 bits more in than it gives out");
_Static_assert(WS_ENTROPY_SAMPLES_PER_SEED % WS_HEALTH_WINDOW_SAMPLES == 0,
               "the last window of the health tests must be a whole one");

#define CHUNK_SIZE 32 /* bytes read from the source at a time */
#define CHUNK_SAMPLES (CHUNK_SIZE * 8)

_Static_assert(CHUNK_SIZE % WS_HEALTH_STEP_SIZE == 0, "the health tests take whole steps");

/* Move samples from the source through the health tests into the hash. */
static int draw(const ws_entropy_source *source, uint32_t sample_count, ws_health *health,
                ws_sha256_context *hash) {
    uint8_t chunk[CHUNK_SIZE];
    int result = WS_OK;

    for (uint32_t drawn = 0; drawn < sample_count && result == WS_OK; drawn += CHUNK_SAMPLES) {
        if (source->read(source->context, chunk, sizeof chunk) != 0) {
            result = WS_ERR_ENTROPY;
            break;
        }
        ws_health_feed(health, chunk, sizeof chunk);
        ws_sha256_update(hash, chunk, sizeof chunk);
        result = ws_health_good(health) ? WS_OK : WS_ERR_ENTROPY;
    }
    ws_wipe(chunk, sizeof chunk);
    return result;
}

static int try_seed(const ws_entropy_source *source, uint8_t seed[WS_ENTROPY_SEED_SIZE]) {
    ws_health health;
    ws_sha256_context hash;

    ws_health_init(&health);
    ws_sha256_init(&hash);
    /* The start-up samples are hashed too: not credited, they can only add. */
    int result = draw(source, WS_ENTROPY_STARTUP_SAMPLES, &health, &hash);
    for (size_t i = 0; i < WS_ENTROPY_SEED_SIZE && result == WS_OK; i += WS_SHA256_SIZE) {
        result = draw(source, WS_ENTROPY_SAMPLES_PER_DIGEST, &health, &hash);
        ws_sha256_out(&hash, seed + i);
        ws_sha256_init(&hash);
    }
    if (result != WS_OK) {
        ws_wipe(seed, WS_ENTROPY_SEED_SIZE);
    }
    ws_wipe(&hash, sizeof hash);
    ws_wipe(&health, sizeof health);
    return result;
}

int ws_entropy_seed(const ws_entropy_source *source, uint8_t seed[WS_ENTROPY_SEED_SIZE]) {
    int result = WS_ERR_ENTROPY;

    for (unsigned tries = 0; tries < WS_ENTROPY_TRIES && result != WS_OK; tries++) {
        result = try_seed(source, seed);
        if (result != WS_OK && source->restart != NULL) {
            source->restart(source->context);
        }
    }
    return result;
}
