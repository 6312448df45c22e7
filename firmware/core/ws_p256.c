#include "ws_p256.h"

#include <bearssl_ec.h>
#include <string.h>

#include "ws_constant_time.h"
#include "ws_error.h"

bool ws_p256_scalar_valid(const uint8_t scalar[WS_P256_SCALAR_SIZE]) {
    size_t order_size;
    const uint8_t *order = br_ec_p256_m15.order(BR_EC_secp256r1, &order_size);
    uint32_t any_bit = 0;
    uint32_t borrow = 0;

    for (size_t i = WS_P256_SCALAR_SIZE; i-- > 0;) {
        any_bit |= scalar[i];
        borrow = ((uint32_t)scalar[i] - order[i] - borrow) >> 31;
    }
    uint32_t valid = borrow & ((0u - any_bit) >> 31);
    WS_DECLASSIFY(valid);
    return valid == 1;
}

bool ws_p256_point_valid(const uint8_t point[WS_P256_POINT_SIZE]) {
    static const uint8_t one = 1;
    uint8_t copy[WS_P256_POINT_SIZE];

    /* BearSSL checks a point only where it multiplies it: by one is the cheapest. */
    memcpy(copy, point, sizeof copy);
    return br_ec_p256_m15.mul(copy, sizeof copy, &one, 1, BR_EC_secp256r1) == 1;
}

static void multiply_generator(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                               uint8_t point[WS_P256_POINT_SIZE]) {
    br_ec_p256_m15.mulgen(point, private_key, WS_P256_SCALAR_SIZE, BR_EC_secp256r1);
}

int ws_p256_public(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                   uint8_t point[WS_P256_POINT_SIZE]) {
    if (!ws_p256_scalar_valid(private_key)) {
        return WS_ERR_ARGUMENT;
    }
    multiply_generator(private_key, point);
    return WS_OK;
}

void ws_p256_generate(ws_drbg *drbg, uint8_t private_key[WS_P256_SCALAR_SIZE],
                      uint8_t point[WS_P256_POINT_SIZE]) {
    br_ec_keygen(&drbg->bearssl.vtable, &br_ec_p256_m15, NULL, private_key, BR_EC_secp256r1);
    multiply_generator(private_key, point);
}
