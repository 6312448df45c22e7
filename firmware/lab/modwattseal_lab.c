/* The MicroPython module `_wattseal_lab`, in the lab variant of the image only: the bare functions
 * that a benchmark sets beside the core's own. Signs with the published key of RFC 6979, A.2.5. */
#include "py/obj.h"
#include "py/runtime.h"

#include "bearssl_ec.h"
#include "bearssl_hash.h"
#include "ws_ecdsa.h"
#include "ws_error.h"

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

static mp_obj_t lab_bearssl_sign(mp_obj_t digest) {
    br_ec_private_key key = {BR_EC_secp256r1, (unsigned char *)published_key,
                             sizeof(published_key)};
    uint8_t signature[WS_P256_SIGNATURE_SIZE];
    size_t size = br_ecdsa_i15_sign_raw(&br_ec_p256_m15, &br_sha256_vtable, digest_of(digest), &key,
                                        signature);
    return mp_obj_new_bytes(signature, size);
}
static MP_DEFINE_CONST_FUN_OBJ_1(bearssl_sign_obj, lab_bearssl_sign);

static mp_obj_t lab_sign(mp_obj_t digest) {
    uint8_t signature[WS_P256_SIGNATURE_SIZE];
    if (ws_ecdsa_sign(published_key, digest_of(digest), NULL, signature) != WS_OK) {
        mp_raise_ValueError(MP_ERROR_TEXT("the core did not sign"));
    }
    return mp_obj_new_bytes(signature, sizeof(signature));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sign_obj, lab_sign);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__wattseal_lab)},
    {MP_ROM_QSTR(MP_QSTR_bearssl_sign), MP_ROM_PTR(&bearssl_sign_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign), MP_ROM_PTR(&sign_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t wattseal_lab_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__wattseal_lab, wattseal_lab_module);
