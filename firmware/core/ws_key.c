#include "ws_key.h"

#include <string.h>

#include "ws_der.h"
#include "ws_drbg.h"
#include "ws_ecdsa.h"
#include "ws_error.h"
#include "ws_key_slot.h"
#include "ws_p256.h"
#include "ws_wipe.h"

#define FIRST_SECTOR 0
#define FIRST_NUMBER 1

_Static_assert(WS_KEY_IDENTITY_SIZE == WS_KEY_SLOT_IDENTITY_SIZE, "one identity, two headers");
_Static_assert(WS_KEY_SIGNATURE_SIZE == WS_P256_SIGNATURE_SIZE, "one signature, two headers");
_Static_assert(WS_KEY_CHIP_ID_MAX_SIZE <= WS_DRBG_PERSONALISATION_MAX_SIZE, "chip id must fit");
_Static_assert(WS_ENTROPY_SEED_SIZE <= WS_DRBG_SEED_MAX_SIZE, "seed must fit");

/* Read the newest whole key; *broken_count receives the number of slots that are not whole.
 * WS_ERR_NO_KEY and WS_ERR_KEY_BROKEN as ws_key.h tells them apart. Unless WS_OK, *newest
 * is wiped. */
static int load(const ws_storage *storage, ws_key_slot *newest, uint32_t *broken_count) {
    ws_key_slot slot;

    ws_wipe(newest, sizeof *newest); /* number 0: older than any key */
    *broken_count = 0;
    int result = ws_key_slot_check_storage(storage);
    for (uint32_t sector = 0; sector < storage->sector_count && result == WS_OK; sector++) {
        int state = ws_key_slot_read(storage, sector, &slot);
        if (state == WS_OK && slot.number > newest->number) {
            *newest = slot;
        } else if (state == WS_ERR_KEY_BROKEN) {
            ++*broken_count;
        } else if (state == WS_ERR_STORAGE) {
            result = state;
        }
    }
    ws_wipe(&slot, sizeof slot);
    if (result == WS_OK && newest->number == 0) {
        result = *broken_count > 0 ? WS_ERR_KEY_BROKEN : WS_ERR_NO_KEY;
    }
    if (result != WS_OK) {
        ws_wipe(newest, sizeof *newest);
    }
    return result;
}

int ws_key_inspect(const ws_storage *storage, ws_key_info *info) {
    ws_key_slot slot;

    memset(info, 0, sizeof *info);
    int result = load(storage, &slot, &info->broken_slots);
    switch (result) {
    case WS_OK:
        info->state = WS_KEY_VALID;
        info->number = slot.number;
        memcpy(info->identity, slot.identity, sizeof info->identity);
        break;
    case WS_ERR_NO_KEY:
        info->state = WS_KEY_EMPTY;
        result = WS_OK;
        break;
    case WS_ERR_KEY_BROKEN:
        info->state = WS_KEY_BROKEN;
        result = WS_OK;
        break;
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}

/* Draw a key pair that depends on the noise and on the chip. */
static int generate(const ws_key_recipe *recipe, ws_key_slot *slot) {
    uint8_t seed[WS_ENTROPY_SEED_SIZE];
    ws_drbg drbg;

    int result = ws_entropy_seed(recipe->entropy, seed);
    if (result == WS_OK) {
        result = ws_drbg_init(&drbg, seed, sizeof seed, recipe->chip_id, recipe->chip_id_size);
    }
    if (result == WS_OK) {
        ws_p256_generate(&drbg, slot->private_key, slot->point);
    }
    ws_wipe(&drbg, sizeof drbg);
    ws_wipe(seed, sizeof seed);
    return result;
}

static int make(const ws_storage *storage, const ws_key_recipe *recipe) {
    ws_key_slot slot = {.number = FIRST_NUMBER};

    if (recipe->identity != NULL) {
        memcpy(slot.identity, recipe->identity, sizeof slot.identity);
    }
    int result = generate(recipe, &slot);
    if (result == WS_OK) {
        result = ws_key_slot_write(storage, FIRST_SECTOR, &slot);
    }
    ws_wipe(&slot, sizeof slot);
    return result;
}

int ws_key_create(const ws_storage *storage, const ws_key_recipe *recipe, uint32_t *number) {
    ws_key_slot slot;
    uint32_t broken_count;

    *number = 0;
    if (recipe->chip_id_size > WS_KEY_CHIP_ID_MAX_SIZE) {
        return WS_ERR_ARGUMENT;
    }
    int result = load(storage, &slot, &broken_count);
    ws_wipe(&slot, sizeof slot);
    if (result == WS_OK) {
        result = WS_ERR_KEY_EXISTS;
    } else if (result == WS_ERR_NO_KEY) {
        result = make(storage, recipe);
        *number = result == WS_OK ? FIRST_NUMBER : 0;
    }
    ws_wipe_stack();
    return result;
}

int ws_key_discard_broken(const ws_storage *storage, uint32_t *erased) {
    ws_key_slot slot;

    *erased = 0;
    int result = ws_key_slot_check_storage(storage);
    for (uint32_t sector = 0; sector < storage->sector_count && result == WS_OK; sector++) {
        int state = ws_key_slot_read(storage, sector, &slot);
        if (state == WS_ERR_KEY_BROKEN) {
            result = ws_key_slot_erase(storage, sector);
            *erased += result == WS_OK;
        } else if (state == WS_ERR_STORAGE) {
            result = state;
        }
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}

int ws_key_public(const ws_storage *storage, uint8_t spki[WS_SPKI_SIZE]) {
    ws_key_slot slot;
    uint32_t broken_count;

    int result = load(storage, &slot, &broken_count);
    if (result == WS_OK) {
        ws_spki_encode(slot.point, spki);
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}

int ws_key_sign(const ws_storage *storage, const uint8_t digest[WS_SHA256_SIZE],
                uint8_t signature[WS_KEY_SIGNATURE_SIZE]) {
    ws_key_slot slot;
    uint32_t broken_count;

    int result = load(storage, &slot, &broken_count);
    if (result == WS_OK && ws_ecdsa_sign(slot.private_key, digest, signature) != WS_OK) {
        result = WS_ERR_KEY_BROKEN;
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}
