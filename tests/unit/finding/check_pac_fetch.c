/* SPDX-License-Identifier: ISC */
#include "finding/pac_fetch.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../authority.h"
#include "../stage.h"
#include "../unit.h"
#include "pac_server.h"

#define MAX 65536
#define OK "HTTP/1.1 200 OK\r\n"

static struct {
    struct services *services;
    struct pac_server *server, *other;
    struct pac_fetch *fetch;
    struct pac_fetch_params params;
    struct pac_version known;
    char url[256];
    unsigned told;
    enum outcome outcome;
    struct failure why;
    char *text;
    size_t length;
    X509 *root;
    SSL_CTX *context;
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = stage_set_up();
    scene.server = pac_server_start(NULL);
    stage_name("wpad.example.net", "127.0.0.1");
}

static void end_fetch(void)
{
    pac_fetch_free(scene.fetch);
    scene.fetch = NULL;
    free(scene.text);
    scene.text = NULL;
    stage_settle();
}

static void tear_down(void)
{
    end_fetch();
    pac_server_stop(scene.server);
    if (scene.other)
        pac_server_stop(scene.other);
    SSL_CTX_free(scene.context);
    X509_free(scene.root);
    stage_tear_down();
    authority_clean();
}

static void on_done(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg;
    unit_note_outcome(&scene.told, &scene.outcome, &scene.why, outcome, failure);
    if (outcome == OUTCOME_DONE && !pac_fetch_is_unchanged(scene.fetch))
        scene.text = pac_fetch_take(scene.fetch, &scene.length);
}

static void start(const char *scheme, const char *host, const char *path)
{
    end_fetch();
    scene.told = 0;
    snprintf(scene.url, sizeof scene.url, "%s://%s:%u%s", scheme, host, (unsigned)pac_server_port(scene.server), path);
    scene.params = (struct pac_fetch_params){
        .loop = stage_loop(), .curl_loop = scene.services->curl_loop, .resolver = scene.services->resolver,
        .url = scene.url, .ca_file = scene.params.ca_file, .insecure = strcmp(scheme, "http") == 0,
        .known = &scene.known, .max = MAX, .limit_ms = 10000, .done = on_done,
    };
    scene.fetch = pac_fetch_start(&scene.params);
    ck_assert_ptr_nonnull(scene.fetch);
}

static void wait_for_end(void)
{
    pac_server_wait_told(&scene.told, 1);
}

static void fetch_from(const char *host, const char *path)
{
    start("http", host, path);
    wait_for_end();
}

static void check_text(const char *text)
{
    ck_assert_msg(scene.outcome == OUTCOME_DONE, "%s", scene.why.what);
    ck_assert_ptr_nonnull(scene.text);
    ck_assert_uint_eq(scene.length, strlen(text));
    ck_assert_int_eq(memcmp(scene.text, text, scene.length), 0);
}

static void check_failure(const char *why)
{
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_str_eq(scene.why.what, why);
}

/* --- 200 --- */

START_TEST(its_text_comes)
{
    pac_server_say(scene.server, OK "Content-Type: image/png\r\nContent-Length: 4\r\n\r\ntext"); /* any type will do */
    fetch_from("wpad.example.net", "/proxy.pac?a=b#fragment");
    check_text("text");
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server), "GET /proxy.pac?a=b HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server), "User-Agent: sallyport/"));
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server), "Host: wpad.example.net:"));
    ck_assert_uint_eq(stage_lookups(), 1);
    pac_server_say(scene.server, OK "\r\nuntil the end");
    fetch_from("127.0.0.1", "/");
    check_text("until the end");
    pac_server_say(scene.server, OK "Transfer-Encoding: chunked\r\n\r\n4\r\nin p\r\n5\r\nieces\r\n0\r\n\r\n");
    fetch_from("wpad.example.net.", "/");
    ck_assert_str_eq(scene.why.what, "cannot look up wpad.example.net.: unknown name");
    stage_name("wpad.example.net.", "127.0.0.1");
    fetch_from("wpad.example.net.", "/");
    check_text("in pieces");
    stage_name("WPAD.example.net", "127.0.0.1");
    fetch_from("WPAD.example.net", "");
    check_text("in pieces");
}
END_TEST

