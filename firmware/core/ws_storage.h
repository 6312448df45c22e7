/* What the core needs of a piece of NOR flash; each port supplies one for the key area. */
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
