#include "ws_error.h"

const char *ws_error_name(int code) {
    switch (code) {
    case WS_OK:
        return "ok";
#define WS_ERROR_CASE(identifier, number, name)                                                    \
    case number:                                                                                   \
        return name;
        WS_ERROR_TABLE(WS_ERROR_CASE)
#undef WS_ERROR_CASE
    default:
        return "unknown";
    }
}
