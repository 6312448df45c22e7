/* The MicroPython module `_usb_link`: the link's bytes over USB CDC, for port.py.
 *
 * It stands where MicroPython has its console on CDC: what MicroPython prints is not said to the
 * host, and nothing is given up after a time. A reply lies in TinyUSB's buffer, which holds a whole
 * one, until the host fetches it; no request is taken before the buffer has room for its reply. */
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

#if MICROPY_HW_USB_CDC && !WATTSEAL_LAB

#include "shared/tinyusb/mp_usbd.h"
#include "shared/tinyusb/mp_usbd_cdc.h"
#ifndef NO_QSTR
#include "device/usbd_pvt.h"
#endif

#define LONGEST_LINE 4096 /* MAX_LINE_BYTES of firmware/wire/messages.py */
_Static_assert(CFG_TUD_CDC_TX_BUFSIZE > LONGEST_LINE, "a reply and a line feed before it");

/* --- what MicroPython calls instead of its console -------------------------------------------- */

uintptr_t mp_usbd_cdc_poll_interfaces(uintptr_t poll_flags) {
    return poll_flags & MP_STREAM_POLL_WR;
}

mp_uint_t mp_usbd_cdc_tx_strn(const char *text, mp_uint_t length) {
    (void)text;
    return length;
}

/* --- the port is opened or closed ------------------------------------------------------------- */

static bool is_open; /* what DTR said last */

static bool sending(void) {
    return usbd_edpt_busy(0, USBD_CDC_EP_IN);
}

/* A reply that was not fetched belongs to a program that is gone. Of what is on its way already the
 * next one gets a piece, which this line feed ends: it is not to spoil the reply behind it. */
void tud_cdc_line_state_cb(uint8_t interface, bool dtr, bool rts) {
    (void)interface;
    (void)rts;
    if (dtr != is_open) {
        is_open = dtr;
        tud_cdc_write_clear();
        if (sending()) {
            tud_cdc_write_char('\n');
        }
    }
}

/* The host has reset the bus: TinyUSB has forgotten DTR, and both buffers. */
void tud_mount_cb(void) {
    is_open = false;
}

/* --- waiting ---------------------------------------------------------------------------------- */

static bool is_readable(void) {
    return tud_cdc_available() > 0;
}

static bool has_room(void) {
    return tud_cdc_write_available() >= LONGEST_LINE;
}

static bool is_fetched(void) {
    return tud_cdc_write_available() == CFG_TUD_CDC_TX_BUFSIZE && !sending();
}

/* The scheduler runs TinyUSB while this waits. What was written while the host was asleep is
 * offered again here: nothing else would. */
static mp_obj_t wait_until(bool (*reached)(void), mp_obj_t timeout) {
    mp_uint_t timeout_ms = (mp_uint_t)mp_obj_get_int(timeout);
    mp_uint_t start = mp_hal_ticks_ms();

    for (;;) {
        mp_event_handle_nowait();
        tud_cdc_write_flush();
        if (reached()) {
            return mp_const_true;
        }
        mp_uint_t elapsed = mp_hal_ticks_ms() - start;
        if (elapsed >= timeout_ms) {
            return mp_const_false;
        }
        mp_event_wait_ms(timeout_ms - elapsed);
    }
}

static mp_obj_t usb_link_wait(mp_obj_t timeout_ms) {
    return wait_until(is_readable, timeout_ms);
}
static MP_DEFINE_CONST_FUN_OBJ_1(wait_obj, usb_link_wait);

static mp_obj_t usb_link_wait_for_room(mp_obj_t timeout_ms) {
    return wait_until(has_room, timeout_ms);
}
static MP_DEFINE_CONST_FUN_OBJ_1(wait_for_room_obj, usb_link_wait_for_room);

static mp_obj_t usb_link_wait_until_fetched(mp_obj_t timeout_ms) {
    return wait_until(is_fetched, timeout_ms);
}
static MP_DEFINE_CONST_FUN_OBJ_1(wait_until_fetched_obj, usb_link_wait_until_fetched);

/* --- bytes ------------------------------------------------------------------------------------ */

static mp_obj_t usb_link_start(void) {
    /* What an earlier host left is of no use to the one behind a new bus reset. */
    tud_cdc_configure_fifo_t forgets = {.rx_persistent = 0, .tx_persistent = 0};
    tud_cdc_configure_fifo(&forgets);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(start_obj, usb_link_start);

static mp_obj_t usb_link_read(mp_obj_t max_bytes) {
    size_t wanted = (size_t)mp_obj_get_int(max_bytes);
    size_t arrived = tud_cdc_available();
    vstr_t data;

    vstr_init_len(&data, arrived < wanted ? arrived : wanted);
    data.len = tud_cdc_read(data.buf, data.len);
    return mp_obj_new_bytes_from_vstr(&data);
}
static MP_DEFINE_CONST_FUN_OBJ_1(read_obj, usb_link_read);

static mp_obj_t usb_link_write(mp_obj_t data) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    size_t room = tud_cdc_write_available(); /* without DTR, TinyUSB would write over the oldest */
    size_t taken = tud_cdc_write(buffer.buf, buffer.len < room ? buffer.len : room);
    tud_cdc_write_flush();
    return mp_obj_new_int_from_uint(taken);
}
static MP_DEFINE_CONST_FUN_OBJ_1(write_obj, usb_link_write);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__usb_link)},
    {MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&start_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&read_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&write_obj)},
    {MP_ROM_QSTR(MP_QSTR_wait), MP_ROM_PTR(&wait_obj)},
    {MP_ROM_QSTR(MP_QSTR_wait_for_room), MP_ROM_PTR(&wait_for_room_obj)},
    {MP_ROM_QSTR(MP_QSTR_wait_until_fetched), MP_ROM_PTR(&wait_until_fetched_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t wattseal_usb_link_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__usb_link, wattseal_usb_link_module);

#endif
