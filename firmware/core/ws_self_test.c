#include "ws_self_test.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ws_crc.h"
#include "ws_der.h"
#include "ws_drbg.h"
#include "ws_ecdsa.h"
#include "ws_error.h"
#include "ws_health.h"
#include "ws_sha256.h"
#include "ws_spki.h"
#include "ws_verify.h"

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". The key is published, so not a secret. */
static const uint8_t private_key[WS_P256_SCALAR_SIZE] = {
    0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16, 0x6B, 0x5C, 0x21, 0x57, 0x67, 0xB1, 0xD6, 0x93,
    0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8, 0x9B, 0x12, 0x7B, 0x8A, 0x62, 0x2B, 0x12, 0x0F, 0x67, 0x21,
};
static const uint8_t point[WS_P256_POINT_SIZE] = {
    0x04, 0x60, 0xFE, 0xD4, 0xBA, 0x25, 0x5A, 0x9D, 0x31, 0xC9, 0x61, 0xEB, 0x74,
    0xC6, 0x35, 0x6D, 0x68, 0xC0, 0x49, 0xB8, 0x92, 0x3B, 0x61, 0xFA, 0x6C, 0xE6,
    0x69, 0x62, 0x2E, 0x60, 0xF2, 0x9F, 0xB6, 0x79, 0x03, 0xFE, 0x10, 0x08, 0xB8,
    0xBC, 0x99, 0xA4, 0x1A, 0xE9, 0xE9, 0x56, 0x28, 0xBC, 0x64, 0xF2, 0xF1, 0xB2,
    0x0C, 0x2D, 0x7E, 0x9F, 0x51, 0x77, 0xA3, 0xC2, 0x94, 0xD4, 0x46, 0x22, 0x99,
};
static const uint8_t nonce[WS_P256_SCALAR_SIZE] = {
    0xA6, 0xE3, 0xC5, 0x7D, 0xD0, 0x1A, 0xBE, 0x90, 0x08, 0x65, 0x38, 0x39, 0x83, 0x55, 0xDD, 0x4C,
    0x3B, 0x17, 0xAA, 0x87, 0x33, 0x82, 0xB0, 0xF2, 0x4D, 0x61, 0x29, 0x49, 0x3D, 0x8A, 0xAD, 0x60,
};
static const uint8_t signature[WS_P256_SIGNATURE_SIZE] = {
    0xEF, 0xD4, 0x8B, 0x2A, 0xAC, 0xB6, 0xA8, 0xFD, 0x11, 0x40, 0xDD, 0x9C, 0xD4, 0x5E, 0x81, 0xD6,
    0x9D, 0x2C, 0x87, 0x7B, 0x56, 0xAA, 0xF9, 0x91, 0xC3, 0x4D, 0x0E, 0xA8, 0x4E, 0xAF, 0x37, 0x16,
    0xF7, 0xCB, 0x1C, 0x94, 0x2D, 0x65, 0x7C, 0x41, 0xD4, 0x36, 0xC7, 0xA1, 0xB6, 0xE2, 0x9F, 0x65,
    0xF3, 0xE9, 0x00, 0xDB, 0xB9, 0xAF, 0xF4, 0x06, 0x4D, 0xC4, 0xAB, 0x2F, 0x84, 0x3A, 0xCD, 0xA8,
};

static const char message[] = "sample";
static const char other_message[] = "test";

static void digest_of(const char *text, uint8_t digest[WS_SHA256_SIZE]) {
    ws_sha256(text, strlen(text), digest);
}

/* Check value of the CRC catalogues. */
static bool test_crc(void) {
    static const char digits[] = "123456789";
    return ws_crc16(digits, strlen(digits)) == 0x4B37 &&
           ws_crc32(digits, strlen(digits)) == 0xCBF43926;
}

