#include "ws_noise.h"

#include "hardware/sync.h"
#include "hardware/timer.h"

#include "ws_error.h"
#include "ws_port.h"

#define LIMIT_PERIODS 10 /* more than ever pass before a sample is taken */

ws_noise_state ws_noise;

static void collect(uint32_t sample_count) {
    uint32_t interrupts = save_and_disable_interrupts();
    ws_noise.wanted = sample_count;
    ws_noise_run();
    restore_interrupts(interrupts);
}

void ws_noise_start(void) {
    ws_noise_set_up();
    collect(WS_ENTROPY_SAMPLES_PER_SEED);
}

static int read_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    uint32_t sample_count = MAX((uint32_t)size * 8, ws_noise_least_wait);
    uint32_t limit_us = sample_count * WS_NOISE_SAMPLE_PERIOD_US * LIMIT_PERIODS;
    uint32_t start_us = time_us_32();

    for (;;) {
        bool collecting = ws_noise.wanted > 0; /* looked at first: a sample may come any time */
        if (ws_sample_queue_take(&ws_noise.queue, buffer, size)) {
            return WS_OK;
        }
        if (!collecting) { /* the whole seed in one go: a gap would blur what the tests look at */
            collect(WS_ENTROPY_SAMPLES_PER_SEED - ws_noise.taken);
        }
        if (time_us_32() - start_us > limit_us) {
            ws_noise_stop();
            ws_noise.wanted = 0; /* or no later call would start the source again */
            return WS_ERR_ENTROPY;
        }
    }
}

static void restart_noise(void *context) {
    (void)context;
    uint32_t interrupts = save_and_disable_interrupts();
    ws_noise_stop();
    ws_noise.wanted = 0;
    ws_sample_queue_clear(&ws_noise.queue);
    ws_noise_renew();
    restore_interrupts(interrupts);
}

const ws_entropy_source ws_port_noise = {
    .context = NULL, .read = read_noise, .restart = restart_noise};
