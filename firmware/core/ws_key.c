#include "ws_key.h"

#include <stdbool.h>
#include <string.h>

#include "ws_constant_time.h"
#include "ws_drbg.h"
#include "ws_ecdsa.h"
#include "ws_error.h"
#include "ws_key_slot.h"
#include "ws_p256.h"
#include "ws_wipe.h"

_Static_assert(WS_KEY_IDENTITY_SIZE == WS_KEY_SLOT_IDENTITY_SIZE, "one identity, two headers");
_Static_assert(WS_KEY_SIGNATURE_SIZE == WS_P256_SIGNATURE_SIZE, "one signature, two headers");
_Static_assert(WS_KEY_MAX_COUNT == WS_KEY_SLOT_MAX_COUNT, "a key for each slot");
_Static_assert(WS_KEY_CHIP_ID_MAX_SIZE <= WS_DRBG_PERSONALISATION_MAX_SIZE, "chip id must fit");

/* Insert a key at its place in the ascending order. */
static void list_key(ws_key_list *list, const ws_key_slot *slot) {
    uint32_t place = list->count++;
    for (; place > 0 && list->keys[place - 1].number > slot->number; place--) {
        list->keys[place] = list->keys[place - 1];
    }
    list->keys[place].number = slot->number;
    memcpy(list->keys[place].identity, slot->identity, sizeof slot->identity);
}

