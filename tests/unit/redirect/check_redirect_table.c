#include "redirect/redirect_table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define START 1000000 /* ms */
#define LIFETIME(...) ((struct setproxy_lifetime){__VA_ARGS__})

static const struct endpoint a = {.host = "a.example.net", .port = 3128}, b = {.host = "b.example.net", .port = 3128},
                             c = {.host = "c.example.org", .port = 3128},
                             tls = {.host = "s.example.net", .port = 443, .tls = true};

static struct scope_url url_of(const char *text)
{
    struct scope_url url;

    ck_assert_msg(scope_url_parse(&url, text), "%s", text);
    return url;
}

/* What a proxy said: use this one for this scope and so long. */
static struct setproxy said(const struct endpoint *proxy, const char *scope, struct setproxy_lifetime lifetime)
{
    struct setproxy result = {.action = SETPROXY_SET, .proxy = *proxy, .lifetime = lifetime};

    ck_assert_msg(scope_parse(&result.scope, scope, strlen(scope), false), "%s", scope);
    result.wider = result.scope.kind != SCOPE_EXACT;
    return result;
}

/* --- may it be followed --- */

static const struct redirect_settings usual = {.follow = true, .wider = WIDER_ASK, .max_hops = 5,
                                             .max_lifetime = 86400000, .ask_timeout = 60000};

/* One decision: the usual policy, a 305 from proxy a itself that names b for the URL asked for. */
struct decision {
    struct redirect_settings policy;
    struct setproxy said;
    struct scope_url url;
    struct endpoint asked[REDIRECT_HOPS_MAX + 1];
    struct redirect_case redirect;
    struct setproxy as;
    char why[300];
};

static void prepare(struct decision *decision, const char *scope)
{
    memset(decision, 0, sizeof *decision);
    decision->policy = usual;
    decision->said = said(&b, scope, LIFETIME(.seconds = 60));
    decision->url = url_of("imap://mail.example.net:143/");
    decision->asked[0] = a;
    decision->redirect = (struct redirect_case){.asked_count = 1, .minor = 1, .status = 305};
}

static enum redirect_decision decide(struct decision *decision)
{
    enum redirect_decision result;

    decision->redirect.said = &decision->said;
    decision->redirect.url = &decision->url;
    decision->redirect.asked = decision->asked;
    memset(&decision->as, 'x', sizeof decision->as);
    decision->why[0] = '\0';
    result = redirect_policy_decide(&decision->policy, &decision->redirect, &decision->as, decision->why,
                                    sizeof decision->why);
    ck_assert_msg((result == REDIRECT_REFUSE) == (decision->why[0] != '\0'), "refused and why: %s", decision->why);
    return result;
}

static void must_refuse(struct decision *decision, const char *why)
{
    ck_assert_msg(decide(decision) == REDIRECT_REFUSE, "not refused: %s", why);
    ck_assert_msg(strstr(decision->why, why) != NULL, "wanted %s, got %s", why, decision->why);
}

#define EXACT "imap://mail.example.net/"

START_TEST(a_redirect_for_this_url_is_followed_as_it_was_said)
{
    struct decision decision;

    prepare(&decision, EXACT);
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    ck_assert(endpoint_equal(&decision.as.proxy, &b));
    ck_assert_uint_eq(decision.as.lifetime.seconds, 60);
    ck_assert(!decision.as.lifetime.once);
}
END_TEST

START_TEST(follow_no_refuses_all)
{
    struct decision decision;

    prepare(&decision, EXACT);
    decision.policy.follow = false;
    must_refuse(&decision, "follow = no");
    prepare(&decision, EXACT);
    decision.policy.follow = false;
    decision.redirect.hops = 5; /* the first rule speaks first */
    decision.redirect.via_count = 3;
    must_refuse(&decision, "follow = no");
}
END_TEST

START_TEST(three_hundred_and_six_is_305_but_not_from_a_learned_proxy)
{
    struct decision decision;

    prepare(&decision, EXACT);
    decision.redirect.status = 306;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    decision.redirect.sender_learned = true;
    must_refuse(&decision, "306");
    decision.redirect.status = 305;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
}
END_TEST

