/* SPDX-License-Identifier: ISC */
#include "session/shares.h"

#include <stdint.h>

#include "../unit.h"
#include "base/descriptors.h"

#define LISTENER "[proxy]\nurl = http://127.0.0.1:1\n[imap]\nlisten = 127.0.0.1:0\ntarget = mail.example\n"
#define RELAY "[relay]\nlisten = 127.0.0.1:0\nusers = /dev/null\n"
#define REVERSE(label, keys) "[reverse " label "]\nrelay = https://r.example/x\ntarget = m.example:143\n" keys "\n"

/* Of 1128 descriptors 128 are apart. */
static const struct {
    const char *text;
    size_t limit, ahead;
    struct shares shares; /* sessions, ahead, reverses, relays */
} cases[] = {
    {LISTENER, 1128, 0, {500, 0, 0, 375}},
    {LISTENER, 1128, 100, {450, 100, 0, 338}},
    {LISTENER, 1128, 1000, {429, 141, 0, 322}}, /* an eighth for the pool */
    {LISTENER, 0, 7, {256, 256, 0, 192}},
    {LISTENER, DESCRIPTORS_UNLIMITED, 7, {SIZE_MAX, 7, 0, SIZE_MAX - SIZE_MAX / 4}},
    {LISTENER, 100, 0, {25, 0, 0, 19}}, /* half of them are for sessions at least */
    /* without listeners nothing is kept for them */
    {RELAY, 1128, 0, {500, 0, 0, 500}},
    {REVERSE("a", "sessions = 4096"), 1132, 0, {500, 0, 500, 500}},
    {REVERSE("a", "sessions = 4096") "[sallyport]\nmax-sessions = 300\n", 1132, 0, {500, 0, 300, 500}},
    /* as many as the sections ask for, less a quarter of the descriptors, and a quarter of max-sessions */
    {REVERSE("a", "sessions = 30") REVERSE("b", "sessions = 12\nwaiting = 4") LISTENER, 1140, 0, {500, 0, 42, 375}},
    {REVERSE("a", "sessions = 4096") LISTENER, 1132, 0, {500, 0, 375, 375}},
    {REVERSE("a", "sessions = 300") REVERSE("b", "sessions = 300") LISTENER "[sallyport]\nmax-sessions = 400\n",
     1136, 0, {500, 0, 300, 375}},
    {REVERSE("a", "sessions = 20") LISTENER "[sallyport]\nmax-sessions = 20\n", 1132, 0, {500, 0, 15, 375}},
    {REVERSE("a", "sessions = 1") LISTENER "[sallyport]\nmax-sessions = 1\n", 1132, 0, {500, 0, 1, 375}},
    /* with a relay besides, both have their part */
    {REVERSE("a", "sessions = 20") RELAY, 1132, 0, {500, 0, 20, 480}},
    {REVERSE("a", "sessions = 4096") RELAY, 1132, 0, {500, 0, 250, 250}},
    {REVERSE("a", "sessions = 4096") RELAY LISTENER, 1132, 0, {500, 0, 187, 188}},
};

START_TEST(sessions_are_shared_out)
{
    struct config *config = unit_config(cases[_i].text);
    const struct shares *wanted = &cases[_i].shares;
    struct shares shares;

    shares_make(&shares, cases[_i].limit, cases[_i].ahead, config);
    ck_assert_uint_eq(shares.sessions, wanted->sessions);
    ck_assert_uint_eq(shares.ahead, wanted->ahead);
    ck_assert_uint_eq(shares.reverses, wanted->reverses);
    ck_assert_uint_eq(shares.relays, wanted->relays);
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("shares");

    tcase_add_loop_test(tests, sessions_are_shared_out, 0, sizeof cases / sizeof cases[0]);
    return unit_run();
}
