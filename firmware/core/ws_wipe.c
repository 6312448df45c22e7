#include "ws_wipe.h"

#include <stdint.h>
#include <string.h>

void ws_wipe(void *memory, size_t size) {
    memset(memory, 0, size);
    /* The barrier claims to read the memory, so the stores before it cannot be dropped. */
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}

/* What a call may leave behind in registers: the caller restores all others. */
static inline void wipe_registers(void) {
#if defined(__thumb__)
    __asm__ __volatile__("movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n mov r12, r0"
                         :
                         :
                         : "r0", "r1", "r2", "r3", "r12", "cc");
#elif defined(__riscv)
    __asm__ __volatile__("li t0, 0\n li t1, 0\n li t2, 0\n li t3, 0\n li t4, 0\n li t5, 0\n"
                         "li t6, 0\n li a0, 0\n li a1, 0\n li a2, 0\n li a3, 0\n li a4, 0\n"
                         "li a5, 0\n li a6, 0\n li a7, 0"
                         :
                         :
                         : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4",
                           "a5", "a6", "a7");
#endif
}

/* Not inlined: its frame has to lie where the frames of the finished calls lay. */
__attribute__((noinline)) void ws_wipe_stack(void) {
    uint8_t below[WS_WIPE_STACK_SIZE];
    ws_wipe(below, sizeof below);
    wipe_registers();
}
