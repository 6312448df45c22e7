/* Runs the code: single steps, calls, batches of calls, faults put in. */
#include "model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define ERASED 0xff
#define EMPTY_ROM 0xde /* UDF: a jump into a ROM without content ends at once */
#define TRACE_START 0xcbf29ce484222325u

/* Where a called function returns to: outside all memory. */
#define RETURN_ADDRESS 0xfffffffeu
#define NOWHERE 1u /* no instruction begins at an odd address */

/* What registers hold at a call that are no arguments: so that nothing depends on earlier calls,
 * and that a function that uses them is noticed. */
#define FILLING 0xa5a50000u
#define FIRST_SAVED 4
#define LAST_SAVED 11

static bool add_region(struct model *model, int which, uint32_t start, uint32_t size) {
    uint8_t *bytes = calloc(size, 1);
    model->regions[which] = (struct memory_region){.start = start, .size = size, .bytes = bytes};
    return bytes != NULL;
}

struct model *model_new(void) {
    struct model *model = calloc(1, sizeof *model);
    if (model == NULL) {
        return NULL;
    }
    if (!add_region(model, RAM, MODEL_RAM_START, MODEL_RAM_SIZE) ||
        !add_region(model, FLASH, MODEL_FLASH_START, MODEL_FLASH_SIZE) ||
        !add_region(model, ROM, MODEL_ROM_START, MODEL_ROM_SIZE)) {
        model_free(model);
        return NULL;
    }
    memset(model->regions[FLASH].bytes, ERASED, MODEL_FLASH_SIZE);
    memset(model->regions[ROM].bytes, EMPTY_ROM, MODEL_ROM_SIZE);
    model_set_flags(model, 0);
    model_set_timing(model, MODEL_TIMING_TRM);
    flash_cache_flush(&model->cache);
    return model;
}

static void forget_counts(struct model *model) {
    for (int i = 0; i < REGION_COUNT; i++) {
        free(model->regions[i].cycles);
        free(model->regions[i].branches);
        model->regions[i].cycles = NULL;
        model->regions[i].branches = NULL;
    }
}

void model_free(struct model *model) {
    forget_counts(model);
    for (int i = 0; i < REGION_COUNT; i++) {
        free(model->regions[i].bytes);
    }
    free(model);
}

void model_set_timing(struct model *model, enum model_timing timing) {
    decode_all(model->decoded, timing);
}

int model_watch(struct model *model, uint32_t watch) {
    forget_counts(model);
    model->watch = 0;
    for (int i = 0; i < REGION_COUNT; i++) {
        struct memory_region *region = &model->regions[i];
        if ((watch & MODEL_WATCH_PROFILE) != 0 &&
            (region->cycles = calloc(region->size / 2, sizeof *region->cycles)) == NULL) {
            return MODEL_E_NO_MEMORY;
        }
        if ((watch & MODEL_WATCH_BRANCHES) != 0 &&
            (region->branches = calloc(region->size / 2, sizeof *region->branches)) == NULL) {
            return MODEL_E_NO_MEMORY;
        }
    }
    model->watch = watch & ~MODEL_WATCH_FLIP;
    return MODEL_RETURNED;
}

void model_set_miss_penalty(struct model *model, uint32_t cycles) {
    model->miss_penalty = cycles;
}

void model_flush_cache(struct model *model) {
    flash_cache_flush(&model->cache);
}

uint8_t *model_memory(struct model *model, uint32_t address, uint32_t size) {
    const struct memory_region *region = region_of(model, address);
    if (region == NULL || size > region->size - (address - region->start)) {
        return NULL;
    }
    return region->bytes + (address - region->start);
}

uint32_t *model_registers(struct model *model) {
    model->r[PC] = model->next;
    return model->r;
}

uint32_t model_flags(const struct model *model) {
    return (model->n & 1u << 31) | (uint32_t)(model->z == 0) << 30 | model->c << 29 |
           model->v << 28;
}

void model_set_flags(struct model *model, uint32_t flags) {
    model->n = flags & 1u << 31;
    model->z = (flags >> 30 & 1) == 0;
    model->c = flags >> 29 & 1;
    model->v = flags >> 28 & 1;
}

uint64_t model_cycles_at(struct model *model, uint32_t address) {
    const struct memory_region *region = region_of(model, address);
    if (region == NULL || region->cycles == NULL) {
        return 0;
    }
    return region->cycles[(address - region->start) / 2];
}

