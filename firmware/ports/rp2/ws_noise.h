/* Noise of the chip, one seed at a time. ws_noise.c has what both chips share: the queue, how much
 * is still to be taken, and ws_port_noise. ws_noise_CHIP.c takes the samples, in an interrupt.
 *
 * A seed takes a fifth of a second to collect. The first one is collected beside all else that a
 * start does, any other when it is asked for, so that an idle module sleeps. Samples come no faster
 * than the credit of entropy allows: an interrupt that is late (flash is written with interrupts
 * disabled) only puts off the samples after it.
 *
 * Each seed is sampled with a period of its own, by what was sampled before: a frequency that is
 * badly placed for one, as a harmonic to which the oscillator locks, is not for the next. Within a
 * seed the period stays. Were it another for each sample, an oscillator without any jitter would
 * look like noise, and no health test would find it (docs/decisions/0013). */
#ifndef WS_NOISE_H
#define WS_NOISE_H

#include <stdint.h>

#include "wattseal_board.h"
#include "ws_sample_queue.h"

#define WS_NOISE_CYCLES_PER_US (SYS_CLK_KHZ / 1000)

typedef struct ws_noise_state {
    volatile uint32_t wanted; /* samples that are still to be taken; the chip counts it down */
    uint32_t taken;           /* of the present seed */
    uint32_t mix;             /* of all samples so far: 32 bits of thousands */
    ws_sample_queue queue;
} ws_noise_state;

extern ws_noise_state ws_noise;

/* Start to collect the first seed; once at each start. */
void ws_noise_start(void);

/* Let the next seed's period depend on a sample, or on several. */
static inline void ws_noise_stir(uint32_t samples) {
    ws_noise.mix = ws_noise.mix * 0x9E3779B1u + samples + 1;
}

/* What is added to a period, in cycles: 0 to 4 us, many periods of an oscillator of some MHz. */
static inline uint32_t ws_noise_spread(void) {
    return (ws_noise.mix >> 16) * (4 * WS_NOISE_CYCLES_PER_US) >> 16;
}

/* --- what a chip defines ---------------------------------------------------------------------- */

/* For how many samples a read waits at least, however few it asks for. */
extern const uint32_t ws_noise_least_wait;

/* Claim interrupt and timer, or whatever the source takes; choose the first seed's period. */
void ws_noise_set_up(void);

/* Go on until `wanted` is 0. Called with interrupts disabled. */
void ws_noise_run(void);

/* Stop where it is. */
void ws_noise_stop(void);

/* Begin a seed anew: another period, none taken. Called with interrupts disabled. */
void ws_noise_renew(void);

#endif
