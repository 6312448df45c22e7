#include "fake_port.h"

#include <string.h>

uint8_t fake_flash[FAKE_SECTOR_SIZE * FAKE_SECTOR_COUNT];

static int flash_read(void *context, uint32_t offset, void *buffer, size_t size) {
    (void)context;
    memcpy(buffer, fake_flash + offset, size);
    return 0;
}

static int flash_program(void *context, uint32_t offset, const void *data, size_t size) {
    (void)context;
    memcpy(fake_flash + offset, data, size);
    return 0;
}

static int flash_erase(void *context, uint32_t sector) {
    (void)context;
    memset(fake_flash + sector * FAKE_SECTOR_SIZE, 0xFF, FAKE_SECTOR_SIZE);
    return 0;
}

static const uint8_t fake_chip_id[WS_STORAGE_CHIP_ID_SIZE] = "chip";

const ws_storage fake_storage = {
    .chip_id = fake_chip_id,
    .sector_size = FAKE_SECTOR_SIZE,
    .page_size = 256,
    .sector_count = FAKE_SECTOR_COUNT,
    .read = flash_read,
    .program = flash_program,
    .erase = flash_erase,
};

int fake_noise(void *context, uint8_t *buffer, size_t size) {
    uint64_t *state = context;
    for (size_t i = 0; i < size; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        buffer[i] = (uint8_t)(*state >> 56);
    }
    return 0;
}

int fake_create(int (*read)(void *context, uint8_t *buffer, size_t size)) {
    uint64_t state = 1;
    ws_entropy_source noise = {.context = &state, .read = read};
    static const uint8_t identity[WS_KEY_IDENTITY_SIZE] = {1};
    ws_key_inputs inputs = {.entropy = &noise,
                            .chip_id = (const uint8_t *)"chip",
                            .chip_id_size = 4,
                            .identity = identity};

    memset(fake_flash, 0xFF, sizeof fake_flash);
    return ws_key_create(&fake_storage, &inputs, FAKE_KEY_NUMBER);
}