struct model_branch model_branch_at(struct model *model, uint32_t address) {
    const struct memory_region *region = region_of(model, address);
    if (region == NULL || region->branches == NULL) {
        return (struct model_branch){0, 0};
    }
    return region->branches[(address - region->start) / 2];
}

static void begin(struct model *model, struct model_outcome *outcome) {
    *outcome = (struct model_outcome){0};
    model->cycles = 0;
    model->trace = TRACE_START;
    model->fetch_misses = 0;
    model->load_misses = 0;
    model->lowest_sp = model->r[SP];
    model->status = MODEL_RETURNED;
}

static void finish(struct model *model, struct model_outcome *outcome) {
    outcome->cycles = model->cycles;
    outcome->trace = model->trace;
    outcome->fetch_misses = model->fetch_misses;
    outcome->load_misses = model->load_misses;
    outcome->status = model->status;
    outcome->pc = model->next;
    outcome->address = model->fault_address;
    outcome->r0 = model->r[0];
    outcome->r1 = model->r[1];
    outcome->lowest_sp = model->lowest_sp;
}

/* Execute up to `count` instructions, or until the next one is the one at `end` or one fails. Adds
 * to the outcome's number of instructions. */
static void run(struct model *model, uint32_t end, uint64_t count, struct model_outcome *outcome) {
    uint64_t left = count;
    while (left > 0 && model->next != end) {
        uint32_t pc = model->next;
        uint64_t before = model->cycles;
        model->r[PC] = pc + 4;
        const struct decoded *instruction = &model->decoded[fetch_half(model, pc)];
        if (model->status == MODEL_RETURNED) {
            model->next = pc + 2;
            instruction->execute(model, instruction);
        }
        if (model->status != MODEL_RETURNED) {
            model->next = pc;
            break;
        }
        model->cycles += instruction->cycles;
        left--;
        if (model->watch != 0) {
            watch_cycles(model, pc, model->cycles - before);
        }
    }
    outcome->instructions += count - left;
}

int model_step(struct model *model, uint64_t instructions, struct model_outcome *outcome) {
    model->next = model->r[PC] & ~1u;
    begin(model, outcome);
    run(model, NOWHERE, instructions, outcome);
    if (model->status == MODEL_RETURNED) {
        model->status = MODEL_E_LIMIT;
    }
    finish(model, outcome);
    model->r[PC] = model->next;
    return outcome->status;
}

/* Whether the halfword is the first of an instruction of 32 bits. */
static bool is_wide(uint32_t half) {
    return half >> 11 >= 0x1d;
}