START_TEST(so_many_hops_and_no_more)
{
    for (unsigned max = 1; max <= REDIRECT_HOPS_MAX; max++) {
        struct decision decision;

        prepare(&decision, EXACT);
        decision.policy.max_hops = max;
        for (size_t i = 1; i < max; i++) {
            decision.asked[i] = a;
            decision.asked[i].port = (uint16_t)(5000 + i);
        }
        decision.redirect.asked_count = max;
        decision.redirect.hops = max - 1;
        ck_assert_msg(decide(&decision) == REDIRECT_FOLLOW, "hop %u of %u", max, max);
        decision.redirect.hops = max;
        must_refuse(&decision, "max-hops");
    }
}
END_TEST

START_TEST(a_circle_is_refused_and_shown)
{
    struct decision decision;

    prepare(&decision, EXACT);
    decision.said.proxy = a;
    must_refuse(&decision, "a.example.net:3128 -> a.example.net:3128");
    prepare(&decision, EXACT);
    decision.asked[1] = c;
    decision.asked[2] = b;
    decision.redirect.asked_count = 3;
    decision.redirect.hops = 2;
    decision.said.proxy = c;
    snprintf(decision.said.proxy.host, sizeof decision.said.proxy.host, "C.Example.ORG");
    must_refuse(&decision, "a.example.net:3128 -> c.example.org:3128 -> b.example.net:3128 -> C.Example.ORG:3128");
    /* another port is another proxy, and so is the same one behind TLS */
    decision.said.proxy.port = 3129;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    decision.said.proxy = c;
    decision.said.proxy.tls = true;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
}
END_TEST

START_TEST(a_long_circle_fits)
{
    struct decision decision;
    char *why = malloc(120);

    prepare(&decision, EXACT);
    decision.policy.max_hops = REDIRECT_HOPS_MAX;
    for (size_t i = 0; i <= REDIRECT_HOPS_MAX; i++) {
        decision.asked[i] = a;
        memset(decision.asked[i].host, 'a' + (int)i, ENDPOINT_HOST_MAX);
    }
    decision.redirect.asked_count = REDIRECT_HOPS_MAX + 1;
    decision.said.proxy = decision.asked[0];
    decision.redirect.said = &decision.said;
    decision.redirect.url = &decision.url;
    decision.redirect.asked = decision.asked;
    ck_assert_int_eq(redirect_policy_decide(&decision.policy, &decision.redirect, &decision.as, why, 120),
                     REDIRECT_REFUSE);
    ck_assert_uint_eq(strlen(why), 119);
    free(why);
}
END_TEST

START_TEST(from_tls_to_none_only_when_told)
{
    struct decision decision;

    prepare(&decision, EXACT);
    decision.asked[0] = tls;
    must_refuse(&decision, "downgrade = no");
    decision.policy.downgrade = true;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    prepare(&decision, EXACT);
    decision.said.proxy = tls;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    prepare(&decision, EXACT);
    decision.asked[0] = tls;
    decision.said.proxy = tls;
    decision.said.proxy.port = 8443;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    /* it is the sender that counts, not the first one asked */
    prepare(&decision, EXACT);
    decision.asked[1] = tls;
    decision.redirect.asked_count = 2;
    decision.redirect.hops = 1;
    must_refuse(&decision, "downgrade = no");
}
END_TEST

START_TEST(direct_only_when_told)
{
    struct decision decision;

    prepare(&decision, EXACT);
    decision.said.action = SETPROXY_DIRECT;
    must_refuse(&decision, "direct = no");
    decision.policy.direct = true;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    ck_assert_int_eq(decision.as.action, SETPROXY_DIRECT);
    /* and not for more than was asked for, without a question */
    prepare(&decision, "*");
    decision.said.action = SETPROXY_DIRECT;
    decision.policy.direct = true;
    ck_assert_int_eq(decide(&decision), REDIRECT_ASK);
}
END_TEST