START_TEST(nothing_but_the_request_is_sent)
{
    setenv("http_proxy", "http://192.0.2.1:1", 1); /* nobody is there */
    setenv("no_proxy", "", 1);
    setenv("HOME", "/nowhere", 1);
    pac_server_say(scene.server, OK "Set-Cookie: a=b\r\nContent-Length: 4\r\n\r\ntext");
    fetch_from("wpad.example.net", "/");
    check_text("text");
    fetch_from("wpad.example.net", "/");
    check_text("text");
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    ck_assert_ptr_null(strstr(pac_server_heard(scene.server), "Cookie"));
    ck_assert_ptr_null(strstr(pac_server_heard(scene.server), "Authorization"));
    ck_assert_ptr_null(strstr(pac_server_heard(scene.server), "Accept-Encoding"));
    ck_assert_ptr_null(strstr(pac_server_heard(scene.server), "If-"));
}
END_TEST

START_TEST(each_has_a_connection_of_its_own)
{
    pac_server_hang(scene.server, OK "Content-Length: 4\r\n\r\ntext"); /* and it stays open */
    fetch_from("wpad.example.net", "/");
    check_text("text");
    fetch_from("wpad.example.net", "/");
    check_text("text");
    ck_assert_uint_eq(pac_server_asked(scene.server), 2);
}
END_TEST

START_TEST(all_addresses_of_its_name_are_tried)
{
    stage_name("wpad.example.net", "::2 127.0.0.1");
    pac_server_say(scene.server, OK "\r\ntext");
    fetch_from("wpad.example.net", "/");
    check_text("text");
}
END_TEST

/* --- versions --- */

START_TEST(its_version_is_kept_and_asked_for)
{
    pac_server_say(scene.server, OK "ETag: \"v1\"\r\nLast-Modified: Mon, 02 Nov 2026 10:00:00 GMT\r\n\r\ntext");
    fetch_from("wpad.example.net", "/");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->etag, "\"v1\"");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->modified, "Mon, 02 Nov 2026 10:00:00 GMT");
    ck_assert(!pac_fetch_is_unchanged(scene.fetch));
    scene.known = *pac_fetch_version(scene.fetch);
    pac_server_say(scene.server, "HTTP/1.1 304 Not Modified\r\n\r\n");
    fetch_from("wpad.example.net", "/");
    ck_assert_int_eq(scene.outcome, OUTCOME_DONE);
    ck_assert(pac_fetch_is_unchanged(scene.fetch));
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server), "\r\nIf-None-Match: \"v1\"\r\n"));
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server),
                                 "\r\nIf-Modified-Since: Mon, 02 Nov 2026 10:00:00 GMT\r\n"));
}
END_TEST

START_TEST(either_half_of_a_version_will_do)
{
    pac_server_say(scene.server, "HTTP/1.1 304 Not Modified\r\n\r\n");
    snprintf(scene.known.etag, sizeof scene.known.etag, "\"v1\"");
    fetch_from("wpad.example.net", "/");
    ck_assert_int_eq(scene.outcome, OUTCOME_DONE);
    ck_assert_ptr_null(strstr(pac_server_heard(scene.server), "If-Modified-Since"));
    scene.known = (struct pac_version){.modified = "Mon, 02 Nov 2026 10:00:00 GMT"};
    fetch_from("wpad.example.net", "/");
    ck_assert_int_eq(scene.outcome, OUTCOME_DONE);
    ck_assert_ptr_null(strstr(pac_server_heard(scene.server), "If-None-Match"));
}
END_TEST

