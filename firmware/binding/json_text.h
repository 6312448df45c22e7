#ifndef WS_JSON_TEXT_H
#define WS_JSON_TEXT_H

#include "py/obj.h"

/* Compact JSON text of a value as bytes; None for a value that the link cannot carry: anything but
 * objects, arrays, ASCII text, true, false, null and integers within +-(2^53 - 1), or more than
 * six objects and arrays one within another. */
mp_obj_t ws_json_text(mp_obj_t value);

#endif
