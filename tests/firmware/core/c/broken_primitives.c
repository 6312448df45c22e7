/* The core with one primitive broken at a time, chosen by `broken_primitive`: linked with
 * --wrap, so that every call from another file of the core comes by here. */
#include <string.h>

#include "ws_crc.h"
#include "ws_der.h"
#include "ws_drbg.h"
#include "ws_ecdsa.h"
#include "ws_error.h"
#include "ws_health.h"
#include "ws_sha256.h"
#include "ws_spki.h"

const char *broken_primitive = "";

static int broken(const char *name) {
    return strcmp(broken_primitive, name) == 0;
}

uint16_t __real_ws_crc16(const void *data, size_t size);
uint16_t __wrap_ws_crc16(const void *data, size_t size) {
    return (uint16_t)(__real_ws_crc16(data, size) ^ broken("crc16"));
}

uint32_t __real_ws_crc32(const void *data, size_t size);
uint32_t __wrap_ws_crc32(const void *data, size_t size) {
    return __real_ws_crc32(data, size) ^ (uint32_t)broken("crc32");
}

void __real_ws_sha256(const void *data, size_t size, uint8_t digest[WS_SHA256_SIZE]);
void __wrap_ws_sha256(const void *data, size_t size, uint8_t digest[WS_SHA256_SIZE]) {
    __real_ws_sha256(data, size, digest);
    digest[31] ^= (uint8_t)(broken("sha256") || (broken("sha256 of two blocks") && size > 55));
}

bool __real_ws_health_good(const ws_health *health);
bool __wrap_ws_health_good(const ws_health *health) {
    bool good = __real_ws_health_good(health);
    return broken("health accepts all") || (good && !broken("health refuses all"));
}

void __real_ws_health_feed(ws_health *health, const uint8_t *samples, size_t size);
void __wrap_ws_health_feed(ws_health *health, const uint8_t *samples, size_t size) {
    __real_ws_health_feed(health, samples, size);
    if (broken("health misses periods")) {
        memset(health->lag_alike, 0, sizeof health->lag_alike);
    }
}

void __real_ws_drbg_generate(ws_drbg *drbg, uint8_t *out, size_t size);
void __wrap_ws_drbg_generate(ws_drbg *drbg, uint8_t *out, size_t size) {
    __real_ws_drbg_generate(drbg, out, size);
    out[0] ^= (uint8_t)broken("drbg");
}

int __real_ws_ecdsa_sign(const uint8_t *key, const uint8_t *digest, const uint8_t *added,
                         uint8_t *signature);
int __wrap_ws_ecdsa_sign(const uint8_t *key, const uint8_t *digest, const uint8_t *added,
                         uint8_t *signature) {
    int result = __real_ws_ecdsa_sign(key, digest, added, signature);
    signature[63] ^= (uint8_t)broken("sign");
    return broken("sign fails") ? WS_ERR_ARGUMENT : result;
}

int __real_ws_ecdsa_verify(const uint8_t *point, const uint8_t *digest, size_t digest_size,
                           const uint8_t *signature);
int __wrap_ws_ecdsa_verify(const uint8_t *point, const uint8_t *digest, size_t digest_size,
                           const uint8_t *signature) {
    if (broken("verify accepts all")) {
        return WS_OK;
    }
    if (broken("verify refuses all")) {
        return WS_ERR_SIGNATURE;
    }
    return __real_ws_ecdsa_verify(point, digest, digest_size, signature);
}

int __real_ws_der_decode(const uint8_t *der, size_t size, uint8_t *signature);
int __wrap_ws_der_decode(const uint8_t *der, size_t size, uint8_t *signature) {
    return broken("der") ? WS_ERR_SIGNATURE : __real_ws_der_decode(der, size, signature);
}

int __real_ws_spki_decode(const uint8_t *spki, size_t size, uint8_t *point);
int __wrap_ws_spki_decode(const uint8_t *spki, size_t size, uint8_t *point) {
    return broken("spki") ? WS_ERR_PUBLIC_KEY : __real_ws_spki_decode(spki, size, point);
}
