/* Run under valgrind with every secret marked undefined: a branch or an index that depends on
 * one is reported (the method of ctgrind).
 *
 *     constant_time create   make a key from undefined noise
 *     constant_time record   sign a record with a stored key whose private half is undefined
 *     constant_time hedged   the same with entropy added from undefined noise
 *     constant_time statement   sign a statement with it
 *     constant_time manage_key   list keys, tell the public half, erase
 *     constant_time random   draw a challenge from undefined noise
 *     constant_time leak     do what must not be done, to show that this program would tell
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "fake_port.h"
#include "ws_key_slot.h"

#define PRIVATE_KEY_OFFSET 48

static int secret_noise(void *context, uint8_t *buffer, size_t size) {
    int result = fake_noise(context, buffer, size);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(buffer, size);
    return result;
}

/* A stored key, its private half undefined. */
static uint8_t *secret_key(void) {
    uint8_t *private_key = fake_flash + PRIVATE_KEY_OFFSET;
    if (fake_create(fake_noise) != WS_OK) {
        return NULL;
    }
    (void)VALGRIND_MAKE_MEM_UNDEFINED(private_key, WS_P256_SCALAR_SIZE);
    return private_key;
}

static int sign_record(ws_hedge *hedge) {
    static const char payload[] = "{\"FV\":\"1.3\",\"PG\":\"T1\"}";
    char text[WS_RECORD_SECTION_MAX_SIZE];
    size_t text_size;

    if (secret_key() == NULL ||
        ws_sign_record(&fake_storage, FAKE_KEY_NUMBER, hedge, payload, strlen(payload), text,
                       sizeof text, &text_size) != WS_OK) {
        return 1;
    }
    return fwrite(text, 1, text_size, stdout) != text_size;
}

static int sign_hedged(void) {
    uint64_t noise_state = 1;
    ws_entropy_source noise = {.context = &noise_state, .read = secret_noise};
    ws_hedge hedge;

    return ws_hedge_seed(&hedge, &noise, (const uint8_t *)"chip", 4) != WS_OK ||
           sign_record(&hedge);
}

static int sign_statement(void) {
    static const char text[] = "{\"type\":\"birth\"}";
    uint8_t der[WS_DER_MAX_SIZE];
    size_t der_size;

    if (secret_key() == NULL || ws_sign_statement(&fake_storage, FAKE_KEY_NUMBER, NULL, text,
                                                  strlen(text), der, &der_size) != WS_OK) {
        return 1;
    }
    return fwrite(der, 1, der_size, stdout) != der_size;
}

/* What the life of a key asks for beside signing: list, tell the public half, erase. */
static int manage_key(void) {
    ws_key_list list;
    uint8_t spki[WS_SPKI_SIZE];

    return secret_key() == NULL || ws_key_inspect(&fake_storage, &list) != WS_OK ||
           list.count != 1 || ws_key_public(&fake_storage, FAKE_KEY_NUMBER, spki) != WS_OK ||
           ws_key_erase(&fake_storage, FAKE_KEY_NUMBER) != WS_OK;
}

/* A challenge from noise that nobody knows. What it tells is published, what it came from not. */
static int draw(void) {
    uint64_t noise_state = 1;
    ws_entropy_source noise = {.context = &noise_state, .read = secret_noise};
    uint8_t random[WS_RANDOM_SIZE];

    return ws_random(&noise, (const uint8_t *)"chip", 4, random) != WS_OK;
}

/* Both kinds of leak: a branch, and an index into a table. */
static int leak(void) {
    static const uint8_t table[256] = {1, 2, 3};
    volatile uint8_t seen = 0;
    const uint8_t *private_key = secret_key();

    if (private_key == NULL) {
        return 1;
    }
    if (private_key[0] & 1) {
        seen++;
    }
    seen = (uint8_t)(seen + table[private_key[1]]);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";

    if (!RUNNING_ON_VALGRIND) {
        fputs("constant_time: tells nothing unless run under valgrind\n", stderr);
        return 2;
    }
    if (strcmp(what, "create") == 0) {
        return fake_create(secret_noise) != WS_OK;
    }
    if (strcmp(what, "record") == 0) {
        return sign_record(NULL);
    }
    if (strcmp(what, "hedged") == 0) {
        return sign_hedged();
    }
    if (strcmp(what, "statement") == 0) {
        return sign_statement();
    }
    if (strcmp(what, "manage_key") == 0) {
        return manage_key();
    }
    if (strcmp(what, "random") == 0) {
        return draw();
    }
    return strcmp(what, "leak") == 0 ? leak() : 2;
}
