#include "ws_key_slot.h"

#include <stdbool.h>
#include <string.h>

#include "ws_constant_time.h"
#include "ws_crc.h"
#include "ws_error.h"
#include "ws_wipe.h"

enum {
    OFFSET_MAGIC = 0,
    OFFSET_VERSION = 4,
    OFFSET_COVERED_SIZE = 6,
    OFFSET_NUMBER = 8,
    OFFSET_RESERVED = 12,
    OFFSET_IDENTITY = 16,
    OFFSET_PRIVATE_KEY = OFFSET_IDENTITY + WS_KEY_SLOT_IDENTITY_SIZE,
    OFFSET_POINT = OFFSET_PRIVATE_KEY + WS_P256_SCALAR_SIZE,
    OFFSET_CHIP_ID = 148,
    OFFSET_CRC = OFFSET_CHIP_ID + WS_STORAGE_CHIP_ID_SIZE,
    OFFSET_UNUSED = OFFSET_CRC + 4,
};

_Static_assert(OFFSET_POINT + WS_P256_POINT_SIZE <= OFFSET_CHIP_ID, "the fields overlap");

/* Magic, version and covered size: the first eight bytes of every slot of this version. */
static const uint8_t preamble[OFFSET_NUMBER] = {'W', 'S', 'K', '1', 2, 0, OFFSET_CRC, 0};

static void put_u32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int ws_key_slot_check_storage(const ws_storage *storage) {
    bool pages_fit = storage->page_size != 0 && WS_KEY_SLOT_SIZE % storage->page_size == 0;
    bool sectors_fit =
        storage->sector_size != 0 && storage->sector_size % WS_KEY_SLOT_SIZE == 0 &&
        storage->sector_count >= WS_KEY_SLOT_MIN_COUNT &&
        storage->sector_count <= WS_KEY_SLOT_MAX_COUNT &&
        storage->sector_count <= UINT32_MAX / storage->sector_size; /* offsets fit 32 bits */
    return pages_fit && sectors_fit ? WS_OK : WS_ERR_ARGUMENT;
}

static bool is_blank(const uint8_t image[WS_KEY_SLOT_SIZE]) {
    uint8_t all_bits = 0xFF;
    for (size_t i = 0; i < WS_KEY_SLOT_SIZE; i++) {
        all_bits &= image[i];
    }
    WS_DECLASSIFY(all_bits); /* blank or not is what the caller asks for */
    return all_bits == 0xFF;
}

static bool is_whole(const uint8_t image[WS_KEY_SLOT_SIZE]) {
    uint8_t crc[4];
    put_u32(crc, ws_crc32(image, OFFSET_CRC));
    return memcmp(image, preamble, sizeof preamble) == 0 && get_u32(image + OFFSET_NUMBER) != 0 &&
           ws_constant_time_equal(image + OFFSET_CRC, crc, sizeof crc);
}

static void encode(const ws_key_slot *slot, const uint8_t chip_id[WS_STORAGE_CHIP_ID_SIZE],
                   uint8_t image[WS_KEY_SLOT_SIZE]) {
    memset(image, 0, OFFSET_CRC);
    memset(image + OFFSET_UNUSED, 0xFF, WS_KEY_SLOT_SIZE - OFFSET_UNUSED);
    memcpy(image + OFFSET_MAGIC, preamble, sizeof preamble);
    put_u32(image + OFFSET_NUMBER, slot->number);
    memcpy(image + OFFSET_IDENTITY, slot->identity, sizeof slot->identity);
    memcpy(image + OFFSET_PRIVATE_KEY, slot->private_key, sizeof slot->private_key);
    memcpy(image + OFFSET_POINT, slot->point, sizeof slot->point);
    memcpy(image + OFFSET_CHIP_ID, chip_id, WS_STORAGE_CHIP_ID_SIZE);
    put_u32(image + OFFSET_CRC, ws_crc32(image, OFFSET_CRC));
}

