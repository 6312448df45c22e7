/* Of ESP-IDF, what the port uses: written for the tests, from its API reference. */
#pragma once
typedef int esp_err_t;
#define ESP_OK 0
#define ESP_FAIL -1
