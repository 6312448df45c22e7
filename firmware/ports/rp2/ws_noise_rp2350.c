#include "hardware/irq.h"
#include "hardware/structs/trng.h"

#include "ws_noise.h"

/* The RP2350's noise: raw samples of the oscillator in its TRNG (data sheet, section 12.12).
 *
 * The TRNG's own tests and its balancer are bypassed: what they let through looks better than the
 * source is, and the core's health tests are to judge the source. It fills a register of 192
 * samples at a pace that is set, and goes on when that was read; an interrupt puts them into the
 * queue. An interrupt that is late makes a gap, never a sample that comes too soon.
 *
 * This file was never run: the chip has no emulator (docs/decisions/0018). The TRNG runs with the
 * processor's clock. */

#define SAMPLES_AT_ONCE 192
#define CLEAR_ALL 0xFu
#define CHAIN_LENGTHS 3u

_Static_assert(WS_ENTROPY_SAMPLES_PER_SEED % SAMPLES_AT_ONCE == 0, "no sample is left over");

const uint32_t ws_noise_least_wait = WS_ENTROPY_SAMPLES_PER_SEED;

/* In steps of a cycle, and one of four lengths of the chain of inverters. */
static void choose_period(void) {
    ws_noise.taken = 0;
    trng_hw->trng_config = ws_noise.mix & CHAIN_LENGTHS;
    trng_hw->sample_cnt1 = WS_NOISE_SAMPLE_PERIOD_US * WS_NOISE_CYCLES_PER_US + ws_noise_spread();
}

void ws_noise_renew(void) {
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
        ws_sample_queue_put(&ws_noise.queue, word >> bit & 1u);
    }
    ws_noise_stir(word);
}

static void on_samples(void) {
    trng_hw->rng_icr = CLEAR_ALL;
    if ((trng_hw->trng_valid & TRNG_TRNG_VALID_EHR_VALID_BITS) == 0) {
        return;
    }
    bool used = ws_noise.wanted > 0;
    for (size_t i = 0; i < count_of(trng_hw->ehr_data); i++) {
        uint32_t word = trng_hw->ehr_data[i];
        if (used) {
            take_word(word);
        }
    }
    if (used) {
        ws_noise.wanted -= SAMPLES_AT_ONCE;
        ws_noise.taken += SAMPLES_AT_ONCE;
    }
    if (ws_noise.wanted == 0) {
        ws_noise_stop();
    }
    if (ws_noise.taken == WS_ENTROPY_SAMPLES_PER_SEED) {
        choose_period();
    }
}

void ws_noise_run(void) {
    trng_hw->rnd_source_enable = TRNG_RND_SOURCE_ENABLE_RND_SRC_EN_BITS;
}

void ws_noise_stop(void) {
    trng_hw->rnd_source_enable = 0;
}

void ws_noise_set_up(void) {
    ws_noise_renew();
    irq_set_exclusive_handler(TRNG_IRQ, on_samples);
    irq_set_enabled(TRNG_IRQ, true);
}
