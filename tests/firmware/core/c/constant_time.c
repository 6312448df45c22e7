/* Run under valgrind with every secret marked undefined: a branch or an index that depends on
 * one is reported (the method of ctgrind).
 *
 *     constant_time create   make a key from undefined noise
 *     constant_time seal     seal a record with a stored key whose private half is undefined
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

static int seal(void) {
    static const char payload[] = "{\"FV\":\"1.3\",\"PG\":\"T1\"}";
    char text[WS_SEAL_TEXT_MAX_SIZE];
    size_t text_size;

    if (secret_key() == NULL ||
        ws_seal(&fake_storage, payload, strlen(payload), text, sizeof text, &text_size) != WS_OK) {
        return 1;
    }
    return fwrite(text, 1, text_size, stdout) != text_size;
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
    if (strcmp(what, "seal") == 0) {
        return seal();
    }
    return strcmp(what, "leak") == 0 ? leak() : 2;
}
