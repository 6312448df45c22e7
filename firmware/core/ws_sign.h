/* Sign with a stored key: OCMF records and statements, in domains apart.
 *
 * A record's signature is over its payload, which begins with "{": ws_sign_record() signs nothing
 * else. A statement's is over WS_STATEMENT_PREFIX and the text, which begins with "w". So no
 * signature made here can ever be shown as that of the other kind, whoever chose the text.
 *
 * hedge, or NULL, as for ws_key_sign: without it the same text and key give the same signature. A
 * size of 0 with WS_OK is a fault of the processor, which the caller looks for. */
#ifndef WS_SIGN_H
#define WS_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "ws_der.h"
#include "ws_hedge.h"
#include "ws_storage.h"

#define WS_RECORD_PAYLOAD_FIRST '{'     /* of every OCMF payload: a JSON object */
#define WS_RECORD_PAYLOAD_MAX_SIZE 4096 /* bytes */
#define WS_RECORD_SECTION_MAX_SIZE 194  /* bytes of the longest section; no terminating zero */

/* Sign the payload of a record with the stored key of that number and write the signature section
 * (OCMF 1.4.1, table 8):
 *
 *     {"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"<DER in upper-case hex>"}
 *
 * text receives text_size bytes and no terminating zero. WS_ERR_ARGUMENT for a payload of 0 or more
 * than WS_RECORD_PAYLOAD_MAX_SIZE bytes, or one that does not begin with WS_RECORD_PAYLOAD_FIRST;
 * WS_ERR_SPACE for a text buffer of less than WS_RECORD_SECTION_MAX_SIZE; otherwise errors as
 * ws_key_sign. */
int ws_sign_record(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *payload,
                   size_t payload_size, char *text, size_t text_capacity, size_t *text_size);

#define WS_STATEMENT_PREFIX "wattseal.statement.v1\n"
#define WS_STATEMENT_MAX_SIZE 4096 /* bytes of text, without the prefix */

/* Sign the prefix and the text of a statement with the stored key of that number; der receives
 * der_size bytes of strict DER. WS_ERR_ARGUMENT for a text of 0 or more than WS_STATEMENT_MAX_SIZE
 * bytes; otherwise errors as ws_key_sign. */
int ws_sign_statement(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *text,
                      size_t text_size, uint8_t der[WS_DER_MAX_SIZE], size_t *der_size);

#endif