START_TEST(a_version_that_cannot_be_sent_again_is_not_kept)
{
    char answer[1024], etag[PAC_VERSION_MAX + 1];

    pac_server_say(scene.server, OK "ETag:  W/\"a b\" \t\r\nLast-Modified: \x01\r\n\r\ntext");
    fetch_from("wpad.example.net", "/");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->etag, "W/\"a b\"");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->modified, "");
    pac_server_say(scene.server, OK "etag: \"good\"\r\nETAG: \"\x7f\"\r\nlast-modified: today\r\n\r\ntext");
    fetch_from("wpad.example.net", "/");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->etag, ""); /* which it is, nobody knows */
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->modified, "today");
    memset(etag, 'e', sizeof etag - 1);
    etag[sizeof etag - 1] = '\0';
    snprintf(answer, sizeof answer, OK "ETag: %s\r\n\r\ntext", etag);
    pac_server_say(scene.server, answer);
    fetch_from("wpad.example.net", "/");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->etag, "");
    snprintf(answer, sizeof answer, OK "ETag: %s\r\n\r\ntext", etag + 1);
    pac_server_say(scene.server, answer);
    fetch_from("wpad.example.net", "/");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->etag, etag + 1);
}
END_TEST

START_TEST(an_early_answer_is_not_the_answer)
{
    pac_server_say(scene.server, "HTTP/1.1 103 Early Hints\r\nETag: early\r\nContent-Encoding: br\r\n\r\n"
                                 OK "\r\ntext");
    fetch_from("wpad.example.net", "/");
    check_text("text");
    ck_assert_str_eq(pac_fetch_version(scene.fetch)->etag, "");
}
END_TEST

/* --- what is no PAC file --- */

START_TEST(another_status_is_a_failure)
{
    static const unsigned statuses[] = {204, 206, 300, 304, 305, 400, 403, 404, 500, 503};
    char answer[256], why[64];

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        snprintf(answer, sizeof answer, "HTTP/1.1 %u Any\r\nLocation: /other\r\nConnection: close\r\n\r\n%s",
                 statuses[i], statuses[i] == 204 || statuses[i] == 304 ? "" : "a page");
        snprintf(why, sizeof why, "the server answers %u", statuses[i]);
        pac_server_say(scene.server, answer);
        fetch_from("wpad.example.net", "/");
        check_failure(why);
    }
    ck_assert_uint_eq(pac_server_asked(scene.server), 10);
    pac_server_say(scene.server, "HTTP/1.1 401 Any\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n");
    fetch_from("wpad.example.net", "/");
    check_failure("the server answers 401: it wants to know who asks, and is not told");
}
END_TEST

START_TEST(an_answer_that_is_no_answer_is_a_failure)
{
    pac_server_say(scene.server, OK "Content-Length: 0\r\n\r\n");
    fetch_from("wpad.example.net", "/");
    check_failure("it is empty");
    pac_server_say(scene.server, OK "Content-Length: 9\r\n\r\ntext");
    fetch_from("wpad.example.net", "/");
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_msg(strstr(scene.why.what, "5 bytes") != NULL, "%s", scene.why.what); /* are missing */
    pac_server_say(scene.server, OK "Transfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n");
    fetch_from("wpad.example.net", "/");
    check_failure("transfer closed with outstanding read data remaining");
    pac_server_say(scene.server, "function FindProxyForURL() {}\n");
    fetch_from("wpad.example.net", "/");
    check_failure("Received HTTP/0.9 when not allowed");
    pac_server_say(scene.server, "");
    fetch_from("wpad.example.net", "/");
    check_failure("Empty reply from server");
}
END_TEST

/* An answer with a text of so many bytes. */
static void say_bytes(const char *head, size_t length)
{
    size_t skip = strlen(head);
    char *answer = malloc(skip + length);

    ck_assert_ptr_nonnull(answer);
    memcpy(answer, head, skip);
    memset(answer + skip, 'x', length);
    pac_server_say_bytes(scene.server, answer, skip + length);
    free(answer);
}

