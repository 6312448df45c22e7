// The port's options, then what a signing module does without: everything that is left out can
// neither fail nor be attacked, and the image has to fit. Named to MicroPython as MP_CONFIGFILE,
// because the port sets these options without asking.
#include "mpconfigport.h"

// The port's stack of 8 KB, and 4 KB more at the end of the heap, which lies below it: Python may
// use as much as it could, and this is kept for code that does not look how much is left. The core
// needs 3,240 bytes at most, interrupts and the way from Python to the core the rest;
// tests/firmware/core/test_footprint.py adds it up. firmware/binding/micropython.cmake defines the
// symbol.
#define __GcHeapEnd ws_heap_end
#define __StackBottom ws_heap_end
#undef MICROPY_STACK_CHECK_MARGIN
#define MICROPY_STACK_CHECK_MARGIN (4096)

// No files: settings, events and records are raw flash logs.
#undef MICROPY_VFS
#define MICROPY_VFS (0)
#undef MICROPY_VFS_FAT
#define MICROPY_VFS_FAT (0)
#undef MICROPY_VFS_LFS2
#define MICROPY_VFS_LFS2 (0)
#undef MICROPY_READER_VFS
#define MICROPY_READER_VFS (0)

#define MICROPY_PY_OS (0)
#undef MICROPY_PY_OS_DUPTERM
#define MICROPY_PY_OS_DUPTERM (0)
#undef MICROPY_PY_OS_DUPTERM_NOTIFY
#define MICROPY_PY_OS_DUPTERM_NOTIFY (0)

// No code but the frozen.
#undef MICROPY_EMIT_THUMB
#define MICROPY_EMIT_THUMB (0)
#undef MICROPY_EMIT_INLINE_THUMB
#define MICROPY_EMIT_INLINE_THUMB (0)
#define MICROPY_PY_BUILTINS_HELP (0)
#if !WATTSEAL_LAB
#define MICROPY_ENABLE_COMPILER (0)
#define MICROPY_PY_BUILTINS_EVAL_EXEC (0)
#define MICROPY_PY_BUILTINS_EXECFILE (0)
#undef MICROPY_PERSISTENT_CODE_LOAD
#define MICROPY_PERSISTENT_CODE_LOAD (0)
#define MICROPY_PY_BUILTINS_INPUT (0)
#define MICROPY_HELPER_REPL (0)
#define MICROPY_REPL_AUTO_INDENT (0)
#define MICROPY_REPL_EVENT_DRIVEN (0)
// No byte that arrives interrupts the application, from the first instruction on.
#define MICROPY_KBD_EXCEPTION (0)
#endif

// Cryptography is the core's.
#undef MICROPY_SSL_MBEDTLS
#define MICROPY_SSL_MBEDTLS (0)
#define MICROPY_PY_SSL (0)
#define MICROPY_PY_HASHLIB (0)
#undef MICROPY_PY_CRYPTOLIB
#define MICROPY_PY_CRYPTOLIB (0)
#undef MICROPY_PY_HASHLIB_SHA1
#define MICROPY_PY_HASHLIB_SHA1 (0)
#define MICROPY_PY_RANDOM (0)

// Two UARTs and a pin are all the hardware that is driven.
#undef MICROPY_PY_MACHINE_PWM
#define MICROPY_PY_MACHINE_PWM (0)
#undef MICROPY_PY_MACHINE_I2S
#define MICROPY_PY_MACHINE_I2S (0)
#undef MICROPY_PY_MACHINE_ADC
#define MICROPY_PY_MACHINE_ADC (0)
#undef MICROPY_PY_MACHINE_BITSTREAM
#define MICROPY_PY_MACHINE_BITSTREAM (0)
#undef MICROPY_PY_MACHINE_DHT_READINTO
#define MICROPY_PY_MACHINE_DHT_READINTO (0)
#undef MICROPY_PY_MACHINE_PULSE
#define MICROPY_PY_MACHINE_PULSE (0)
#undef MICROPY_PY_MACHINE_I2C
#define MICROPY_PY_MACHINE_I2C (0)
#undef MICROPY_PY_MACHINE_SOFTI2C
#define MICROPY_PY_MACHINE_SOFTI2C (0)
#undef MICROPY_PY_MACHINE_SPI
#define MICROPY_PY_MACHINE_SPI (0)
#undef MICROPY_PY_MACHINE_SOFTSPI
#define MICROPY_PY_MACHINE_SOFTSPI (0)
#define MICROPY_PY_MACHINE_SIGNAL (0)
#undef MICROPY_PY_ONEWIRE
#define MICROPY_PY_ONEWIRE (0)
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_MATH (0)
#define MICROPY_PY_CMATH (0)
#define MICROPY_PY_DEFLATE (0)
#define MICROPY_PY_RE (0)
#define MICROPY_PY_HEAPQ (0)
#define MICROPY_PY_ASYNCIO (0)
#define MICROPY_PY_ASYNC_AWAIT (0)
#define MICROPY_PY_SELECT_SELECT (0)
#define MICROPY_PY_UCTYPES (0)
#define MICROPY_PY_COLLECTIONS (0)
#define MICROPY_PY_BUILTINS_FROZENSET (0)
#define MICROPY_PY_DESCRIPTORS (0)
#define MICROPY_PY_DELATTR_SETATTR (0)
#define MICROPY_PY_REVERSE_SPECIAL_METHODS (0)
#define MICROPY_PY_MICROPYTHON_RINGIO (0)

// Readings and times are integers from the wire to the text: no float is in the image.
#undef MICROPY_FLOAT_IMPL
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_NONE)

// An internal error tells the type of MicroPython's exception and never its text.
#define MICROPY_ERROR_REPORTING (MICROPY_ERROR_REPORTING_TERSE)
