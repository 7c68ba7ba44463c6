/* SPDX-License-Identifier: ISC */
/* What becomes of the connection of a 407: it waits while another session tries the password, or is lost with the next
 * request on it.  On the stage. */
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "auth/negotiate_login.h"

#define LIMIT_MS 10000
#define PROOF "\r\nProxy-Authorization: Digest username=\"arthur\""

static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const struct connect_request imap = {.target = &target, .token = "IMAP", .scheme = "imap", .alpn = "imap"};

#define CHALLENGE(nonce) "HTTP/1.1 407 Who?\r\n" \
                         "Proxy-Authenticate: Digest realm=\"r\", nonce=\"" nonce "\", qop=\"auth\"\r\n" \
                         "Content-Length: 4\r\n\r\npage"

static const char challenge[] = CHALLENGE("n");

static struct services *services;
static struct config *config;
static struct authenticator *authenticator;
static struct lockout_trial others; /* another session's trial of the same pair */
static struct negotiate_login *login;
static struct transport *kept;      /* what the login has left to us */
static unsigned wanted, told, ready;
static enum outcome outcome;
static struct failure failure;

static void on_ready(void *arg, enum outcome how, const struct failure *why)
{
    (void)arg;
    ck_assert_msg(how == OUTCOME_DONE, "%s", why ? why->what : "");
    ready++;
}

static void on_wanted(void *arg)
{
    (void)arg;
    wanted++;
    kept = negotiate_login_kept(login);
    ck_assert_ptr_null(negotiate_login_kept(login));
}

static void on_told(void *arg, enum outcome how, const struct failure *why)
{
    (void)arg;
    unit_note_outcome(&told, &outcome, &failure, how, why);
}

static void others_try(void)
{
    others = (struct lockout_trial){.session = &others};
    ck_assert(lockout_try(services->lockout, &others, "arthur", "magic", loop_now(stage_loop())));
}

/* It has asked over wire 0. */
static void set_up(const char *scheme)
{
    const struct proxy_config *own;
    char text[200];

    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = http://p:3128\nuser = arthur\npassword = magic\nauth = %s\n"
             "[imap]\ntarget = mail.example.net\n", scheme);
    config = unit_config(text);
    own = &config->proxies[0];
    wanted = told = ready = 0;
    kept = NULL;
    authenticator = authenticator_start(&(struct authenticator_params){
        .loop = stage_loop(),
        .passwords = services->passwords,
        .lockout = services->lockout,
        .proxy = &own->urls.at[0],
        .own = own,
        .ahead = true,
        .done = on_ready,
    });
    ck_assert_ptr_nonnull(authenticator);
    stage_wait(&ready);
    login = negotiate_login_start(&(struct negotiate_login_params){
        .loop = stage_loop(),
        .curl_loop = services->curl_loop,
        .nonces = services->nonces,
        .proxy = &own->urls.at[0],
        .request = &imap,
        .scheme = authenticator_scheme(authenticator),
        .authenticator = authenticator,
        .user = "arthur",
        .password = "magic",
        .limit_ms = LIMIT_MS,
        .connect = on_wanted,
        .done = on_told,
    });
    ck_assert_ptr_nonnull(login);
    stage_settle();
    ck_assert_uint_eq(wanted, 1);
    ck_assert_ptr_null(kept);
    negotiate_login_connect(login, &stage_new_wire()->near);
    stage_settle();
    ck_assert_uint_gt(stage_wire(0)->heard_length, 0);
}

static void tear_down(void)
{
    negotiate_login_free(login);
    transport_close(kept);
    authenticator_free(authenticator);
    config_unref(config);
    stage_tear_down();
}

START_TEST(what_may_be_sent_is_sent_at_once)
{
    set_up("digest");
    wire_say(stage_wire(0), challenge);
    ck_assert_uint_eq(wanted, 1);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, PROOF));
    tear_down();
}
END_TEST

/* The connection is given back, and goes on; or another one takes its place.  Their wait is not the login's. */
START_TEST(what_may_not_be_sent_waits_with_its_owner)
{
    struct transport *transport;

    set_up("digest");
    others_try();
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), challenge);
    ck_assert_uint_eq(wanted, 2);
    ck_assert_ptr_eq(kept, &stage_wire(0)->near);
    ck_assert_ptr_null(kept->watcher);
    stage_advance(3 * LIMIT_MS);
    ck_assert_uint_eq(told + stage_wire(0)->heard_length, 0);
    transport = _i == 0 ? kept : &stage_new_wire()->near;
    kept = _i == 0 ? NULL : kept;
    negotiate_login_connect(login, transport);
    stage_settle();
    ck_assert_ptr_nonnull(strstr(stage_wire((unsigned)_i)->heard, PROOF));
    wire_say(stage_wire((unsigned)_i), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    tear_down();
}
END_TEST

