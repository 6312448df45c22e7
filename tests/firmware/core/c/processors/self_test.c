/* The core's self-test as a program of its own, on a machine that QEMU emulates. It says one line
 * for each test, and ends with status 0 if all passed. */
#include "machine.h"
#include "ws_self_test.h"

void run_self_test(void) {
    uint32_t failed = ws_self_test(WS_SELF_TEST_ALL);

    for (unsigned bit = 0; ws_self_test_name(bit) != 0; bit++) {
        machine_say(ws_self_test_name(bit));
        machine_say(failed >> bit & 1 ? " failed\n" : " passed\n");
    }
    machine_end(failed == 0 ? 0 : 1);
}
