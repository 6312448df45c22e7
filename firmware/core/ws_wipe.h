/* Removing secrets from memory in a way that the compiler may not optimise away. */
#ifndef WS_WIPE_H
#define WS_WIPE_H

#include <stddef.h>

/* Bytes of stack below its caller that ws_wipe_stack() clears: what the deepest call that meets
 * the private key takes, as test_footprint.py measures it for each target. */
#define WS_WIPE_STACK_SIZE 1792

/* Set memory to zero. */
void ws_wipe(void *memory, size_t size);

/* Clear what finished calls left on the stack below the caller: hashing keeps parts of what it
 * hashes, and arithmetic its intermediate numbers and points, in frames and registers saved there
 * that the functions do not all clear themselves. */
void ws_wipe_stack(void);

#endif
