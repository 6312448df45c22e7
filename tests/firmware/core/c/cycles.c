/* Bare-metal program for an emulated RP2040: sign with each key and digest of a table that the
 * test put into its memory. A byte to the UART before and after tells the test when. */
#include <stddef.h>

#include "ws_ecdsa.h"

#define UART0_DATA (*(volatile uint32_t *)0x40034000)
#define MAX_JOBS 8

struct job {
    uint8_t private_key[WS_P256_SCALAR_SIZE];
    uint8_t digest[WS_SHA256_SIZE];
    uint8_t signature[WS_P256_SIGNATURE_SIZE];
};

struct job jobs[MAX_JOBS];
volatile uint32_t job_count;

void start(void) {
    for (uint32_t i = 0; i < job_count; i++) {
        UART0_DATA = '<';
        ws_ecdsa_sign(jobs[i].private_key, jobs[i].digest, NULL, jobs[i].signature);
        UART0_DATA = '>';
    }
    for (;;) {
    }
}
