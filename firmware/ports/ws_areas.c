#include "ws_port.h"

#include "wattseal_board.h"
#include "ws_error.h"

typedef struct area_bounds {
    uint32_t offset; /* bytes from the start of flash */
    uint32_t size;   /* bytes */
} area_bounds;

static const area_bounds bounds[WS_AREA_COUNT] = {
#define AREA_BOUNDS(name)                                                                          \
    {.offset = WS_FLASH_##name##_OFFSET, .size = WS_FLASH_##name##_SECTORS * WS_FLASH_SECTOR_SIZE},
    WS_AREA_TABLE(AREA_BOUNDS)
#undef AREA_BOUNDS
};

static int within(const area_bounds *area, uint32_t offset, size_t size) {
    return offset <= area->size && size <= area->size - offset;
}

static int read_area(void *context, uint32_t offset, void *buffer, size_t size) {
    const area_bounds *area = context;
    if (!within(area, offset, size)) {
        return WS_ERR_ARGUMENT;
    }
    return ws_port_flash_read(area->offset + offset, buffer, size);
}

static int program_area(void *context, uint32_t offset, const void *data, size_t size) {
    const area_bounds *area = context;
    if (!within(area, offset, size) || offset % WS_FLASH_PAGE_SIZE != 0 ||
        size % WS_FLASH_PAGE_SIZE != 0) {
        return WS_ERR_ARGUMENT;
    }
    return ws_port_flash_program(area->offset + offset, data, size);
}

static int erase_area(void *context, uint32_t sector) {
    const area_bounds *area = context;
    if (sector >= area->size / WS_FLASH_SECTOR_SIZE) {
        return WS_ERR_ARGUMENT;
    }
    return ws_port_flash_erase_sector(area->offset + sector * WS_FLASH_SECTOR_SIZE);
}

static uint8_t chip_id[WS_STORAGE_CHIP_ID_SIZE];

_Static_assert(sizeof(chip_id) == WS_KEY_CHIP_ID_MAX_SIZE, "a port writes no more of its id");

static const ws_storage areas[WS_AREA_COUNT] = {
#define AREA_STORAGE(name)                                                                         \
    {                                                                                              \
        .context = (void *)&bounds[WS_AREA_##name],                                                \
        .sector_size = WS_FLASH_SECTOR_SIZE,                                                       \
        .page_size = WS_FLASH_PAGE_SIZE,                                                           \
        .sector_count = WS_FLASH_##name##_SECTORS,                                                 \
        .chip_id = chip_id,                                                                        \
        .read = read_area,                                                                         \
        .program = program_area,                                                                   \
        .erase = erase_area,                                                                       \
    },
    WS_AREA_TABLE(AREA_STORAGE)
#undef AREA_STORAGE
};

const ws_storage *ws_port_area(enum ws_area area) {
    static bool id_is_known;

    if (!id_is_known) {
        ws_port_chip_id(chip_id);
        id_is_known = true;
    }
    return &areas[area];
}
