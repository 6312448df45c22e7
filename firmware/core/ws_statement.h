/* What the key says of itself and of the module, in a domain apart from OCMF records.
 *
 * A record's signature is over its payload, which begins with "{": ws_seal() signs nothing else.
 * A statement's is over WS_STATEMENT_PREFIX and the text, which begins with "w". So no signature
 * made here can ever be shown as that of a record, nor the other way round, whoever chose the
 * text. */
#ifndef WS_STATEMENT_H
#define WS_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "ws_der.h"
#include "ws_hedge.h"
#include "ws_storage.h"

#define WS_STATEMENT_PREFIX "wattseal.statement.v1\n"
#define WS_STATEMENT_MAX_SIZE 4096 /* bytes of text, without the prefix */

/* Sign the prefix and the text with the stored key of that number; der receives der_size bytes of
 * strict DER. hedge, or NULL, as for ws_key_sign. WS_ERR_ARGUMENT for a text of 0 or more than
 * WS_STATEMENT_MAX_SIZE bytes; otherwise errors as ws_key_sign. A der_size of 0 with WS_OK is a
 * fault of the processor, which the caller looks for. */
int ws_statement_sign(const ws_storage *storage, uint32_t number, ws_hedge *hedge, const void *text,
                      size_t text_size, uint8_t der[WS_DER_MAX_SIZE], size_t *der_size);

#endif
