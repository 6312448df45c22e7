/* The accesses to memory: RAM, and flash and boot ROM, which cannot be written. */
#include <stddef.h>
#include <string.h>

#include "state.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the memory of the model is that of a little-endian machine"
#endif

struct memory_region *region_of(struct model *model, uint32_t address) {
    for (int i = 0; i < REGION_COUNT; i++) {
        struct memory_region *region = &model->regions[i];
        if (address - region->start < region->size) {
            return region;
        }
    }
    return NULL;
}

static uint8_t *bytes_of(struct memory_region *region, uint32_t address) {
    return region->bytes + (address - region->start);
}

/* Of several accesses of an instruction that cannot be, the first counts. */
static void refuse(struct model *model, enum model_status status, uint32_t address) {
    if (model->status == MODEL_RETURNED) {
        model->status = status;
        model->fault_address = address;
    }
}

/* A region's size is a multiple of 4, so an aligned access does not leave it half-way. */
static uint8_t *readable(struct model *model, uint32_t address, uint32_t size) {
    if ((address & (size - 1)) != 0) {
        refuse(model, MODEL_E_UNALIGNED, address);
        return NULL;
    }
    struct memory_region *region = region_of(model, address);
    if (region == NULL) {
        refuse(model, MODEL_E_OUTSIDE, address);
        return NULL;
    }
    return bytes_of(region, address);
}

static inline uint32_t load(struct model *model, uint32_t address, uint32_t size) {
    const uint8_t *bytes = readable(model, address, size);
    uint32_t value = 0;
    if (bytes != NULL) {
        memcpy(&value, bytes, size);
    }
    return model->watch != 0 ? watch_load(model, address, value) : value;
}

static inline void store(struct model *model, uint32_t address, uint32_t value, uint32_t size) {
    uint8_t *bytes = readable(model, address, size);
    if (bytes != NULL && address - MODEL_RAM_START >= MODEL_RAM_SIZE) {
        refuse(model, MODEL_E_OUTSIDE, address);
        return;
    }
    if (bytes != NULL) {
        memcpy(bytes, &value, size);
    }
    if (model->watch != 0) {
        watch_store(model, address);
    }
}

uint32_t load_word(struct model *model, uint32_t address) {
    return load(model, address, 4);
}

uint32_t load_half(struct model *model, uint32_t address) {
    return load(model, address, 2) & 0xffff;
}

uint32_t load_byte(struct model *model, uint32_t address) {
    return load(model, address, 1) & 0xff;
}

void store_word(struct model *model, uint32_t address, uint32_t value) {
    store(model, address, value, 4);
}

void store_half(struct model *model, uint32_t address, uint32_t value) {
    store(model, address, value, 2);
}

void store_byte(struct model *model, uint32_t address, uint32_t value) {
    store(model, address, value, 1);
}

uint32_t fetch_half(struct model *model, uint32_t address) {
    const uint8_t *bytes = readable(model, address, 2);
    uint16_t half = 0;
    if (bytes != NULL) {
        memcpy(&half, bytes, 2);
    }
    if (model->watch != 0) {
        watch_fetch(model, address);
    }
    return half;
}
