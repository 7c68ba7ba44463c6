/* SPDX-License-Identifier: ISC */
#include "redirect/redirect_policy.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/inifile.h"

#include "../unit.h"

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

/* --- the rules --- */

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

/* --- the rules in words --- */

static void tell(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static char *words(const char *ini)
{
    FILE *stream = fmemopen((void *)(uintptr_t)ini, strlen(ini), "r"), *out;
    struct config *config = config_parse(stream, "test.ini", CONFIG_TO_CHECK, tell, NULL);
    char *text = NULL, *rest, *line, *copy;
    size_t size;

    fclose(stream);
    out = open_memstream(&text, &size);
    redirect_policy_print(config, out);
    fclose(out);
    config_unref(config);
    rest = copy = strdup(text);
    while ((line = strsep(&rest, "\n")))
        ck_assert_msg(!*line || (line[0] == ';' && strlen(line) < INIFILE_LINE_MAX), "no comment: %s", line);
    free(copy);
    return text;
}

#define ROUTE "[proxy]\nurl = http://p:3128\n[imap]\ntarget = mail.example.net\n"

START_TEST(each_wish_has_its_words)
{
    static const struct {
        const char *redirects, *wanted;
    } cases[] = {
        {"", "; imap: a proxy may move imap://mail.example.net:143/ and nothing wider; wider scopes are asked about\n"},
        {"wider = refuse", "imap://mail.example.net:143/ and nothing wider; wider scopes are refused\n"},
        {"wider = clamp", "imap://mail.example.net:143/ and nothing wider; wider scopes are cut down to this\n"},
        {"wider = same-domain", "and more, to a proxy of its own domain; wider scopes to others are asked about\n"},
        {"wider = accept", "imap://mail.example.net:143/ and whatever else it names\n"},
        {"", "; for 1d at most where it names a time; over 5 redirects at most for one session\n"},
        {"max-lifetime = 90m\nmax-hops = 1", "; for 90m at most where it names a time; over 1 redirect at most"},
        {"max-lifetime = 90s", "; for 90s at most"},
        {"", "; not to the server directly, without a proxy (DIRECT)\n"},
        {"direct = yes", "; it may send us to the server directly, without a proxy (DIRECT)\n"},
        {"", "; not from a proxy behind TLS to one without\n"},
        {"downgrade = yes", "; from a proxy behind TLS also to one without\n"},
        {"", "; a question that nobody answers within 1m counts as refused\n"},
        {"follow = no", "; no proxy may move anything: redirects are not followed\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char ini[400], *text;

        snprintf(ini, sizeof ini, "%s[redirects]\n%s\n", ROUTE, cases[i].redirects);
        text = words(ini);
        ck_assert_msg(strstr(text, cases[i].wanted) != NULL, "no %s in:\n%s", cases[i].wanted, text);
        free(text);
    }
}
END_TEST

START_TEST(what_is_not_so_is_not_said)
{
    char *text = words(ROUTE "[redirects]\nfollow = no\n");

    ck_assert_ptr_null(strstr(text, "may move imap"));
    free(text);
    text = words(ROUTE "[redirects]\nwider = refuse\n");
    ck_assert_ptr_null(strstr(text, "question"));
    free(text);
}
END_TEST

START_TEST(each_listener_has_its_line)
{
    char *text = words(ROUTE "[imap x]\nlisten = localhost:1\ntarget = mail.example.net\nproxy = direct\n"
                             "[submission]\ntarget = srv:example.net\n[nntp]\ntarget = [::1]:1119\n");

    ck_assert_ptr_nonnull(strstr(text, "; imap: a proxy may move imap://mail.example.net:143/ and"));
    ck_assert_ptr_nonnull(strstr(text, "; imap/x: goes without a proxy, so none may move it\n"));
    ck_assert_ptr_nonnull(strstr(text, "; submission: a proxy may move the server of srv:example.net and"));
    ck_assert_ptr_nonnull(strstr(text, "; nntp: a proxy may move nntp://[::1]:1119/ and"));
    free(text);
}
END_TEST

/* `check` must accept what it prints: words() looks at each line's length. */
START_TEST(the_longest_names_make_no_line_that_is_too_long)
{
    char ini[600], host[190] = "";

    for (size_t length = 3; length < 180; length += 3) {
        char *text;

        memcpy(host + length - 3, "ab.", 3);
        host[length - 1] = '\0';
        snprintf(ini, sizeof ini, "[proxy]\nurl = http://p:3128\n[forward abcdefghijklmnopqrstuvwxyz012345]\n"
                 "listen = localhost:1\nprotocol = ABCDEFGHIJKLMNOPQRSTUVWXYZ012345\ntarget = %s:65535\n", host);
        text = words(ini);
        ck_assert_ptr_nonnull(strstr(text, "a proxy may move abcdefghijklmnopqrstuvwxyz012345://ab"));
        ck_assert_ptr_nonnull(strstr(text, "wider scopes are asked about"));
        free(text);
        host[length - 1] = '.';
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("policy");

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
    tcase_add_test(cases, each_wish_has_its_words);
    tcase_add_test(cases, what_is_not_so_is_not_said);
    tcase_add_test(cases, each_listener_has_its_line);
    tcase_add_test(cases, the_longest_names_make_no_line_that_is_too_long);
    return unit_run();
}
