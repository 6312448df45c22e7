#include "ws_health.h"

#include <string.h>

#include "ws_constant_time.h"

#define STEP_SAMPLES (WS_HEALTH_STEP_SIZE * 8)

_Static_assert(STEP_SAMPLES == 32, "a step is one word");
_Static_assert(WS_HEALTH_LAG_COUNT == STEP_SAMPLES, "the history is the step before");
_Static_assert(WS_HEALTH_WINDOW_SAMPLES % STEP_SAMPLES == 0, "a window is a number of whole steps");
_Static_assert(WS_HEALTH_REPETITION_CUTOFF > STEP_SAMPLES, "no run within one step fails");

void ws_health_init(ws_health *health) {
    memset(health, 0, sizeof *health);
}

/* 1 when a is b or more, without a branch; both below 2^31. */
static uint32_t at_least(uint32_t a, uint32_t b) {
    return ~(a - b) >> 31;
}

/* Number of ones. The compiler's own may look them up in a table, by the samples. */
static uint32_t count_ones(uint32_t bits) {
    bits -= (bits >> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F;
    bits += bits >> 8;
    bits += bits >> 16;
    return bits & 0x3F;
}

/* Zeros before the first one; 32 when there is none. */
static uint32_t leading_zeros(uint32_t bits) {
    for (unsigned step = 1; step < STEP_SAMPLES; step *= 2) {
        bits |= bits >> step; /* ones from the first one on */
    }
    return STEP_SAMPLES - count_ones(bits);
}

/* Zeros after the last one; 32 when there is none. */
static uint32_t trailing_zeros(uint32_t bits) {
    return count_ones(~bits & (bits - 1));
}

/* A run that fails is longer than a step, so within a step it reaches the cut-off only if it comes
 * from the step before. */
static void test_repetition(ws_health *health, uint32_t samples) {
    uint32_t going_on = leading_zeros(samples ^ -(health->history & 1));
    uint32_t at_end = trailing_zeros(samples ^ -(samples & 1));
    uint32_t all_alike = at_least(going_on, STEP_SAMPLES);

    health->failed |= at_least(health->repetitions + going_on, WS_HEALTH_REPETITION_CUTOFF);
    health->repetitions = at_end + (health->repetitions & -all_alike);
}

static void test_proportion(ws_health *health, uint32_t samples) {
    if (health->sample_count % WS_HEALTH_WINDOW_SAMPLES == 0) {
        health->window_first = samples >> (STEP_SAMPLES - 1);
        health->window_alike = 0;
    }
    health->window_alike += count_ones(~(samples ^ -health->window_first));
    health->failed |= at_least(health->window_alike, WS_HEALTH_PROPORTION_CUTOFF);
}

static void count_lags(ws_health *health, uint32_t samples) {
    uint32_t before = health->history;
    uint32_t earlier = samples; /* in each bit, the sample so many places before */
    for (size_t i = 0; i < WS_HEALTH_LAG_COUNT; i++) {
        earlier = earlier >> 1 | before << 31;
        before >>= 1;
        health->lag_alike[i] += (uint16_t)count_ones(~(samples ^ earlier));
    }
}

static void judge_lags(ws_health *health) {
    for (size_t i = 0; i < WS_HEALTH_LAG_COUNT; i++) {
        health->failed |= at_least(health->lag_alike[i], WS_HEALTH_LAG_CUTOFF);
    }
    memset(health->lag_alike, 0, sizeof health->lag_alike);
}

static void test_lag(ws_health *health, uint32_t samples) {
    if (health->sample_count >= WS_HEALTH_LAG_COUNT) { /* before, there is no full history */
        count_lags(health, samples);
    }
    if ((health->sample_count + STEP_SAMPLES) % WS_HEALTH_WINDOW_SAMPLES == 0) {
        judge_lags(health);
    }
}

void ws_health_feed(ws_health *health, const uint8_t *samples, size_t size) {
    for (size_t i = 0; i < size; i += WS_HEALTH_STEP_SIZE) {
        uint32_t step = (uint32_t)samples[i] << 24 | (uint32_t)samples[i + 1] << 16 |
                        (uint32_t)samples[i + 2] << 8 | samples[i + 3];
        test_repetition(health, step);
        test_proportion(health, step);
        test_lag(health, step);
        health->history = step;
        health->sample_count += STEP_SAMPLES;
    }
}

bool ws_health_good(const ws_health *health) {
    uint32_t failed = health->failed;
    WS_DECLASSIFY(failed);
    return failed == 0;
}
