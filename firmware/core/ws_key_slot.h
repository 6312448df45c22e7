/* One key pair in one flash sector: the format, and how it is written so that a cut cannot
 * leave half a key that looks whole.
 *
 *     offset  bytes  field (integers little-endian)
 *          0      4  magic "WSK1"
 *          4      2  format version, 2
 *          6      2  size of what the CRC covers, 180
 *          8      4  key number, 1 for the first
 *         12      4  reserved, 0
 *         16     32  identity of the firmware that made the key
 *         48     32  private key, big-endian
 *         80     65  public key, uncompressed point
 *        145      3  reserved, 0
 *        148     32  id of the flash chip that the key was made on, zeros after its end
 *        180      4  CRC-32 of bytes 0 to 179
 *        184     72  0xFF
 *
 * The slot is the first 256 bytes of its sector; the rest is left erased for later versions. */
#ifndef WS_KEY_SLOT_H
#define WS_KEY_SLOT_H

#include <stdint.h>

#include "ws_p256.h"
#include "ws_spki.h"
#include "ws_storage.h"

#define WS_KEY_SLOT_SIZE 256 /* bytes */
#define WS_KEY_SLOT_IDENTITY_SIZE 32
#define WS_KEY_SLOT_MIN_COUNT 2 /* a roll-over holds the old and the new key at once */
#define WS_KEY_SLOT_MAX_COUNT 8

typedef struct ws_key_slot {
    uint32_t number; /* 1 or more */
    uint8_t identity[WS_KEY_SLOT_IDENTITY_SIZE];
    uint8_t private_key[WS_P256_SCALAR_SIZE];
    uint8_t point[WS_P256_POINT_SIZE];
} ws_key_slot;

/* WS_ERR_ARGUMENT unless the flash's geometry can hold slots. */
int ws_key_slot_check_storage(const ws_storage *storage);

/* WS_OK: a whole key, which the caller is to wipe. WS_ERR_NO_KEY: blank. WS_ERR_KEY_BROKEN:
 * written but not whole. WS_ERR_KEY_FOREIGN: whole, but of another chip. WS_ERR_STORAGE:
 * unreadable. In all but the first *slot is wiped. */
int ws_key_slot_read(const ws_storage *storage, uint32_t sector, ws_key_slot *slot);

/* Erase the sector, write the key and read it back. WS_ERR_STORAGE when the flash refuses or
 * reads back other than written. */
int ws_key_slot_write(const ws_storage *storage, uint32_t sector, const ws_key_slot *slot);

/* Program what the slot holds once more and read it back: a slot that a cut left half programmed
 * may read as whole now and not later. WS_ERR_STORAGE as above. */
int ws_key_slot_secure(const ws_storage *storage, uint32_t sector);

/* Clear every bit of the slot, erase its sector and read it back: WS_ERR_STORAGE when the flash
 * refuses, or when it says that it erased and did not. An erasure alone, cut at the wrong time,
 * could leave cells that read as erased at first and later as what they held before. */
int ws_key_slot_destroy(const ws_storage *storage, uint32_t sector);

#endif
