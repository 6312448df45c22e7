/* Looks through a whole flash area at once, for the logs in it, which are much slower at it. */
#ifndef WS_SCAN_H
#define WS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws_storage.h"

#define WS_SCAN_START_SIZE 64 /* bytes from the start of a sector in which a pattern lies */
#define WS_SCAN_NUMBER_LIMIT (1u << 30) /* numbers from here on are not found */

/* What a sector begins with that has a number, and where in it the number is. */
typedef struct ws_scan_pattern {
    const uint8_t *magic;   /* the first bytes of such a sector */
    size_t magic_size;      /* bytes, at least 1 */
    uint32_t number_offset; /* bytes from the sector's start to the number, lowest byte first */
} ws_scan_pattern;

/* Whether all bytes of a range are 0xFF. WS_ERR_ARGUMENT beyond the area, WS_ERR_STORAGE. */
int ws_scan_is_erased(const ws_storage *storage, uint32_t offset, size_t size, bool *erased);

/* The highest number below a limit in sectors of this pattern; -1 if there is none.
 * WS_ERR_ARGUMENT for a pattern beyond WS_SCAN_START_SIZE or a limit above WS_SCAN_NUMBER_LIMIT. */
int ws_scan_highest(const ws_storage *storage, const ws_scan_pattern *pattern, uint32_t below,
                    int32_t *highest);

#endif