START_TEST(its_size_is_bounded)
{
    char head[128];

    say_bytes(OK "\r\n", MAX);
    fetch_from("wpad.example.net", "/");
    ck_assert_int_eq(scene.outcome, OUTCOME_DONE);
    ck_assert_uint_eq(scene.length, MAX);
    say_bytes(OK "\r\n", MAX + 1);
    fetch_from("wpad.example.net", "/");
    check_failure("it is longer than 64 KiB");
    say_bytes(OK "\r\n", 40 * MAX);
    fetch_from("wpad.example.net", "/");
    check_failure("it is longer than 64 KiB");
    snprintf(head, sizeof head, OK "Content-Length: %u\r\n\r\n", MAX + 1);
    pac_server_hang(scene.server, head); /* is not waited for */
    fetch_from("wpad.example.net", "/");
    check_failure("it is longer than 64 KiB");
    say_bytes("HTTP/1.1 404 Not Found\r\n\r\n", 2 * MAX); /* of a page about something else there may be more */
    fetch_from("wpad.example.net", "/");
    check_failure("the server answers 404");
    say_bytes("HTTP/1.1 404 Not Found\r\nContent-Length: 200000\r\n\r\n", 1);
    fetch_from("wpad.example.net", "/");
    check_failure("the server answers 404");
}
END_TEST

START_TEST(the_size_of_its_head_is_bounded)
{
    char *answer;
    size_t size;
    FILE *text = open_memstream(&answer, &size);

    fputs(OK, text);
    for (unsigned i = 0; i < 1000; i++)
        fprintf(text, "X-%u: %0100u\r\n", i, i);
    fputs("\r\ntext", text);
    fclose(text);
    pac_server_say(scene.server, answer);
    free(answer);
    fetch_from("wpad.example.net", "/");
    check_failure("the server's answer has more than 64 KiB of fields");
}
END_TEST

START_TEST(what_is_compressed_is_not_unpacked)
{
    static const char *const ways[] = {"GZip", "x-gzip", "deflate", "compress", "br", "zstd"};
    char answer[128];

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(answer, sizeof answer, OK "Content-Encoding: %s\r\n\r\n\x1f\x8b", ways[i]);
        pac_server_say(scene.server, answer);
        fetch_from("wpad.example.net", "/");
        check_failure("the server has compressed it, which was not asked for");
    }
    pac_server_say(scene.server, OK "Content-Encoding: utf-8\r\n\r\ntext"); /* which means nothing */
    fetch_from("wpad.example.net", "/");
    check_text("text");
}
END_TEST

/* --- time --- */

START_TEST(it_has_ten_seconds)
{
    pac_server_hang(scene.server, OK "Content-Length: 9\r\n\r\ntext");
    start("http", "wpad.example.net", "/");
    pac_server_wait_asked(scene.server, 1);
    stage_advance(10000 - stage_time() - 1);
    ck_assert_uint_eq(scene.told, 0);
    stage_advance(1);
    ck_assert_uint_eq(scene.told, 1);
    check_failure("it has not come within 10 s");
}
END_TEST

START_TEST(the_ten_seconds_are_for_its_name_too)
{
    stage_name("wpad.example.net", "");
    start("http", "wpad.example.net", "/");
    stage_advance(9999);
    ck_assert_uint_eq(scene.told, 0);
    stage_advance(1);
    check_failure("cannot look up wpad.example.net within 10 s");
    end_fetch();
    ck_assert_uint_eq(stage_lookups_open(), 0);
}
END_TEST

START_TEST(it_can_be_given_up_at_any_time)
{
    pac_server_hang(scene.server, OK);
    start("http", "wpad.example.net", "/");
    end_fetch();
    start("http", "wpad.example.net", "/");
    pac_server_wait_asked(scene.server, 1);
    end_fetch();
    ck_assert_uint_eq(scene.told, 0);
    pac_fetch_free(NULL);
}
END_TEST

/* --- who cannot be asked --- */

START_TEST(without_memory_it_is_our_own_failure)
{
    stage_lack(STAGE_LACKS_LOOKUP);
    fetch_from("wpad.example.net", "/");
    ck_assert_int_eq(scene.outcome, OUTCOME_LOCAL);
    ck_assert_str_eq(scene.why.what, "out of memory, or too many names are being looked up");
}
END_TEST

static void check_refused(const char *words)
{
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_msg(strncmp(scene.why.what, words, strlen(words)) == 0, "%s", scene.why.what);
}

