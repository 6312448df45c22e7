/* The state of the model, shared by its source files; callers see model.h. */
#ifndef CORTEX_M0_STATE_H
#define CORTEX_M0_STATE_H

#include "model.h"

#define SP 13
#define LR 14
#define PC 15
#define ZERO 16 /* always 0: where an operand is an immediate, its register is this one */

struct decoded;

/* Executes one instruction. r[PC] reads as its address + 4; `next` is set to the address behind it
 * and changed by branches. */
typedef void execute_function(struct model *cpu, const struct decoded *i);

/* What a halfword means as an instruction. The second halfword of a 32-bit instruction is looked at
 * when it is executed. */
struct decoded {
    execute_function *execute;
    uint32_t immediate; /* scaled as it is used; or a list of registers */
    uint8_t d, n, m;    /* register numbers as the architecture names them */
    uint8_t cycles;     /* of a branch: when it is not taken */
};

struct memory_region {
    uint32_t start;
    uint32_t size;
    uint8_t *bytes;
    uint64_t *cycles;              /* by halfword; NULL unless watched */
    struct model_branch *branches; /* by halfword; NULL unless watched */
};

enum { RAM, FLASH, ROM, REGION_COUNT };

struct model {
    uint32_t r[17];
    uint32_t next;
    /* The flags: N is bit 31 of n, Z is set when z is 0, C and V are 0 or 1. */
    uint32_t n, z, c, v;
    uint32_t primask;
    int32_t status;
    uint64_t cycles;
    uint32_t watch;
    uint32_t fault_address;
    uint32_t lowest_sp;
    uint32_t loaded_flip;
    uint64_t trace;
    uint64_t fetch_misses;
    uint64_t load_misses;
    uint32_t miss_penalty;
    struct memory_region regions[REGION_COUNT];
    struct flash_cache cache;
    struct decoded decoded[0x10000];
};

/* memory.c: an access that cannot be sets the status and reads as 0. */
uint32_t load_word(struct model *model, uint32_t address);
uint32_t load_half(struct model *model, uint32_t address);
uint32_t load_byte(struct model *model, uint32_t address);
void store_word(struct model *model, uint32_t address, uint32_t value);
void store_half(struct model *model, uint32_t address, uint32_t value);
void store_byte(struct model *model, uint32_t address, uint32_t value);
uint32_t fetch_half(struct model *model, uint32_t address);
struct memory_region *region_of(struct model *model, uint32_t address);

/* watch.c */
void watch_fetch(struct model *model, uint32_t address);
uint32_t watch_load(struct model *model, uint32_t address, uint32_t value);
void watch_store(struct model *model, uint32_t address);
void watch_branch(struct model *model, uint32_t address, int taken);
void watch_cycles(struct model *model, uint32_t address, uint64_t cycles);

/* instructions.c: fill the table of all 0x10000 halfwords. */
void decode_all(struct decoded *table, enum model_timing timing);

#endif