static void skip(struct model *model, struct model_outcome *outcome) {
    const uint8_t *bytes = model_memory(model, model->next, 2);
    if (bytes != NULL) {
        model->next += is_wide((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8) ? 4 : 2;
        outcome->instructions++;
    }
}

/* Put the fault in, at the instruction that comes next. */
static void inject(struct model *model, const struct model_call *call,
                   struct model_outcome *outcome) {
    uint32_t bit = 1u << call->inject_bit;
    switch (call->injection) {
    case MODEL_INJECT_SKIP:
        skip(model, outcome);
        break;
    case MODEL_INJECT_FLIP_REGISTER:
        model->r[call->inject_register] ^= bit;
        break;
    default: {
        uint32_t watch = model->watch;
        model->watch |= MODEL_WATCH_FLIP;
        model->loaded_flip = bit;
        run(model, RETURN_ADDRESS, 1, outcome);
        model->loaded_flip = 0;
        model->watch = watch;
        break;
    }
    }
}

static bool possible(const struct model_call *call) {
    return call->argument_count <= MODEL_MAX_ARGUMENTS && (call->stack & 7) == 0 &&
           call->injection <= MODEL_INJECT_FLIP_LOADED && call->inject_register < PC &&
           call->inject_bit < 32;
}

/* Arguments in r0 to r3, then on the stack (AAPCS, section 6.4); -1 if that is not in RAM. */
static int put_arguments(struct model *model, const struct model_call *call) {
    for (uint32_t i = 0; i < PC; i++) {
        model->r[i] = FILLING + i;
    }
    uint32_t on_stack = call->argument_count > 4 ? call->argument_count - 4 : 0;
    model->r[SP] = call->stack - (4 * on_stack + 7) / 8 * 8;
    for (uint32_t i = 0; i < call->argument_count && i < 4; i++) {
        model->r[i] = call->arguments[i];
    }
    if (on_stack > 0) {
        uint8_t *bytes = model_memory(model, model->r[SP], 4 * on_stack);
        if (bytes == NULL || model->r[SP] < MODEL_RAM_START) {
            return -1;
        }
        memcpy(bytes, &call->arguments[4], 4 * on_stack);
    }
    return 0;
}

/* What the called function has to leave as it was. */
static void check_saved(struct model *model, uint32_t stack) {
    if (model->r[SP] != stack) {
        model->status = MODEL_E_STACK;
        model->fault_address = model->r[SP];
        return;
    }
    for (uint32_t i = FIRST_SAVED; i <= LAST_SAVED; i++) {
        if (model->r[i] != FILLING + i) {
            model->status = MODEL_E_CLOBBERED;
            model->fault_address = i;
            return;
        }
    }
}

static void run_call(struct model *model, const struct model_call *call,
                     struct model_outcome *outcome) {
    uint64_t before = call->limit;
    if (call->injection != MODEL_INJECT_NOTHING && call->inject_at < before) {
        before = call->inject_at;
    }
    run(model, RETURN_ADDRESS, before, outcome);
    bool running = model->status == MODEL_RETURNED && model->next != RETURN_ADDRESS;
    if (running && before < call->limit) {
        inject(model, call, outcome);
        if (model->status == MODEL_RETURNED) {
            run(model, RETURN_ADDRESS, call->limit - outcome->instructions, outcome);
        }
    }
    if (model->status == MODEL_RETURNED && model->next != RETURN_ADDRESS) {
        model->status = MODEL_E_LIMIT;
    }
}

int model_call(struct model *model, const struct model_call *call, struct model_outcome *outcome) {
    if (!possible(call) || put_arguments(model, call) < 0) {
        *outcome = (struct model_outcome){.status = MODEL_E_WRONG_CALL};
        return outcome->status;
    }
    uint32_t stack = model->r[SP];
    model->r[LR] = RETURN_ADDRESS | 1;
    model->next = call->function & ~1u;
    model_set_flags(model, 0);
    begin(model, outcome);
    run_call(model, call, outcome);
    if (model->status == MODEL_RETURNED) {
        check_saved(model, stack);
    }
    finish(model, outcome);
    return outcome->status;
}

static bool operands_fit(struct model *model, const struct model_operand *operands,
                         uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (model_memory(model, operands[i].address, operands[i].size) == NULL) {
            return false;
        }
    }
    return true;
}

static void put_operands(struct model *model, const struct model_operand *operands, uint32_t count,
                         uint64_t record) {
    for (uint32_t i = 0; i < count; i++) {
        const struct model_operand *operand = &operands[i];
        memcpy(model_memory(model, operand->address, operand->size),
               operand->data + record * operand->size, operand->size);
    }
}

static void take_operands(struct model *model, const struct model_operand *operands, uint32_t count,
                          uint64_t record) {
    for (uint32_t i = 0; i < count; i++) {
        const struct model_operand *operand = &operands[i];
        memcpy(operand->data + record * operand->size,
               model_memory(model, operand->address, operand->size), operand->size);
    }
}

static void note(const struct model_columns *columns, const struct model_outcome *outcome,
                 uint64_t record) {
    if (columns->r1_r0 != NULL) {
        columns->r1_r0[record] = (uint64_t)outcome->r1 << 32 | outcome->r0;
    }
    if (columns->cycles != NULL) {
        columns->cycles[record] = outcome->cycles;
    }
    if (columns->traces != NULL) {
        columns->traces[record] = outcome->trace;
    }
}

int model_batch(struct model *model, const struct model_call *call, uint64_t count,
                const struct model_operand *inputs, uint32_t input_count,
                const struct model_operand *outputs, uint32_t output_count,
                const struct model_columns *columns, struct model_outcome *outcome,
                uint64_t *done) {
    *outcome = (struct model_outcome){0};
    *done = 0;
    if (!operands_fit(model, inputs, input_count) || !operands_fit(model, outputs, output_count)) {
        outcome->status = MODEL_E_WRONG_CALL;
        return outcome->status;
    }
    for (uint64_t record = 0; record < count; record++) {
        put_operands(model, inputs, input_count, record);
        if (model_call(model, call, outcome) != MODEL_RETURNED) {
            break;
        }
        take_operands(model, outputs, output_count, record);
        note(columns, outcome, record);
        *done = record + 1;
    }
    return outcome->status;
}
