/* The MicroPython module `_wattseal_lab`, in the lab variant of the image only: single pieces of
 * the core for a benchmark, which use the published key of RFC 6979, A.2.5, and the raw noise. */
#include "py/obj.h"
#include "py/runtime.h"

#include "ws_ecdsa.h"
#include "ws_error.h"
#include "ws_nonce.h"
#include "ws_order.h"
#include "ws_port.h"
#include "ws_signing.h"
#include "ws_words.h"

static const uint8_t published_key[WS_P256_SCALAR_SIZE] = {
    0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16, 0x6B, 0x5C, 0x21, 0x57, 0x67, 0xB1, 0xD6, 0x93,
    0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8, 0x9B, 0x12, 0x7B, 0x8A, 0x62, 0x2B, 0x12, 0x0F, 0x67, 0x21,
};

static const uint8_t *digest_of(mp_obj_t object) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(object, &info, MP_BUFFER_READ);
    if (info.len != WS_SHA256_SIZE) {
        mp_raise_ValueError(MP_ERROR_TEXT("a digest has 32 bytes"));
    }
    return info.buf;
}

/* A signature as far as it is computed before it is checked against faults. */
static mp_obj_t lab_sign_without_check(mp_obj_t digest) {
    ws_signing_input in;
    ws_signing_output out;
    ws_nonce nonces;
    uint8_t reduced[WS_SHA256_SIZE], nonce[WS_NONCE_SIZE], signature[WS_P256_SIGNATURE_SIZE];

    ws_words_decode(in.private_key, published_key);
    ws_words_decode(in.digest, digest_of(digest));
    ws_order_reduce(in.digest, in.digest);
    ws_words_encode(reduced, in.digest);
    ws_nonce_init(&nonces, published_key, reduced, NULL);
    ws_nonce_next(&nonces, nonce);
    ws_words_decode(in.nonce, nonce);
    if (!ws_signing_compute(&out, &in)) {
        mp_raise_ValueError(MP_ERROR_TEXT("the nonce cannot be used"));
    }
    ws_words_encode(signature, out.r);
    ws_words_encode(signature + WS_P256_SCALAR_SIZE, out.s);
    return mp_obj_new_bytes(signature, sizeof(signature));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sign_without_check_obj, lab_sign_without_check);

static mp_obj_t lab_public_key(void) {
    uint8_t point[WS_P256_POINT_SIZE];
    ws_p256_public(published_key, point);
    return mp_obj_new_bytes(point, sizeof(point));
}
static MP_DEFINE_CONST_FUN_OBJ_0(public_key_obj, lab_public_key);

static mp_obj_t lab_sign(mp_obj_t digest) {
    uint8_t signature[WS_P256_SIGNATURE_SIZE];
    if (ws_ecdsa_sign(published_key, digest_of(digest), NULL, signature) != WS_OK) {
        mp_raise_ValueError(MP_ERROR_TEXT("the core did not sign"));
    }
    return mp_obj_new_bytes(signature, sizeof(signature));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sign_obj, lab_sign);

/* So many bytes of noise as the health tests get to see them, before anything is made of them. */
static mp_obj_t lab_raw_noise(mp_obj_t size_in) {
    mp_int_t size = mp_obj_get_int(size_in);
    if (size < 1 || size > WS_ENTROPY_SAMPLES_PER_SEED / 8) {
        mp_raise_ValueError(MP_ERROR_TEXT("1 to 1152 bytes"));
    }
    vstr_t raw;
    vstr_init_len(&raw, (size_t)size);
    if (ws_port_noise.read(ws_port_noise.context, (uint8_t *)raw.buf, raw.len) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("the noise source does not deliver"));
    }
    return mp_obj_new_bytes_from_vstr(&raw);
}
static MP_DEFINE_CONST_FUN_OBJ_1(raw_noise_obj, lab_raw_noise);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__wattseal_lab)},
    {MP_ROM_QSTR(MP_QSTR_public_key), MP_ROM_PTR(&public_key_obj)},
    {MP_ROM_QSTR(MP_QSTR_raw_noise), MP_ROM_PTR(&raw_noise_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign), MP_ROM_PTR(&sign_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign_without_check), MP_ROM_PTR(&sign_without_check_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t wattseal_lab_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__wattseal_lab, wattseal_lab_module);