START_TEST(forget_all_needs_the_scope_of_all)
{
    struct decision decision;

    prepare(&decision, EXACT);
    decision.said.action = SETPROXY_IPL;
    must_refuse(&decision, "IPL without the scope *");
    prepare(&decision, "imap://");
    decision.said.action = SETPROXY_IPL;
    must_refuse(&decision, "IPL without the scope *");
    prepare(&decision, "*");
    decision.said.action = SETPROXY_IPL;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW); /* and nobody is asked: it only takes back */
    decision.policy.wider = WIDER_REFUSE;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    decision.redirect.via_count = 1;
    must_refuse(&decision, "IPL in an answer that may have been forwarded");
    decision.redirect.via_count = 0;
    decision.redirect.minor = 0;
    must_refuse(&decision, "IPL in an answer that may have been forwarded");
}
END_TEST

static void must_be_narrowed(struct decision *decision)
{
    ck_assert_int_eq(decide(decision), REDIRECT_FOLLOW);
    ck_assert_int_eq(decision->as.scope.kind, SCOPE_EXACT);
    ck_assert(scope_covers(&decision->as.scope, &decision->url));
    ck_assert(!decision->as.wider);
    ck_assert(decision->as.lifetime.once && !decision->as.lifetime.hits && !decision->as.lifetime.seconds);
    ck_assert(endpoint_equal(&decision->as.proxy, &decision->said.proxy));
}

START_TEST(a_forwarded_answer_is_good_for_this_url_once_whatever_the_policy)
{
    static const char *const scopes[] = {EXACT, "imap://*.example.net/", "imap://", "*"};

    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        for (unsigned wider = WIDER_ASK; wider <= WIDER_ACCEPT; wider++) {
            struct decision decision;

            prepare(&decision, scopes[i]);
            decision.policy.wider = wider;
            decision.redirect.minor = 0;
            must_be_narrowed(&decision);
            decision.redirect.minor = 1;
            decision.redirect.via_count = 1;
            must_be_narrowed(&decision);
            decision.redirect.via_count = 2;
            must_refuse(&decision, "2 members in Via");
            decision.redirect.via_count = 100;
            must_refuse(&decision, "100 members in Via");
        }
    }
}
END_TEST

START_TEST(a_wider_scope_by_each_word)
{
    struct decision decision;

    prepare(&decision, "imap://");
    ck_assert_int_eq(decide(&decision), REDIRECT_ASK);
    ck_assert_int_eq(decision.as.scope.kind, SCOPE_SCHEME);
    decision.policy.wider = WIDER_REFUSE;
    must_refuse(&decision, "more than this server: imap://");
    decision.policy.wider = WIDER_ACCEPT;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    ck_assert_int_eq(decision.as.scope.kind, SCOPE_SCHEME);
    ck_assert(decision.as.wider);
    ck_assert_uint_eq(decision.as.lifetime.seconds, 60);
    decision.policy.wider = WIDER_CLAMP;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    ck_assert_int_eq(decision.as.scope.kind, SCOPE_EXACT);
    ck_assert(scope_covers(&decision.as.scope, &decision.url));
    ck_assert(!decision.as.wider);
    ck_assert_uint_eq(decision.as.lifetime.seconds, 60); /* with its lifetime */
    ck_assert(!decision.as.lifetime.once);
    decision.policy.wider = WIDER_SAME_DOMAIN;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW); /* a and b are of example.net */
    ck_assert_int_eq(decision.as.scope.kind, SCOPE_SCHEME);
    decision.said.proxy = c;
    ck_assert_int_eq(decide(&decision), REDIRECT_ASK);
    /* it is the sender's domain that counts */
    decision.asked[1] = c;
    decision.asked[1].port = 9;
    decision.redirect.asked_count = 2;
    decision.redirect.hops = 1;
    ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
    decision.said.action = SETPROXY_DIRECT; /* no proxy has no domain */
    decision.policy.direct = true;
    ck_assert_int_eq(decide(&decision), REDIRECT_ASK);
}
END_TEST