/* FIPS 180-4 examples: one block and two blocks. */
static bool test_sha256(void) {
    static const uint8_t one_block[WS_SHA256_SIZE] = {
        0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA, 0x41, 0x41, 0x40,
        0xDE, 0x5D, 0xAE, 0x22, 0x23, 0xB0, 0x03, 0x61, 0xA3, 0x96, 0x17,
        0x7A, 0x9C, 0xB4, 0x10, 0xFF, 0x61, 0xF2, 0x00, 0x15, 0xAD,
    };
    static const uint8_t two_blocks[WS_SHA256_SIZE] = {
        0x24, 0x8D, 0x6A, 0x61, 0xD2, 0x06, 0x38, 0xB8, 0xE5, 0xC0, 0x26,
        0x93, 0x0C, 0x3E, 0x60, 0x39, 0xA3, 0x3C, 0xE4, 0x59, 0x64, 0xFF,
        0x21, 0x67, 0xF6, 0xEC, 0xED, 0xD4, 0x19, 0xDB, 0x06, 0xC1,
    };
    uint8_t digest[WS_SHA256_SIZE];

    digest_of("abc", digest);
    bool good = memcmp(digest, one_block, sizeof digest) == 0;
    digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", digest);
    return good && memcmp(digest, two_blocks, sizeof digest) == 0;
}

/* Whether a window of samples passes, each digest the hash of the one before when chained. */
static bool window_passes(uint8_t first_byte, bool chained) {
    uint8_t samples[WS_SHA256_SIZE];
    ws_health health;

    memset(samples, first_byte, sizeof samples);
    ws_health_init(&health);
    for (size_t done = 0; done < WS_HEALTH_WINDOW_SAMPLES; done += 8 * sizeof samples) {
        if (chained) {
            ws_sha256(samples, sizeof samples, samples);
        }
        ws_health_feed(&health, samples, sizeof samples);
    }
    return ws_health_good(&health);
}

/* A source that is dead, or repeats itself, must fail; one that looks random must not. */
static bool test_health(void) {
    return !window_passes(0x00, false) && !window_passes(0xFF, false) &&
           !window_passes(0xA6, false) && window_passes(0x00, true);
}

/* The nonce of RFC 6979 is the first output of this DRBG over private key and digest. */
static bool test_drbg(void) {
    uint8_t seed[WS_P256_SCALAR_SIZE + WS_SHA256_SIZE];
    uint8_t out[sizeof nonce];
    ws_drbg drbg;

    memcpy(seed, private_key, sizeof private_key);
    digest_of(message, seed + sizeof private_key);
    if (ws_drbg_init(&drbg, seed, sizeof seed, NULL, 0) != WS_OK) {
        return false;
    }
    ws_drbg_generate(&drbg, out, sizeof out);
    return memcmp(out, nonce, sizeof nonce) == 0;
}

static bool test_sign(void) {
    uint8_t digest[WS_SHA256_SIZE];
    uint8_t made[WS_P256_SIGNATURE_SIZE];

    digest_of(message, digest);
    return ws_ecdsa_sign(private_key, digest, NULL, made) == WS_OK &&
           memcmp(made, signature, sizeof signature) == 0;
}

static int verify_over(const char *text) {
    uint8_t spki[WS_SPKI_SIZE];
    uint8_t der[WS_DER_MAX_SIZE];

    ws_spki_encode(point, spki);
    size_t der_size = ws_der_encode(signature, der);
    return ws_verify(spki, sizeof spki, text, strlen(text), der, der_size);
}

static bool test_verify_good(void) {
    return verify_over(message) == WS_OK;
}

static bool test_verify_forged(void) {
    return verify_over(other_message) == WS_ERR_SIGNATURE;
}

static const struct {
    const char *name;
    bool (*passes)(void);
} table[] = {
#define WS_SELF_TEST_ENTRY(identifier, bit, name) [bit] = {#name, test_##name},
    WS_SELF_TEST_TABLE(WS_SELF_TEST_ENTRY)
#undef WS_SELF_TEST_ENTRY
};

#define TABLE_SIZE (sizeof table / sizeof table[0])

_Static_assert(WS_SELF_TEST_ALL == (1u << TABLE_SIZE) - 1, "all is every bit of the table");

uint32_t ws_self_test(uint32_t tests) {
    uint32_t failed = 0;

    for (unsigned bit = 0; bit < TABLE_SIZE; bit++) {
        uint32_t mask = 1u << bit;
        if ((tests & mask) && !table[bit].passes()) {
            failed |= mask;
        }
    }
    return failed;
}

const char *ws_self_test_name(unsigned bit) {
    return bit < TABLE_SIZE ? table[bit].name : NULL;
}
