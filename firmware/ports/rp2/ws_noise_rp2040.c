#include "hardware/irq.h"
#include "hardware/structs/rosc.h"
#include "hardware/structs/systick.h"
#include "hardware/timer.h"

#include "ws_noise.h"

/* The RP2040's noise: a sample of the ring oscillator at each alarm of the timer. */

const uint32_t ws_noise_least_wait = 1; /* they come one by one */

static uint noise_alarm;
static uint32_t noise_period; /* processor cycles from one sample to the next */
static uint32_t noise_due;    /* what SysTick, which counts down, shows at the next sample */

#define SYSTICK_BITS 0xFFFFFFu
#define LONGEST_WAIT (8 * WS_NOISE_CYCLES_PER_US) /* more than an alarm comes before its sample */
#define EARLY_US 2 /* by which it does: it may take that long until the handler runs */

/* Wait so many cycles and a few, always the same few. Tens of nanoseconds matter: they are much of
 * the oscillator's period, and what the processor was doing when the alarm came is no noise. */
static inline void wait_cycles(uint32_t count) {
    __asm volatile("1: sub %0, #3\n"
                   "bcs 1b\n"
                   "add %0, #3\n" /* 0 to 2 cycles are left */
                   "lsl %0, %0, #1\n"
                   "neg %0, %0\n"
                   "add %0, #4\n"
                   "add pc, %0\n" /* to behind as many of the two instructions as are too many */
                   "nop\n"
                   "nop\n"
                   "nop\n"
                   : "+l"(count)
                   :
                   : "cc");
}

/* In steps of a cycle, 8 ns; the oscillator has 1.8 to 12 MHz. */
void ws_noise_renew(void) {
    ws_noise.taken = 0;
    noise_period = (WS_NOISE_SAMPLE_PERIOD_US + 2) * WS_NOISE_CYCLES_PER_US + ws_noise_spread();
}

static void __not_in_flash_func(take_sample)(void) {
    uint32_t now_us = timer_hw->timerawl;
    uint32_t left = (systick_hw->cvr - noise_due) & SYSTICK_BITS;
    if (left <= LONGEST_WAIT) {
        wait_cycles(left);
    }
    uint32_t sample = rosc_hw->randombit & 1u;
    if (left > LONGEST_WAIT) { /* too late, or the first one: count from here */
        noise_due = systick_hw->cvr;
        left = 0;
    }
    noise_due = (noise_due - noise_period) & SYSTICK_BITS;
    uint32_t until_us = (left + noise_period) * 33554 >> 22; /* by 125, without a division */
    timer_hw->alarm[noise_alarm] = now_us + until_us - EARLY_US;

    ws_sample_queue_put(&ws_noise.queue, sample);
    ws_noise_stir(sample);
    ws_noise.wanted--;
    if (++ws_noise.taken == WS_ENTROPY_SAMPLES_PER_SEED) {
        ws_noise_renew();
    }
}
_Static_assert(WS_NOISE_CYCLES_PER_US == 125, "the division above");

static void on_noise_alarm(void) {
    timer_hw->intr = 1u << noise_alarm;
    if (ws_noise.wanted > 0) {
        take_sample();
    }
}

void ws_noise_run(void) {
    noise_due = (systick_hw->cvr + 1) & SYSTICK_BITS; /* over: the first sample sets the pace */
    timer_hw->alarm[noise_alarm] = timer_hw->timerawl + 2 + WS_NOISE_SAMPLE_PERIOD_US;
}

void ws_noise_stop(void) {
    /* An alarm that comes while nothing is wanted sets no other. */
}

void ws_noise_set_up(void) {
    systick_hw->rvr = SYSTICK_BITS;
    systick_hw->cvr = 0;
    systick_hw->csr = M0PLUS_SYST_CSR_CLKSOURCE_BITS | M0PLUS_SYST_CSR_ENABLE_BITS;
    ws_noise_renew();
    noise_alarm = (uint)hardware_alarm_claim_unused(true);
    uint interrupt = TIMER_ALARM_IRQ_NUM(timer_hw, noise_alarm);
    irq_set_exclusive_handler(interrupt, on_noise_alarm);
    hw_set_bits(&timer_hw->inte, 1u << noise_alarm);
    irq_set_enabled(interrupt, true);
}