START_TEST(a_server_that_is_not_there)
{
    stage_name("wpad.example.net", "!no such name");
    fetch_from("wpad.example.net", "/");
    check_failure("cannot look up wpad.example.net: no such name");
    start("http", "127.0.0.1", "/");
    pac_server_stop(scene.server);
    wait_for_end();
    check_refused("Failed to connect to 127.0.0.1");
    scene.server = pac_server_start(NULL);
    start("http", "[::1]", "/");
    pac_server_stop(scene.server); /* nobody is at its port */
    wait_for_end();
    scene.server = pac_server_start(NULL);
    check_refused("Failed to connect to ::1");
}
END_TEST

/* A hundred labels of two letters. */
#define LONG_HOST TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define TEN "ab.ab.ab.ab.ab.ab.ab.ab.ab.ab."

START_TEST(what_can_be_no_url)
{
    static const struct {
        const char *url, *why;
    } faults[] = {
        {"ftp://wpad.example.net/", "its URL begins with neither https:// nor http://"},
        {"file:///etc/passwd", "its URL cannot be read"},
        {"https://me:secret@wpad.example.net/", "its URL has a user or a password, which is not sent"},
        {"https://:secret@wpad.example.net/", "its URL has a user or a password, which is not sent"},
        {"unheard-of://wpad.example.net:1/", "its URL begins with neither https:// nor http://"},
        {"https://" LONG_HOST "/", "its URL cannot be read"},
        {"https://me@wpad.example.net/", "its URL has a user or a password, which is not sent"},
        {"http://wpad.example.net/", "http is not secure: anybody on the way can say where the mail goes; "
                                     "insecure = yes allows it"},
        {"https://b\xc3\xbc" "cher.example.net/", "the host is not ASCII (write the xn-- form)"},
        {"https://", "its URL cannot be read"},
        {"https://a b/", "its URL cannot be read"},
        {"https://a:99999/", "its URL cannot be read"},
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        scene.told = 0;
        scene.params = (struct pac_fetch_params){
            .loop = stage_loop(), .curl_loop = scene.services->curl_loop, .resolver = scene.services->resolver,
            .url = faults[i].url, .max = MAX, .limit_ms = 10000, .done = on_done,
        };
        scene.fetch = pac_fetch_start(&scene.params);
        stage_settle();
        ck_assert_uint_eq(scene.told, 1);
        ck_assert_msg(strcmp(scene.why.what, faults[i].why) == 0, "%s: %s", faults[i].url, scene.why.what);
        end_fetch();
    }
    ck_assert_uint_eq(stage_lookups(), 0);
}
END_TEST

/* --- redirects --- */

static void say_redirect(unsigned status, const char *to)
{
    char answer[512];

    snprintf(answer, sizeof answer, "HTTP/1.1 %u Moved\r\nLocation: %s\r\nContent-Length: 4\r\n\r\npage", status, to);
    pac_server_say(scene.server, answer);
}

START_TEST(redirects_are_followed)
{
    static const unsigned statuses[] = {301, 302, 303, 307, 308};
    char to[128];

    scene.other = pac_server_start(NULL);
    pac_server_say(scene.other, OK "\r\ntext");
    snprintf(to, sizeof to, "http://other.example.net:%u/there", (unsigned)pac_server_port(scene.other));
    stage_name("other.example.net", "127.0.0.1");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        say_redirect(statuses[i], to);
        fetch_from("wpad.example.net", "/");
        check_text("text");
    }
    ck_assert_uint_eq(stage_lookups(), 10);
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.other), "GET /there HTTP/1.1\r\n"));
}
END_TEST

START_TEST(a_redirect_without_end_ends)
{
    char why[128];

    say_redirect(302, "/again");
    fetch_from("wpad.example.net", "/");
    snprintf(why, sizeof why, "redirected to http://wpad.example.net:%u: it was redirected more than 5 times",
             (unsigned)pac_server_port(scene.server));
    check_failure(why);
    ck_assert_uint_eq(pac_server_asked(scene.server), 6);
}
END_TEST

