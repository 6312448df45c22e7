/* RV32 under QEMU: flash in RAM, and noise from the host if the machine has the card for it;
 * without it no key can be made. It shows that core and application compute rightly on the
 * instruction set of the ESP32-C3; it is no product. */
#include <stdbool.h>
#include <string.h>

#include "wattseal_board.h"
#include "ws_error.h"
#include "ws_port.h"

static uint8_t flash[WS_FLASH_SIZE];
static bool flash_is_new = true;

static void start_erased(void) {
    if (flash_is_new) {
        memset(flash, 0xFF, sizeof(flash));
        flash_is_new = false;
    }
}

int ws_port_flash_read(uint32_t offset, void *buffer, size_t size) {
    start_erased();
    memcpy(buffer, flash + offset, size);
    return WS_OK;
}

int ws_port_flash_program(uint32_t offset, const void *data, size_t size) {
    start_erased();
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        flash[offset + i] &= bytes[i];
    }
    return memcmp(flash + offset, data, size) == 0 ? WS_OK : WS_ERR_STORAGE;
}

int ws_port_flash_erase_sector(uint32_t offset) {
    start_erased();
    memset(flash + offset, 0xFF, WS_FLASH_SECTOR_SIZE);
    return WS_OK;
}

/* What MicroPython's virt.ld calls ROM, into which QEMU loads the image. */
#define IMAGE_START 0x80000000u
#define IMAGE_SIZE (4u << 20)

int ws_port_image(const void **image, size_t *size) {
    *image = (const void *)IMAGE_START;
    *size = IMAGE_SIZE;
    return WS_OK;
}

void ws_port_start(void) {
}

/* --- noise: a virtio entropy device (VIRTIO 1.2, sections 2.7, 4.2 and 5.4) ----------------------
 * A queue of one descriptor, and the device looked at until it has filled the buffer. */

#define VIRTIO_FIRST 0x10001000u /* the first of the machine's eight places for a device */
#define VIRTIO_STEP 0x1000u
#define VIRTIO_PLACES 8u
#define VIRTIO_MAGIC 0x74726976u
#define ENTROPY_DEVICE 4u

enum { /* registers, in words */
       MAGIC = 0x000 / 4,
       VERSION = 0x004 / 4,
       DEVICE_ID = 0x008 / 4,
       DRIVER_FEATURES = 0x020 / 4,
       DRIVER_FEATURES_SELECT = 0x024 / 4,
       QUEUE_SELECT = 0x030 / 4,
       QUEUE_SIZE = 0x038 / 4,
       QUEUE_READY = 0x044 / 4,
       QUEUE_NOTIFY = 0x050 / 4,
       STATUS = 0x070 / 4,
       QUEUE_DESCRIPTORS = 0x080 / 4, /* each of these three has its upper half in the next word */
       QUEUE_AVAILABLE = 0x090 / 4,
       QUEUE_USED = 0x0A0 / 4,
};

#define ACKNOWLEDGED_AND_DRIVEN 0x03u
#define FEATURES_TAKEN 0x08u
#define DRIVER_RUNS 0x04u
#define VERSION_1_IN_UPPER_HALF 1u
#define DEVICE_WRITES 2u

static struct {
    uint64_t address;
    uint32_t size;
    uint16_t flags;
    uint16_t next;
} descriptor __attribute__((aligned(16)));
static volatile struct {
    uint16_t flags, index, descriptors[1];
} available;
static volatile struct {
    uint16_t flags, index;
    uint32_t descriptor, size;
} used __attribute__((aligned(4)));
static volatile uint32_t *device;

static uint32_t address_of(volatile void *object) {
    return (uint32_t)(uintptr_t)object;
}

static volatile uint32_t *find_device(void) {
    for (uint32_t place = 0; place < VIRTIO_PLACES; place++) {
        volatile uint32_t *found = (volatile uint32_t *)(VIRTIO_FIRST + place * VIRTIO_STEP);
        if (found[MAGIC] == VIRTIO_MAGIC && found[VERSION] == 2 &&
            found[DEVICE_ID] == ENTROPY_DEVICE) {
            return found;
        }
    }
    return NULL;
}

static void set_up(volatile uint32_t *found) {
    found[STATUS] = 0;
    found[STATUS] = ACKNOWLEDGED_AND_DRIVEN;
    found[DRIVER_FEATURES_SELECT] = 1;
    found[DRIVER_FEATURES] = VERSION_1_IN_UPPER_HALF;
    found[STATUS] = ACKNOWLEDGED_AND_DRIVEN | FEATURES_TAKEN;
    found[QUEUE_SELECT] = 0;
    found[QUEUE_SIZE] = 1;
    found[QUEUE_DESCRIPTORS] = address_of(&descriptor);
    found[QUEUE_AVAILABLE] = address_of(&available);
    found[QUEUE_USED] = address_of(&used);
    found[QUEUE_READY] = 1;
    found[STATUS] = ACKNOWLEDGED_AND_DRIVEN | FEATURES_TAKEN | DRIVER_RUNS;
}

static int read_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    if (device == NULL) {
        device = find_device();
        if (device == NULL) {
            return WS_ERR_ENTROPY;
        }
        set_up(device);
    }
    while (size > 0) { /* it may fill less than the whole buffer at a time */
        descriptor.address = address_of(buffer);
        descriptor.size = size;
        descriptor.flags = DEVICE_WRITES;
        available.descriptors[0] = 0;
        __sync_synchronize();
        available.index++;
        __sync_synchronize();
        device[QUEUE_NOTIFY] = 0;
        while (used.index != available.index) {
        }
        __sync_synchronize();
        if (used.size == 0 || used.size > size) {
            return WS_ERR_ENTROPY;
        }
        buffer += used.size;
        size -= used.size;
    }
    return WS_OK;
}

const ws_entropy_source ws_port_noise = {.context = NULL, .read = read_noise};

bool ws_port_hedges(void) {
    return true;
}

size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]) {
    memset(id, 0, WS_KEY_CHIP_ID_MAX_SIZE);
    return 8;
}
