#include "ws_hedge.h"

#include "ws_error.h"
#include "ws_wipe.h"

int ws_hedge_seed(ws_hedge *hedge, const ws_entropy_source *source, const uint8_t *personalisation,
                  size_t personalisation_size) {
    int result = ws_drbg_seed(&hedge->drbg, source, personalisation, personalisation_size);
    hedge->seeded = result == WS_OK;
    if (!hedge->seeded) {
        ws_wipe(hedge, sizeof *hedge);
    }
    ws_wipe_stack();
    return result;
}

bool ws_hedge_draw(ws_hedge *hedge, uint8_t added[WS_HEDGE_SIZE]) {
    if (hedge == NULL || !hedge->seeded) {
        return false;
    }
    ws_drbg_generate(&hedge->drbg, added, WS_HEDGE_SIZE);
    return true;
}
