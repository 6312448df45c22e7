#include "ws_signing.h"

#include "ws_comb.h"
#include "ws_constant_time.h"
#include "ws_inverse.h"
#include "ws_order.h"
#include "ws_wipe.h"
#include "ws_words.h"

static const uint32_t one[WS_WORDS] = {1};

/* out = x coordinate modulo n. */
static void x_modulo_order(uint32_t out[WS_WORDS], const ws_affine *point) {
    ws_field_to_plain(out, point->x);
    ws_order_reduce(out, out);
}

/* out = (digest + r private_key) / 2^256 modulo n. */
static void numerator(uint32_t out[WS_WORDS], const uint32_t r[WS_WORDS],
                      const ws_signing_input *in) {
    uint32_t digest[WS_WORDS];

    ws_order_montgomery(out, r, in->private_key);
    ws_order_montgomery(digest, in->digest, one);
    ws_order_add(out, out, digest);
    ws_wipe(digest, sizeof digest);
}

uint32_t ws_signing_compute(ws_signing_output *out, const ws_signing_input *in) {
    struct {
        uint32_t odd[WS_COMB_WORDS], inverse[WS_WORDS];
        ws_jacobian point;
    } s;

    ws_comb_make_odd(s.odd, in->nonce);
    ws_comb_multiply(&s.point, s.odd);
    ws_point_to_affine(&out->point, &s.point);
    x_modulo_order(out->r, &out->point);
    ws_order_invert(s.inverse, in->nonce);
    numerator(out->s, out->r, in);
    ws_order_montgomery(out->s, out->s, s.inverse);
    uint32_t unusable =
        ws_words_is_zero(s.point.z) | ws_words_is_zero(out->r) | ws_words_is_zero(out->s);
    ws_wipe(&s, sizeof s);
    WS_DECLASSIFY(unusable);
    return unusable ^ 1;
}

/* 1 if the other form of the nonce leads to the negative of the point. */
static uint32_t other_form_agrees(const ws_affine *point, const ws_signing_input *in) {
    struct {
        uint32_t odd[WS_COMB_WORDS], other[WS_COMB_WORDS], power[WS_WORDS], scaled[WS_WORDS];
        ws_jacobian again;
        ws_affine negative;
    } s;

    ws_comb_make_odd(s.odd, in->nonce);
    ws_comb_other_form(s.other, s.odd);
    ws_comb_multiply(&s.again, s.other);
    s.negative = *point;
    ws_field_negate_if(s.negative.y, ws_mask(1));
    ws_field_square(s.power, s.again.z);
    ws_field_multiply(s.scaled, s.negative.x, s.power);
    uint32_t agrees = ws_words_equal(s.scaled, s.again.x);
    ws_field_multiply(s.power, s.power, s.again.z);
    ws_field_multiply(s.scaled, s.negative.y, s.power);
    agrees &= ws_words_equal(s.scaled, s.again.y);
    agrees &= ws_words_is_zero(s.again.z) ^ 1;
    ws_wipe(&s, sizeof s);
    return agrees;
}

/* 1 if s nonce = digest + r private_key. */
static uint32_t equation_holds(const ws_signing_output *out, const ws_signing_input *in) {
    uint32_t left[WS_WORDS], right[WS_WORDS];

    ws_order_montgomery(left, out->s, in->nonce);
    numerator(right, out->r, in);
    uint32_t holds = ws_words_equal(left, right);
    ws_wipe(left, sizeof left);
    ws_wipe(right, sizeof right);
    return holds;
}

uint32_t ws_signing_check(const ws_signing_output *out, const ws_signing_input *in) {
    uint32_t r[WS_WORDS];

    x_modulo_order(r, &out->point);
    uint32_t good = ws_words_equal(r, out->r);
    good &= ws_point_on_curve(&out->point);
    good &= ws_order_is_scalar(out->r) & ws_order_is_scalar(out->s);
    good &= equation_holds(out, in);
    good &= other_form_agrees(&out->point, in);
    WS_DECLASSIFY(good);
    return ws_mask(good);
}
