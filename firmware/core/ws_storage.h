/* What the core needs of a piece of NOR flash; each port supplies one for the key area.
 *
 * The core writes its key slots into it in clear, and no port of today encrypts them: who reads the
 * flash has the key. A port whose chip can do better returns another table of these calls for the
 * key area, from ws_port_area(WS_AREA_KEYS), and nothing above it changes. None is built.
 *
 * - A wrapping key in a locked page of OTP (RP2350): program() encrypts a page and read() decrypts
 *   it, with sector, page and a count of writes as the nonce, and a tag. Nonces and tags need room
 *   that the port keeps beside the area. A page whose tag is wrong is an error of read(), never
 *   data. The wrapping key is read for one call, its page is locked for all other code, and it is
 *   wiped (ws_wipe.h).
 * - Flash encryption by the chip (ESP32): read() and program() go through what decrypts and
 *   encrypts. A page that is written a second time without an erasure is spoilt there, and zeros
 *   that clear its cells do not read as zeros. So for what program() promises below the port needs
 *   a spare sector: it moves the sector's other pages, and erases.
 * - A secure element on I2C that stores bytes: its slots are the sectors, and erase() writes 0xFF.
 *   One that makes the key and never gives it out does not fit this interface: it takes the place
 *   of ws_key.h, and each of its signatures is to be verified before it leaves the core, as those
 *   of the core itself are.
 *
 * docs/threat-model.md says what each chip has, and what of it is used. */
#ifndef WS_STORAGE_H
#define WS_STORAGE_H

#include <stddef.h>
#include <stdint.h>

#define WS_STORAGE_CHIP_ID_SIZE 32 /* bytes */

/* Offsets are in bytes from the start of the area. The three calls return 0, or any negative
 * number when the flash refuses; the core reports that as WS_ERR_STORAGE. */
typedef struct ws_storage {
    void *context;         /* handed to each call, never looked at */
    uint32_t sector_size;  /* bytes; what erase() clears; a multiple of 256 */
    uint32_t page_size;    /* bytes; what program() writes at once; divides 256 */
    uint32_t sector_count; /* sectors in the area; the core needs at least two */
    /* Of the flash chip itself, WS_STORAGE_CHIP_ID_SIZE bytes, zeros after the id's end: what was
     * copied here from another chip is told by it. */
    const uint8_t *chip_id;
    /* From the cells: not from a cache, which would keep a copy of what was read. */
    int (*read)(void *context, uint32_t offset, void *buffer, size_t size);
    /* offset and size are multiples of page_size. The pages are erased; or they read as data
     * already, and cells that a power cut left half programmed are to be driven home; or data is
     * all zeros, which clears every bit whatever the pages hold. data may lie anywhere, also in
     * the flash that is programmed: a port whose flash cannot be read meanwhile copies it, and
     * leaves no copy behind. 0 only if the pages then read as data. */
    int (*program)(void *context, uint32_t offset, const void *data, size_t size);
    /* Sets every byte of one sector (0 .. sector_count - 1) to 0xFF. */
    int (*erase)(void *context, uint32_t sector);
} ws_storage;

#endif
