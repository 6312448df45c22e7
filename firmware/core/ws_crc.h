/* The two checksums of the product. They find accidents, not attacks. */
#ifndef WS_CRC_H
#define WS_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-16/MODBUS ("123456789" gives 0x4B37); on the wire its low byte goes first. */
uint16_t ws_crc16(const void *data, size_t size);

/* CRC-32/ISO-HDLC, that of zlib ("123456789" gives 0xCBF43926). */
uint32_t ws_crc32(const void *data, size_t size);

#endif
