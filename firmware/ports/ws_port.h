/* What the binding needs of a port: flash, noise, the chip's id, the running image. Each port is
 * one C file beside its port.py. */
#ifndef WS_PORT_H
#define WS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws_entropy.h"
#include "ws_key.h"
#include "ws_storage.h"

/* X(identifier, name): in the order of flash.areas in board.toml. */
#define WS_AREA_TABLE(X) X(KEYS) X(SETTINGS) X(STATEMENTS) X(EVENTS) X(JOURNAL)

enum ws_area {
#define WS_AREA_ENUM(name) WS_AREA_##name,
    WS_AREA_TABLE(WS_AREA_ENUM)
#undef WS_AREA_ENUM
        WS_AREA_COUNT
};

/* The storage of one area; every call on it is checked against the area's bounds. */
const ws_storage *ws_port_area(enum ws_area area);

/* Make ready what the port does beside the application. Called before anything else of the port,
 * and again without harm. */
void ws_port_start(void);

/* Raw samples of the chip's noise source. */
extern const ws_entropy_source ws_port_noise;

/* Whether signatures are to be hedged with this noise (ws_hedge.h). */
bool ws_port_hedges(void);

/* The unique id of the flash chip, which belongs to each key; the number of bytes written. */
size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]);

/* The bytes of the running image, as they would be flashed; they stay readable for ever.
 * WS_ERR_STORAGE if they cannot be read. */
int ws_port_image(const void **image, size_t *size);

/* The port's flash, in byte offsets from its start; 0 or a negative number. */
int ws_port_flash_read(uint32_t offset, void *buffer, size_t size);
int ws_port_flash_program(uint32_t offset, const void *data, size_t size);
int ws_port_flash_erase_sector(uint32_t offset);

#endif
