/* A model of the Cortex-M0+ (ARMv6-M): runs machine code function by function, counts its cycles
 * and watches what it does.
 *
 * Nothing is skipped silently: an instruction that the architecture leaves undefined or
 * unpredictable, an access outside the memory, an unaligned one and the way into a state that is
 * not modelled (sleep, exceptions, the ARM instruction set) end the run with a status that says so.
 */
#ifndef CORTEX_M0_MODEL_H
#define CORTEX_M0_MODEL_H

#include <stdint.h>

#include "flash_cache.h"

#define MODEL_ROM_START 0x00000000u
#define MODEL_ROM_SIZE 0x4000u
#define MODEL_FLASH_START 0x10000000u
#define MODEL_FLASH_SIZE 0x200000u
#define MODEL_RAM_START 0x20000000u
#define MODEL_RAM_SIZE 0x42000u

#define MODEL_MAX_ARGUMENTS 8

enum model_status {
    MODEL_RETURNED = 0,
    MODEL_E_LIMIT = -1,      /* more instructions than allowed */
    MODEL_E_UNKNOWN = -2,    /* undefined or unpredictable instruction */
    MODEL_E_OUTSIDE = -3,    /* access outside the memory, or a store to ROM or flash */
    MODEL_E_UNALIGNED = -4,  /* access not aligned to its size */
    MODEL_E_ARM_STATE = -5,  /* branch to an address with bit 0 clear */
    MODEL_E_STOPPED = -6,    /* BKPT, UDF, SVC, WFI or WFE */
    MODEL_E_CLOBBERED = -7,  /* r4 to r11 not as they were; `address` is the register's number */
    MODEL_E_STACK = -8,      /* the function returned with another stack pointer */
    MODEL_E_WRONG_CALL = -9, /* the caller asked for what cannot be */
    MODEL_E_NO_MEMORY = -10,
};

enum model_timing {
    MODEL_TIMING_TRM,      /* the Cortex-M0+ Technical Reference Manual, section 3.3 */
    MODEL_TIMING_RP2040PY, /* as rp2040py 0.3.6: PUSH and POP do not count LR and PC */
};

/* What to watch; each makes the run slower. */
#define MODEL_WATCH_TRACE 1u    /* hash of every address executed, loaded and stored to */
#define MODEL_WATCH_BRANCHES 2u /* how often each conditional branch was taken or not */
#define MODEL_WATCH_PROFILE 4u  /* cycles by address */
#define MODEL_WATCH_CACHE 8u    /* the flash cache; its misses count in the cycles */
#define MODEL_WATCH_FLIP 16u    /* internal: flip bits of the next loaded word */

enum model_injection {
    MODEL_INJECT_NOTHING,
    MODEL_INJECT_SKIP,          /* leave the instruction out */
    MODEL_INJECT_FLIP_REGISTER, /* flip a bit of a register just before the instruction */
    MODEL_INJECT_FLIP_LOADED,   /* flip a bit of the first value that the instruction loads */
};

struct model_call {
    uint32_t function; /* address; bit 0 is ignored */
    uint32_t stack;    /* stack pointer at the call, a multiple of 8 */
    uint32_t argument_count;
    uint32_t arguments[MODEL_MAX_ARGUMENTS];
    uint64_t limit;     /* instructions */
    uint64_t inject_at; /* number of the instruction, the first is 0 */
    uint32_t injection; /* enum model_injection */
    uint32_t inject_register;
    uint32_t inject_bit;
};

struct model_outcome {
    uint64_t instructions;
    uint64_t cycles;
    uint64_t trace;        /* with MODEL_WATCH_TRACE */
    uint64_t fetch_misses; /* with MODEL_WATCH_CACHE */
    uint64_t load_misses;
    int32_t status;
    uint32_t pc;      /* where it ended: of the failing instruction */
    uint32_t address; /* of the failing access */
    uint32_t r0;
    uint32_t r1;
    uint32_t lowest_sp;
};

/* One operand of a batch: `data` holds a record of `size` bytes for each call. */
struct model_operand {
    uint32_t address;
    uint32_t size;
    uint8_t *data;
};

/* Results of a batch, one for each call; NULL for what is not wanted. */
struct model_columns {
    uint64_t *r1_r0; /* r0 in the lower half */
    uint64_t *cycles;
    uint64_t *traces;
};

struct model_branch {
    uint32_t taken;
    uint32_t not_taken;
};

struct model;

/* A model with RAM of zeros, erased flash and a boot ROM of traps; NULL if there is no memory. */
struct model *model_new(void);
void model_free(struct model *model);

void model_set_timing(struct model *model, enum model_timing timing);
/* Watch these from now on, or MODEL_E_NO_MEMORY. The counts of branches and cycles begin anew. */
int model_watch(struct model *model, uint32_t watch);
/* Cycles that a miss of the flash cache costs. */
void model_set_miss_penalty(struct model *model, uint32_t cycles);
void model_flush_cache(struct model *model);

/* The bytes behind an address, or NULL if not all `size` of them are in one memory. */
uint8_t *model_memory(struct model *model, uint32_t address, uint32_t size);
/* r0 to r14, and the address of the next instruction in place of r15. */
uint32_t *model_registers(struct model *model);
/* N, Z, C, V in bits 31 to 28. */
uint32_t model_flags(const struct model *model);
void model_set_flags(struct model *model, uint32_t flags);

/* Cycles spent on the instruction at an address since model_watch; 0 outside the memory. */
uint64_t model_cycles_at(struct model *model, uint32_t address);
struct model_branch model_branch_at(struct model *model, uint32_t address);

/* Execute instructions from the present state on, up to their number. The status is MODEL_E_LIMIT
 * when all were executed. */
int model_step(struct model *model, uint64_t instructions, struct model_outcome *outcome);

/* Call a function as the ARM procedure call standard says, until it returns. Memory, and the cache
 * too, stay as earlier calls left them. */
int model_call(struct model *model, const struct model_call *call, struct model_outcome *outcome);

/* Call a function `count` times: before each call the inputs' next records are put to their
 * addresses, after it the outputs' are taken. Ends with the first call that fails; `outcome` is
 * that of the last call, `done` the number of calls that returned. */
int model_batch(struct model *model, const struct model_call *call, uint64_t count,
                const struct model_operand *inputs, uint32_t input_count,
                const struct model_operand *outputs, uint32_t output_count,
                const struct model_columns *columns, struct model_outcome *outcome, uint64_t *done);

#endif
