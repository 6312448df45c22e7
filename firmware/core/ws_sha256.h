/* SHA-256 (FIPS 180-4). */
#ifndef WS_SHA256_H
#define WS_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define WS_SHA256_SIZE 32 /* bytes */

void ws_sha256(const void *data, size_t size, uint8_t digest[WS_SHA256_SIZE]);

/* Of two pieces, one after the other. */
void ws_sha256_joined(const void *head, size_t head_size, const void *tail, size_t tail_size,
                      uint8_t digest[WS_SHA256_SIZE]);

#endif
