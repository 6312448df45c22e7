/* Writes the JSON of the link: checks a value and writes it in one pass. Half of a reply is a
 * record that is known only once it is signed, so its text cannot be prepared and has to be quick.
 */
#include "json_text.h"

#include "py/objint.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"

#define FIRST_ALLOCATION 256
#define MAX_DEPTH 6 /* that of wire/strict_json.py */

/* A vstr grows by 16 bytes at a time by itself, which would copy a long text again and again. */
static void add(vstr_t *text, const char *bytes, size_t length) {
    if (text->alloc - text->len < length) {
        vstr_hint_size(text, text->alloc + length);
    }
    vstr_add_strn(text, bytes, length);
}

static void add_byte(vstr_t *text, char byte) {
    add(text, &byte, 1);
}

static void add_escape(vstr_t *text, char byte) {
    static const char digits[] = "0123456789abcdef";
    switch (byte) {
    case '"':
    case '\\':
        add(text, (const char[]){'\\', byte}, 2);
        return;
    case '\n':
        add(text, "\\n", 2);
        return;
    case '\r':
        add(text, "\\r", 2);
        return;
    case '\t':
        add(text, "\\t", 2);
        return;
    default:
        add(text, "\\u00", 4);
        add_byte(text, digits[byte >> 4]);
        add_byte(text, digits[byte & 15]);
    }
}

static bool is_ascii(char byte) {
    return (uint8_t)byte < 0x7F;
}

static bool is_plain(char byte) {
    return is_ascii(byte) && byte >= ' ' && byte != '"' && byte != '\\';
}

static bool add_string(vstr_t *text, mp_obj_t value) {
    size_t length;
    const char *bytes = mp_obj_str_get_data(value, &length);
    const char *end = bytes + length;
    add_byte(text, '"');
    while (bytes < end) {
        const char *run = bytes;
        while (bytes < end && is_plain(*bytes)) {
            bytes++;
        }
        add(text, run, (size_t)(bytes - run));
        if (bytes < end && !is_ascii(*bytes)) {
            return false;
        }
        if (bytes < end) {
            add_escape(text, *bytes++);
        }
    }
    add_byte(text, '"');
    return true;
}

/* The largest integer of the link is 2^53 - 1 (RFC 8259, section 6). */
static bool is_within_53_bits(mp_obj_t value) {
    mp_obj_t limit = mp_obj_new_int_from_ll((1LL << 53) - 1);
    mp_obj_t lowest = mp_obj_new_int_from_ll(-((1LL << 53) - 1));
    return mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS_EQUAL, value, limit)) &&
           mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS_EQUAL, lowest, value));
}

static bool add_integer(vstr_t *text, mp_obj_t value) {
    if (!is_within_53_bits(value)) {
        return false;
    }
    mp_print_t print = {text, (mp_print_strn_t)vstr_add_strn};
    mp_obj_print_helper(&print, value, PRINT_REPR);
    return true;
}

static bool add_value(vstr_t *text, mp_obj_t value, size_t depth);

static bool add_array(vstr_t *text, mp_obj_t value, size_t depth) {
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(value, &count, &items);
    add_byte(text, '[');
    for (size_t at = 0; at < count; at++) {
        if (at > 0) {
            add_byte(text, ',');
        }
        if (!add_value(text, items[at], depth)) {
            return false;
        }
    }
    add_byte(text, ']');
    return true;
}

static bool add_object(vstr_t *text, mp_obj_t value, size_t depth) {
    mp_map_t *members = mp_obj_dict_get_map(value);
    bool is_first = true;
    add_byte(text, '{');
    for (size_t at = 0; at < members->alloc; at++) {
        if (!mp_map_slot_is_filled(members, at)) {
            continue;
        }
        if (!is_first) {
            add_byte(text, ',');
        }
        is_first = false;
        mp_obj_t key = members->table[at].key;
        if (!mp_obj_is_str(key) || !add_string(text, key)) {
            return false;
        }
        add_byte(text, ':');
        if (!add_value(text, members->table[at].value, depth)) {
            return false;
        }
    }
    add_byte(text, '}');
    return true;
}

static bool add_word(vstr_t *text, mp_obj_t value) {
    if (value == mp_const_none) {
        add(text, "null", 4);
    } else if (value == mp_const_true) {
        add(text, "true", 4);
    } else if (value == mp_const_false) {
        add(text, "false", 5);
    } else {
        return false;
    }
    return true;
}

/* depth: how many objects and arrays may still be opened, which bounds the recursion. */
static bool add_value(vstr_t *text, mp_obj_t value, size_t depth) {
    if (mp_obj_is_str(value)) {
        return add_string(text, value);
    }
    if (mp_obj_is_int(value)) {
        return add_integer(text, value);
    }
    bool is_object = mp_obj_is_type(value, &mp_type_dict);
    bool is_array = mp_obj_is_type(value, &mp_type_list) || mp_obj_is_type(value, &mp_type_tuple);
    if (!is_object && !is_array) {
        return add_word(text, value);
    }
    if (depth == 0) {
        return false;
    }
    return is_object ? add_object(text, value, depth - 1) : add_array(text, value, depth - 1);
}

mp_obj_t ws_json_text(mp_obj_t value) {
    vstr_t text;
    vstr_init(&text, FIRST_ALLOCATION);
    if (!add_value(&text, value, MAX_DEPTH)) {
        vstr_clear(&text);
        return mp_const_none;
    }
    return mp_obj_new_bytes_from_vstr(&text);
}