START_TEST(no_word_matters_to_what_is_not_wider)
{
    for (unsigned wider = WIDER_ASK; wider <= WIDER_ACCEPT; wider++) {
        struct decision decision;

        prepare(&decision, EXACT);
        decision.policy.wider = wider;
        decision.said.proxy = c;
        ck_assert_int_eq(decide(&decision), REDIRECT_FOLLOW);
        ck_assert_uint_eq(decision.as.lifetime.seconds, 60);
    }
}
END_TEST

START_TEST(addresses_that_a_redirect_may_not_name)
{
    static const struct {
        const char *address, *why; /* NULL: anybody may name it */
        bool always;               /* nobody may, not even a sender on loopback */
    } rows[] = {
        {"127.0.0.1", "loopback", false},
        {"127.255.255.254", "loopback", false},
        {"::1", "loopback", false},
        {"169.254.1.1", "link-local", false},
        {"169.254.169.254", "link-local", false},
        {"fe80::1", "link-local", false},
        {"febf::1", "link-local", false},
        /* other names of this machine */
        {"0.0.0.0", "none", true},
        {"0.1.2.3", "none", true},
        {"::", "none", true},
        {"::ffff:0.0.0.0", "none", true},
        {"::ffff:127.0.0.1", "none", true},
        {"::ffff:169.254.1.1", "none", true},
        {"192.0.2.1", NULL, false},
        {"10.0.0.1", NULL, false},
        {"128.0.0.1", NULL, false},
        {"126.255.255.255", NULL, false},
        {"1.0.0.0", NULL, false},
        {"169.253.255.255", NULL, false},
        {"169.255.0.0", NULL, false},
        {"2001:db8::1", NULL, false},
        {"fec0::1", NULL, false},
        {"fd00::1", NULL, false},
        {"::2", NULL, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address;
        const char *why;

        ck_assert_msg(address_from_literal(&address, rows[i].address, 3128), "%s", rows[i].address);
        why = redirect_policy_forbids_address(false, &address);
        ck_assert_msg((why == NULL) == (rows[i].why == NULL), "%s: %s", rows[i].address, why ? why : "allowed");
        ck_assert_msg(!why || strstr(why, rows[i].why), "%s: %s", rows[i].address, why);
        why = redirect_policy_forbids_address(true, &address);
        ck_assert_msg((why != NULL) == rows[i].always, "%s, by a sender on loopback", rows[i].address);
    }
}
END_TEST

/* --- what was learned --- */

#define MAIL "imap://mail.example.net:143/"

static struct redirect_table *table;
static struct redirect_entry got;

static void learn(const struct endpoint *sender, const struct endpoint *proxy, const char *scope,
                  struct setproxy_lifetime lifetime, uint64_t at)
{
    struct setproxy what = said(proxy, scope, lifetime);

    redirect_table_learn(table, sender, false, &what, at);
}

/* Where a request for the URL at that sender goes: the host of the proxy, "" when nothing was learned. */
static const char *use(const struct endpoint *sender, const char *url, uint64_t at)
{
    struct scope_url asked = url_of(url);

    memset(&got, 0, sizeof got);
    return redirect_table_use(table, sender, &asked, at, &got) ? got.direct ? "direct" : got.proxy.host : "";
}

static void setup(void)
{
    table = redirect_table_new();
    ck_assert_ptr_nonnull(table);
}

static void teardown(void)
{
    redirect_table_free(table);
    redirect_table_free(NULL);
}

START_TEST(an_empty_table_leads_nowhere)
{
    ck_assert_uint_eq(redirect_table_count(table), 0);
    ck_assert_str_eq(use(&a, MAIL, START), "");
    ck_assert_ptr_null(redirect_table_at(table, 0, START));
    redirect_table_drop(table, 0);
    redirect_table_drop(table, 7);
    redirect_table_clear(table);
}
END_TEST

START_TEST(once_is_not_kept)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.once = true, .seconds = 60, .hits = 3));

    ck_assert_uint_eq(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_uint_eq(redirect_table_count(table), 0);
    what.lifetime = LIFETIME(.seconds = 60);
    what.action = SETPROXY_IPL;
    ck_assert_uint_eq(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(once_leaves_what_was_learned_before)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&a, &c, EXACT, LIFETIME(.once = true), START + 1);
    ck_assert_str_eq(use(&a, MAIL, START + 2), "b.example.net");
}
END_TEST