/* --- it is lost --- */

/* The one request that this wire has heard has the first proof by that nonce. */
static void check_proves(const struct wire *wire, const char *nonce)
{
    char text[40];

    snprintf(text, sizeof text, "nonce=\"%s\"", nonce);
    ck_assert_ptr_nonnull(strstr(wire->heard, PROOF));
    ck_assert_ptr_nonnull(strstr(wire->heard, text));
    ck_assert_ptr_nonnull(strstr(wire->heard, "nc=00000001"));
    ck_assert_ptr_null(strstr(strstr(wire->heard, PROOF) + 1, PROOF));
}

/* It has proved by the nonce "n" over wire 0, once or (kept) after its owner had that, which ends: so the same proof
 * goes out over wire 1. */
static void lose_a_proof(bool keep)
{
    set_up("digest");
    if (keep)
        others_try();
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), challenge);
    if (keep) {
        negotiate_login_connect(login, kept);
        kept = NULL;
        stage_settle();
    }
    check_proves(stage_wire(0), "n");
    ck_assert(!negotiate_login_repeats(login));
    wire_end(stage_wire(0));
    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(wanted, keep ? 3 : 2);
    ck_assert(negotiate_login_repeats(login));
    negotiate_login_connect(login, &stage_new_wire()->near);
    stage_settle();
    check_proves(stage_wire(1), "n");
}

START_TEST(a_proof_that_is_lost_goes_out_once_more)
{
    lose_a_proof(_i);
    wire_say(stage_wire(1), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert(!negotiate_login_response(login)->denied);
    tear_down();
}
END_TEST

/* The proxy has counted it: that says nothing against the password, but the next answer does. */
START_TEST(a_proof_that_is_lost_may_be_refused_once)
{
    lose_a_proof(_i);
    wire_clear(stage_wire(1));
    wire_say(stage_wire(1), CHALLENGE("m"));
    ck_assert_uint_eq(told, 0);
    if (kept) { /* the trial of the others still lasts */
        negotiate_login_connect(login, kept);
        kept = NULL;
        stage_settle();
    }
    check_proves(stage_wire(1), "m");
    wire_say(stage_wire(1), CHALLENGE("o"));
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert(negotiate_login_response(login)->denied);
    ck_assert(negotiate_login_credentials_were_sent(login));
    tear_down();
}
END_TEST

/* At once, over the fresh connection; or the next one. */
START_TEST(no_second_proof_is_sought_again)
{
    unsigned before;

    lose_a_proof(false);
    if (_i == 1) {
        wire_clear(stage_wire(1));
        wire_say(stage_wire(1), CHALLENGE("m"));
        check_proves(stage_wire(1), "m");
    }
    before = wanted;
    wire_end(stage_wire(1));
    ck_assert_uint_eq(wanted, before);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_PEER);
    ck_assert(negotiate_login_was_cut_off(login));
    tear_down();
}
END_TEST

/* --- NTLM --- */

/* In the middle of NTLM another connection will not do, and the first one does not wait. */
START_TEST(in_the_middle_of_ntlm_nothing_waits)
{
    if (!unit_has_ntlm())
        return;
    set_up("ntlm");
    others_try();
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), "HTTP/1.1 407 Go on\r\nProxy-Authenticate: NTLM TlRMTVNTUAACAAAAAAAAACgAAAABggAAASNFZ4mrze8"
                            "AAAAAAAAAAA==\r\nContent-Length: 0\r\n\r\n");
    ck_assert_uint_eq(wanted, 1);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "Proxy-Authorization: NTLM TlRMTVNTUAAD"));
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("kept");

    tcase_add_test(cases, what_may_be_sent_is_sent_at_once);
    tcase_add_loop_test(cases, what_may_not_be_sent_waits_with_its_owner, 0, 2);
    tcase_add_loop_test(cases, a_proof_that_is_lost_goes_out_once_more, 0, 2);
    tcase_add_loop_test(cases, a_proof_that_is_lost_may_be_refused_once, 0, 2);
    tcase_add_loop_test(cases, no_second_proof_is_sought_again, 0, 2);
    tcase_add_test(cases, in_the_middle_of_ntlm_nothing_waits);
    return unit_run();
}
