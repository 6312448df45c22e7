/* What a call leaves on the stack. The call runs on a stack of its own, filled beforehand;
 * flash and stack go to the standard output afterwards, for the test to search.
 *
 *     residue seal|create|inspect|public   one call of the core
 *     residue sign                         a signature without the wiping, to show the search
 */
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "fake_port.h"
#include "ws_ecdsa.h"

#define FILL 0xA5
#define PRIVATE_KEY_OFFSET 48

static unsigned char stack[1 << 17];
static ucontext_t caller, callee;
static const char *what;
static int result;

static int seal(void) {
    static const char payload[] = "sample";
    char text[WS_SEAL_TEXT_MAX_SIZE];
    size_t text_size;
    return ws_seal(&fake_storage, payload, strlen(payload), text, sizeof text, &text_size);
}

static int inspect(void) {
    ws_key_info info;
    return ws_key_inspect(&fake_storage, &info);
}

static int public(void) {
    uint8_t spki[WS_SPKI_SIZE];
    return ws_key_public(&fake_storage, spki);
}

static int sign(void) {
    uint8_t digest[WS_SHA256_SIZE];
    uint8_t signature[WS_P256_SIGNATURE_SIZE];
    ws_sha256("sample", strlen("sample"), digest);
    return ws_ecdsa_sign(fake_flash + PRIVATE_KEY_OFFSET, digest, signature);
}

static void run(void) {
    if (strcmp(what, "create") == 0) {
        result = fake_create(fake_noise);
    } else if (strcmp(what, "seal") == 0) {
        result = seal();
    } else if (strcmp(what, "inspect") == 0) {
        result = inspect();
    } else if (strcmp(what, "public") == 0) {
        result = public();
    } else {
        result = sign();
    }
}

int main(int argc, char **argv) {
    what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "create") != 0 && fake_create(fake_noise) != WS_OK) {
        return 1;
    }
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
    return fwrite(fake_flash, 1, sizeof fake_flash, stdout) != sizeof fake_flash ||
           fwrite(stack, 1, sizeof stack, stdout) != sizeof stack;
}
