/* SPDX-License-Identifier: ISC */
#include "tls/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../authority.h"
#include "../unit.h"

#define HOST "mail.example.net"
#define OPTION "tls-ca-file"

/* --- certificates --- */

/* One with dates that do not move, "YYYYMMDD" each. */
static X509 *issue(const struct authority_plan *plan, const char *from, const char *until)
{
    X509 *certificate = authority_issue(plan);
    char text[32];

    snprintf(text, sizeof text, "%s120000Z", from);
    ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notBefore(certificate), text), 1);
    snprintf(text, sizeof text, "%s120000Z", until);
    ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notAfter(certificate), text), 1);
    ck_assert_int_gt(X509_sign(certificate, plan->issuer_key ? plan->issuer_key : authority_shared_key(),
                               plan->sha1 ? EVP_sha1() : EVP_sha256()), 0);
    return certificate;
}

/* Valid for as long as this program will be run. */
static X509 *lasting(const struct authority_plan *plan)
{
    return issue(plan, "20200102", "29990304");
}

static X509 *root_named(const char *subject)
{
    return lasting(&(struct authority_plan){.subject = subject, .is_authority = true});
}

static X509_NAME *name_of(const char *const *parts)
{
    X509_NAME *name = X509_NAME_new();

    ck_assert_ptr_nonnull(name);
    for (; *parts; parts += 2)
        ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, parts[0], MBSTRING_UTF8, (const unsigned char *)parts[1], -1,
                                                    -1, 0), 1);
    return name;
}

/* --- what OpenSSL finds wrong, noted as it is while a connection is opened --- */

static struct certificate_fault fault; /* of the last look */

static int on_certificate(int good, X509_STORE_CTX *check)
{
    if (!good)
        certificate_take_note(&fault, check);
    return good;
}

/* A server shows this chain (its own first, ended by NULL) to somebody who trusts that one authority, or nobody. */
static void look(X509 *const *chain, X509 *trusted, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509_VERIFY_PARAM *rules;

    for (X509 *const *at = chain; *at; at++)
        ck_assert_int_gt(sk_X509_push(sent, *at), 0);
    if (trusted)
        ck_assert_int_eq(X509_STORE_add_cert(store, trusted), 1);
    ck_assert_int_eq(X509_STORE_CTX_init(check, store, chain[0], sent), 1);
    rules = X509_STORE_CTX_get0_param(check);
    X509_VERIFY_PARAM_set_auth_level(rules, 2);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host) != 1)
        ck_assert_int_eq(X509_VERIFY_PARAM_set1_host(rules, host, 0), 1);
    X509_STORE_CTX_set_verify_cb(check, on_certificate);
    fault = (struct certificate_fault){0};
    X509_verify_cert(check);
    X509_STORE_CTX_free(check);
    X509_STORE_free(store);
    sk_X509_free(sent);
}

/* The certificates are the test's no more: what the fault holds must last without them. */
static void release(X509 **chain)
{
    for (; *chain; chain++)
        X509_free(*chain);
}

/* What kind of fault the words are about. */
static enum failure_cause cause_of(const char *what)
{
    return strstr(what, " expired on ") ? CAUSE_EXPIRED : strstr(what, " not valid before ") ? CAUSE_NOT_YET_VALID
           : strstr(what, " not for ") ? CAUSE_WRONG_NAME : strstr(what, " signed by itself ") ? CAUSE_SELF_SIGNED
           : strstr(what, " authority that is not trusted") ? CAUSE_UNKNOWN_AUTHORITY
           : strstr(what, " too short ") || strstr(what, " signed with ") ? CAUSE_WEAK : CAUSE_OTHER;
}

static void check_fault(const char *host, const char *what, const char *detail)
{
    struct failure failure;

    memset(&failure, 'x', sizeof failure);
    ck_assert_int_ne(fault.error, X509_V_OK);
    certificate_fail(&fault, host, OPTION, &failure);
    ck_assert_int_eq(failure.class, FAILURE_PERMANENT);
    ck_assert_int_eq(failure.cause, cause_of(what));
    ck_assert_str_eq(failure.what, what);
    ck_assert_str_eq(failure.detail, detail);
    ck_assert_str_eq(failure.where, "");
    certificate_fault_release(&fault);
    ck_assert_ptr_null(fault.leaf);
    ck_assert_ptr_null(fault.at);
    certificate_fault_release(&fault);
}

