/* A model of the RP2040's cache of the flash: 16 KB, two ways, lines of 8 bytes (RP2040 datasheet,
 * section 2.6.3). Which line gives way is not documented: here the one used longest ago.
 */
#ifndef CORTEX_M0_FLASH_CACHE_H
#define CORTEX_M0_FLASH_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define FLASH_CACHE_LINE 8u
#define FLASH_CACHE_WAYS 2u
#define FLASH_CACHE_SETS 1024u

struct flash_cache {
    uint32_t lines[FLASH_CACHE_SETS][FLASH_CACHE_WAYS]; /* address / 8 */
    uint8_t oldest[FLASH_CACHE_SETS];                   /* the way to give up next */
};

void flash_cache_flush(struct flash_cache *cache);

/* Look an address up and keep its line; true if it was not there. */
bool flash_cache_misses(struct flash_cache *cache, uint32_t address);

/* The number of misses of a list of addresses, one after the other. */
uint64_t flash_cache_replay(struct flash_cache *cache, const uint32_t *addresses, uint64_t count);

/* An empty cache, or NULL if there is no memory for it. */
struct flash_cache *flash_cache_new(void);
void flash_cache_free(struct flash_cache *cache);

#endif
