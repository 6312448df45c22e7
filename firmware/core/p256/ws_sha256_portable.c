/* The compression of SHA-256 (FIPS 180-4, section 6.2.2) for every core but ARMv6-M, which has it
 * in assembler: armv6m_sha256.py. */
#include "ws_sha256_block.h"

#if !defined(__ARM_ARCH_6M__)

#define ROUNDS 64
#define WORDS 16

static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int right) {
    return x >> right | x << (32 - right);
}

static uint32_t read_big_endian(const uint8_t *data) {
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

/* The words of the message, then each of the schedule over the one sixteen before it. */
static uint32_t next_word(uint32_t words[WORDS], const uint8_t *data, int round) {
    uint32_t *word = &words[round % WORDS];

    if (round < WORDS) {
        *word = read_big_endian(data + 4 * round);
        return *word;
    }
    uint32_t early = words[(round - 15) % WORDS];
    uint32_t late = words[(round - 2) % WORDS];
    *word += rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
    *word += rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
    *word += words[(round - 7) % WORDS];
    return *word;
}

static void compress(uint32_t state[8], const uint8_t *data) {
    uint32_t words[WORDS];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) +
                         round_constants[round] + next_word(words, data, round);
        uint32_t second =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (b ^ ((a ^ b) & (b ^ c)));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void ws_sha256_blocks(uint32_t state[8], const uint8_t *data, size_t count) {
    for (; count > 0; count--) {
        compress(state, data);
        data += WS_SHA256_BLOCK_SIZE;
    }
}

#endif
