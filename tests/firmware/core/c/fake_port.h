/* A flash of two sectors and a noise source, for the test programs in C. */
#ifndef FAKE_PORT_H
#define FAKE_PORT_H

#include <stdint.h>

#include "ws_core.h"

#define FAKE_SECTOR_SIZE 4096
#define FAKE_SECTOR_COUNT 2
#define FAKE_KEY_NUMBER 1

extern uint8_t fake_flash[FAKE_SECTOR_SIZE * FAKE_SECTOR_COUNT];
extern const ws_storage fake_storage;

/* Erase the flash and make a key in it; read gives the noise, its context is a uint64_t. */
int fake_create(int (*read)(void *context, uint8_t *buffer, size_t size));

/* Good enough to pass the health tests, and the same in every run. */
int fake_noise(void *context, uint8_t *buffer, size_t size);

#endif
