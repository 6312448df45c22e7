/* The MicroPython module `_wattseal`: converts arguments, checks every length, calls the core,
 * raises through one table. `_wattseal.pyi` beside this file gives the signatures. */
#include "py/obj.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include "json_text.h"
#include "ws_core.h"
#include "ws_port.h"

#ifndef WATTSEAL_USB
#define WATTSEAL_USB 0
#endif
#ifndef WATTSEAL_LAB
#define WATTSEAL_LAB 0
#endif

/* --- errors --------------------------------------------------------------------------------- */

MP_DEFINE_EXCEPTION(CoreError, Exception)

static void check(int code) {
    if (code == WS_OK) {
        return;
    }
    const char *name = ws_error_name(code);
    mp_obj_t args[] = {MP_OBJ_NEW_SMALL_INT(code), mp_obj_new_str_from_cstr(name)};
    nlr_raise(mp_obj_new_exception_args(&mp_type_CoreError, MP_ARRAY_SIZE(args), args));
}

/* --- conversions ---------------------------------------------------------------------------- */

static mp_buffer_info_t bytes_of(mp_obj_t object) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(object, &info, MP_BUFFER_READ);
    return info;
}

/* The key area is left out: no address of it can be named from Python. */
static const ws_storage *area_of(mp_obj_t object) {
    mp_int_t area = mp_obj_get_int(object);
    if (area <= WS_AREA_KEYS || area >= WS_AREA_COUNT) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such flash area"));
    }
    return ws_port_area((enum ws_area)area);
}

static uint32_t offset_of(mp_obj_t object) {
    mp_int_t offset = mp_obj_get_int(object);
    if (offset < 0 || (mp_uint_t)offset > UINT32_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such offset"));
    }
    return (uint32_t)offset;
}

static uint32_t key_number_of(mp_obj_t object) {
    mp_int_t number = mp_obj_get_int(object);
    if (number < 1 || (mp_uint_t)number > UINT32_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such key number"));
    }
    return (uint32_t)number;
}

static const ws_storage *keys(void) {
    return ws_port_area(WS_AREA_KEYS);
}

/* --- self-test, image and noise ------------------------------------------------------------- */

static mp_obj_t failed_tests(uint32_t failed) {
    mp_obj_t names[32];
    size_t count = 0;
    const char *name;
    for (unsigned bit = 0; (name = ws_self_test_name(bit)) != NULL; bit++) {
        if (failed & (1u << bit)) {
            names[count++] = mp_obj_new_str_from_cstr(name);
        }
    }
    return mp_obj_new_tuple(count, names);
}

static mp_obj_t wattseal_self_test(mp_obj_t everything) {
    uint32_t tests = mp_obj_is_true(everything) ? WS_SELF_TEST_ALL : WS_SELF_TEST_SIGNING;
    return failed_tests(ws_self_test(tests));
}
static MP_DEFINE_CONST_FUN_OBJ_1(self_test_obj, wattseal_self_test);

/* SHA-256 of the running image, measured at the first call after a start: hashing it takes longer
 * than a signature. */
static const uint8_t *image_identity(void) {
    static uint8_t identity[WS_SHA256_SIZE];
    static bool measured;

    if (!measured) {
        const void *image;
        size_t size;
        check(ws_port_image(&image, &size));
        ws_sha256(image, size, identity);
        measured = true;
    }
    return identity;
}

static mp_obj_t wattseal_firmware_identity(void) {
    return mp_obj_new_bytes(image_identity(), WS_SHA256_SIZE);
}
static MP_DEFINE_CONST_FUN_OBJ_0(firmware_identity_obj, wattseal_firmware_identity);

static mp_obj_t wattseal_random(void) {
    uint8_t chip_id[WS_KEY_CHIP_ID_MAX_SIZE];
    uint8_t random[WS_RANDOM_SIZE];
    check(ws_random(&ws_port_noise, chip_id, ws_port_chip_id(chip_id), random));
    return mp_obj_new_bytes(random, sizeof(random));
}
static MP_DEFINE_CONST_FUN_OBJ_0(random_obj, wattseal_random);

/* Of all signatures since the start; not seeded before hedge() is called. */
static ws_hedge signature_hedge;

static mp_obj_t wattseal_hedge(void) {
    uint8_t chip_id[WS_KEY_CHIP_ID_MAX_SIZE];
    if (!ws_port_hedges()) {
        return mp_const_false;
    }
    int code = ws_hedge_seed(&signature_hedge, &ws_port_noise, chip_id, ws_port_chip_id(chip_id));
    if (code != WS_ERR_ENTROPY) {
        check(code);
    }
    return mp_obj_new_bool(code == WS_OK);
}
static MP_DEFINE_CONST_FUN_OBJ_0(hedge_obj, wattseal_hedge);

