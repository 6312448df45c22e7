/* ESP-IDF as far as the port uses it: a flash whose bits only go from 1 to 0, a partition with an
 * image, a generator that is worthless until its noise is enabled. A test makes each call fail. */
#include <string.h>

#include "bootloader_random.h"
#include "esp_flash.h"
#include "esp_image_format.h"
#include "esp_mac.h"
#include "esp_ota_ops.h"
#include "esp_random.h"

#define FLASH_SIZE 0x20000u
#define SECTOR_SIZE 0x1000u
#define IMAGE_ADDRESS 0x2000u

uint8_t fake_flash[FLASH_SIZE];
uint32_t fake_image_size;
uint32_t fake_stuck_address; /* a byte that takes no write; 0 for none */
int fake_failure;            /* number of the call below that fails, 0 for none */
int fake_has_noise;

enum { READ = 1, WRITE, ERASE, RUNNING, METADATA, MAP, MAC };

static esp_err_t unless_failing(int call) {
    return fake_failure == call ? ESP_FAIL : ESP_OK;
}

esp_err_t esp_flash_read(esp_flash_t *chip, void *buffer, uint32_t address, uint32_t length) {
    if (chip != NULL || address > FLASH_SIZE || length > FLASH_SIZE - address) {
        return ESP_FAIL;
    }
    memcpy(buffer, fake_flash + address, length);
    return unless_failing(READ);
}

esp_err_t esp_flash_write(esp_flash_t *chip, const void *buffer, uint32_t address,
                          uint32_t length) {
    if (chip != NULL || address > FLASH_SIZE || length > FLASH_SIZE - address) {
        return ESP_FAIL;
    }
    for (uint32_t i = 0; i < length; i++) {
        if (fake_stuck_address == 0 || address + i != fake_stuck_address) {
            fake_flash[address + i] &= ((const uint8_t *)buffer)[i];
        }
    }
    return unless_failing(WRITE);
}

esp_err_t esp_flash_erase_region(esp_flash_t *chip, uint32_t start, uint32_t len) {
    if (chip != NULL || start % SECTOR_SIZE != 0 || len % SECTOR_SIZE != 0 || start > FLASH_SIZE ||
        len > FLASH_SIZE - start) {
        return ESP_FAIL;
    }
    memset(fake_flash + start, 0xFF, len);
    return unless_failing(ERASE);
}

static const esp_partition_t running = {.address = IMAGE_ADDRESS, .size = 0x8000};

const esp_partition_t *esp_ota_get_running_partition(void) {
    return unless_failing(RUNNING) == ESP_OK ? &running : NULL;
}

esp_err_t esp_image_get_metadata(const esp_partition_pos_t *part, esp_image_metadata_t *metadata) {
    if (part->offset != running.address || part->size != running.size) {
        return ESP_FAIL;
    }
    metadata->image_len = fake_image_size;
    return unless_failing(METADATA);
}

esp_err_t esp_partition_mmap(const esp_partition_t *partition, size_t offset, size_t size,
                             esp_partition_mmap_memory_t memory, const void **out_ptr,
                             esp_partition_mmap_handle_t *out_handle) {
    if (memory != ESP_PARTITION_MMAP_DATA || offset + size > partition->size) {
        return ESP_FAIL;
    }
    *out_ptr = fake_flash + partition->address + offset;
    *out_handle = 1;
    return unless_failing(MAP);
}

esp_err_t esp_efuse_mac_get_default(uint8_t *mac) {
    memcpy(mac, "\x24\x0a\xc4\x00\x01\x10", 6);
    return unless_failing(MAC);
}

void bootloader_random_enable(void) {
    fake_has_noise = 1;
}

void bootloader_random_disable(void) {
    fake_has_noise = 0;
}

void esp_fill_random(void *buf, size_t len) {
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)buf)[i] = fake_has_noise ? (uint8_t)(i * 167 + 41) : 0;
    }
}
