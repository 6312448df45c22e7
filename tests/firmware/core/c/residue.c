/* What a call leaves on the stack. The call runs on a stack of its own, filled beforehand;
 * the flash as it was with the key, and the stack, go to the standard output afterwards, for the
 * test to search.
 *
 *     residue record|statement|create|inspect|public|erase|random   one call of the core
 *     residue hedge|hedged   seed the hedge; sign a record with it seeded
 *     residue leave          the private key left on purpose, to show that it is found
 */
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "fake_port.h"

#define FILL 0xA5
#define PRIVATE_KEY_OFFSET 48

static unsigned char stack[1 << 17];
static ucontext_t caller, callee;
static const char *what;
static int result;
static ws_hedge hedge;

static int sign_record_with(ws_hedge *with) {
    static const char payload[] = "{sample}";
    char text[WS_RECORD_SECTION_MAX_SIZE];
    size_t text_size;
    return ws_sign_record(&fake_storage, FAKE_KEY_NUMBER, with, payload, strlen(payload), text,
                          sizeof text, &text_size);
}

static int sign_record(void) {
    return sign_record_with(NULL);
}

static int seed_hedge(void) {
    uint64_t noise_state = 1;
    ws_entropy_source noise = {.context = &noise_state, .read = fake_noise};
    return ws_hedge_seed(&hedge, &noise, (const uint8_t *)"hedg", 4);
}

static int sign_hedged(void) {
    return sign_record_with(&hedge);
}

static int sign_statement(void) {
    uint8_t der[WS_DER_MAX_SIZE];
    size_t der_size;
    return ws_sign_statement(&fake_storage, FAKE_KEY_NUMBER, NULL, "sample", strlen("sample"), der,
                             &der_size);
}

static int inspect(void) {
    ws_key_list list;
    return ws_key_inspect(&fake_storage, &list);
}

static int erase(void) {
    return ws_key_erase(&fake_storage, FAKE_KEY_NUMBER);
}

static int erase_all(void) {
    return ws_key_erase_all(&fake_storage);
}

static int secure(void) {
    return ws_key_secure(&fake_storage, FAKE_KEY_NUMBER);
}

static int draw(void) {
    uint64_t noise_state = 1;
    ws_entropy_source noise = {.context = &noise_state, .read = fake_noise};
    uint8_t random[WS_RANDOM_SIZE];
    /* Of another chip, or it would be the very number that the key is. */
    return ws_random(&noise, (const uint8_t *)"else", 4, random);
}

static int public(void) {
    uint8_t spki[WS_SPKI_SIZE];
    return ws_key_public(&fake_storage, FAKE_KEY_NUMBER, spki);
}

/* Leaves the private key, as its bytes and as limbs of 14 bits. */
static int leave(void) {
    const uint8_t *private_key = fake_flash + PRIVATE_KEY_OFFSET;
    uint8_t bytes[32];
    int32_t limbs[19];

    memcpy(bytes, private_key, sizeof bytes);
    for (int i = 0; i < 19; i++) {
        limbs[i] = 0;
        for (int bit = 14 * i; bit < 14 * (i + 1) && bit < 256; bit++) {
            limbs[i] |= (private_key[31 - bit / 8] >> (bit % 8) & 1) << (bit - 14 * i);
        }
    }
    __asm__ __volatile__("" : : "r"(bytes), "r"(limbs) : "memory");
    return WS_OK;
}

static int create(void) {
    return fake_create(fake_noise);
}

static const struct {
    const char *name;
    int (*call)(void);
} calls[] = {
    {"hedge", seed_hedge},
    {"hedged", sign_hedged},
    {"create", create},
    {"record", sign_record},
    {"statement", sign_statement},
    {"inspect", inspect},
    {"public", public},
    {"erase", erase},
    {"erase_all", erase_all},
    {"secure", secure},
    {"random", draw},
    {"leave", leave},
};

static void run(void) {
    result = WS_ERR_ARGUMENT;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(what, calls[i].name) == 0) {
            result = calls[i].call();
        }
    }
}

int main(int argc, char **argv) {
    static uint8_t keyed_flash[sizeof fake_flash]; /* always the same key; a call may erase it */

    what = argc > 1 ? argv[1] : "";
    if (fake_create(fake_noise) != WS_OK || seed_hedge() != WS_OK) {
        return 1;
    }
    memcpy(keyed_flash, fake_flash, sizeof keyed_flash);
    memset(stack, FILL, sizeof stack);
    if (getcontext(&callee) != 0) {
        return 1;
    }
    callee.uc_stack.ss_sp = stack;
    callee.uc_stack.ss_size = sizeof stack;
    callee.uc_link = &caller;
    makecontext(&callee, run, 0);
    if (swapcontext(&caller, &callee) != 0 || result != WS_OK) {
        return 1;
    }
    return fwrite(keyed_flash, 1, sizeof keyed_flash, stdout) != sizeof keyed_flash ||
           fwrite(stack, 1, sizeof stack, stdout) != sizeof stack;
}