START_TEST(hits_are_counted_and_the_retry_is_the_first)
{
    for (uint32_t hits = 2; hits < 6; hits++) {
        learn(&a, &b, EXACT, LIFETIME(.hits = hits), START);
        for (uint32_t i = 1; i < hits; i++) {
            ck_assert_str_eq(use(&a, MAIL, START + i * 1000000), "b.example.net");
            ck_assert_uint_eq(got.hits, i + 1);
        }
        ck_assert_msg(*use(&a, MAIL, START) == '\0', "hit %u of %u", hits + 1, hits);
        ck_assert_uint_eq(redirect_table_count(table), 0);
    }
}
END_TEST

START_TEST(one_hit_is_the_retry_alone_and_takes_the_old_ones_place)
{
    struct setproxy what = said(&c, EXACT, LIFETIME(.hits = 1));

    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_uint_eq(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_str_eq(use(&a, MAIL, START), "");
}
END_TEST

START_TEST(seconds_run_out)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 59999), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 60000), "");
    ck_assert_str_eq(use(&a, MAIL, START + 59999), "b.example.net"); /* to use it does not make it longer or shorter */
    ck_assert_ptr_nonnull(redirect_table_at(table, 0, START + 59999));
    ck_assert_ptr_null(redirect_table_at(table, 0, START + 60000));
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(of_hits_and_seconds_whichever_ends_first)
{
    learn(&a, &b, EXACT, LIFETIME(.hits = 3, .seconds = 10), START);
    ck_assert_str_eq(use(&a, MAIL, START + 1000), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 10000), "");
    learn(&a, &b, EXACT, LIFETIME(.hits = 2, .seconds = 10), START + 10000);
    ck_assert_str_eq(use(&a, MAIL, START + 10001), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + 10002), "");
}
END_TEST

START_TEST(for_ever_has_no_end)
{
    learn(&a, &b, EXACT, LIFETIME(.once = false), START);
    for (uint64_t at = START; at < START * UINT64_C(1000000000); at *= 10)
        ck_assert_str_eq(use(&a, MAIL, at), "b.example.net");
    ck_assert_uint_eq(got.hits_left, 0);
    ck_assert_uint_eq(got.ends_at, 0);
    ck_assert_uint_gt(got.hits, 5);
}
END_TEST

START_TEST(the_longest_time_does_not_wrap)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = UINT32_MAX), START);
    ck_assert_str_eq(use(&a, MAIL, START + UINT64_C(1000) * UINT32_MAX - 1), "b.example.net");
    ck_assert_str_eq(use(&a, MAIL, START + UINT64_C(1000) * UINT32_MAX), "");
}
END_TEST

START_TEST(only_for_the_one_who_sent_it)
{
    struct endpoint other = a;

    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&b, MAIL, START), "");
    other.port = 3129;
    ck_assert_str_eq(use(&other, MAIL, START), "");
    other = a;
    other.tls = true;
    ck_assert_str_eq(use(&other, MAIL, START), "");
    other = a;
    memcpy(other.host, "A.EXAMPLE", 9);
    ck_assert_str_eq(use(&other, MAIL, START), "b.example.net");
}
END_TEST

START_TEST(only_for_what_it_covers)
{
    learn(&a, &b, "imap://*.example.net/", LIFETIME(.hits = 3), START);
    ck_assert_str_eq(use(&a, "imap://badexample.net:143/", START), "");
    ck_assert_str_eq(use(&a, "nntp://news.example.net:119/", START), "");
    ck_assert_str_eq(use(&a, "imap://mail.example.net:143/", START), "b.example.net"); /* those were no hits */
    ck_assert_str_eq(use(&a, "imap://example.net:143/", START), "b.example.net");
    ck_assert_str_eq(use(&a, "imap://mail.example.net:143/", START), "");
}
END_TEST

START_TEST(a_chain_is_two_entries)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&b, &c, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
    ck_assert_str_eq(use(&b, MAIL, START), "c.example.org");
    ck_assert_str_eq(use(&c, MAIL, START), "");
    ck_assert_uint_eq(redirect_table_count(table), 2);
}
END_TEST

