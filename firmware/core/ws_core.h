/* The signing core, all of what a binding needs. No heap, no writable statics: whoever calls
 * owns the storage and the noise source and may keep them in read-only memory.
 *
 * Calls that take a key are not to be interrupted by one another; the core holds no lock. */
#ifndef WS_CORE_H
#define WS_CORE_H

#include "ws_crc.h"       // IWYU pragma: export
#include "ws_drbg.h"      // IWYU pragma: export
#include "ws_entropy.h"   // IWYU pragma: export
#include "ws_error.h"     // IWYU pragma: export
#include "ws_hedge.h"     // IWYU pragma: export
#include "ws_key.h"       // IWYU pragma: export
#include "ws_scan.h"      // IWYU pragma: export
#include "ws_self_test.h" // IWYU pragma: export
#include "ws_sha256.h"    // IWYU pragma: export
#include "ws_sign.h"      // IWYU pragma: export
#include "ws_spki.h"      // IWYU pragma: export
#include "ws_storage.h"   // IWYU pragma: export
#include "ws_verify.h"    // IWYU pragma: export

#endif