START_TEST(a_good_one_leaves_no_note)
{
    X509 *root = root_named("Root");
    X509 *leaf = lasting(&(struct authority_plan){.subject = "mail", .names = "DNS:" HOST, .issuer = root});

    look((X509 *[]){leaf, NULL}, root, HOST);
    ck_assert_int_eq(fault.error, X509_V_OK);
    ck_assert_ptr_null(fault.leaf);
    certificate_fault_release(&fault);
    release((X509 *[]){leaf, root, NULL});
}
END_TEST

struct dated {
    const char *root_from, *root_until, *from, *until, *what, *dates;
};

static const struct dated dated[] = {
    {"20200102", "29990304", "20200102", "20210203", "certificate expired on 2021-02-03", "2020-01-02 to 2021-02-03"},
    {"20200102", "29990304", "29980506", "29990304", "certificate is not valid before 2998-05-06",
     "2998-05-06 to 2999-03-04"},
    {"20190102", "20210203", "20200102", "29990304", "certificate of the authority CN=Root expired on 2021-02-03",
     "2020-01-02 to 2999-03-04"},
    {"29980506", "29990304", "20200102", "29990304",
     "certificate of the authority CN=Root is not valid before 2998-05-06", "2020-01-02 to 2999-03-04"},
};

START_TEST(one_that_is_not_valid_now)
{
    const struct dated *dates = &dated[_i];
    X509 *root = issue(&(struct authority_plan){.subject = "Root", .is_authority = true}, dates->root_from,
                       dates->root_until);
    X509 *leaf = issue(&(struct authority_plan){.subject = "mail", .names = "DNS:" HOST, .issuer = root}, dates->from,
                       dates->until);
    char detail[200];

    look((X509 *[]){leaf, NULL}, root, HOST);
    release((X509 *[]){leaf, root, NULL});
    snprintf(detail, sizeof detail, " certificate=\"CN=mail; for " HOST "; by CN=Root; %s\"", dates->dates);
    check_fault(HOST, dates->what, detail);
}
END_TEST

struct named {
    const char *names, *host, *what, *list;
};

