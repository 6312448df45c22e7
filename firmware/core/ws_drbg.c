#include "ws_drbg.h"

#include <bearssl_hash.h>
#include <string.h>

#include "ws_error.h"
#include "ws_wipe.h"

_Static_assert(WS_ENTROPY_SEED_SIZE <= WS_DRBG_SEED_MAX_SIZE, "seed must fit");

int ws_drbg_init(ws_drbg *drbg, const uint8_t *seed, size_t seed_size,
                 const uint8_t *personalisation, size_t personalisation_size) {
    uint8_t material[WS_DRBG_SEED_MAX_SIZE + WS_DRBG_PERSONALISATION_MAX_SIZE];

    if (seed_size > WS_DRBG_SEED_MAX_SIZE ||
        personalisation_size > WS_DRBG_PERSONALISATION_MAX_SIZE) {
        return WS_ERR_ARGUMENT;
    }
    memcpy(material, seed, seed_size);
    if (personalisation_size > 0) {
        memcpy(material + seed_size, personalisation, personalisation_size);
    }
    br_hmac_drbg_init(&drbg->bearssl, &br_sha256_vtable, material,
                      seed_size + personalisation_size);
    ws_wipe(material, sizeof material);
    return WS_OK;
}

int ws_drbg_seed(ws_drbg *drbg, const ws_entropy_source *source, const uint8_t *personalisation,
                 size_t personalisation_size) {
    uint8_t seed[WS_ENTROPY_SEED_SIZE];

    int result = ws_entropy_seed(source, seed);
    if (result == WS_OK) {
        result = ws_drbg_init(drbg, seed, sizeof seed, personalisation, personalisation_size);
    }
    ws_wipe(seed, sizeof seed);
    return result;
}

void ws_drbg_generate(ws_drbg *drbg, uint8_t *out, size_t size) {
    br_hmac_drbg_generate(&drbg->bearssl, out, size);
}

int ws_random(const ws_entropy_source *source, const uint8_t *personalisation,
              size_t personalisation_size, uint8_t random[WS_RANDOM_SIZE]) {
    ws_drbg drbg;

    int result = ws_drbg_seed(&drbg, source, personalisation, personalisation_size);
    if (result == WS_OK) {
        ws_drbg_generate(&drbg, random, WS_RANDOM_SIZE);
    }
    ws_wipe(&drbg, sizeof drbg);
    ws_wipe_stack(); /* a source that repeats itself: its samples would give the next number */
    return result;
}
