/* "Seal a record": payload bytes in, finished OCMF signature section out. */
#ifndef WS_SEAL_H
#define WS_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "ws_hedge.h"
#include "ws_storage.h"

#define WS_SEAL_PAYLOAD_FIRST '{' /* of every OCMF payload: a JSON object */

#define WS_SEAL_PAYLOAD_MAX_SIZE 4096 /* bytes */
#define WS_SEAL_TEXT_MAX_SIZE 194     /* bytes of the longest section; no terminating zero */

/* Sign the payload with the stored key of that number and write the signature section (OCMF 1.4.1,
 * table 8):
 *
 *     {"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"<DER in upper-case hex>"}
 *
 * text receives text_size bytes and no terminating zero. hedge, or NULL, as for ws_key_sign:
 * without it the same payload and key give the same text. WS_ERR_ARGUMENT for a payload of 0 or
 * more than WS_SEAL_PAYLOAD_MAX_SIZE bytes, or one that does not begin with WS_SEAL_PAYLOAD_FIRST
 * (see ws_statement.h); WS_ERR_SPACE for a text buffer of less than WS_SEAL_TEXT_MAX_SIZE;
 * otherwise errors as ws_key_sign. A text_size of 0 with WS_OK is a fault of the processor, which
 * the caller looks for. */
int ws_seal(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *payload,
            size_t payload_size, char *text, size_t text_capacity, size_t *text_size);

#endif
