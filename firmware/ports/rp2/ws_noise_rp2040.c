#include "hardware/irq.h"
#include "hardware/structs/rosc.h"
#include "hardware/structs/systick.h"
#include "hardware/sync.h"
#include "hardware/timer.h"

#include "wattseal_board.h"
#include "ws_error.h"
#include "ws_noise.h"
#include "ws_port.h"
#include "ws_sample_queue.h"

/* The RP2040's noise: a sample of the ring oscillator at each alarm of the timer.
 *
 * A seed takes a fifth of a second to collect. The first one is collected beside all else that a
 * start does, any other when it is asked for, so that an idle module sleeps. Samples come no faster
 * than the credit of entropy allows: an interrupt that is late (flash is written with interrupts
 * disabled) only puts off the sample after it.
 *
 * Each seed is sampled with a period of its own, by what was sampled before: a frequency that is
 * badly placed for one, as a harmonic to which the oscillator locks, is not for the next. Within a
 * seed the period stays. Were it another for each sample, an oscillator without any jitter would
 * look like noise, and no health test would find it (docs/decisions/0013). */

#define NOISE_LIMIT_PERIODS 10 /* more than ever pass before a sample is taken */

static ws_sample_queue noise_queue;
static volatile uint32_t noise_wanted; /* samples that are still to be taken */
static uint noise_alarm;
static uint32_t noise_taken;  /* of the present seed */
static uint32_t noise_mix;    /* of all samples so far: 32 bits of thousands */
static uint32_t noise_period; /* processor cycles from one sample to the next */
static uint32_t noise_due;    /* what SysTick, which counts down, shows at the next sample */

#define CYCLES_PER_US (SYS_CLK_KHZ / 1000)
#define SYSTICK_BITS 0xFFFFFFu
#define LONGEST_WAIT (8 * CYCLES_PER_US) /* more than an alarm ever comes before its sample */
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

/* In steps of a cycle, 8 ns, over 4 us: many periods of the oscillator (1.8 to 12 MHz). */
static void choose_period(void) {
    noise_taken = 0;
    noise_period = (WS_NOISE_SAMPLE_PERIOD_US + 2) * CYCLES_PER_US +
                   ((noise_mix >> 16) * (4 * CYCLES_PER_US) >> 16);
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

    ws_sample_queue_put(&noise_queue, sample);
    noise_mix = noise_mix * 0x9E3779B1u + sample + 1;
    noise_wanted--;
    if (++noise_taken == WS_ENTROPY_SAMPLES_PER_SEED) {
        choose_period();
    }
}
_Static_assert(CYCLES_PER_US == 125, "the division above");

static void on_noise_alarm(void) {
    timer_hw->intr = 1u << noise_alarm;
    if (noise_wanted > 0) {
        take_sample();
    }
}

static void collect_noise(uint32_t sample_count) {
    uint32_t interrupts = save_and_disable_interrupts();
    noise_wanted = sample_count;
    noise_due = (systick_hw->cvr + 1) & SYSTICK_BITS; /* over: the first sample sets the pace */
    timer_hw->alarm[noise_alarm] = timer_hw->timerawl + 2 + WS_NOISE_SAMPLE_PERIOD_US;
    restore_interrupts(interrupts);
}

void ws_noise_start(void) {
    systick_hw->rvr = SYSTICK_BITS;
    systick_hw->cvr = 0;
    systick_hw->csr = M0PLUS_SYST_CSR_CLKSOURCE_BITS | M0PLUS_SYST_CSR_ENABLE_BITS;
    choose_period();
    noise_alarm = (uint)hardware_alarm_claim_unused(true);
    uint interrupt = TIMER_ALARM_IRQ_NUM(timer_hw, noise_alarm);
    irq_set_exclusive_handler(interrupt, on_noise_alarm);
    hw_set_bits(&timer_hw->inte, 1u << noise_alarm);
    irq_set_enabled(interrupt, true);
    collect_noise(WS_ENTROPY_SAMPLES_PER_SEED);
}

static int read_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    uint32_t sample_count = (uint32_t)size * 8;
    uint32_t limit_us = sample_count * WS_NOISE_SAMPLE_PERIOD_US * NOISE_LIMIT_PERIODS;
    uint32_t start_us = timer_hw->timerawl;

    for (;;) {
        bool collecting = noise_wanted > 0; /* looked at first: the last sample may come any time */
        if (ws_sample_queue_take(&noise_queue, buffer, size)) {
            return WS_OK;
        }
        if (!collecting) { /* the whole seed in one go: a gap would blur what the tests look at */
            collect_noise(WS_ENTROPY_SAMPLES_PER_SEED - noise_taken);
        }
        if (timer_hw->timerawl - start_us > limit_us) {
            noise_wanted = 0; /* or no later call would set the timer again */
            return WS_ERR_ENTROPY;
        }
    }
}

static void restart_noise(void *context) {
    (void)context;
    uint32_t interrupts = save_and_disable_interrupts();
    noise_wanted = 0;
    ws_sample_queue_clear(&noise_queue);
    choose_period();
    restore_interrupts(interrupts);
}

const ws_entropy_source ws_port_noise = {
    .context = NULL, .read = read_noise, .restart = restart_noise};
