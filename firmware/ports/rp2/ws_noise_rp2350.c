#include "hardware/irq.h"
#include "hardware/structs/trng.h"
#include "hardware/sync.h"
#include "hardware/timer.h"

#include "wattseal_board.h"
#include "ws_error.h"
#include "ws_noise.h"
#include "ws_port.h"
#include "ws_sample_queue.h"

/* The RP2350's noise: raw samples of the oscillator in its TRNG (data sheet, section 12.12).
 *
 * The TRNG's own tests and its balancer are bypassed: what they let through looks better than the
 * source is, and the core's health tests are to judge the source. It fills a register of 192
 * samples at a pace that is set, and goes on when that was read; an interrupt puts them into the
 * queue. An interrupt that is late makes a gap, never a sample that comes too soon.
 *
 * As on the RP2040, each seed is sampled with a period of its own (docs/decisions/0013). This file
 * was never run: the chip has no emulator (docs/decisions/0018). */

#define CYCLES_PER_US (SYS_CLK_KHZ / 1000) /* the TRNG runs with the processor's clock */
#define SAMPLES_AT_ONCE 192
#define NOISE_LIMIT_PERIODS 10 /* more than ever pass before a sample is taken */
#define CLEAR_ALL 0xFu
#define CHAIN_LENGTHS 3u

_Static_assert(WS_ENTROPY_SAMPLES_PER_SEED % SAMPLES_AT_ONCE == 0, "no sample is left over");

static ws_sample_queue noise_queue;
static volatile uint32_t noise_wanted; /* samples that are still to be taken */
static uint32_t noise_taken;           /* of the present seed */
static uint32_t noise_mix;             /* of all samples so far: 32 bits of thousands */

/* In steps of a cycle over 4 us, and one of four lengths of the chain of inverters. */
static void choose_period(void) {
    noise_taken = 0;
    trng_hw->trng_config = noise_mix & CHAIN_LENGTHS;
    trng_hw->sample_cnt1 =
        WS_NOISE_SAMPLE_PERIOD_US * CYCLES_PER_US + ((noise_mix >> 16) * (4 * CYCLES_PER_US) >> 16);
}

static void prepare(void) {
    trng_hw->trng_sw_reset = TRNG_TRNG_SW_RESET_TRNG_SW_RESET_BITS;
    trng_hw->trng_debug_control = TRNG_TRNG_DEBUG_CONTROL_AUTO_CORRELATE_BYPASS_BITS |
                                  TRNG_TRNG_DEBUG_CONTROL_TRNG_CRNGT_BYPASS_BITS |
                                  TRNG_TRNG_DEBUG_CONTROL_VNC_BYPASS_BITS;
    trng_hw->rng_imr = ~TRNG_RNG_IMR_EHR_VALID_INT_MASK_BITS;
    trng_hw->rng_icr = CLEAR_ALL;
    choose_period();
}

static void take_word(uint32_t word) {
    for (int bit = 0; bit < 32; bit++) {
        ws_sample_queue_put(&noise_queue, word >> bit & 1u);
    }
    noise_mix = noise_mix * 0x9E3779B1u + word + 1;
}

static void on_samples(void) {
    trng_hw->rng_icr = CLEAR_ALL;
    if ((trng_hw->trng_valid & TRNG_TRNG_VALID_EHR_VALID_BITS) == 0) {
        return;
    }
    bool used = noise_wanted > 0;
    for (size_t i = 0; i < count_of(trng_hw->ehr_data); i++) {
        uint32_t word = trng_hw->ehr_data[i];
        if (used) {
            take_word(word);
        }
    }
    if (used) {
        noise_wanted -= SAMPLES_AT_ONCE;
        noise_taken += SAMPLES_AT_ONCE;
    }
    if (noise_wanted == 0) {
        trng_hw->rnd_source_enable = 0;
    }
    if (noise_taken == WS_ENTROPY_SAMPLES_PER_SEED) {
        choose_period();
    }
}

static void collect_noise(uint32_t sample_count) {
    uint32_t interrupts = save_and_disable_interrupts();
    noise_wanted = sample_count;
    trng_hw->rnd_source_enable = TRNG_RND_SOURCE_ENABLE_RND_SRC_EN_BITS;
    restore_interrupts(interrupts);
}

void ws_noise_start(void) {
    prepare();
    irq_set_exclusive_handler(TRNG_IRQ, on_samples);
    irq_set_enabled(TRNG_IRQ, true);
    collect_noise(WS_ENTROPY_SAMPLES_PER_SEED);
}

static int read_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    uint32_t limit_us =
        WS_ENTROPY_SAMPLES_PER_SEED * WS_NOISE_SAMPLE_PERIOD_US * NOISE_LIMIT_PERIODS;
    uint32_t start_us = time_us_32();

    for (;;) {
        bool collecting = noise_wanted > 0; /* looked at first: the last sample may come any time */
        if (ws_sample_queue_take(&noise_queue, buffer, size)) {
            return WS_OK;
        }
        if (!collecting) { /* the whole seed in one go: a gap would blur what the tests look at */
            collect_noise(WS_ENTROPY_SAMPLES_PER_SEED - noise_taken);
        }
        if (time_us_32() - start_us > limit_us) {
            trng_hw->rnd_source_enable = 0;
            noise_wanted = 0; /* or no later call would start the source again */
            return WS_ERR_ENTROPY;
        }
    }
}

static void restart_noise(void *context) {
    (void)context;
    uint32_t interrupts = save_and_disable_interrupts();
    noise_wanted = 0;
    ws_sample_queue_clear(&noise_queue);
    trng_hw->rnd_source_enable = 0;
    prepare();
    restore_interrupts(interrupts);
}

const ws_entropy_source ws_port_noise = {
    .context = NULL, .read = read_noise, .restart = restart_noise};