START_TEST(the_newer_replaces_the_same_senders_same_scope)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&a, &c, "IMAP://MAIL.example.net:143/*", LIFETIME(.hits = 2), START);
    ck_assert_uint_eq(redirect_table_count(table), 1);
    ck_assert_str_eq(use(&a, MAIL, START), "c.example.org");
    ck_assert_str_eq(use(&a, MAIL, START), ""); /* and the old one does not come back */
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&b, &c, EXACT, LIFETIME(.seconds = 60), START); /* another sender */
    learn(&a, &c, "imap://", LIFETIME(.seconds = 60), START); /* another scope */
    ck_assert_uint_eq(redirect_table_count(table), 3);
}
END_TEST

/* All cover MAIL; from the widest to the narrowest. */
static const char *const widths[] = {"*", "imap://", "imap://*.net/", "imap://*.example.net/",
                                     "imap://*.mail.example.net/", "*://mail.example.net/", EXACT};
#define WIDTHS (sizeof widths / sizeof widths[0])

static struct endpoint numbered(size_t i)
{
    struct endpoint place = {.port = 1};

    snprintf(place.host, sizeof place.host, "p%zu.example.net", i);
    return place;
}

START_TEST(the_most_specific_wins_whatever_came_first)
{
    for (size_t i = 0; i < WIDTHS; i++) {
        for (size_t k = 0; k < WIDTHS; k++) {
            struct endpoint first = numbered(i), second = numbered(k);

            if (i == k)
                continue;
            learn(&a, &first, widths[i], LIFETIME(.seconds = 60), START);
            learn(&a, &second, widths[k], LIFETIME(.seconds = 60), START + 1);
            ck_assert_msg(strcmp(use(&a, MAIL, START + 2), i > k ? first.host : second.host) == 0, "%s and %s",
                          widths[i], widths[k]);
            redirect_table_clear(table);
        }
    }
}
END_TEST

START_TEST(the_next_specific_when_one_has_ended)
{
    for (size_t i = 0; i < WIDTHS; i++) {
        struct endpoint proxy = numbered(i);

        learn(&a, &proxy, widths[i], LIFETIME(.seconds = (uint32_t)(100 - i)), START);
    }
    for (size_t i = WIDTHS; i > 0; i--) {
        struct endpoint proxy = numbered(i - 1);

        ck_assert_str_eq(use(&a, MAIL, START + (100 - i) * 1000 + 999), proxy.host);
    }
    ck_assert_str_eq(use(&a, MAIL, START + 100000), "");
}
END_TEST

START_TEST(of_equally_specific_ones_the_newest)
{
    learn(&a, &b, "*://mail.example.net/", LIFETIME(.seconds = 60), START);
    learn(&a, &c, "*://mail.example.net:143/", LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "c.example.org");
    learn(&a, &b, "*://mail.example.net/", LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
}
END_TEST

START_TEST(direct_is_kept_as_such)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.seconds = 60));

    what.action = SETPROXY_DIRECT;
    ck_assert_uint_ne(redirect_table_learn(table, &a, false, &what, START), 0);
    ck_assert_str_eq(use(&a, MAIL, START), "direct");
}
END_TEST

START_TEST(where_the_sender_was_is_kept)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.seconds = 60));

    redirect_table_learn(table, &a, true, &what, START);
    use(&a, MAIL, START);
    ck_assert(got.sender_on_loopback);
    redirect_table_learn(table, &a, false, &what, START);
    use(&a, MAIL, START);
    ck_assert(!got.sender_on_loopback);
}
END_TEST

