/* Check a signature that anybody made: ECDSA on P-256. Every input may be hostile. */
#ifndef WS_VERIFY_H
#define WS_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#define WS_VERIFY_DIGEST_MIN_SIZE 20 /* bytes: SHA-1 in old test vectors */
#define WS_VERIFY_DIGEST_MAX_SIZE 64 /* bytes: SHA-512 */

/* Whether these bytes are a public key at all: WS_OK, or WS_ERR_PUBLIC_KEY when they are not the
 * DER of a SubjectPublicKeyInfo of exactly 91 bytes, or the point is not on the curve. */
int ws_verify_public_key(const uint8_t *public_key, size_t public_key_size);

/* public_key is a SubjectPublicKeyInfo of exactly 91 bytes, signature strict DER of any claimed
 * length. WS_OK: a good signature. WS_ERR_PUBLIC_KEY: the key is none, or not on the curve.
 * WS_ERR_SIGNATURE: not DER, out of range, or of other data or another key. */
int ws_verify(const uint8_t *public_key, size_t public_key_size, const void *message,
              size_t message_size, const uint8_t *signature, size_t signature_size);

/* The same over a digest of 20 to 64 bytes, of which the leftmost 256 bits count (FIPS 186-5,
 * section 6.4.2); WS_ERR_ARGUMENT for another length. */
int ws_verify_digest(const uint8_t *public_key, size_t public_key_size, const uint8_t *digest,
                     size_t digest_size, const uint8_t *signature, size_t signature_size);

#endif