int ws_key_inspect(const ws_storage *storage, ws_key_list *list) {
    ws_key_slot slot;

    memset(list, 0, sizeof *list);
    int result = ws_key_slot_check_storage(storage);
    for (uint32_t sector = 0; result == WS_OK && sector < storage->sector_count; sector++) {
        int state = ws_key_slot_read(storage, sector, &slot);
        if (state == WS_OK) {
            list_key(list, &slot);
        } else if (state == WS_ERR_KEY_BROKEN) {
            list->broken_slots++;
        } else if (state == WS_ERR_STORAGE || state == WS_ERR_KEY_FOREIGN) {
            result = state;
        }
    }
    if (result != WS_OK) {
        memset(list, 0, sizeof *list);
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}

/* Read the whole key of that number and find its sector; errors as ws_key_public. Unless WS_OK,
 * *slot is wiped. */
static int load(const ws_storage *storage, uint32_t number, ws_key_slot *slot, uint32_t *sector) {
    bool any_broken = false;
    bool any_foreign = false;

    int result = ws_key_slot_check_storage(storage);
    for (*sector = 0; result == WS_OK && *sector < storage->sector_count; ++*sector) {
        int state = ws_key_slot_read(storage, *sector, slot);
        if (state == WS_OK && slot->number == number) {
            return WS_OK;
        }
        if (state == WS_ERR_STORAGE) {
            result = state;
        }
        any_broken |= state == WS_ERR_KEY_BROKEN;
        any_foreign |= state == WS_ERR_KEY_FOREIGN;
    }
    ws_wipe(slot, sizeof *slot);
    if (result == WS_OK) {
        result = any_foreign ? WS_ERR_KEY_FOREIGN : any_broken ? WS_ERR_KEY_BROKEN : WS_ERR_NO_KEY;
    }
    return result;
}

/* The first blank slot, unless a whole key has that number already. */
static int find_blank(const ws_storage *storage, uint32_t number, uint32_t *blank) {
    ws_key_slot slot;
    bool exists = false;

    *blank = storage->sector_count;
    int result = ws_key_slot_check_storage(storage);
    for (uint32_t sector = 0; result == WS_OK && sector < storage->sector_count; sector++) {
        int state = ws_key_slot_read(storage, sector, &slot);
        if (state == WS_ERR_NO_KEY && *blank == storage->sector_count) {
            *blank = sector;
        } else if (state == WS_ERR_STORAGE) {
            result = state;
        }
        exists |= state == WS_OK && slot.number == number;
    }
    ws_wipe(&slot, sizeof slot);
    if (result == WS_OK && exists) {
        result = WS_ERR_KEY_EXISTS;
    } else if (result == WS_OK && *blank == storage->sector_count) {
        result = WS_ERR_SPACE;
    }
    return result;
}

/* Draw a key pair that depends on the noise and on the chip. */
static int generate(const ws_key_inputs *inputs, ws_key_slot *slot) {
    ws_drbg drbg;

    int result = ws_drbg_seed(&drbg, inputs->entropy, inputs->chip_id, inputs->chip_id_size);
    if (result == WS_OK) {
        ws_p256_generate(&drbg, slot->private_key, slot->point);
    }
    ws_wipe(&drbg, sizeof drbg);
    return result;
}

int ws_key_create(const ws_storage *storage, const ws_key_inputs *inputs, uint32_t number) {
    ws_key_slot slot = {.number = number};
    uint32_t blank;

    if (number == 0 || inputs->chip_id_size > WS_KEY_CHIP_ID_MAX_SIZE) {
        return WS_ERR_ARGUMENT;
    }
    int result = find_blank(storage, number, &blank);
    if (result == WS_OK) {
        memcpy(slot.identity, inputs->identity, sizeof slot.identity);
        result = generate(inputs, &slot);
    }
    if (result == WS_OK) {
        result = ws_key_slot_write(storage, blank, &slot);
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}

int ws_key_secure(const ws_storage *storage, uint32_t number) {
    ws_key_slot slot;
    uint32_t sector;

    int result = load(storage, number, &slot, &sector);
    ws_wipe(&slot, sizeof slot);
    if (result == WS_OK) {
        result = ws_key_slot_secure(storage, sector);
    }
    ws_wipe_stack();
    return result;
}

int ws_key_erase(const ws_storage *storage, uint32_t number) {
    ws_key_slot slot;
    uint32_t sector;

    int result = load(storage, number, &slot, &sector);
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    if (result == WS_ERR_KEY_BROKEN || result == WS_ERR_KEY_FOREIGN) {
        result = WS_ERR_NO_KEY; /* there is no whole key, and that is all that was asked for */
    }
    return result == WS_OK ? ws_key_slot_destroy(storage, sector) : result;
}

int ws_key_discard_broken(const ws_storage *storage, uint32_t *erased) {
    ws_key_slot slot;

    *erased = 0;
    int result = ws_key_slot_check_storage(storage);
    for (uint32_t sector = 0; result == WS_OK && sector < storage->sector_count; sector++) {
        int state = ws_key_slot_read(storage, sector, &slot);
        if (state == WS_ERR_KEY_BROKEN) {
            result = ws_key_slot_destroy(storage, sector);
            *erased += result == WS_OK;
        } else if (state == WS_ERR_STORAGE) {
            result = state;
        }
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}

int ws_key_erase_all(const ws_storage *storage) {
    int result = ws_key_slot_check_storage(storage);
    uint32_t count = result == WS_OK ? storage->sector_count : 0;
    for (uint32_t sector = 0; sector < count; sector++) {
        if (ws_key_slot_destroy(storage, sector) != WS_OK) {
            result = WS_ERR_STORAGE;
        }
    }
    ws_wipe_stack();
    return result;
}

int ws_key_public(const ws_storage *storage, uint32_t number, uint8_t spki[WS_SPKI_SIZE]) {
    ws_key_slot slot;
    uint32_t sector;

    int result = load(storage, number, &slot, &sector);
    if (result == WS_OK) {
        ws_spki_encode(slot.point, spki);
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}

/* Whether the key in a sector has this number and is the one in `slot`. */
static bool is_unchanged(const ws_storage *storage, uint32_t sector, uint32_t number,
                         const ws_key_slot *slot) {
    ws_key_slot again;

    bool is_same =
        ws_key_slot_read(storage, sector, &again) == WS_OK && again.number == number &&
        ws_constant_time_equal(again.private_key, slot->private_key, sizeof again.private_key);
    ws_wipe(&again, sizeof again);
    return is_same;
}

/* Sign with the key in a slot, which is read again afterwards: a key that was disturbed on its way
 * from the flash would make a signature that gives bits of it away, and another key one that
 * cannot be verified. */
static int sign_with_slot(const ws_storage *storage, uint32_t sector, uint32_t number,
                          const ws_key_slot *slot, ws_hedge *hedge,
                          const uint8_t digest[WS_SHA256_SIZE],
                          uint8_t signature[WS_KEY_SIGNATURE_SIZE]) {
    uint8_t added[WS_HEDGE_SIZE];

    bool hedged = ws_hedge_draw(hedge, added);
    int result = ws_ecdsa_sign(slot->private_key, digest, hedged ? added : NULL, signature);
    if (result == WS_ERR_ARGUMENT) {
        result = WS_ERR_KEY_BROKEN;
    }
    if (result == WS_OK && !is_unchanged(storage, sector, number, slot)) {
        memset(signature, 0, WS_KEY_SIGNATURE_SIZE);
        result = WS_ERR_FAULT;
    }
    ws_wipe(added, sizeof added);
    return result;
}

int ws_key_sign(const ws_storage *storage, uint32_t number, ws_hedge *hedge,
                const uint8_t digest[WS_SHA256_SIZE], uint8_t signature[WS_KEY_SIGNATURE_SIZE]) {
    ws_key_slot slot;
    uint32_t sector;

    int result = load(storage, number, &slot, &sector);
    if (result == WS_OK) {
        result = sign_with_slot(storage, sector, number, &slot, hedge, digest, signature);
    }
    ws_wipe(&slot, sizeof slot);
    ws_wipe_stack();
    return result;
}
