/* Of ESP-IDF, what the port uses: written for the tests, from its API reference. */
#pragma once
void bootloader_random_enable(void);
void bootloader_random_disable(void);
