/* Of ESP-IDF, what the port uses: written for the tests, from its API reference. */
#pragma once
#include "esp_partition.h"

const esp_partition_t *esp_ota_get_running_partition(void);