START_TEST(one_is_dropped_by_its_id)
{
    struct setproxy what = said(&b, EXACT, LIFETIME(.seconds = 60)), wide = said(&c, "*", LIFETIME(.seconds = 60));
    unsigned first = redirect_table_learn(table, &a, false, &what, START),
             second = redirect_table_learn(table, &a, false, &wide, START);

    ck_assert_uint_ne(first, second);
    ck_assert_str_eq(use(&a, MAIL, START), "b.example.net");
    ck_assert_uint_eq(got.id, first);
    redirect_table_drop(table, first);
    ck_assert_str_eq(use(&a, MAIL, START), "c.example.org");
    redirect_table_drop(table, first);
    ck_assert_uint_eq(redirect_table_count(table), 1);
    redirect_table_drop(table, second);
    ck_assert_str_eq(use(&a, MAIL, START), "");
    ck_assert_uint_gt(redirect_table_learn(table, &a, false, &what, START), second); /* an id is never given twice */
}
END_TEST

START_TEST(those_behind_a_dropped_one_are_found_where_they_are_now)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 60), START);
    learn(&b, &c, EXACT, LIFETIME(.seconds = 60), START);
    learn(&c, &b, EXACT, LIFETIME(.seconds = 60), START);
    ck_assert_str_eq(use(&c, MAIL, START), "b.example.net");
    redirect_table_drop(table, redirect_table_at(table, 0, START)->id);
    ck_assert_str_eq(use(&c, MAIL, START), "b.example.net");
    ck_assert_uint_eq(redirect_table_at(table, 1, START)->hits, 3);
    ck_assert_str_eq(use(&b, MAIL, START), "c.example.org");
    ck_assert_uint_eq(redirect_table_at(table, 0, START)->hits, 2);
}
END_TEST

static bool is_kept(void *arg, const struct endpoint *sender)
{
    return endpoint_equal(arg, sender);
}

START_TEST(those_of_senders_that_are_kept_stay)
{
    struct endpoint keep = b;

    for (size_t i = 0; i < WIDTHS; i++) {
        learn(&a, &c, widths[i], LIFETIME(.seconds = 60), START);
        learn(&b, &c, widths[i], LIFETIME(.seconds = 60), START);
    }
    redirect_table_keep(table, is_kept, &keep);
    ck_assert_uint_eq(redirect_table_count(table), WIDTHS);
    ck_assert_str_eq(use(&a, MAIL, START), "");
    ck_assert_str_eq(use(&b, MAIL, START), "c.example.org");
    keep = a;
    redirect_table_keep(table, is_kept, &keep);
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(all_are_forgotten_at_most_once_a_minute)
{
    learn(&a, &b, EXACT, LIFETIME(.seconds = 600), START);
    ck_assert(redirect_table_forget(table, START));
    ck_assert_uint_eq(redirect_table_count(table), 0);
    learn(&a, &b, EXACT, LIFETIME(.seconds = 600), START);
    ck_assert(!redirect_table_forget(table, START + 59999));
    ck_assert_str_eq(use(&a, MAIL, START + 59999), "b.example.net");
    ck_assert(redirect_table_forget(table, START + 60000));
    ck_assert_str_eq(use(&a, MAIL, START + 60000), "");
    ck_assert(!redirect_table_forget(table, START + 60001)); /* even if there is nothing to forget */
    /* the user may do so whenever he likes */
    learn(&a, &b, EXACT, LIFETIME(.seconds = 600), START);
    redirect_table_clear(table);
    ck_assert_uint_eq(redirect_table_count(table), 0);
}
END_TEST

START_TEST(when_full_the_one_used_longest_ago_gives_way)
{
    for (size_t i = 0; i < REDIRECT_ENTRIES_MAX; i++) {
        struct endpoint sender = numbered(i);

        learn(&sender, &b, EXACT, LIFETIME(.once = false), START + i);
    }
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < REDIRECT_ENTRIES_MAX; i++) {
        struct endpoint sender = numbered(i);

        if (i != 500)
            ck_assert_str_eq(use(&sender, MAIL, START + 10000 + i), "b.example.net");
    }
    learn(&a, &c, EXACT, LIFETIME(.once = false), START + 20000);
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < REDIRECT_ENTRIES_MAX; i++) {
        struct endpoint sender = numbered(i);

        ck_assert_msg(strcmp(use(&sender, MAIL, START + 30000), i == 500 ? "" : "b.example.net") == 0, "%zu", i);
    }
    ck_assert_str_eq(use(&a, MAIL, START + 30000), "c.example.org");
    /* to learn the same again takes nobody's place */
    learn(&a, &b, EXACT, LIFETIME(.once = false), START + 40000);
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < 10 * REDIRECT_ENTRIES_MAX; i++) { /* ten thousand more */
        struct endpoint sender = numbered(i + 100000);

        learn(&sender, &b, EXACT, LIFETIME(.seconds = 600), START + 50000 + i);
    }
    ck_assert_uint_eq(redirect_table_count(table), REDIRECT_ENTRIES_MAX);
}
END_TEST

