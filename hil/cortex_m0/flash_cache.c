#include "flash_cache.h"

#include <stdlib.h>
#include <string.h>

void flash_cache_flush(struct flash_cache *cache) {
    memset(cache->lines, 0xff, sizeof cache->lines);
    memset(cache->oldest, 0, sizeof cache->oldest);
}

bool flash_cache_misses(struct flash_cache *cache, uint32_t address) {
    uint32_t line = address / FLASH_CACHE_LINE;
    uint32_t set = line % FLASH_CACHE_SETS;
    uint32_t *ways = cache->lines[set];
    for (uint8_t way = 0; way < FLASH_CACHE_WAYS; way++) {
        if (ways[way] == line) {
            cache->oldest[set] = !way;
            return false;
        }
    }
    uint8_t way = cache->oldest[set];
    ways[way] = line;
    cache->oldest[set] = !way;
    return true;
}

uint64_t flash_cache_replay(struct flash_cache *cache, const uint32_t *addresses, uint64_t count) {
    uint64_t misses = 0;
    for (uint64_t i = 0; i < count; i++) {
        misses += flash_cache_misses(cache, addresses[i]);
    }
    return misses;
}

struct flash_cache *flash_cache_new(void) {
    struct flash_cache *cache = malloc(sizeof *cache);
    if (cache != NULL) {
        flash_cache_flush(cache);
    }
    return cache;
}

void flash_cache_free(struct flash_cache *cache) {
    free(cache);
}