static int decode(const uint8_t image[WS_KEY_SLOT_SIZE],
                  const uint8_t chip_id[WS_STORAGE_CHIP_ID_SIZE], ws_key_slot *slot) {
    if (is_blank(image)) {
        return WS_ERR_NO_KEY;
    }
    if (!is_whole(image)) {
        return WS_ERR_KEY_BROKEN;
    }
    if (memcmp(image + OFFSET_CHIP_ID, chip_id, WS_STORAGE_CHIP_ID_SIZE) != 0) {
        return WS_ERR_KEY_FOREIGN;
    }
    slot->number = get_u32(image + OFFSET_NUMBER);
    memcpy(slot->identity, image + OFFSET_IDENTITY, sizeof slot->identity);
    memcpy(slot->private_key, image + OFFSET_PRIVATE_KEY, sizeof slot->private_key);
    memcpy(slot->point, image + OFFSET_POINT, sizeof slot->point);
    return WS_OK;
}

static int read_image(const ws_storage *storage, uint32_t sector, uint8_t image[WS_KEY_SLOT_SIZE]) {
    uint32_t offset = sector * storage->sector_size;
    return storage->read(storage->context, offset, image, WS_KEY_SLOT_SIZE) == 0 ? WS_OK
                                                                                 : WS_ERR_STORAGE;
}

int ws_key_slot_read(const ws_storage *storage, uint32_t sector, ws_key_slot *slot) {
    uint8_t image[WS_KEY_SLOT_SIZE];

    ws_wipe(slot, sizeof *slot);
    int result = read_image(storage, sector, image);
    if (result == WS_OK) {
        result = decode(image, storage->chip_id, slot);
    }
    ws_wipe(image, sizeof image);
    return result;
}

static int read_back(const ws_storage *storage, uint32_t sector,
                     const uint8_t written[WS_KEY_SLOT_SIZE]) {
    uint8_t image[WS_KEY_SLOT_SIZE];

    int result = read_image(storage, sector, image);
    if (result == WS_OK && !ws_constant_time_equal(image, written, sizeof image)) {
        result = WS_ERR_STORAGE;
    }
    ws_wipe(image, sizeof image);
    return result;
}

static int erase(const ws_storage *storage, uint32_t sector) {
    return storage->erase(storage->context, sector) == 0 ? WS_OK : WS_ERR_STORAGE;
}

static int program(const ws_storage *storage, uint32_t sector,
                   const uint8_t image[WS_KEY_SLOT_SIZE]) {
    uint32_t offset = sector * storage->sector_size;
    if (storage->program(storage->context, offset, image, WS_KEY_SLOT_SIZE) != 0) {
        return WS_ERR_STORAGE;
    }
    return read_back(storage, sector, image);
}

int ws_key_slot_write(const ws_storage *storage, uint32_t sector, const ws_key_slot *slot) {
    uint8_t image[WS_KEY_SLOT_SIZE];

    /* Erased even where it reads blank: an earlier erase may have been cut, and cells half
     * erased read as ones today and as zeros tomorrow. */
    int result = erase(storage, sector);
    if (result == WS_OK) {
        encode(slot, storage->chip_id, image);
        result = program(storage, sector, image);
        ws_wipe(image, sizeof image);
    }
    return result;
}

int ws_key_slot_secure(const ws_storage *storage, uint32_t sector) {
    uint8_t image[WS_KEY_SLOT_SIZE];

    int result = read_image(storage, sector, image);
    if (result == WS_OK) {
        result = program(storage, sector, image);
    }
    ws_wipe(image, sizeof image);
    return result;
}

static int check_blank(const ws_storage *storage, uint32_t sector) {
    uint8_t image[WS_KEY_SLOT_SIZE];

    int result = read_image(storage, sector, image);
    if (result == WS_OK && !is_blank(image)) {
        result = WS_ERR_STORAGE;
    }
    ws_wipe(image, sizeof image);
    return result;
}

int ws_key_slot_destroy(const ws_storage *storage, uint32_t sector) {
    static const uint8_t zeros[WS_KEY_SLOT_SIZE];

    uint32_t offset = sector * storage->sector_size;
    bool cleared = storage->program(storage->context, offset, zeros, sizeof zeros) == 0;
    int result = erase(storage, sector); /* also when the clearing failed: all that can be done */
    if (result == WS_OK) {
        result = check_blank(storage, sector);
    }
    return cleared ? result : WS_ERR_STORAGE;
}
