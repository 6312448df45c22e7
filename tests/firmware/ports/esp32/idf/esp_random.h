/* Of ESP-IDF, what the port uses: written for the tests, from its API reference. */
#pragma once
#include <stddef.h>

void esp_fill_random(void *buf, size_t len);