START_TEST(a_redirect_to_what_cannot_be_asked)
{
    say_redirect(302, "https://me:secret@wpad.example.net/");
    fetch_from("wpad.example.net", "/");
    if (!strstr(scene.why.what, "Failed to connect")) /* to where libcurl leads without them, as some versions do */
        check_failure("redirected to https://wpad.example.net:443: its URL has a user or a password, which is not "
                      "sent");
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    say_redirect(302, "ftp://192.0.2.1/");
    fetch_from("wpad.example.net", "/");
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_ptr_nonnull(strstr(scene.why.what, "its URL begins with neither https:// nor http://"));
    say_redirect(302, "http://nowhere.example.net/");
    fetch_from("wpad.example.net", "/");
    check_failure("redirected to http://nowhere.example.net:80: cannot look up nowhere.example.net: unknown name");
}
END_TEST

/* --- TLS --- */

/* The server shows a certificate for these names from now on. */
static void set_up_tls(const struct authority_plan *plan)
{
    struct authority_plan full = *plan;
    X509 *certificate;

    pac_server_stop(scene.server);
    if (!scene.root)
        scene.root = authority_issue(&(struct authority_plan){.subject = "Test Root", .is_authority = true});
    if (!full.issuer)
        full.issuer = scene.root;
    certificate = authority_issue(&full);
    SSL_CTX_free(scene.context);
    scene.context = SSL_CTX_new(TLS_server_method());
    ck_assert_int_eq(SSL_CTX_use_certificate(scene.context, certificate), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(scene.context, authority_shared_key()), 1);
    X509_free(certificate);
    scene.server = pac_server_start(scene.context);
    pac_server_say(scene.server, OK "\r\ntext");
    scene.params.ca_file = authority_file("root.pem", (X509 *[]){scene.root, NULL}, NULL, NULL);
}

static void fetch_over_tls(void)
{
    start("https", "wpad.example.net", "/");
    wait_for_end();
}

/* libcurl's words, each version's own, with OpenSSL's in them; and what can be done. */
static void check_distrust(const char *words)
{
    static const char advice[] = "; ca-file says whom to trust";
    const char *end = scene.why.what + strlen(scene.why.what);

    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_msg(strncmp(scene.why.what, "SSL certificate ", 16) == 0 && strstr(scene.why.what, words), "%s",
                  scene.why.what);
    ck_assert_str_eq(end - strlen(advice), advice);
}

START_TEST(over_tls_it_is_verified)
{
    X509 *stranger = authority_issue(&(struct authority_plan){.subject = "Stranger", .is_authority = true});

    set_up_tls(&(struct authority_plan){.subject = "server", .names = "DNS:wpad.example.net"});
    fetch_over_tls();
    check_text("text");
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server), "GET / HTTP/1.1\r\n"));

    set_up_tls(&(struct authority_plan){.subject = "server", .names = "DNS:other.example.net"});
    fetch_over_tls();
    ck_assert_ptr_nonnull(strstr(scene.why.what, "no alternative certificate subject name matches"));

    set_up_tls(&(struct authority_plan){.subject = "server", .names = "DNS:wpad.example.net", .from = -9, .until = -1});
    fetch_over_tls();
    check_distrust("certificate has expired");

    set_up_tls(&(struct authority_plan){.subject = "server", .names = "DNS:wpad.example.net", .issuer = stranger});
    fetch_over_tls();
    check_distrust("unable to get local issuer certificate");
    ck_assert_uint_eq(pac_server_asked(scene.server), 0);
    X509_free(stranger);
}
END_TEST

START_TEST(without_a_file_the_system_says_whom_to_trust)
{
    const char *file;

    set_up_tls(&(struct authority_plan){.subject = "server", .names = "DNS:wpad.example.net"});
    file = scene.params.ca_file;
    scene.params.ca_file = NULL;
    fetch_over_tls();
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    setenv("SSL_CERT_FILE", file, 1);
    fetch_over_tls();
    check_text("text");
    scene.params.ca_file = "/etc/hosts"; /* a file of the section counts in its place */
    fetch_over_tls();
    unsetenv("SSL_CERT_FILE");
    ck_assert_int_eq(scene.outcome, OUTCOME_LOCAL);
    ck_assert_str_eq(scene.why.what, "cannot read ca-file /etc/hosts");
}
END_TEST

