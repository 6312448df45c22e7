#include "ws_health.h"

#include <string.h>

#include "ws_constant_time.h"

void ws_health_init(ws_health *health) {
    memset(health, 0, sizeof *health);
}

/* 1 when a is b or more, without a branch; both below 2^31. */
static uint32_t at_least(uint32_t a, uint32_t b) {
    return ~(a - b) >> 31;
}

static void test_repetition(ws_health *health, uint32_t sample) {
    uint32_t alike = sample ^ (health->history & 1) ^ 1;
    health->repetitions = (health->repetitions & -alike) + 1;
    health->failed |= at_least(health->repetitions, WS_HEALTH_REPETITION_CUTOFF);
}

static void test_proportion(ws_health *health, uint32_t sample) {
    if (health->sample_count % WS_HEALTH_WINDOW_SAMPLES == 0) {
        health->window_first = sample;
        health->window_alike = 0;
    }
    health->window_alike += sample ^ health->window_first ^ 1;
    health->failed |= at_least(health->window_alike, WS_HEALTH_PROPORTION_CUTOFF);
}

static void count_lags(ws_health *health, uint32_t sample) {
    uint32_t carry = ~(health->history ^ -sample); /* a one for each lag that guessed right */
    for (size_t k = 0; k < WS_HEALTH_COUNTER_BITS; k++) {
        uint32_t sum = health->lag_alike[k] ^ carry;
        carry &= health->lag_alike[k];
        health->lag_alike[k] = sum;
    }
}

static void judge_lags(ws_health *health) {
    for (size_t lag = 0; lag < WS_HEALTH_LAG_COUNT; lag++) {
        uint32_t alike = 0;
        for (size_t k = 0; k < WS_HEALTH_COUNTER_BITS; k++) {
            alike |= ((health->lag_alike[k] >> lag) & 1) << k;
        }
        health->failed |= at_least(alike, WS_HEALTH_LAG_CUTOFF);
    }
    memset(health->lag_alike, 0, sizeof health->lag_alike);
}

static void test_lag(ws_health *health, uint32_t sample) {
    if (health->sample_count >= WS_HEALTH_LAG_COUNT) { /* before, there is no full history */
        count_lags(health, sample);
    }
    if (health->sample_count % WS_HEALTH_WINDOW_SAMPLES == WS_HEALTH_WINDOW_SAMPLES - 1) {
        judge_lags(health);
    }
}

void ws_health_feed(ws_health *health, const uint8_t *samples, size_t size) {
    for (size_t i = 0; i < size; i++) {
        for (int bit = 7; bit >= 0; bit--) {
            uint32_t sample = (samples[i] >> bit) & 1u;
            test_repetition(health, sample);
            test_proportion(health, sample);
            test_lag(health, sample);
            health->history = (health->history << 1) | sample;
            health->sample_count++;
        }
    }
}

bool ws_health_good(const ws_health *health) {
    uint32_t failed = health->failed;
    WS_DECLASSIFY(failed);
    return failed == 0;
}
