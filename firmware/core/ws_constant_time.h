/* Tools for code whose time and memory accesses must not depend on a secret. */
#ifndef WS_CONSTANT_TIME_H
#define WS_CONSTANT_TIME_H

#include <stdbool.h>
#include <stddef.h>

/* WS_DECLASSIFY(object): from here on this value may steer branches although it was computed
 * from a secret, because it is published anyway or says no more than "works" or "fails".
 *
 * It has an effect in one build only: the one that runs under valgrind with the secrets marked
 * undefined, where every other branch or index on a secret is reported. */
#ifdef WS_CHECK_CONSTANT_TIME
#include <valgrind/memcheck.h>
#define WS_DECLASSIFY(object) (void)VALGRIND_MAKE_MEM_DEFINED(&(object), sizeof(object))
#else
#define WS_DECLASSIFY(object) ((void)0)
#endif

/* Whether size bytes are alike. Reads all of them, wherever the first difference is. */
bool ws_constant_time_equal(const void *a, const void *b, size_t size);

#endif