static const struct named named[] = {
    {"DNS:a.example.net", HOST, "certificate is for a.example.net, not for " HOST, "a.example.net"},
    {"DNS:a.example.net,IP:192.0.2.1,DNS:*.b.example,IP:2001:db8::1", HOST,
     "certificate is for a.example.net, 192.0.2.1, *.b.example, 2001:db8::1, not for " HOST,
     "a.example.net, 192.0.2.1, *.b.example, 2001:db8::1"},
    {"DNS:" HOST, "192.0.2.9", "certificate is for " HOST ", not for 192.0.2.9", HOST},
    {"IP:192.0.2.1", "2001:db8::9", "certificate is for 192.0.2.1, not for 2001:db8::9", "192.0.2.1"},
    {"email:a@" HOST ",URI:imap://" HOST, HOST, /* these are no hosts' */
     "certificate has no name of a host (its subject, CN=" HOST ", does not count), it is not for " HOST, "no host"},
    {"email:a@" HOST ",DNS:a.example", HOST, "certificate is for a.example, not for " HOST, "a.example"},
    {NULL, HOST, "certificate has no name of a host (its subject, CN=" HOST ", does not count), it is not for " HOST,
     "no host"},
    {"DNS:one.example,DNS:two.example,DNS:three.example,DNS:four.example,DNS:five.example,DNS:six.example", HOST,
     "certificate is for one.example, two.example, three.example, four.example, five.example, ..., not for " HOST,
     "one.example, two.example, three.example, four.example, five.example, ..."},
    {"DNS:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example,DNS:yyyyyyyyyyyyyyyyyyyyyyyyyyyy.example", HOST, /* just fits */
     "certificate is for xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example, yyyyyyyyyyyyyyyyyyyyyyyyyyyy.example, not for " HOST,
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example, yyyyyyyyyyyyyyyyyyyyyyyyyyyy.example"},
    {"DNS:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example,DNS:yyyyyyyyyyyyyyyyyyyyyyyyyyyyy.example", HOST, /* and just not */
     "certificate is for xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example, ..., not for " HOST,
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example, ..."},
};

START_TEST(one_for_another_name)
{
    const struct named *names = &named[_i];
    X509 *root = root_named("Root");
    X509 *leaf = lasting(&(struct authority_plan){.subject = HOST, .names = names->names, .issuer = root});
    char detail[256];

    look((X509 *[]){leaf, NULL}, root, names->host);
    release((X509 *[]){leaf, root, NULL});
    snprintf(detail, sizeof detail, " certificate=\"CN=" HOST "; for %s; by CN=Root; 2020-01-02 to 2999-03-04\"",
             names->list);
    check_fault(names->host, names->what, detail);
}
END_TEST

/* Its own certificate alone; with the one that it is by; with the whole chain to a root that we do not trust. */
START_TEST(one_by_nobody_whom_we_trust)
{
    static const char *const words[] = {
        "certificate is by an authority that is not trusted: CN=Middle; set " OPTION
        ", or have the server send the whole chain",
        "certificate is by an authority that is not trusted: CN=Root; set " OPTION,
        "certificate is by an authority that is not trusted: CN=Root; set " OPTION,
    };
    X509 *root = root_named("Root"), *other = root_named("Other");
    X509 *middle = lasting(&(struct authority_plan){.subject = "Middle", .issuer = root, .is_authority = true});
    X509 *leaf = lasting(&(struct authority_plan){.subject = "mail", .names = "DNS:" HOST, .issuer = middle});

    look((X509 *[]){leaf, _i > 0 ? middle : NULL, _i > 1 ? root : NULL, NULL}, other, HOST);
    ck_assert_int_eq(fault.depth, _i);
    release((X509 *[]){leaf, middle, root, other, NULL});
    check_fault(HOST, words[_i], " certificate=\"CN=mail; for " HOST "; by CN=Middle; 2020-01-02 to 2999-03-04\"");
}
END_TEST

START_TEST(one_signed_by_itself)
{
    X509 *leaf = lasting(&(struct authority_plan){.subject = "mail", .names = "DNS:" HOST});

    look((X509 *[]){leaf, NULL}, NULL, HOST);
    release((X509 *[]){leaf, NULL});
    check_fault(HOST, "certificate is signed by itself and not trusted; set " OPTION " to a file that holds it",
                " certificate=\"CN=mail; for " HOST "; by CN=mail; 2020-01-02 to 2999-03-04\"");
}
END_TEST

/* The server's, or the authority's. */
START_TEST(one_with_a_short_key)
{
    EVP_PKEY *short_key = authority_rsa_key(1024);
    X509 *root = lasting(&(struct authority_plan){.subject = "Root", .key = _i ? short_key : NULL,
                                                  .issuer_key = _i ? short_key : NULL, .is_authority = true});
    X509 *leaf = lasting(&(struct authority_plan){.subject = "mail", .names = "DNS:" HOST, .issuer = root,
                                                  .key = _i ? NULL : short_key, .issuer_key = _i ? short_key : NULL});

    look((X509 *[]){leaf, NULL}, root, HOST);
    release((X509 *[]){leaf, root, NULL});
    EVP_PKEY_free(short_key);
    check_fault(HOST, _i ? "certificate of the authority CN=Root has a key that is too short (1024 bits)"
                         : "certificate has a key that is too short (1024 bits)",
                " certificate=\"CN=mail; for " HOST "; by CN=Root; 2020-01-02 to 2999-03-04\"");
}
END_TEST

START_TEST(one_with_a_weak_signature)
{
    X509 *root = root_named("Root");
    X509 *leaf = lasting(&(struct authority_plan){.subject = "mail", .names = "DNS:" HOST, .issuer = root,
                                                  .sha1 = true});

    look((X509 *[]){leaf, NULL}, root, HOST);
    release((X509 *[]){leaf, root, NULL});
    check_fault(HOST, "certificate is signed with SHA-1, which is not trusted",
                " certificate=\"CN=mail; for " HOST "; by CN=Root; 2020-01-02 to 2999-03-04\"");
}
END_TEST

/* --- faults as they are told, whatever is known of them --- */

struct told {
    int error;
    const char *what; /* when there is no certificate to look at */
};

static const struct told told[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "certificate expired on unknown"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "certificate is not valid before unknown"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     "certificate is signed by itself and not trusted; set " OPTION " to a file that holds it"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "certificate is by an authority that is not trusted: nobody; set " OPTION
     ", or have the server send the whole chain"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "certificate is by an authority that is not trusted: nobody; set "
     OPTION ", or have the server send the whole chain"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "certificate is by an authority that is not trusted: nobody; set "
     OPTION ", or have the server send the whole chain"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "certificate is by an authority that is not trusted: nobody; set " OPTION
     ", or have the server send the whole chain"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "certificate has a key that is too short (0 bits)"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "certificate has a key that is too short (0 bits)"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "certificate is signed with a weak digest, which is not trusted"},
    {X509_V_ERR_CERT_REVOKED, "certificate is not trusted: certificate revoked"},
    {X509_V_ERR_INVALID_PURPOSE, "certificate is not trusted: unsuitable certificate purpose"},
};

START_TEST(a_fault_without_a_certificate_has_words)
{
    fault = (struct certificate_fault){.error = told[_i].error};
    check_fault(HOST, told[_i].what, "");
}
END_TEST

START_TEST(a_fault_of_another_certificate_says_whose)
{
    X509 *root = root_named("Root \"A\"");
    struct certificate_fault revoked = {.error = X509_V_ERR_CERT_REVOKED, .depth = 2, .at = root};
    struct failure failure;

    certificate_fail(&revoked, HOST, OPTION, &failure);
    ck_assert_str_eq(failure.what,
                     "certificate of the authority CN=Root \\\"A\\\" is not trusted: certificate revoked");
    revoked.error = X509_V_ERR_CA_MD_TOO_WEAK;
    certificate_fail(&revoked, HOST, OPTION, &failure);
    ck_assert_str_eq(failure.what, "certificate of the authority CN=Root \\\"A\\\" is signed with SHA256, which is "
                                   "not trusted");
    ck_assert_str_eq(failure.detail, "");
    X509_free(root);
}
END_TEST

static void check_printable(const char *text, size_t size)
{
    ck_assert_uint_lt(strlen(text), size);
    for (; *text; text++)
        ck_assert(*text >= 0x20 && *text <= 0x7e);
}

/* The longest of everything, and none of it harmless. */
START_TEST(what_is_told_is_bounded_and_printable)
{
    static const int errors[] = {
        X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_CERT_HAS_EXPIRED,
        X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CA_MD_TOO_WEAK, X509_V_ERR_CA_KEY_TOO_SMALL,
        X509_V_ERR_PATH_LENGTH_EXCEEDED,
    };
    char subject[65], host[300], names[4200] = "";
    X509 *leaf;

    for (size_t i = 0; i < sizeof subject - 1; i++)
        subject[i] = "\x1b\"\\\n"[i % 4];
    subject[sizeof subject - 1] = '\0';
    memset(host, '\x80', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    for (size_t i = 0; i < 20; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%sDNS:%0200zu.example", i ? "," : "", i);
    for (int with_names = 0; with_names < 2; with_names++) {
        leaf = lasting(&(struct authority_plan){.subject = subject, .names = with_names ? names : NULL});
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
            struct certificate_fault bad = {.error = errors[i], .leaf = leaf, .at = leaf, .depth = (int)i % 2};
            struct failure failure;

            memset(&failure, 'x', sizeof failure);
            certificate_fail(&bad, host, OPTION, &failure);
            check_printable(failure.what, sizeof failure.what);
            check_printable(failure.detail, sizeof failure.detail);
            ck_assert_ptr_nonnull(strstr(failure.detail, " 2020-01-02 to 2999-03-04\"")); /* nothing was cut off */
        }
        X509_free(leaf);
    }
}
END_TEST

/* An address of no length that addresses have is no name. */
START_TEST(a_malformed_address_is_no_host)
{
    X509 *leaf = lasting(&(struct authority_plan){.subject = "mail"});
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();

    ck_assert_int_eq(ASN1_OCTET_STRING_set(bytes, (const unsigned char *)"\xc0\x00\x02", 3), 1);
    GENERAL_NAME_set0_value(name, GEN_IPADD, bytes);
    ck_assert_int_gt(sk_GENERAL_NAME_push(names, name), 0);
    ck_assert_int_eq(X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
    fault = (struct certificate_fault){.error = X509_V_ERR_IP_ADDRESS_MISMATCH, .leaf = leaf};
    check_fault("192.0.2.0", "certificate has no name of a host (its subject, CN=mail, does not count), it is not for "
                "192.0.2.0", " certificate=\"CN=mail; for no host; by CN=mail; 2020-01-02 to 2999-03-04\"");
}
END_TEST

/* --- names --- */

struct telling {
    const char *parts[9]; /* kind, text, ... */
    const char *name;
};

static const struct telling telling[] = {
    {{"O", "Example", "CN", "mail", "OU", "Post"}, "CN=mail"},
    {{"OU", "Post", "O", "Example"}, "O=Example"},
    {{"C", "DE", "OU", "Post"}, "OU=Post"},
    {{"CN", "first", "CN", "second"}, "CN=first"},
    {{"C", "DE", "L", "Berlin"}, "nobody"},
    {{NULL}, "nobody"},
    {{"CN", "a\"b\\c\r\n\x1b[0m"}, "CN=a\\\"b\\\\c\\r\\n\\x1b[0m"},
    {{"CN", "M\xc3\xbcller"}, "CN=M\\xc3\\xbcller"},
};

START_TEST(the_most_telling_part_is_the_name)
{
    X509_NAME *name = name_of(telling[_i].parts);
    char out[100];

    ck_assert_ptr_eq(certificate_name(name, out, sizeof out), out);
    ck_assert_str_eq(out, telling[_i].name);
    X509_NAME_free(name);
}
END_TEST

/* Into each size, cut where an escape begins. */
START_TEST(a_name_is_cut_to_its_size)
{
    static const char whole[] = "CN=ab\\ncd";
    X509_NAME *name = name_of((const char *[]){"CN", "ab\ncd", NULL});
    char out[100];

    ck_assert_str_eq(certificate_name(NULL, out, sizeof out), "nobody");
    for (size_t size = 4; size <= sizeof whole; size++) {
        char *exact = malloc(size);

        ck_assert_ptr_nonnull(exact);
        certificate_name(name, exact, size);
        ck_assert_uint_eq(strlen(exact), size == 7 ? 5 : size - 1);
        ck_assert_int_eq(strncmp(exact, whole, strlen(exact)), 0);
        free(exact);
    }
    for (size_t size = 1; size < 4; size++) { /* no room for any of it */
        char *exact = malloc(size);

        ck_assert_ptr_nonnull(exact);
        certificate_name(name, exact, size);
        ck_assert_int_eq(strncmp(exact, "nobody", size - 1), 0);
        ck_assert_uint_eq(strlen(exact), size - 1);
        free(exact);
    }
    X509_NAME_free(name);
}
END_TEST

START_TEST(a_certificate_is_described_by_both_names)
{
    X509 *root = root_named("Root"), *nameless = lasting(&(struct authority_plan){.names = "DNS:" HOST});
    X509 *leaf = lasting(&(struct authority_plan){.subject = "mail", .issuer = root});
    char out[200], *small = malloc(20);

    ck_assert_ptr_eq(certificate_describe(leaf, out, sizeof out), out);
    ck_assert_str_eq(out, "certificate of CN=mail by CN=Root");
    ck_assert_str_eq(certificate_describe(nameless, out, sizeof out), "certificate of nobody by nobody");
    ck_assert_str_eq(certificate_describe(leaf, small, 20), "certificate of CN=m");
    free(small);
    release((X509 *[]){leaf, nameless, root, NULL});
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("certificate");

    tcase_add_test(cases, a_good_one_leaves_no_note);
    tcase_add_loop_test(cases, one_that_is_not_valid_now, 0, sizeof dated / sizeof dated[0]);
    tcase_add_loop_test(cases, one_for_another_name, 0, sizeof named / sizeof named[0]);
    tcase_add_loop_test(cases, one_by_nobody_whom_we_trust, 0, 3);
    tcase_add_test(cases, one_signed_by_itself);
    tcase_add_loop_test(cases, one_with_a_short_key, 0, 2);
    tcase_add_test(cases, one_with_a_weak_signature);
    tcase_add_loop_test(cases, a_fault_without_a_certificate_has_words, 0, sizeof told / sizeof told[0]);
    tcase_add_test(cases, a_fault_of_another_certificate_says_whose);
    tcase_add_test(cases, what_is_told_is_bounded_and_printable);
    tcase_add_test(cases, a_malformed_address_is_no_host);
    tcase_add_loop_test(cases, the_most_telling_part_is_the_name, 0, sizeof telling / sizeof telling[0]);
    tcase_add_test(cases, a_name_is_cut_to_its_size);
    tcase_add_test(cases, a_certificate_is_described_by_both_names);
    return unit_run();
}
