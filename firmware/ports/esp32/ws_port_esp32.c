/* ESP32 family, by ESP-IDF 5.2. It was compiled against headers and run against a model of them
 * (tests/firmware/ports/test_esp32.py), never on a chip. */
#include <string.h>

#include "bootloader_random.h"
#include "esp_flash.h"
#include "esp_image_format.h"
#include "esp_mac.h"
#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "esp_random.h"

#include "wattseal_board.h"
#include "ws_error.h"
#include "ws_port.h"
#include "ws_wipe.h"

#define CHIP_ID_SIZE 8 /* bytes; the address in the chip's fuses has 6, then come zeros */

/* The main flash chip. These calls go to the cells by commands, past the cache; what they write
 * they copy into the driver's buffer by themselves if it lies in flash. */
#define FLASH NULL

static int result_of(esp_err_t status) {
    return status == ESP_OK ? WS_OK : WS_ERR_STORAGE;
}

int ws_port_flash_read(uint32_t offset, void *buffer, size_t size) {
    return result_of(esp_flash_read(FLASH, buffer, offset, size));
}

/* By pages of our own, so that no copy of a key stays in the driver's buffer unless it is ours to
 * wipe: what lies in RAM already is written from there. */
int ws_port_flash_program(uint32_t offset, const void *data, size_t size) {
    uint8_t page[WS_FLASH_PAGE_SIZE], found[WS_FLASH_PAGE_SIZE];
    const uint8_t *source = data;
    int result = WS_OK;

    for (size_t done = 0; result == WS_OK && done < size; done += sizeof(page)) {
        memcpy(page, source + done, sizeof(page));
        result = result_of(esp_flash_write(FLASH, page, offset + done, sizeof(page)));
        if (result == WS_OK) {
            result = ws_port_flash_read(offset + done, found, sizeof(found));
        }
        if (result == WS_OK && memcmp(found, page, sizeof(page)) != 0) {
            result = WS_ERR_STORAGE;
        }
    }
    ws_wipe(page, sizeof(page));
    ws_wipe(found, sizeof(found));
    return result;
}

int ws_port_flash_erase_sector(uint32_t offset) {
    return result_of(esp_flash_erase_region(FLASH, offset, WS_FLASH_SECTOR_SIZE));
}

/* The image as esptool writes it, its own checksum and hash included. */
int ws_port_image(const void **image, size_t *size) {
    static esp_partition_mmap_handle_t mapped; /* for ever */
    const esp_partition_t *running = esp_ota_get_running_partition();
    esp_image_metadata_t told;

    if (running == NULL) {
        return WS_ERR_STORAGE;
    }
    const esp_partition_pos_t place = {.offset = running->address, .size = running->size};
    if (esp_image_get_metadata(&place, &told) != ESP_OK ||
        esp_partition_mmap(running, 0, told.image_len, ESP_PARTITION_MMAP_DATA, image, &mapped) !=
            ESP_OK) {
        return WS_ERR_STORAGE;
    }
    *size = told.image_len;
    return WS_OK;
}

void ws_port_start(void) {
}

/* The generator gets noise of the ADC mixed in only while it is told to (ESP-IDF, "Random Number
 * Generation"); without a radio that is running, what it gives otherwise is no noise. */
static int read_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    bootloader_random_enable();
    esp_fill_random(buffer, size);
    bootloader_random_disable();
    return WS_OK;
}

const ws_entropy_source ws_port_noise = {.context = NULL, .read = read_noise};

bool ws_port_hedges(void) {
    return true;
}

size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]) {
    memset(id, 0, CHIP_ID_SIZE);
    return esp_efuse_mac_get_default(id) == ESP_OK ? CHIP_ID_SIZE : 0;
}
