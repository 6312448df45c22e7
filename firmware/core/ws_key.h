/* The module's key pairs, each with its number: made, listed, used, erased. Which of them is to be
 * used, made or erased is the caller's policy; here a key is only ever whole or none.
 *
 * A private key exists in two places only: in its slot, and on the stack of one call of the core,
 * which wipes it before it returns. */
#ifndef WS_KEY_H
#define WS_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "ws_entropy.h"
#include "ws_hedge.h"
#include "ws_sha256.h"
#include "ws_spki.h"
#include "ws_storage.h"

#define WS_KEY_IDENTITY_SIZE 32    /* bytes; identity of the firmware that made the key */
#define WS_KEY_CHIP_ID_MAX_SIZE 32 /* bytes */
#define WS_KEY_SIGNATURE_SIZE 64   /* bytes; r and s, big-endian, 32 each */
#define WS_KEY_MAX_COUNT 8         /* keys that can be stored at once */

/* What is public about a whole key. */
typedef struct ws_key_facts {
    uint32_t number;                        /* 1 or more */
    uint8_t identity[WS_KEY_IDENTITY_SIZE]; /* as given to ws_key_create */
} ws_key_facts;

typedef struct ws_key_list {
    uint32_t broken_slots;               /* slots that are written but not whole */
    uint32_t count;                      /* whole keys */
    ws_key_facts keys[WS_KEY_MAX_COUNT]; /* in ascending order of the number */
} ws_key_list;

/* What making a key needs beside the storage. */
typedef struct ws_key_inputs {
    const ws_entropy_source *entropy;
    const uint8_t *chip_id;  /* sets two boards apart even if their noise were alike */
    size_t chip_id_size;     /* bytes; 0 to WS_KEY_CHIP_ID_MAX_SIZE */
    const uint8_t *identity; /* WS_KEY_IDENTITY_SIZE bytes: of the firmware that makes it */
} ws_key_inputs;

/* Look at every slot. An area that was never written gives no keys and no broken slots.
 * WS_ERR_STORAGE when the flash cannot be read: that is neither empty nor broken.
 * WS_ERR_KEY_FOREIGN when any slot holds a key of another chip: a copy of that chip's flash. */
int ws_key_inspect(const ws_storage *storage, ws_key_list *list);

/* Make a key pair of that number and store it in a blank slot.
 *
 * WS_ERR_ARGUMENT for number 0, WS_ERR_KEY_EXISTS if a whole key of that number is stored,
 * WS_ERR_SPACE if no slot is blank, WS_ERR_ENTROPY when the noise source fails its health tests;
 * nothing is written then. A cut at any time leaves the slot blank, broken or with the whole
 * new key, and every other slot as it was. */
int ws_key_create(const ws_storage *storage, const ws_key_inputs *inputs, uint32_t number);

/* Make sure that the whole key of that number stays whole: the power may have failed while it was
 * stored, and cells half programmed read so now and otherwise later. Errors as ws_key_public. */
int ws_key_secure(const ws_storage *storage, uint32_t number);

/* Destroy the whole key of that number: cleared bit by bit, then erased, so that not even cells
 * half erased by a cut hold anything of it, then read back. A cut leaves the key whole, broken or
 * gone. WS_ERR_NO_KEY; WS_ERR_STORAGE also when the cells did not take the erasure. */
int ws_key_erase(const ws_storage *storage, uint32_t number);

/* Erase the slots that are written but not whole; a whole key is never touched, of whatever chip.
 *
 * Separate from ws_key_create because only the caller can know whether a broken slot is a key
 * whose storing or erasing was cut (may go) or a used key that decayed (a fault to report).
 * erased receives the number of slots erased, 0 if there was none. */
int ws_key_discard_broken(const ws_storage *storage, uint32_t *erased);

/* Destroy what every slot holds, as ws_key_erase does: whole, broken, blank or of another chip.
 * A slot that refuses does not spare the others; WS_ERR_STORAGE then. A cut leaves some slots
 * as they were: to be called again until it returns WS_OK. */
int ws_key_erase_all(const ws_storage *storage);

/* SubjectPublicKeyInfo of a stored key. WS_ERR_NO_KEY, WS_ERR_STORAGE; WS_ERR_KEY_BROKEN when no
 * whole key has that number but a broken slot may have been it, WS_ERR_KEY_FOREIGN when there is a
 * key of another chip. */
int ws_key_public(const ws_storage *storage, uint32_t number, uint8_t spki[WS_SPKI_SIZE]);

/* Sign a SHA-256 digest with a stored key (RFC 6979); hedge, or NULL for none, adds entropy to the
 * nonce. Errors as ws_key_public; also WS_ERR_KEY_BROKEN when what is stored is no private key at
 * all, and WS_ERR_FAULT when the chip computed wrong or the key reads otherwise the second time:
 * the signature is zeros then. */
int ws_key_sign(const ws_storage *storage, uint32_t number, ws_hedge *hedge,
                const uint8_t digest[WS_SHA256_SIZE], uint8_t signature[WS_KEY_SIGNATURE_SIZE]);

#endif
