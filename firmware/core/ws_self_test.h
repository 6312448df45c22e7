/* Known-answer tests of everything that a signature or a key depends on. */
#ifndef WS_SELF_TEST_H
#define WS_SELF_TEST_H

#include <stdint.h>

/* X(identifier, bit, name) */
#define WS_SELF_TEST_TABLE(X)                                                                      \
    X(WS_SELF_TEST_CRC, 0, crc)                                                                    \
    X(WS_SELF_TEST_SHA256, 1, sha256)                                                              \
    X(WS_SELF_TEST_HEALTH, 2, health) /* the health tests catch a dead source */                   \
    X(WS_SELF_TEST_DRBG, 3, drbg)                                                                  \
    X(WS_SELF_TEST_SIGN, 4, sign)                                                                  \
    X(WS_SELF_TEST_VERIFY_GOOD, 5, verify_good)     /* a right signature passes */                 \
    X(WS_SELF_TEST_VERIFY_FORGED, 6, verify_forged) /* a wrong one does not */

enum ws_self_test {
#define WS_SELF_TEST_ENUM(identifier, bit, name) identifier = 1 << (bit),
    WS_SELF_TEST_TABLE(WS_SELF_TEST_ENUM)
#undef WS_SELF_TEST_ENUM
};

#define WS_SELF_TEST_ALL 0x7Fu

/* What making a key and signing depend on: leaves out the two verifications, most of the time. */
#define WS_SELF_TEST_SIGNING 0x1Fu

/* Run the tests of the set; the set of those that failed, 0 when all passed. */
uint32_t ws_self_test(uint32_t tests);

/* Name of the test of one bit number (0, 1, ...); NULL past the last. */
const char *ws_self_test_name(unsigned bit);

#endif
