#include "ws_random.h"

#include "ws_drbg.h"
#include "ws_error.h"
#include "ws_wipe.h"

int ws_random(const ws_entropy_source *source, const uint8_t *personalisation,
              size_t personalisation_size, uint8_t random[WS_RANDOM_SIZE]) {
    ws_drbg drbg;

    int result = ws_drbg_seed(&drbg, source, personalisation, personalisation_size);
    if (result == WS_OK) {
        ws_drbg_generate(&drbg, random, WS_RANDOM_SIZE);
    }
    ws_wipe(&drbg, sizeof drbg);
    ws_wipe_stack(); /* the samples would tell the next number of a source that repeats itself */
    return result;
}
