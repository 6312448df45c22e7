/* Error codes of the signing core: the one table that the binding raises from. */
#ifndef WS_ERROR_H
#define WS_ERROR_H

#define WS_OK 0

/* X(identifier, code, name): codes are part of the interface, so they are never renumbered. */
#define WS_ERROR_TABLE(X)                                                                          \
    X(WS_ERR_ARGUMENT, -1, "argument") /* a length or value outside what the call allows */        \
    X(WS_ERR_SPACE, -2, "space")       /* too small a buffer, no blank slot; nothing written */    \
    X(WS_ERR_STORAGE, -3, "storage")   /* flash refused, or read back other than written */        \
    X(WS_ERR_ENTROPY, -4, "entropy")   /* noise source failed, or failed a health test */          \
    X(WS_ERR_NO_KEY, -5, "no_key")     /* no whole key of that number, and no broken slot */       \
    X(WS_ERR_KEY_EXISTS, -6, "key_exists") /* a whole key of that number is stored already */      \
    X(WS_ERR_KEY_BROKEN, -7, "key_broken") /* none of that number, but a slot that is not whole */ \
    X(WS_ERR_PUBLIC_KEY, -8, "public_key") /* not the DER of a point on P-256 */                   \
    X(WS_ERR_SIGNATURE, -9, "signature")   /* not strict DER, or not a signature of this data */   \
    X(WS_ERR_SELF_TEST, -10, "self_test")  /* a known-answer test failed: nothing may be signed */ \
    X(WS_ERR_FAULT, -11, "fault")          /* the chip computed wrong: nothing may be signed */    \
    X(WS_ERR_KEY_FOREIGN, -12, "key_of_other_chip") /* a whole key that was made on another chip   \
                                                     */

enum ws_error {
#define WS_ERROR_ENUM(identifier, code, name) identifier = (code),
    WS_ERROR_TABLE(WS_ERROR_ENUM)
#undef WS_ERROR_ENUM
};

/* Name of a code of the table, "ok" for WS_OK, "unknown" for any other number. Never NULL. */
const char *ws_error_name(int code);

#endif
