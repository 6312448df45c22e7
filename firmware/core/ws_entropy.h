/* Seed material from a physical noise source, by way of health tests and conditioning
 * (NIST SP 800-90B, sections 3.1.5 and 4.4). */
#ifndef WS_ENTROPY_H
#define WS_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/* A noise source as the port reads it: raw samples of one bit, not whitened, not debiased, not
 * hashed, because the health tests can only judge what the source itself does. Samples are to
 * lie so far apart that each holds 1/4 bit of min-entropy at least (see ws_health.h). */
typedef struct ws_entropy_source {
    void *context; /* handed to read(), never looked at */
    /* Fill buffer with size * 8 fresh samples in the order taken, the first of each byte in
     * bit 7. Returns 0, or a negative number when the source does not deliver. */
    int (*read)(void *context, uint8_t *buffer, size_t size);
    /* Throw away what was sampled ahead, and sample otherwise from here on if that can be: the
     * samples failed. NULL if there is nothing of the kind. */
    void (*restart)(void *context);
} ws_entropy_source;

/* Two SHA-256 outputs, 512 bits: a DRBG of 256-bit strength needs 384, entropy input and nonce
 * together (SP 800-90A, section 8.6.7). */
#define WS_ENTROPY_SEED_SIZE 64

/* The start-up test of SP 800-90B, section 4.3: no seed before so many samples passed. */
#define WS_ENTROPY_STARTUP_SAMPLES 1024

/* Each SHA-256 output of 256 bits is full of entropy when 320 bits go in (SP 800-90C). These
 * samples are credited with 1024: a source three times worse than claimed still does. */
#define WS_ENTROPY_SAMPLES_PER_DIGEST 4096

/* Raw samples that one seed takes from the source. */
#define WS_ENTROPY_SAMPLES_PER_SEED (WS_ENTROPY_STARTUP_SAMPLES + 2 * WS_ENTROPY_SAMPLES_PER_DIGEST)

/* How often a seed is tried for. A sound source fails now and then, by chance or because the moment
 * was bad for it (an oscillator near a harmonic of the sampling); one that is dead fails always. A
 * source that is as bad as is claimed at most fails one seed in 100 by chance, so three in a row
 * once in a million. Of a seed that failed nothing is used. */
#define WS_ENTROPY_TRIES 3

/* Test the source and condition one seed from it. WS_ERR_ENTROPY, and a wiped seed, when each time
 * the source does not deliver or any sample of the run fails a health test. */
int ws_entropy_seed(const ws_entropy_source *source, uint8_t seed[WS_ENTROPY_SEED_SIZE]);

#endif
