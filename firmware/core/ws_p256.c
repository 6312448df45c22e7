#include "ws_p256.h"

#include "ws_comb.h"
#include "ws_constant_time.h"
#include "ws_error.h"
#include "ws_order.h"
#include "ws_point.h"
#include "ws_wipe.h"
#include "ws_words.h"

bool ws_p256_scalar_valid(const uint8_t scalar[WS_P256_SCALAR_SIZE]) {
    uint32_t number[WS_WORDS];

    ws_words_decode(number, scalar);
    uint32_t valid = ws_order_is_scalar(number);
    ws_wipe(number, sizeof number);
    WS_DECLASSIFY(valid);
    return valid == 1;
}

bool ws_p256_point_valid(const uint8_t point[WS_P256_POINT_SIZE]) {
    ws_affine decoded;
    return ws_point_decode(&decoded, point);
}

/* Write the public key; the result is whether it is a point of the curve, see ws_p256.h. */
static bool multiply_generator(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                               uint8_t point[WS_P256_POINT_SIZE]) {
    struct {
        uint32_t scalar[WS_WORDS], odd[WS_COMB_WORDS];
        ws_jacobian product;
        ws_affine affine;
    } s;

    ws_words_decode(s.scalar, private_key);
    ws_comb_make_odd(s.odd, s.scalar);
    ws_comb_multiply(&s.product, s.odd);
    ws_point_to_affine(&s.affine, &s.product);
    ws_point_encode(point, &s.affine);
    uint32_t good = ws_point_on_curve(&s.affine);
    ws_wipe(&s, sizeof s);
    WS_DECLASSIFY(good);
    return good == 1;
}

int ws_p256_public(const uint8_t private_key[WS_P256_SCALAR_SIZE],
                   uint8_t point[WS_P256_POINT_SIZE]) {
    if (!ws_p256_scalar_valid(private_key)) {
        return WS_ERR_ARGUMENT;
    }
    return multiply_generator(private_key, point) ? WS_OK : WS_ERR_FAULT;
}

void ws_p256_generate(ws_drbg *drbg, uint8_t private_key[WS_P256_SCALAR_SIZE],
                      uint8_t point[WS_P256_POINT_SIZE]) {
    do {
        ws_drbg_generate(drbg, private_key, WS_P256_SCALAR_SIZE);
    } while (!ws_p256_scalar_valid(private_key) || !multiply_generator(private_key, point));
}
