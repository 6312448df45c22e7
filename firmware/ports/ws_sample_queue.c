#include "ws_sample_queue.h"

#include "ws_wipe.h"

#define PLACES sizeof((ws_sample_queue *)0)->bytes

static uint32_t after(uint32_t place) {
    return place + 1 == PLACES ? 0 : place + 1;
}

bool ws_sample_queue_full(const ws_sample_queue *queue) {
    uint32_t end = atomic_load_explicit(&queue->end, memory_order_relaxed);
    return after(end) == atomic_load_explicit(&queue->start, memory_order_acquire);
}

void ws_sample_queue_put(ws_sample_queue *queue, uint32_t sample) {
    if (ws_sample_queue_full(queue)) {
        return;
    }
    queue->part = (uint8_t)(queue->part << 1 | sample);
    if (++queue->part_count == 8) {
        uint32_t end = atomic_load_explicit(&queue->end, memory_order_relaxed);
        queue->bytes[end] = queue->part;
        queue->part = 0;
        queue->part_count = 0;
        atomic_store_explicit(&queue->end, after(end), memory_order_release);
    }
}

bool ws_sample_queue_take(ws_sample_queue *queue, uint8_t *buffer, size_t size) {
    uint32_t start = atomic_load_explicit(&queue->start, memory_order_relaxed);
    uint32_t end = atomic_load_explicit(&queue->end, memory_order_acquire);

    if ((end + PLACES - start) % PLACES < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        buffer[i] = queue->bytes[start];
        ws_wipe(&queue->bytes[start], 1);
        start = after(start);
    }
    atomic_store_explicit(&queue->start, start, memory_order_release);
    return true;
}

void ws_sample_queue_clear(ws_sample_queue *queue) {
    ws_wipe(queue, sizeof *queue);
}