/* --- keys ----------------------------------------------------------------------------------- */

static mp_obj_t key_facts(const ws_key_facts *key) {
    mp_obj_t facts[] = {
        mp_obj_new_int_from_uint(key->number),
        mp_obj_new_bytes(key->identity, sizeof(key->identity)),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(facts), facts);
}

static mp_obj_t wattseal_key_slots(void) {
    ws_key_list list;
    check(ws_key_inspect(keys(), &list));
    mp_obj_t whole[WS_KEY_MAX_COUNT];
    for (uint32_t i = 0; i < list.count; i++) {
        whole[i] = key_facts(&list.keys[i]);
    }
    mp_obj_t slots[] = {
        mp_obj_new_int_from_uint(list.broken_slots),
        mp_obj_new_tuple(list.count, whole),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(slots), slots);
}
static MP_DEFINE_CONST_FUN_OBJ_0(key_slots_obj, wattseal_key_slots);

static mp_obj_t wattseal_key_create(mp_obj_t number) {
    uint8_t chip_id[WS_KEY_CHIP_ID_MAX_SIZE];
    uint32_t key_number = key_number_of(number);
    ws_key_inputs inputs = {
        .entropy = &ws_port_noise,
        .chip_id = chip_id,
        .chip_id_size = ws_port_chip_id(chip_id),
        .identity = image_identity(),
    };
    check(ws_key_create(keys(), &inputs, key_number));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(key_create_obj, wattseal_key_create);

static mp_obj_t wattseal_key_secure(mp_obj_t number) {
    check(ws_key_secure(keys(), key_number_of(number)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(key_secure_obj, wattseal_key_secure);

static mp_obj_t wattseal_key_erase(mp_obj_t number) {
    check(ws_key_erase(keys(), key_number_of(number)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(key_erase_obj, wattseal_key_erase);

static mp_obj_t wattseal_key_erase_all(void) {
    check(ws_key_erase_all(keys()));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(key_erase_all_obj, wattseal_key_erase_all);

static mp_obj_t wattseal_key_discard_broken(void) {
    uint32_t erased;
    check(ws_key_discard_broken(keys(), &erased));
    return mp_obj_new_int_from_uint(erased);
}
static MP_DEFINE_CONST_FUN_OBJ_0(key_discard_broken_obj, wattseal_key_discard_broken);

static mp_obj_t wattseal_key_public(mp_obj_t number) {
    uint8_t spki[WS_SPKI_SIZE];
    check(ws_key_public(keys(), key_number_of(number), spki));
    return mp_obj_new_bytes(spki, sizeof(spki));
}
static MP_DEFINE_CONST_FUN_OBJ_1(key_public_obj, wattseal_key_public);

/* --- signing and checking ------------------------------------------------------------------- */

/* Nothing written is a fault: a disturbed processor can return early with WS_OK. */
static void check_written(int code, size_t size) {
    check(code == WS_OK && size == 0 ? WS_ERR_FAULT : code);
}

static mp_obj_t wattseal_sign_record(mp_obj_t number, mp_obj_t payload_in) {
    mp_buffer_info_t payload = bytes_of(payload_in);
    char text[WS_RECORD_SECTION_MAX_SIZE];
    size_t size = 0;
    int code = ws_sign_record(keys(), key_number_of(number), &signature_hedge, payload.buf,
                              payload.len, text, sizeof(text), &size);
    check_written(code, size);
    return mp_obj_new_bytes((const byte *)text, size);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sign_record_obj, wattseal_sign_record);

static mp_obj_t wattseal_sign_statement(mp_obj_t number, mp_obj_t text_in) {
    mp_buffer_info_t text = bytes_of(text_in);
    uint8_t der[WS_DER_MAX_SIZE];
    size_t size = 0;
    int code = ws_sign_statement(keys(), key_number_of(number), &signature_hedge, text.buf,
                                 text.len, der, &size);
    check_written(code, size);
    return mp_obj_new_bytes(der, size);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sign_statement_obj, wattseal_sign_statement);

/* False for a bad key or signature; any other error of the core is raised. */
static mp_obj_t is_good(int code) {
    if (code != WS_ERR_SIGNATURE && code != WS_ERR_PUBLIC_KEY) {
        check(code);
    }
    return mp_obj_new_bool(code == WS_OK);
}

static mp_obj_t wattseal_public_key_valid(mp_obj_t key_in) {
    mp_buffer_info_t key = bytes_of(key_in);
    return is_good(ws_verify_public_key(key.buf, key.len));
}
static MP_DEFINE_CONST_FUN_OBJ_1(public_key_valid_obj, wattseal_public_key_valid);

static mp_obj_t wattseal_verify(mp_obj_t key_in, mp_obj_t message_in, mp_obj_t signature_in) {
    mp_buffer_info_t key = bytes_of(key_in);
    mp_buffer_info_t message = bytes_of(message_in);
    mp_buffer_info_t signature = bytes_of(signature_in);
    return is_good(
        ws_verify(key.buf, key.len, message.buf, message.len, signature.buf, signature.len));
}
static MP_DEFINE_CONST_FUN_OBJ_3(verify_obj, wattseal_verify);

static mp_obj_t wattseal_verify_digest(mp_obj_t key_in, mp_obj_t digest_in, mp_obj_t signature_in) {
    mp_buffer_info_t key = bytes_of(key_in);
    mp_buffer_info_t digest = bytes_of(digest_in);
    mp_buffer_info_t signature = bytes_of(signature_in);
    return is_good(
        ws_verify_digest(key.buf, key.len, digest.buf, digest.len, signature.buf, signature.len));
}
static MP_DEFINE_CONST_FUN_OBJ_3(verify_digest_obj, wattseal_verify_digest);

/* --- checksums ------------------------------------------------------------------------------ */

static mp_obj_t wattseal_sha256(mp_obj_t data_in) {
    mp_buffer_info_t data = bytes_of(data_in);
    uint8_t digest[WS_SHA256_SIZE];
    ws_sha256(data.buf, data.len, digest);
    return mp_obj_new_bytes(digest, sizeof(digest));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sha256_obj, wattseal_sha256);

static mp_obj_t wattseal_crc16(mp_obj_t data_in) {
    mp_buffer_info_t data = bytes_of(data_in);
    return MP_OBJ_NEW_SMALL_INT(ws_crc16(data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_1(crc16_obj, wattseal_crc16);

static mp_obj_t wattseal_crc32(mp_obj_t data_in) {
    mp_buffer_info_t data = bytes_of(data_in);
    return mp_obj_new_int_from_uint(ws_crc32(data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_1(crc32_obj, wattseal_crc32);

static MP_DEFINE_CONST_FUN_OBJ_1(json_text_obj, ws_json_text);

/* --- flash ---------------------------------------------------------------------------------- */

static mp_obj_t wattseal_flash_info(mp_obj_t area_in) {
    const ws_storage *area = area_of(area_in);
    mp_obj_t sizes[] = {
        mp_obj_new_int_from_uint(area->sector_size),
        mp_obj_new_int_from_uint(area->page_size),
        mp_obj_new_int_from_uint(area->sector_count),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(sizes), sizes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(flash_info_obj, wattseal_flash_info);

static mp_obj_t wattseal_flash_read(mp_obj_t area_in, mp_obj_t offset_in, mp_obj_t buffer_in) {
    const ws_storage *area = area_of(area_in);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(buffer_in, &buffer, MP_BUFFER_WRITE);
    check(area->read(area->context, offset_of(offset_in), buffer.buf, buffer.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_read_obj, wattseal_flash_read);

static mp_obj_t wattseal_flash_is_erased(mp_obj_t area_in, mp_obj_t offset_in, mp_obj_t length) {
    bool erased;
    check(ws_scan_is_erased(area_of(area_in), offset_of(offset_in), offset_of(length), &erased));
    return mp_obj_new_bool(erased);
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_is_erased_obj, wattseal_flash_is_erased);

static mp_obj_t wattseal_flash_highest(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    mp_buffer_info_t magic = bytes_of(args[1]);
    ws_scan_pattern pattern = {
        .magic = magic.buf, .magic_size = magic.len, .number_offset = offset_of(args[2])};
    int32_t highest;
    check(ws_scan_highest(area_of(args[0]), &pattern, offset_of(args[3]), &highest));
    return MP_OBJ_NEW_SMALL_INT(highest);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_highest_obj, 4, 4, wattseal_flash_highest);

static mp_obj_t wattseal_flash_program(mp_obj_t area_in, mp_obj_t offset_in, mp_obj_t data_in) {
    const ws_storage *area = area_of(area_in);
    mp_buffer_info_t data = bytes_of(data_in);
    check(area->program(area->context, offset_of(offset_in), data.buf, data.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_program_obj, wattseal_flash_program);

static mp_obj_t wattseal_flash_erase(mp_obj_t area_in, mp_obj_t sector_in) {
    const ws_storage *area = area_of(area_in);
    check(area->erase(area->context, offset_of(sector_in)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(flash_erase_obj, wattseal_flash_erase);

static mp_obj_t wattseal_chip_id(void) {
    uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE];
    size_t size = ws_port_chip_id(id);
    return mp_obj_new_bytes(id, size);
}
static MP_DEFINE_CONST_FUN_OBJ_0(chip_id_obj, wattseal_chip_id);

/* Called by MicroPython at each import, of which main.py does the first before anything else. */
static mp_obj_t wattseal_init(void) {
    ws_port_start();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(__init___obj, wattseal_init);

/* --- module --------------------------------------------------------------------------------- */

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__wattseal)},
    {MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&__init___obj)},
    {MP_ROM_QSTR(MP_QSTR_AREA_SETTINGS), MP_ROM_INT(WS_AREA_SETTINGS)},
    {MP_ROM_QSTR(MP_QSTR_AREA_STATEMENTS), MP_ROM_INT(WS_AREA_STATEMENTS)},
    {MP_ROM_QSTR(MP_QSTR_AREA_EVENTS), MP_ROM_INT(WS_AREA_EVENTS)},
    {MP_ROM_QSTR(MP_QSTR_AREA_JOURNAL), MP_ROM_INT(WS_AREA_JOURNAL)},
    {MP_ROM_QSTR(MP_QSTR_USB_LINK), MP_ROM_INT(WATTSEAL_USB && !WATTSEAL_LAB)},
    {MP_ROM_QSTR(MP_QSTR_CoreError), MP_ROM_PTR(&mp_type_CoreError)},
    {MP_ROM_QSTR(MP_QSTR_self_test), MP_ROM_PTR(&self_test_obj)},
    {MP_ROM_QSTR(MP_QSTR_firmware_identity), MP_ROM_PTR(&firmware_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR_hedge), MP_ROM_PTR(&hedge_obj)},
    {MP_ROM_QSTR(MP_QSTR_random), MP_ROM_PTR(&random_obj)},
    {MP_ROM_QSTR(MP_QSTR_key_slots), MP_ROM_PTR(&key_slots_obj)},
    {MP_ROM_QSTR(MP_QSTR_key_create), MP_ROM_PTR(&key_create_obj)},
    {MP_ROM_QSTR(MP_QSTR_key_secure), MP_ROM_PTR(&key_secure_obj)},
    {MP_ROM_QSTR(MP_QSTR_key_erase), MP_ROM_PTR(&key_erase_obj)},
    {MP_ROM_QSTR(MP_QSTR_key_erase_all), MP_ROM_PTR(&key_erase_all_obj)},
    {MP_ROM_QSTR(MP_QSTR_key_discard_broken), MP_ROM_PTR(&key_discard_broken_obj)},
    {MP_ROM_QSTR(MP_QSTR_key_public), MP_ROM_PTR(&key_public_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign_record), MP_ROM_PTR(&sign_record_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign_statement), MP_ROM_PTR(&sign_statement_obj)},
    {MP_ROM_QSTR(MP_QSTR_public_key_valid), MP_ROM_PTR(&public_key_valid_obj)},
    {MP_ROM_QSTR(MP_QSTR_verify), MP_ROM_PTR(&verify_obj)},
    {MP_ROM_QSTR(MP_QSTR_verify_digest), MP_ROM_PTR(&verify_digest_obj)},
    {MP_ROM_QSTR(MP_QSTR_sha256), MP_ROM_PTR(&sha256_obj)},
    {MP_ROM_QSTR(MP_QSTR_crc16), MP_ROM_PTR(&crc16_obj)},
    {MP_ROM_QSTR(MP_QSTR_crc32), MP_ROM_PTR(&crc32_obj)},
    {MP_ROM_QSTR(MP_QSTR_json_text), MP_ROM_PTR(&json_text_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash_info), MP_ROM_PTR(&flash_info_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash_read), MP_ROM_PTR(&flash_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash_is_erased), MP_ROM_PTR(&flash_is_erased_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash_highest), MP_ROM_PTR(&flash_highest_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash_program), MP_ROM_PTR(&flash_program_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash_erase), MP_ROM_PTR(&flash_erase_obj)},
    {MP_ROM_QSTR(MP_QSTR_chip_id), MP_ROM_PTR(&chip_id_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t wattseal_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__wattseal, wattseal_module);
