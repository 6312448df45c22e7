/* The MicroPython module `_chip`: watchdog and boot loader of the RP2040, for port.py. */
#include "py/obj.h"
#include "py/runtime.h"

#include "hardware/structs/rosc.h"
#include "hardware/structs/watchdog.h"
#include "hardware/watchdog.h"
#include "pico/bootrom.h"

#include "ws_chip.h"

/* The longest that the watchdog can be set to is 8388 ms (erratum RP2040-E1). What the module may
 * take between two feedings is added up in docs/decisions/0016-watchdog.md. */
#define WATCHDOG_MS 8000

/* Bites since the module last served for a while or was without power. The ROM and the SDK use
 * scratch registers 0, 1 and 4 to 7; this one is kept through every reset but power-on. */
#define BITES_REGISTER 3

#define PICOBOOT_OFF 2 /* bit of reset_usb_boot's second argument: the drive is all there is */

static bool bitten;

/* REASON alone does not tell: the ROM restarts the chip by a watchdog that runs out, too. The SDK
 * marks a watchdog that was to be fed in scratch register 4. */
void ws_chip_start(void) {
    bitten = watchdog_enable_caused_reboot();
    watchdog_hw->scratch[BITES_REGISTER] = bitten ? watchdog_hw->scratch[BITES_REGISTER] + 1 : 0;
}

static mp_obj_t chip_watch(void) {
    watchdog_enable(WATCHDOG_MS, false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(watch_obj, chip_watch);

static mp_obj_t chip_feed(void) {
    watchdog_update();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(feed_obj, chip_feed);

static mp_obj_t chip_reset_cause(void) {
    const char *cause = bitten ? "watchdog" : watchdog_hw->reason != 0 ? "restart" : "power_on";
    return mp_obj_new_str_from_cstr(cause);
}
static MP_DEFINE_CONST_FUN_OBJ_0(reset_cause_obj, chip_reset_cause);

static mp_obj_t chip_bites(void) {
    return mp_obj_new_int_from_uint(watchdog_hw->scratch[BITES_REGISTER]);
}
static MP_DEFINE_CONST_FUN_OBJ_0(bites_obj, chip_bites);

static mp_obj_t chip_forget_bites(void) {
    watchdog_hw->scratch[BITES_REGISTER] = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(forget_bites_obj, chip_forget_bites);

/* As a drive only: PICOBOOT would let the host read the whole flash and RAM. */
static mp_obj_t chip_enter_boot_loader(void) {
    rosc_hw->ctrl = ROSC_CTRL_ENABLE_VALUE_ENABLE << ROSC_CTRL_ENABLE_LSB; /* the ROM needs it */
    reset_usb_boot(0, PICOBOOT_OFF);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(enter_boot_loader_obj, chip_enter_boot_loader);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__chip)},
    {MP_ROM_QSTR(MP_QSTR_watch), MP_ROM_PTR(&watch_obj)},
    {MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&feed_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset_cause), MP_ROM_PTR(&reset_cause_obj)},
    {MP_ROM_QSTR(MP_QSTR_bites), MP_ROM_PTR(&bites_obj)},
    {MP_ROM_QSTR(MP_QSTR_forget_bites), MP_ROM_PTR(&forget_bites_obj)},
    {MP_ROM_QSTR(MP_QSTR_enter_boot_loader), MP_ROM_PTR(&enter_boot_loader_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t wattseal_chip_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__chip, wattseal_chip_module);
