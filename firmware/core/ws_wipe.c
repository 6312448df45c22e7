#include "ws_wipe.h"

#include <stdint.h>
#include <string.h>

void ws_wipe(void *memory, size_t size) {
    memset(memory, 0, size);
    /* The barrier claims to read the memory, so the stores before it cannot be dropped. */
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}

/* Not inlined: its frame has to lie where the frames of the finished calls lay. */
__attribute__((noinline)) void ws_wipe_stack(void) {
    uint8_t below[WS_WIPE_STACK_SIZE];
    ws_wipe(below, sizeof below);
}
