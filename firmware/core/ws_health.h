/* Health tests over raw noise, run on every sample (NIST SP 800-90B, section 4.4). */
#ifndef WS_HEALTH_H
#define WS_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a noise source is credited with: 1/4 bit of min-entropy per sample of one bit, that is, an
 * observer who knows all samples before guesses the next right with 84 % at most. A ring
 * oscillator sampled slowly enough does much better; one that locks, stops or is sampled too
 * fast does worse, and that is what the tests below are to find. */
#define WS_HEALTH_SAMPLES_PER_BIT 4

/* Cut-offs for that claim and a false alarm once in 2^20; test_health.py computes them anew.
 *
 * Repetition count: so many equal samples in a row (section 4.4.1). Finds a dead source.
 * Adaptive proportion: so many samples like the first one in a window (4.4.2). Finds bias.
 * Lag: so many samples in a window like the one 1, 2, ... or 32 samples earlier. The two tests
 * above let 0101... and every repeated byte pass. A source that is one oscillator without
 * jitter, sampled regularly, agrees with itself in at least 31 of 33 samples at one of these
 * lags (by Dirichlet's approximation theorem), whatever its frequency and duty cycle. "Like the
 * one lag samples earlier" is a guess that succeeds with 2^-1/4 at most, so the cut-off is that
 * of the adaptive proportion test but with 2^-25, since 32 lags share the false alarms. */
#define WS_HEALTH_WINDOW_SAMPLES 1024
#define WS_HEALTH_REPETITION_CUTOFF 81
#define WS_HEALTH_PROPORTION_CUTOFF 915
#define WS_HEALTH_LAG_CUTOFF 922
#define WS_HEALTH_LAG_COUNT 32

typedef struct ws_health {
    uint32_t sample_count; /* samples seen, since the start */
    uint32_t history;      /* the last 32 samples, the newest in bit 0 */
    uint32_t repetitions;  /* of the newest sample, itself included */
    uint32_t window_first; /* first sample of the window, 0 or 1 */
    uint32_t window_alike; /* samples of the window like the first, itself included */
    uint16_t lag_alike[WS_HEALTH_LAG_COUNT]; /* samples of the window like the one lag + 1 before */
    uint32_t failed;                         /* 1 from the first failure on */
} ws_health;

void ws_health_init(ws_health *health);

#define WS_HEALTH_STEP_SIZE 4 /* bytes, of the samples that are judged together */

/* Judge size * 8 samples, the first of each byte in bit 7; size is a multiple of
 * WS_HEALTH_STEP_SIZE. The verdict is that of tests which look at one sample after the other. Takes
 * the same time whatever the samples are: they are the key to be. */
void ws_health_feed(ws_health *health, const uint8_t *samples, size_t size);

/* Whether no sample so far failed a test. */
bool ws_health_good(const ws_health *health);

#endif
