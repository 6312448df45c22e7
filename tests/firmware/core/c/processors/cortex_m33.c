/* Cortex-M33: start and semihosting (Arm, "Semihosting for AArch32 and AArch64"). */
#include <stdint.h>

#include "machine.h"

#define SYS_WRITE0 0x04
#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT 0x20026u

extern uint32_t stack_top, bss_start, bss_end;

static void ask(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void machine_say(const char *text) {
    ask(SYS_WRITE0, text);
}

_Noreturn void machine_end(int status) {
    const uint32_t block[] = {APPLICATION_EXIT, (uint32_t)status};
    for (;;) {
        ask(SYS_EXIT_EXTENDED, block);
    }
}

static void start(void) {
    for (uint32_t *word = &bss_start; word < &bss_end; word++) {
        *word = 0;
    }
    run_self_test();
}

static void on_fault(void) {
    machine_say("the processor has found a fault\n");
    machine_end(2);
}

/* The stack's top, then what is called at reset and at each of the faults. */
typedef union vector {
    uint32_t *stack;
    void (*handler)(void);
} vector;

__attribute__((section(".vectors"), used)) static const vector vectors[] = {
    {.stack = &stack_top}, {.handler = start},    {.handler = on_fault}, {.handler = on_fault},
    {.handler = on_fault}, {.handler = on_fault}, {.handler = on_fault},
};