START_TEST(they_are_listed_from_the_oldest_without_those_that_have_ended)
{
    for (size_t i = 0; i < 10; i++) {
        struct endpoint sender = numbered(i);

        learn(&sender, &b, EXACT, LIFETIME(.seconds = i % 2 ? 60 : 600), START);
    }
    for (size_t i = 0; i < 5; i++) {
        const struct redirect_entry *entry = redirect_table_at(table, i, START + 60000);
        struct endpoint sender = numbered(2 * i);

        ck_assert_ptr_nonnull(entry);
        ck_assert_str_eq(entry->sender.host, sender.host);
        ck_assert_uint_eq(entry->ends_at, START + 600000);
    }
    ck_assert_ptr_null(redirect_table_at(table, 5, START + 60000));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("redirect");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_redirect_for_this_url_is_followed_as_it_was_said);
    tcase_add_test(cases, follow_no_refuses_all);
    tcase_add_test(cases, three_hundred_and_six_is_305_but_not_from_a_learned_proxy);
    tcase_add_test(cases, so_many_hops_and_no_more);
    tcase_add_test(cases, a_circle_is_refused_and_shown);
    tcase_add_test(cases, a_long_circle_fits);
    tcase_add_test(cases, from_tls_to_none_only_when_told);
    tcase_add_test(cases, direct_only_when_told);
    tcase_add_test(cases, forget_all_needs_the_scope_of_all);
    tcase_add_test(cases, a_forwarded_answer_is_good_for_this_url_once_whatever_the_policy);
    tcase_add_test(cases, a_wider_scope_by_each_word);
    tcase_add_test(cases, no_word_matters_to_what_is_not_wider);
    tcase_add_test(cases, addresses_that_a_redirect_may_not_name);
    tcase_add_test(cases, an_empty_table_leads_nowhere);
    tcase_add_test(cases, once_is_not_kept);
    tcase_add_test(cases, once_leaves_what_was_learned_before);
    tcase_add_test(cases, hits_are_counted_and_the_retry_is_the_first);
    tcase_add_test(cases, one_hit_is_the_retry_alone_and_takes_the_old_ones_place);
    tcase_add_test(cases, seconds_run_out);
    tcase_add_test(cases, of_hits_and_seconds_whichever_ends_first);
    tcase_add_test(cases, for_ever_has_no_end);
    tcase_add_test(cases, the_longest_time_does_not_wrap);
    tcase_add_test(cases, only_for_the_one_who_sent_it);
    tcase_add_test(cases, only_for_what_it_covers);
    tcase_add_test(cases, a_chain_is_two_entries);
    tcase_add_test(cases, the_newer_replaces_the_same_senders_same_scope);
    tcase_add_test(cases, the_most_specific_wins_whatever_came_first);
    tcase_add_test(cases, the_next_specific_when_one_has_ended);
    tcase_add_test(cases, of_equally_specific_ones_the_newest);
    tcase_add_test(cases, direct_is_kept_as_such);
    tcase_add_test(cases, where_the_sender_was_is_kept);
    tcase_add_test(cases, one_is_dropped_by_its_id);
    tcase_add_test(cases, those_behind_a_dropped_one_are_found_where_they_are_now);
    tcase_add_test(cases, those_of_senders_that_are_kept_stay);
    tcase_add_test(cases, all_are_forgotten_at_most_once_a_minute);
    tcase_add_test(cases, when_full_the_one_used_longest_ago_gives_way);
    tcase_add_test(cases, they_are_listed_from_the_oldest_without_those_that_have_ended);
    return unit_run();
}
