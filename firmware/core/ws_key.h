/* The module's key pair, by its life: empty, made, used; or found broken.
 *
 * The private key exists in two places only: in its slot, and on the stack of one call of the
 * core, which wipes it before it returns. */
#ifndef WS_KEY_H
#define WS_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "ws_entropy.h"
#include "ws_sha256.h"
#include "ws_spki.h"
#include "ws_storage.h"

#define WS_KEY_IDENTITY_SIZE 32    /* bytes; identity of the firmware that made the key */
#define WS_KEY_CHIP_ID_MAX_SIZE 32 /* bytes */
#define WS_KEY_SIGNATURE_SIZE 64   /* bytes; r and s, big-endian, 32 each */

typedef enum ws_key_state {
    WS_KEY_EMPTY = 0, /* no slot was ever written */
    WS_KEY_VALID = 1, /* at least one whole key is stored */
    WS_KEY_BROKEN = 2 /* a slot is written but not whole, and no other slot holds a whole key */
} ws_key_state;

/* What may be told of the stored key. */
typedef struct ws_key_info {
    ws_key_state state;
    uint32_t number;                        /* 1 for the first key; 0 unless valid */
    uint32_t broken_slots;                  /* slots written but not whole; also when valid */
    uint8_t identity[WS_KEY_IDENTITY_SIZE]; /* as given to ws_key_create; 0 unless valid */
} ws_key_info;

/* What making a key needs beside the storage. */
typedef struct ws_key_recipe {
    const ws_entropy_source *entropy;
    const uint8_t *chip_id;  /* sets two boards apart even if their noise were alike */
    size_t chip_id_size;     /* bytes; 0 to WS_KEY_CHIP_ID_MAX_SIZE */
    const uint8_t *identity; /* WS_KEY_IDENTITY_SIZE bytes, or NULL for zeros */
} ws_key_recipe;

/* Look at every slot. With two valid keys the higher number counts: it is the newer.
 * WS_ERR_STORAGE when the flash cannot be read: that is neither empty nor broken. */
int ws_key_inspect(const ws_storage *storage, ws_key_info *info);

/* Make a key pair and store it; number receives its key number.
 *
 * Only where no slot was ever written: WS_ERR_KEY_EXISTS and WS_ERR_KEY_BROKEN otherwise.
 * WS_ERR_ENTROPY when the noise source fails its health tests; nothing is written then. A cut at
 * any moment leaves the storage empty, broken or with the whole new key. */
int ws_key_create(const ws_storage *storage, const ws_key_recipe *recipe, uint32_t *number);

/* Erase the slots that are written but not whole; a whole key is never touched.
 *
 * Separate from ws_key_create because only the caller can know whether a broken slot is a first
 * key cut while being stored (never used, may go) or a used key that decayed (a fault to
 * report). erased receives the number of slots erased, 0 if there was none. */
int ws_key_discard_broken(const ws_storage *storage, uint32_t *erased);

/* SubjectPublicKeyInfo of the stored key. WS_ERR_NO_KEY, WS_ERR_KEY_BROKEN, WS_ERR_STORAGE. */
int ws_key_public(const ws_storage *storage, uint8_t spki[WS_SPKI_SIZE]);

/* Sign a SHA-256 digest with the stored key (RFC 6979). Errors as ws_key_public; also
 * WS_ERR_KEY_BROKEN when the stored number is no private key at all. */
int ws_key_sign(const ws_storage *storage, const uint8_t digest[WS_SHA256_SIZE],
                uint8_t signature[WS_KEY_SIGNATURE_SIZE]);

#endif