START_TEST(a_file_of_authorities_is_all_that_counts)
{
    char link[256], folder[200];
    X509 *stranger = authority_issue(&(struct authority_plan){.subject = "Stranger", .is_authority = true});

    set_up_tls(&(struct authority_plan){.subject = "server", .names = "DNS:wpad.example.net"});
    snprintf(folder, sizeof folder, "%s", scene.params.ca_file);
    *strrchr(folder, '/') = '\0';
    snprintf(link, sizeof link, "%s/%08lx.0", folder, X509_NAME_hash_ex(X509_get_subject_name(scene.root), NULL, NULL,
                                                                         NULL));
    ck_assert_int_eq(symlink("root.pem", link), 0);
    setenv("SSL_CERT_DIR", folder, 1);
    scene.params.ca_file = NULL;
    fetch_over_tls();
    check_text("text");
    scene.params.ca_file = authority_file("stranger.pem", (X509 *[]){stranger, NULL}, NULL, NULL);
    fetch_over_tls();
    unsetenv("SSL_CERT_DIR");
    unlink(link);
    check_distrust("unable to get local issuer certificate");
    X509_free(stranger);
}
END_TEST

START_TEST(tls_leads_to_no_http)
{
    set_up_tls(&(struct authority_plan){.subject = "server", .names = "DNS:wpad.example.net"});
    say_redirect(302, "http://wpad.example.net/");
    fetch_over_tls();
    check_failure("redirected to http://wpad.example.net:80: http is not secure: anybody on the way can say where the "
                  "mail goes; insecure = yes allows it");
}
END_TEST

START_TEST(a_server_without_tls)
{
    pac_server_say(scene.server, OK "\r\ntext");
    fetch_over_tls();
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_msg(strstr(scene.why.what, "SSL"), "%s", scene.why.what);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("pac_fetch");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, its_text_comes);
    tcase_add_test(tcase, nothing_but_the_request_is_sent);
    tcase_add_test(tcase, each_has_a_connection_of_its_own);
    tcase_add_test(tcase, all_addresses_of_its_name_are_tried);
    tcase_add_test(tcase, its_version_is_kept_and_asked_for);
    tcase_add_test(tcase, either_half_of_a_version_will_do);
    tcase_add_test(tcase, a_version_that_cannot_be_sent_again_is_not_kept);
    tcase_add_test(tcase, an_early_answer_is_not_the_answer);
    tcase_add_test(tcase, another_status_is_a_failure);
    tcase_add_test(tcase, an_answer_that_is_no_answer_is_a_failure);
    tcase_add_test(tcase, its_size_is_bounded);
    tcase_add_test(tcase, the_size_of_its_head_is_bounded);
    tcase_add_test(tcase, what_is_compressed_is_not_unpacked);
    tcase_add_test(tcase, it_has_ten_seconds);
    tcase_add_test(tcase, the_ten_seconds_are_for_its_name_too);
    tcase_add_test(tcase, it_can_be_given_up_at_any_time);
    tcase_add_test(tcase, without_memory_it_is_our_own_failure);
    tcase_add_test(tcase, a_server_that_is_not_there);
    tcase_add_test(tcase, what_can_be_no_url);
    tcase_add_test(tcase, redirects_are_followed);
    tcase_add_test(tcase, a_redirect_without_end_ends);
    tcase_add_test(tcase, a_redirect_to_what_cannot_be_asked);
    tcase_add_test(tcase, over_tls_it_is_verified);
    tcase_add_test(tcase, without_a_file_the_system_says_whom_to_trust);
    tcase_add_test(tcase, a_file_of_authorities_is_all_that_counts);
    tcase_add_test(tcase, tls_leads_to_no_http);
    tcase_add_test(tcase, a_server_without_tls);
    return unit_run();
}
