/* Noise samples on their way from an interrupt handler, which puts them in one by one, to the code
 * that it interrupts, which takes them out. Neither waits for the other, and none comes out twice.
 */
#ifndef WS_SAMPLE_QUEUE_H
#define WS_SAMPLE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws_entropy.h"

#define WS_SAMPLE_QUEUE_SIZE (WS_ENTROPY_SAMPLES_PER_SEED / 8) /* bytes: one seed, ready to use */

/* Empty when all is zero. */
typedef struct ws_sample_queue {
    uint8_t bytes[WS_SAMPLE_QUEUE_SIZE + 1]; /* never all in use: a full queue is no empty one */
    uint8_t part;                            /* the samples that make no byte yet */
    uint8_t part_count;                      /* how many they are, 0 to 7 */
    _Atomic uint32_t end;                    /* place of the next byte; the handler's to move */
    _Atomic uint32_t start;                  /* place of the oldest byte; the reader's to move */
} ws_sample_queue;

/* Whether no sample can be put in. */
bool ws_sample_queue_full(const ws_sample_queue *queue);

/* Put a sample, 0 or 1, in; a full queue stays as it is. */
void ws_sample_queue_put(ws_sample_queue *queue, uint32_t sample);

/* Take size bytes out, the oldest first, the first sample of each in bit 7, and wipe the place
 * where they were. False, and nothing is taken, while there are not as many. */
bool ws_sample_queue_take(ws_sample_queue *queue, uint8_t *buffer, size_t size);

/* Wipe whatever is in it. Not while a handler may put a sample in. */
void ws_sample_queue_clear(ws_sample_queue *queue);

#endif
