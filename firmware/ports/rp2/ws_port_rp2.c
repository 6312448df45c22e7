#include <string.h>

#include "hardware/flash.h"
#include "hardware/irq.h"
#include "hardware/regs/addressmap.h"
#include "hardware/structs/rosc.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "pico/unique_id.h"

#include "rp2_flash.h"
#include "wattseal_board.h"
#include "ws_chip.h"
#include "ws_error.h"
#include "ws_port.h"
#include "ws_sample_queue.h"
#include "ws_wipe.h"

/* The flash past its cache: what is read here is what the cells hold, and leaves no copy of a key
 * in the cache, whose 16 KB any code can read as RAM. */
static const uint8_t *cells_at(uint32_t offset) {
    return (const uint8_t *)XIP_NOCACHE_NOALLOC_BASE + offset;
}

int ws_port_flash_read(uint32_t offset, void *buffer, size_t size) {
    memcpy(buffer, cells_at(offset), size);
    return WS_OK;
}

/* From the linker script: the first byte of the image in flash, and the first one past it. */
extern const uint8_t __flash_binary_start[], __flash_binary_end[];

int ws_port_image(const void **image, size_t *size) {
    *image = __flash_binary_start;
    *size = (size_t)(__flash_binary_end - __flash_binary_start);
    return WS_OK;
}

/* Flash cannot be read while it is written: interrupt handlers lie in it, and what is to be
 * programmed may. Both functions of the SDK flush the cache. */
int ws_port_flash_program(uint32_t offset, const void *data, size_t size) {
    uint8_t page[FLASH_PAGE_SIZE];
    const uint8_t *source = data;
    int result = WS_OK;

    for (size_t done = 0; result == WS_OK && done < size; done += sizeof(page)) {
        memcpy(page, source + done, sizeof(page));
        uint32_t interrupts = save_and_disable_interrupts();
        flash_range_program(offset + done, page, sizeof(page));
        restore_interrupts(interrupts);
        rp2_flash_set_timing();
        if (memcmp(cells_at(offset + done), page, sizeof(page)) != 0) {
            result = WS_ERR_STORAGE;
        }
    }
    ws_wipe(page, sizeof(page));
    return result;
}

int ws_port_flash_erase_sector(uint32_t offset) {
    uint32_t interrupts = save_and_disable_interrupts();
    flash_range_erase(offset, WS_FLASH_SECTOR_SIZE);
    restore_interrupts(interrupts);
    rp2_flash_set_timing();
    return WS_OK;
}

/* --- noise: a sample of the ring oscillator at each alarm of the timer -------------------------
 *
 * A seed takes a fifth of a second to collect. The first one is collected beside all else that a
 * start does, any other when it is asked for, so that an idle module sleeps. Samples come no faster
 * than the credit of entropy allows: an interrupt that is late (flash is written with interrupts
 * disabled) only puts off the sample after it. */

#define NOISE_LIMIT_PERIODS 10 /* more than ever pass before a sample is taken */

static ws_sample_queue noise_queue;
static volatile uint32_t noise_wanted; /* samples that are still to be taken */
static uint noise_alarm;

/* The present microsecond has begun already: it does not count. With interrupts disabled, or the
 * alarm's time could be over before the timer has it. */
static void schedule_sample(void) {
    timer_hw->alarm[noise_alarm] = timer_hw->timerawl + 1 + WS_NOISE_SAMPLE_PERIOD_US;
}

static void on_noise_alarm(void) {
    timer_hw->intr = 1u << noise_alarm;
    if (noise_wanted > 0) {
        ws_sample_queue_put(&noise_queue, rosc_hw->randombit & 1u);
        noise_wanted--;
    }
    if (noise_wanted > 0) {
        schedule_sample();
    }
}

static void collect_noise(uint32_t sample_count) {
    uint32_t interrupts = save_and_disable_interrupts();
    noise_wanted = sample_count;
    schedule_sample();
    restore_interrupts(interrupts);
}

void ws_port_start(void) {
    static bool started;

    if (!started) {
        ws_chip_start();
        noise_alarm = (uint)hardware_alarm_claim_unused(true);
        uint interrupt = TIMER_ALARM_IRQ_NUM(timer_hw, noise_alarm);
        irq_set_exclusive_handler(interrupt, on_noise_alarm);
        hw_set_bits(&timer_hw->inte, 1u << noise_alarm);
        irq_set_enabled(interrupt, true);
        collect_noise(WS_ENTROPY_SAMPLES_PER_SEED);
        started = true;
    }
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
        if (!collecting) {
            collect_noise(sample_count);
        }
        if (timer_hw->timerawl - start_us > limit_us) {
            noise_wanted = 0; /* or no later call would set the timer again */
            return WS_ERR_ENTROPY;
        }
    }
}

const ws_entropy_source ws_port_noise = {.context = NULL, .read = read_noise};

bool ws_port_hedges(void) {
    return true;
}

size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]) {
    pico_unique_board_id_t board;
    pico_get_unique_board_id(&board);
    memcpy(id, board.id, sizeof(board.id));
    return sizeof(board.id);
}
