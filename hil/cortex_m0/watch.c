/* What is recorded of a run: the hash of its trace, branches, cycles by address, cache misses. */
#include <stdbool.h>
#include <stddef.h>

#include "state.h"

#define TRACE_LOAD (1ull << 32)
#define TRACE_STORE (2ull << 32)
#define TRACE_FACTOR 0x9e3779b97f4a7c15u /* odd, so that no single difference is lost */

static void add_to_trace(struct model *model, uint64_t item) {
    uint64_t mixed = (model->trace ^ item) * TRACE_FACTOR;
    model->trace = mixed << 29 | mixed >> 35;
}

static bool misses(struct model *model, uint32_t address) {
    if ((model->watch & MODEL_WATCH_CACHE) == 0 ||
        address - MODEL_FLASH_START >= MODEL_FLASH_SIZE ||
        !flash_cache_misses(&model->cache, address)) {
        return false;
    }
    model->cycles += model->miss_penalty;
    return true;
}

void watch_fetch(struct model *model, uint32_t address) {
    if ((model->watch & MODEL_WATCH_TRACE) != 0) {
        add_to_trace(model, address);
    }
    model->fetch_misses += misses(model, address);
}

uint32_t watch_load(struct model *model, uint32_t address, uint32_t value) {
    if ((model->watch & MODEL_WATCH_TRACE) != 0) {
        add_to_trace(model, TRACE_LOAD | address);
    }
    model->load_misses += misses(model, address);
    if ((model->watch & MODEL_WATCH_FLIP) != 0) {
        value ^= model->loaded_flip;
        model->loaded_flip = 0;
    }
    return value;
}

void watch_store(struct model *model, uint32_t address) {
    if ((model->watch & MODEL_WATCH_TRACE) != 0) {
        add_to_trace(model, TRACE_STORE | address);
    }
}

void watch_branch(struct model *model, uint32_t address, int taken) {
    if ((model->watch & MODEL_WATCH_BRANCHES) == 0) {
        return;
    }
    struct memory_region *region = region_of(model, address);
    struct model_branch *branch = &region->branches[(address - region->start) / 2];
    if (taken) {
        branch->taken++;
    } else {
        branch->not_taken++;
    }
}

void watch_cycles(struct model *model, uint32_t address, uint64_t cycles) {
    if ((model->watch & MODEL_WATCH_PROFILE) == 0) {
        return;
    }
    struct memory_region *region = region_of(model, address);
    region->cycles[(address - region->start) / 2] += cycles;
}
