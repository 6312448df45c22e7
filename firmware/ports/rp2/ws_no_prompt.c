/* MicroPython's start code and import expect files and a prompt; a product has neither. */
#include "py/builtin.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "shared/runtime/pyexec.h"

#include "hardware/watchdog.h"
#include "pico/time.h"

/* Long enough for a person to see that the module starts again and again. */
#define RESTART_DELAY_MS 1000

/* MicroPython's start code calls these whether or not the drivers are in the image. */
void machine_i2s_init0(void);
void machine_i2s_deinit_all(void);
void machine_pwm_deinit_all(void);

void machine_i2s_init0(void) {
}

void machine_i2s_deinit_all(void) {
}

void machine_pwm_deinit_all(void) {
}

mp_import_stat_t mp_import_stat(const char *path) {
    (void)path;
    return MP_IMPORT_STAT_NO_EXIST;
}

static mp_obj_t no_file(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    (void)n_args;
    (void)args;
    (void)kwargs;
    mp_raise_OSError(MP_ENOENT);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, no_file);

#if WATTSEAL_LAB
mp_lexer_t *mp_lexer_new_from_file(qstr name) {
    (void)name;
    mp_raise_OSError(MP_ENOENT);
}
#else
/* Reached only if the application returned, which it never should: start again. */
static _Noreturn void restart(void) {
    busy_wait_ms(RESTART_DELAY_MS);
    watchdog_reboot(0, 0, 0);
    for (;;) {
    }
}

int pyexec_friendly_repl(void) {
    restart();
}

int pyexec_raw_repl(void) {
    restart();
}

/* What starts the application asks for Ctrl-C around it; there is no such character here. */
void mp_hal_set_interrupt_char(int character) {
    (void)character;
}

#if !WATTSEAL_USB
/* The buffer of a console that does not exist; nothing ever puts a byte into it. */
ringbuf_t stdin_ringbuf;
#endif
#endif
