/* SPDX-License-Identifier: ISC */
#include "auth/curl_client.h"

#include <ctype.h>
#include <errno.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

/* --- what the house asks of libcurl passes through here (-Wl,--wrap=...), where each of it can fail; and the memory
 * that it gives back, which is looked at --- */

CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURL *__real_curl_easy_init(void);
CURL *__wrap_curl_easy_init(void);
CURLSH *__real_curl_share_init(void);
CURLSH *__wrap_curl_share_init(void);
struct curl_slist *__real_curl_slist_append(struct curl_slist *list, const char *text);
struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void __real_free(void *block);
void __wrap_free(void *block);

static unsigned asked, fails_at;  /* calls; the number of the one that fails, 0: none */
static CURLcode how = CURLE_OUT_OF_MEMORY;
static CURLoption unknown;        /* to this libcurl; 0: none */
static bool no_memory;            /* for a request */
static bool watching;
static unsigned given_back, dirty; /* blocks, while it was watched; those with a secret */

/* What may not stay behind, as it is and in base64. */
static const char *const secrets[] = {"s3:cr\"et%41!", "YXJ0aHVyOnMz"};

/* Options that point to what a client owns, or have a secret in them; and what they were set to last. */
static struct {
    CURLoption option;
    const void *value;
} ours[] = {{CURLOPT_DEBUGDATA, NULL},  {CURLOPT_ERRORBUFFER, NULL},   {CURLOPT_SHARE, NULL},
            {CURLOPT_CONNECT_TO, NULL}, {CURLOPT_RESOLVE, NULL},       {CURLOPT_PROXYUSERNAME, NULL},
            {CURLOPT_PROXYPASSWORD, NULL}, {CURLOPT_USERNAME, NULL}, {CURLOPT_PASSWORD, NULL}};

#define OURS (sizeof ours / sizeof ours[0])

static bool fails(void)
{
    return ++asked == fails_at;
}

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list values;
    CURLcode code;

    if (option == unknown)
        return CURLE_NOT_BUILT_IN;
    if (fails())
        return how;
    va_start(values, option);
    if (option < CURLOPTTYPE_OBJECTPOINT) {
        code = __real_curl_easy_setopt(easy, option, va_arg(values, long));
    } else {
        void *value = va_arg(values, void *);

        for (size_t i = 0; i < OURS; i++)
            if (ours[i].option == option)
                ours[i].value = value;
        code = __real_curl_easy_setopt(easy, option, value);
    }
    va_end(values);
    return code;
}

CURL *__wrap_curl_easy_init(void)
{
    return fails() ? NULL : __real_curl_easy_init();
}

CURLSH *__wrap_curl_share_init(void)
{
    return fails() ? NULL : __real_curl_share_init();
}

struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text)
{
    return fails() ? NULL : __real_curl_slist_append(list, text);
}

void *__wrap_malloc(size_t size)
{
    void *block = no_memory && size == CURL_CLIENT_REQUEST_MAX ? NULL : __real_malloc(size);

    if (block)
        memset(block, 'x', size); /* __wrap_free looks at all of it */
    return block;
}

void __wrap_free(void *block)
{
    if (watching && block) {
        given_back++;
        for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
            dirty += memmem(block, malloc_usable_size(block), secrets[i], strlen(secrets[i])) != NULL;
    }
    __real_free(block);
}

/* --- a client that speaks to the test --- */

struct scene {
    struct services *services;
    struct curl_client curl;
    unsigned opened, done;
    CURLcode code;
    enum curl_client_says says; /* the last that was not silence */
    unsigned asks;
};

static const struct endpoint proxy = {.host = "proxy.example", .port = 3128};
static const struct endpoint target = {.host = "mail.example.net", .port = 143};

static void on_opened(void *arg)
{
    ((struct scene *)arg)->opened++;
}

static void on_done(void *arg, CURLcode code)
{
    struct scene *scene = arg;

    scene->done++;
    scene->code = code;
}

static void set_up(struct scene *scene)
{
    setenv("http_proxy", "http://192.0.2.7:9/", 1); /* none of its affair */
    setenv("all_proxy", "http://192.0.2.7:9/", 1);
    setenv("no_proxy", "*", 1);
    memset(scene, 0, sizeof *scene);
    scene->services = stage_set_up();
    curl_socket_init(&scene->curl.socket);
}

/* Stops it, twice, which leaves nothing behind. */
static void tear_down(struct scene *scene)
{
    unsigned done = scene->done;

    curl_client_stop(&scene->curl);
    curl_client_stop(&scene->curl);
    ck_assert_ptr_null(scene->curl.easy);
    ck_assert_ptr_null(scene->curl.credentials);
    ck_assert_ptr_null(scene->curl.asked);
    ck_assert_ptr_null(scene->curl.told);
    stage_settle();
    ck_assert_uint_eq(scene->done, done);
    ck_assert_uint_eq(stage_lookups(), 0);
    ck_assert_uint_eq(stage_dials(), 0);
    stage_tear_down();
}

static const struct connect_request *resource; /* what is asked for; NULL: a tunnel by CONNECT */

static enum curl_client_result start_to(struct scene *scene, const struct endpoint *from, const struct endpoint *to,
                                        enum challenge_scheme scheme, const char *user, const char *password)
{
    const struct curl_client_params params = {
        .curl_loop = scene->services->curl_loop,
        .proxy = from,
        .target = to,
        .resource = resource,
        .scheme = scheme,
        .user = user,
        .password = password,
        .opened = on_opened,
        .done = on_done,
        .arg = scene,
    };
    enum curl_client_result result = curl_client_start(&scene->curl, &params);

    ck_assert_uint_eq(scene->opened + scene->done, 0); /* not from within */
    return result;
}

static enum curl_client_result start(struct scene *scene, enum challenge_scheme scheme)
{
    return start_to(scene, &proxy, &target, scheme, "arthur", "s3:cr\"et%41!");
}

static void hear(void *arg, int ready)
{
    struct scene *scene = arg;
    enum curl_client_says says = curl_client_hear(&scene->curl);

    (void)ready;
    if (says == CURL_CLIENT_SILENT)
        return;
    scene->says = says;
    scene->asks++;
}

/* Its outer end, at which it has spoken. */
static void enter(struct scene *scene)
{
    stage_settle();
    ck_assert_uint_eq(scene->opened, 1);
    ck_assert(curl_client_enter(&scene->curl, stage_loop()));
    stage_settle();
}

static void begin(struct scene *scene, enum challenge_scheme scheme)
{
    set_up(scene);
    ck_assert_int_eq(start(scene, scheme), CURL_CLIENT_STARTED);
    enter(scene);
    transport_watch(scene->curl.socket.outer, hear, scene);
    hear(scene, LOOP_READ);
    ck_assert_uint_eq(scene->asks, 1);
    ck_assert_int_eq(scene->says, CURL_CLIENT_ASKS);
}

/* To a server libcurl then comes over another connection. */
static void challenge(struct scene *scene, const char *text)
{
    unsigned opened = scene->opened;

    ck_assert(curl_client_challenge(&scene->curl, text));
    stage_settle();
    if (scene->opened == opened)
        return;
    ck_assert_ptr_nonnull(resource);
    ck_assert(curl_client_enter(&scene->curl, stage_loop()));
    transport_watch(scene->curl.socket.outer, hear, scene);
    hear(scene, LOOP_READ);
    stage_settle();
}

/* All that libcurl says, as it is. */
static const char *read_outer(struct scene *scene, size_t *length)
{
    static char bytes[2000];
    ssize_t got;

    *length = 0;
    while ((got = transport_recv(scene->curl.socket.outer, bytes + *length, sizeof bytes - 1 - *length)) > 0)
        *length += (size_t)got;
    bytes[*length] = '\0';
    return bytes;
}

/* --- what it says --- */

struct way {
    struct endpoint proxy, target;
    const char *line;
};

static const struct way ways[] = {
    {{.host = "proxy.example", .port = 3128}, {.host = "mail.example.net", .port = 143},
     "CONNECT mail.example.net:143 HTTP/1.1\r\nHost: mail.example.net:143\r\n"},
    {{.host = "192.0.2.1", .port = 1}, {.host = "192.0.2.2", .port = 65535},
     "CONNECT 192.0.2.2:65535 HTTP/1.1\r\nHost: 192.0.2.2:65535\r\n"},
    {{.host = "2001:db8::1", .port = 3128}, {.host = "2001:db8::2", .port = 143},
     "CONNECT [2001:db8::2]:143 HTTP/1.1\r\nHost: [2001:db8::2]:143\r\n"},
};

START_TEST(it_asks_the_proxy_for_the_target)
{
    const struct way *way = &ways[_i];
    struct scene scene;
    size_t length;
    const char *request;

    set_up(&scene);
    ck_assert_int_eq(start_to(&scene, &way->proxy, &way->target, CHALLENGE_BASIC, "u", "p"), CURL_CLIENT_STARTED);
    enter(&scene);
    request = read_outer(&scene, &length);
    ck_assert_msg(strncmp(request, way->line, strlen(way->line)) == 0, "%s", request);
    tear_down(&scene);
}
END_TEST

struct login {
    const char *user, *password, *value;
};

static const struct login logins[] = {
    {"arthur", "s3:cr\"et%41!", "Basic YXJ0aHVyOnMzOmNyImV0JTQxIQ=="}, /* not unescaped */
    {"%75", "", "Basic JTc1Og=="},
    {"arthur", NULL, "Basic YXJ0aHVyOg=="},
    {"M\xc3\xbcller", "\xe2\x82\xac", "Basic TcO8bGxlcjrigqw="},
};

START_TEST(user_and_password_are_said_as_they_are)
{
    struct scene scene;

    set_up(&scene);
    ck_assert_int_eq(start_to(&scene, &proxy, &target, CHALLENGE_BASIC, logins[_i].user, logins[_i].password),
                     CURL_CLIENT_STARTED);
    enter(&scene);
    ck_assert_int_eq(curl_client_hear(&scene.curl), CURL_CLIENT_ASKS);
    ck_assert_str_eq(scene.curl.credentials, logins[_i].value);
    ck_assert_int_eq(curl_client_hear(&scene.curl), CURL_CLIENT_SILENT);
    ck_assert_str_eq(scene.curl.credentials, logins[_i].value);
    tear_down(&scene);
}
END_TEST

/* With a user, or none: what it offers. */
START_TEST(to_a_socks_proxy_it_says_no_http)
{
    struct endpoint socks = {.host = "proxy.example", .port = 1080, .socks = true};
    struct scene scene;
    size_t length;
    const char *greeting;

    set_up(&scene);
    ck_assert_int_eq(start_to(&scene, &socks, &target, CHALLENGE_NONE, _i ? "arthur" : NULL, _i ? "x" : NULL),
                     CURL_CLIENT_STARTED);
    enter(&scene);
    greeting = read_outer(&scene, &length);
    ck_assert_uint_ge(length, 3);
    ck_assert_int_eq(greeting[0], 5);
    ck_assert_uint_eq(length, 2 + (size_t)greeting[1]);
    ck_assert_int_eq(memchr(greeting + 2, 2, length - 2) != NULL, _i);
    ck_assert_ptr_null(memchr(greeting + 2, 1, length - 2)); /* no Kerberos */
    tear_down(&scene);
}
END_TEST

/* --- and what it is told --- */

/* To the challenge with realm "r" and nonce "n". */
static void check_digest(const char *credentials)
{
    ck_assert_ptr_nonnull(credentials);
    ck_assert_int_eq(strncmp(credentials, "Digest ", 7), 0);
    ck_assert_ptr_nonnull(strstr(credentials, "username=\"arthur\""));
    ck_assert_ptr_nonnull(strstr(credentials, "realm=\"r\""));
    ck_assert_ptr_nonnull(strstr(credentials, "nonce=\"n\""));
    ck_assert_ptr_nonnull(strstr(credentials, "uri=\"mail.example.net:143\""));
}

START_TEST(it_answers_a_challenge)
{
    struct scene scene;

    begin(&scene, CHALLENGE_DIGEST);
    ck_assert_ptr_null(scene.curl.credentials); /* it must be asked first */
    for (unsigned i = 0; i < 3; i++) { /* each time anew: it is for the owner to say how often */
        challenge(&scene, "Digest realm=\"r\", nonce=\"n\"");
        ck_assert_str_eq(scene.curl.told, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"
                                          "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true\r\n\r\n");
        ck_assert_uint_eq(scene.asks, 2 + i);
        ck_assert_int_eq(scene.says, CURL_CLIENT_ASKS);
        check_digest(scene.curl.credentials);
        ck_assert_uint_eq(scene.done, 0);
    }
    challenge(&scene, NULL); /* which it cannot answer */
    ck_assert_uint_eq(scene.asks, 4);
    ck_assert_uint_eq(scene.done, 1);
    tear_down(&scene);
}
END_TEST

#define NTLM_CHALLENGE "TlRMTVNTUAACAAAAAAAAADgAAAABggAAASNFZ4mrze8AAAAAAAAAAAAAAAA4AAAA"

/* The second message comes over the same connection. */
START_TEST(the_connection_seems_to_last)
{
    struct scene scene;

    if (!unit_has_ntlm())
        return;
    begin(&scene, CHALLENGE_NTLM);
    ck_assert_ptr_nonnull(scene.curl.credentials);
    ck_assert_int_eq(strncmp(scene.curl.credentials, "NTLM TlRMTVNTUAABAAAA", 21), 0);
    challenge(&scene, "NTLM " NTLM_CHALLENGE);
    ck_assert_uint_eq(scene.asks, 2);
    ck_assert_int_eq(strncmp(scene.curl.credentials, "NTLM TlRMTVNTUAADAAAA", 21), 0);
    ck_assert_uint_eq(scene.opened, 1);
    challenge(&scene, "NTLM"); /* it has nothing more to say */
    ck_assert_uint_eq(scene.asks, 2);
    ck_assert_uint_eq(scene.done, 1);
    ck_assert_int_ne(scene.code, CURLE_OK);
    ck_assert_str_ne(curl_client_error(&scene.curl, scene.code), "");
    tear_down(&scene);
}
END_TEST

/* About as much as libcurl takes for one line. */
START_TEST(a_long_answer_is_told)
{
    struct scene scene;
    size_t size = 0;
    char *text;
    FILE *stream = open_memstream(&text, &size);

    fputs("Digest realm=\"r\", nonce=\"n\"", stream);
    for (unsigned i = 0; i < 15; i++)
        fprintf(stream, ", a%u=\"%01000u\"", i, i);
    fclose(stream);
    begin(&scene, CHALLENGE_DIGEST);
    challenge(&scene, text);
    ck_assert_uint_eq(scene.curl.told_at, scene.curl.told_end);
    ck_assert_uint_gt(scene.curl.told_end, 15000);
    ck_assert_uint_eq(scene.asks, 2);
    check_digest(scene.curl.credentials);
    tear_down(&scene);
    free(text);
}
END_TEST

START_TEST(it_may_not_ask_without_end)
{
    const size_t lengths[] = {90000, 150000}; /* of the password; a third more in base64 */
    struct scene scene;
    char *password = malloc(lengths[_i] + 1);

    memset(password, 'p', lengths[_i]);
    password[lengths[_i]] = '\0';
    set_up(&scene);
    ck_assert_int_eq(start_to(&scene, &proxy, &target, CHALLENGE_BASIC, "u", password), CURL_CLIENT_STARTED);
    enter(&scene);
    transport_watch(scene.curl.socket.outer, hear, &scene);
    hear(&scene, LOOP_READ);
    stage_settle();
    ck_assert_uint_ge(scene.asks, 1);
    ck_assert_int_eq(scene.says, _i ? CURL_CLIENT_RAMBLES : CURL_CLIENT_ASKS);
    if (_i == 0)
        ck_assert_uint_eq(strlen(scene.curl.credentials), sizeof "Basic " - 1 + (90002 + 2) / 3 * 4);
    tear_down(&scene);
    free(password);
}
END_TEST

/* --- from one transfer to the next: the nonce, and nothing else --- */

static bool forgets; /* some libcurls do, with another user, who is none of a handle's later ones here */

static void is_asked_for(struct scene *scene, const char *user, const char *place, CURL *easy)
{
    const struct endpoint where = {.host = "news.example.net", .port = 119};
    const struct curl_client_params params = {
        .curl_loop = scene->services->curl_loop,
        .proxy = &proxy,
        .target = &where,
        .resource = resource,
        .scheme = CHALLENGE_DIGEST,
        .user = user,
        .password = secrets[0],
        .easy = easy,
        .opened = on_opened,
        .done = on_done,
        .arg = scene,
    };

    scene->opened = scene->asks = 0;
    ck_assert_int_eq(curl_client_start(&scene->curl, &params), CURL_CLIENT_STARTED);
    enter(scene);
    ck_assert_int_eq(curl_client_hear(&scene->curl), CURL_CLIENT_ASKS);
    if (!scene->curl.credentials && forgets)
        return;
    ck_assert_ptr_nonnull(scene->curl.credentials);
    ck_assert_ptr_nonnull(strstr(scene->curl.credentials, place));
}

START_TEST(a_handle_knows_its_nonce_in_the_next_transfer)
{
    struct scene scene;
    CURL *easy;

    begin(&scene, CHALLENGE_DIGEST);
    challenge(&scene, "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
    ck_assert_ptr_nonnull(strstr(scene.curl.credentials, "nc=00000001"));
    easy = curl_client_part(&scene.curl);
    ck_assert_ptr_nonnull(easy);
    ck_assert_ptr_null(curl_client_part(&scene.curl));
    stage_settle();
    is_asked_for(&scene, "arthur", "nc=00000002", easy);
    ck_assert_ptr_nonnull(strstr(scene.curl.credentials, "nonce=\"n\""));
    ck_assert_ptr_nonnull(strstr(scene.curl.credentials, "uri=\"news.example.net:119\""));
    easy = curl_client_part(&scene.curl);
    forgets = true;
    is_asked_for(&scene, "ford", "username=\"ford\"", easy);
    forgets = false;
    ck_assert_uint_eq(scene.done, 0);
    tear_down(&scene);
}
END_TEST

/* Nor does anything of a client that is gone disturb it. */
START_TEST(a_handle_has_no_secret_between_two_transfers)
{
    struct scene scene;
    CURL *easy;

    begin(&scene, CHALLENGE_DIGEST);
    watching = true;
    challenge(&scene, "Digest realm=\"r\", nonce=\"n\"");
    for (size_t i = 0; i < OURS; i++)
        if (ours[i].option != CURLOPT_USERNAME && ours[i].option != CURLOPT_PASSWORD)
            ck_assert_ptr_nonnull(ours[i].value);
    easy = curl_client_part(&scene.curl);
    for (size_t i = 0; i < OURS; i++)
        ck_assert_ptr_null(ours[i].value);
    memset(&scene.curl, 0xdd, sizeof scene.curl);
    stage_advance(100000);
    curl_easy_cleanup(easy);
    watching = false;
    ck_assert_uint_eq(dirty, 0);
    memset(&scene.curl, 0, sizeof scene.curl);
    curl_socket_init(&scene.curl.socket);
    tear_down(&scene);
}
END_TEST

/* --- as the client of a server, which is asked for a resource --- */

static struct connect_request asks_for(unsigned method, const char *path)
{
    return (struct connect_request){.method = method, .target = &target, .proxy = &proxy, .path = path};
}

/* One that is gone before the next test begins. */
static void end(struct scene *scene)
{
    resource = NULL;
    tear_down(scene);
}

static const struct {
    unsigned method;
    const char *path, *line;
} resources[] = {
    {METHOD_CONNECT_TCP, "/masque/tcp/mail.example.net/143/", "GET /masque/tcp/mail.example.net/143/ HTTP/1.1\r\n"},
    {METHOD_CONNECT_TCP, "/tcp/2001%3Adb8%3A%3A1/143", "GET /tcp/2001%3Adb8%3A%3A1/143 HTTP/1.1\r\n"},
    {METHOD_CONNECT_TCP, "/t%3a%3A%2f%2F?h=2001%3Adb8%3a%3A1&p=143", NULL},
    {METHOD_CONNECT_TCP, "/?target_host=a&target_port=1", NULL},
    {METHOD_CONNECT_TCP, "/a/./b/../c//d/%2e%2E/e", NULL},
    {METHOD_CONNECT_TCP, "/a?b/../c/./d??e", NULL},
    {METHOD_CONNECT_TCP, "/~a_b-c.d/!$&'()*+,;=:@", NULL},
    {METHOD_CONNECT_TCP, "//a.example/b@c:d", NULL},
    {METHOD_CONNECT_TCP, "/%41%zz%", NULL},
    {METHOD_CONNECT_TCP, "/a??", NULL},
    {METHOD_CONNECT_TCP, "/a|d^e`f{g}<h>[i]", NULL},
    {METHOD_TCPCONNECTION, "/mail/imap", "OPTIONS /mail/imap HTTP/1.1\r\n"},
    {METHOD_TCPCONNECTION, "/", "OPTIONS / HTTP/1.1\r\n"},
    {METHOD_TCPCONNECTION_ABSOLUTE, "/mail/./imap?box=%3a", NULL},
};

/* Some versions after 8.14 write percent-encodings in capitals. */
static bool is_not_kept(const struct connect_request *request, enum curl_client_result result)
{
    const char *at = request->path;

    if (result != CURL_CLIENT_NOT_KEPT)
        return false;
    ck_assert_uint_gt(curl_version_info(CURLVERSION_NOW)->version_num, 0x080e01);
    while ((at = strchr(at, '%')) && !islower((unsigned char)at[1]) && (!at[1] || !islower((unsigned char)at[2])))
        at++;
    ck_assert_msg(at != NULL, "%s", request->path);
    ck_assert_ptr_nonnull(strstr(curl_client_refusal(result), "write %3A for %3a"));
    return true;
}

/* Its proof is of method and path (RFC 7616 section 3.4.3), byte for byte as we send them, for a proxy before the
 * server, too; auth-int, which proves the body too, is not chosen where there is a choice. */
START_TEST(it_proves_the_resource_as_it_is_written)
{
    const struct connect_request request = asks_for(resources[_i].method, resources[_i].path);
    struct scene scene;
    char uri[200], line[200];
    size_t length;
    const char *bytes;
    enum curl_client_result result;

    resource = &request;
    set_up(&scene);
    result = start(&scene, CHALLENGE_DIGEST);
    if (is_not_kept(&request, result)) {
        end(&scene);
        return;
    }
    ck_assert_int_eq(result, CURL_CLIENT_STARTED);
    enter(&scene);
    bytes = read_outer(&scene, &length);
    snprintf(line, sizeof line, "%s %s HTTP/1.1\r\n", connect_request_verb(request.method), request.path);
    ck_assert_msg(strncmp(bytes, line, strlen(line)) == 0, "%s", bytes);
    if (resources[_i].line)
        ck_assert_str_eq(line, resources[_i].line);
    ck_assert_ptr_null(strstr(bytes, "uthorization"));
    transport_watch(scene.curl.socket.outer, hear, &scene);
    challenge(&scene, "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int,auth\"");
    ck_assert_msg(scene.asks == 1, "%s", curl_client_error(&scene.curl, scene.code));
    ck_assert_str_eq(scene.curl.told, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n"
                     "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int,auth\", stale=true\r\n\r\n");
    ck_assert_ptr_nonnull(scene.curl.credentials);
    snprintf(uri, sizeof uri, "uri=\"%s\",", request.path);
    ck_assert_msg(strstr(scene.curl.credentials, uri) != NULL, "%s", scene.curl.credentials);
    ck_assert_msg(strstr(scene.curl.credentials, "qop=auth,") != NULL, "%s", scene.curl.credentials);
    ck_assert_ptr_nonnull(strstr(scene.curl.credentials, "nonce=\"n\""));
    end(&scene);
}
END_TEST

/* The MD5 of a text in hexadecimal digits. */
static void md5(const char *text, char out[33])
{
    unsigned char bytes[16];

    ck_assert_int_eq(EVP_Digest(text, strlen(text), bytes, NULL, EVP_md5(), NULL), 1);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Over HTTP/2 the method of connect-tcp is CONNECT (RFC 8441 section 4), and so it is in the proof. */
START_TEST(over_http2_it_proves_a_connect)
{
    struct connect_request request = asks_for(METHOD_CONNECT_TCP, "/tcp/mail.example.net/143");
    char text[200], who[33], what[33], proof[33], wanted[60];
    struct scene scene;

    request.http2 = true;
    resource = &request;
    set_up(&scene);
    ck_assert_int_eq(start(&scene, CHALLENGE_DIGEST), CURL_CLIENT_STARTED);
    enter(&scene);
    transport_watch(scene.curl.socket.outer, hear, &scene);
    hear(&scene, LOOP_READ);
    challenge(&scene, "Digest realm=\"r\", nonce=\"n\"");
    ck_assert_ptr_nonnull(scene.curl.credentials);
    snprintf(text, sizeof text, "arthur:r:%s", secrets[0]);
    md5(text, who);
    md5("CONNECT:/tcp/mail.example.net/143", what);
    snprintf(text, sizeof text, "%s:n:%s", who, what);
    md5(text, proof);
    snprintf(wanted, sizeof wanted, "response=\"%s\"", proof);
    ck_assert_msg(strstr(scene.curl.credentials, wanted) != NULL, "%s, and not %s", scene.curl.credentials, wanted);
    end(&scene);
}
END_TEST

/* What libcurl would not prove as it is. */
START_TEST(some_paths_cannot_be_proved)
{
    static const char *const paths[] = {"/a?", "/a\"b", "/a\\b"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const struct connect_request request = asks_for(METHOD_CONNECT_TCP, paths[i]);
        struct scene scene;

        resource = &request;
        set_up(&scene);
        ck_assert_int_eq(start(&scene, CHALLENGE_DIGEST), CURL_CLIENT_NOT_PROVABLE);
        ck_assert_ptr_nonnull(strstr(curl_client_refusal(CURL_CLIENT_NOT_PROVABLE), "a url that has"));
        end(&scene);
    }
}
END_TEST

/* Each time anew, until it gives up, which is no error of libcurl's then. */
START_TEST(it_answers_a_servers_challenges)
{
    const struct connect_request request = asks_for(METHOD_CONNECT_TCP, "/a");
    struct scene scene;

    resource = &request;
    begin(&scene, CHALLENGE_DIGEST);
    ck_assert_ptr_null(scene.curl.credentials);
    for (unsigned i = 0; i < 3; i++) {
        challenge(&scene, "Digest realm=\"r\", nonce=\"n\"");
        ck_assert_uint_eq(scene.asks, 2 + i);
        ck_assert_ptr_nonnull(strstr(scene.curl.credentials, "uri=\"/a\""));
        ck_assert_uint_eq(scene.opened, 2 + i);
        ck_assert_uint_eq(scene.done, 0);
    }
    challenge(&scene, NULL);
    ck_assert_uint_eq(scene.done, 1);
    ck_assert(curl_client_has_no_answer(&scene.curl, scene.code));
    ck_assert(!curl_client_has_no_answer(&scene.curl, CURLE_RECV_ERROR)); /* a fault on the way to us */
    end(&scene);
}
END_TEST

/* Basic is said at once, to the server and as Authorization. */
START_TEST(a_server_hears_no_proxys_credentials)
{
    const struct connect_request request = asks_for(METHOD_TCPCONNECTION, "/a");
    struct scene scene;
    size_t length;
    const char *bytes;

    resource = &request;
    set_up(&scene);
    ck_assert_int_eq(start(&scene, CHALLENGE_BASIC), CURL_CLIENT_STARTED);
    enter(&scene);
    bytes = read_outer(&scene, &length);
    ck_assert_ptr_nonnull(strstr(bytes, "\r\nHost: proxy.example:3128\r\n"));
    ck_assert_ptr_nonnull(strstr(bytes, "\r\nAuthorization: Basic YXJ0aHVyOnMzOmNyImV0JTQxIQ==\r\n"));
    ck_assert_ptr_null(strstr(bytes, "Proxy-"));
    end(&scene);
}
END_TEST

/* The same handle, for another path of the same server. */
START_TEST(a_handle_knows_a_servers_nonce)
{
    struct connect_request request = asks_for(METHOD_CONNECT_TCP, "/a/mail.example.net/143");
    struct scene scene;
    CURL *easy;

    resource = &request;
    begin(&scene, CHALLENGE_DIGEST);
    watching = true;
    challenge(&scene, "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
    ck_assert_ptr_nonnull(strstr(scene.curl.credentials, "nc=00000001"));
    for (size_t i = OURS - 2; i < OURS; i++)
        ck_assert_ptr_nonnull(ours[i].value);
    easy = curl_client_part(&scene.curl);
    for (size_t i = 0; i < OURS; i++)
        ck_assert_ptr_null(ours[i].value);
    memset(&scene.curl, 0xdd, sizeof scene.curl);
    stage_advance(100000);
    request.path = "/a/news.example.net/119";
    is_asked_for(&scene, "arthur", "uri=\"/a/news.example.net/119\"", easy);
    ck_assert_ptr_nonnull(strstr(scene.curl.credentials, "nc=00000002"));
    curl_client_stop(&scene.curl);
    watching = false;
    ck_assert_uint_eq(dirty, 0);
    end(&scene);
}
END_TEST

/* --- NTLM: names beyond ASCII --- */

/* The text at an offset of the message (MS-NLMP 2.2.1.3), in Latin-1. */
static void ntlm_field(const unsigned char *message, unsigned at, char out[40])
{
    unsigned length = message[at], from = message[at + 4] | (unsigned)message[at + 5] << 8;

    ck_assert_uint_lt(length / 2, 40);
    for (unsigned i = 0; i < length; i += 2) {
        out[i / 2] = (char)message[from + i];
        ck_assert_uint_eq(message[from + i + 1], 0);
    }
    out[length / 2] = '\0';
}

START_TEST(ntlm_says_names_in_utf_16)
{
    static const struct {
        const char *user, *domain, *name;
    } said[] = {
        {"arthur", "", "arthur"},
        {"j\xc3\xb6rg", "", "j\xd6rg"}, /* the capital, since the name is reckoned with in capitals */
        {"\xc3\xa4\\\xc3\xa5se", "\xe4", "\xc5se"},
        {"\xc3\xa4/\xc3\x9f\xc3\xb7", "\xe4", "\xdf\xf7"},
        {"j\xf6rg", "", "j\xd6rg"}, /* an old file */
    };

    for (size_t i = 0; i < sizeof said / sizeof said[0] && unit_has_ntlm(); i++) {
        unsigned char message[1000] = {0};
        struct scene scene;
        char text[40];

        set_up(&scene);
        ck_assert_int_eq(start_to(&scene, &proxy, &target, CHALLENGE_NTLM, said[i].user, "p\xc3\xa4ss"),
                         CURL_CLIENT_STARTED);
        enter(&scene);
        transport_watch(scene.curl.socket.outer, hear, &scene);
        hear(&scene, LOOP_READ);
        challenge(&scene, "NTLM " NTLM_CHALLENGE);
        ck_assert_uint_eq(scene.asks, 2);
        ck_assert_uint_lt(strlen(scene.curl.credentials), 1000);
        ck_assert_int_gt(EVP_DecodeBlock(message, (const unsigned char *)scene.curl.credentials + 5,
                                         (int)strlen(scene.curl.credentials) - 5), 60);
        ck_assert_int_eq(message[8], 3);
        ntlm_field(message, 28, text);
        ck_assert_str_eq(text, said[i].domain);
        ntlm_field(message, 36, text);
        ck_assert_str_eq(text, said[i].name);
        tear_down(&scene);
    }
}
END_TEST

/* A Polish name, a password in euros, a capital that is not in Latin-1; other schemes do not mind. */
START_TEST(ntlm_cannot_say_everything)
{
    static const char *const pairs[][2] = {{"\xc5\x81ukasz", "x"}, {"u", "\xe2\x82\xac"}, {"\xc3\xbf", "x"}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct scene scene;

        set_up(&scene);
        ck_assert_int_eq(start_to(&scene, &proxy, &target, CHALLENGE_NTLM, pairs[i][0], pairs[i][1]),
                         unit_has_ntlm() ? CURL_CLIENT_NOT_SAYABLE : CURL_CLIENT_NOT_BUILT_IN);
        tear_down(&scene);
        set_up(&scene);
        ck_assert_int_eq(start_to(&scene, &proxy, &target, CHALLENGE_DIGEST, pairs[i][0], pairs[i][1]),
                         CURL_CLIENT_STARTED);
        tear_down(&scene);
    }
}
END_TEST

/* --- how it ends --- */

START_TEST(its_own_words_say_why)
{
    struct scene scene;

    begin(&scene, CHALLENGE_DIGEST);
    transport_close(curl_socket_take_outer(&scene.curl.socket));
    stage_settle();
    ck_assert_uint_eq(scene.done, 1);
    ck_assert_int_ne(scene.code, CURLE_OK);
    ck_assert_str_ne(scene.curl.error, "");
    ck_assert_str_eq(curl_client_error(&scene.curl, scene.code), scene.curl.error);
    scene.curl.socket.error = EMFILE; /* the system's words come first */
    ck_assert_str_eq(curl_client_error(&scene.curl, scene.code), "Too many open files");
    scene.curl.socket.error = 0;
    scene.curl.error[0] = '\0';
    ck_assert_str_eq(curl_client_error(&scene.curl, CURLE_OUT_OF_MEMORY), curl_easy_strerror(CURLE_OUT_OF_MEMORY));
    tear_down(&scene);
}
END_TEST

START_TEST(the_kerberos_library_says_why_there_is_no_ticket)
{
    struct scene scene;

    setenv("KRB5CCNAME", "FILE:/nonexistent/ticket", 1);
    setenv("KRB5_CONFIG", "/dev/null", 1);
    setenv("KRB5_CLIENT_KTNAME", "FILE:/nonexistent/keytab", 1);
    set_up(&scene);
    ck_assert_int_eq(start_to(&scene, &proxy, &target, CHALLENGE_NEGOTIATE, NULL, NULL), CURL_CLIENT_STARTED);
    enter(&scene);
    transport_watch(scene.curl.socket.outer, hear, &scene);
    hear(&scene, LOOP_READ);
    if (scene.asks > 0)
        ck_assert_ptr_null(scene.curl.credentials);
    ck_assert_str_ne(scene.curl.reason, "");
    ck_assert_ptr_null(strstr(scene.curl.reason, "gss_"));
    ck_assert_int_ne(scene.curl.reason[strlen(scene.curl.reason) - 1], '.');
    ck_assert_int_ne(scene.curl.reason[strlen(scene.curl.reason) - 1], '\n');
    tear_down(&scene);
}
END_TEST

START_TEST(nobody_came_in)
{
    struct scene scene;

    set_up(&scene);
    ck_assert_int_eq(start(&scene, CHALLENGE_DIGEST), CURL_CLIENT_STARTED);
    enter(&scene);
    ck_assert(!curl_client_enter(&scene.curl, stage_loop())); /* once more */
    ck_assert_str_eq(curl_client_error(&scene.curl, CURLE_OK), "Bad file descriptor");
    tear_down(&scene);
}
END_TEST

/* A client waits for its owner, who has a timer. */
START_TEST(it_is_patient)
{
    struct scene scene;

    begin(&scene, CHALLENGE_DIGEST);
    stage_advance(24 * 3600 * 1000 - 60000);
    ck_assert_uint_eq(scene.done, 0);
    tear_down(&scene);
}
END_TEST

/* Never started; before it opened; opened and not entered; entered; while it asks; behind its end. */
START_TEST(it_can_be_stopped_whenever)
{
    struct scene scene;

    set_up(&scene);
    tear_down(&scene);
    set_up(&scene);
    ck_assert_int_eq(start(&scene, CHALLENGE_DIGEST), CURL_CLIENT_STARTED);
    tear_down(&scene);
    ck_assert_uint_eq(scene.opened, 0);
    set_up(&scene);
    ck_assert_int_eq(start(&scene, CHALLENGE_DIGEST), CURL_CLIENT_STARTED);
    stage_settle();
    ck_assert_uint_eq(scene.opened, 1);
    tear_down(&scene);
    set_up(&scene);
    ck_assert_int_eq(start(&scene, CHALLENGE_DIGEST), CURL_CLIENT_STARTED);
    enter(&scene);
    tear_down(&scene);
    begin(&scene, CHALLENGE_DIGEST);
    tear_down(&scene);
    begin(&scene, CHALLENGE_DIGEST);
    transport_close(curl_socket_take_outer(&scene.curl.socket));
    stage_settle();
    ck_assert_uint_eq(scene.done, 1);
    tear_down(&scene);
}
END_TEST

/* From the first request to its end, no copy of the password is given back as it is. */
START_TEST(nothing_secret_stays_behind)
{
    struct scene scene;

    set_up(&scene);
    watching = true;
    ck_assert_int_eq(start(&scene, CHALLENGE_BASIC), CURL_CLIENT_STARTED);
    enter(&scene);
    ck_assert_int_eq(curl_client_hear(&scene.curl), CURL_CLIENT_ASKS);
    ck_assert_int_eq(strncmp(scene.curl.credentials + 6, secrets[1], strlen(secrets[1])), 0);
    curl_client_stop(&scene.curl);
    watching = false;
    ck_assert_uint_gt(given_back, 10);
    ck_assert_uint_eq(dirty, 0);
    tear_down(&scene);
}
END_TEST

/* --- what it cannot start with --- */

START_TEST(a_scheme_that_libcurl_does_not_know)
{
    static const enum challenge_scheme schemes[] = {CHALLENGE_BASIC, CHALLENGE_DIGEST, CHALLENGE_NTLM,
                                                    CHALLENGE_NEGOTIATE, CHALLENGE_NONE};
    struct scene scene;

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        set_up(&scene);
        unknown = schemes[i] == CHALLENGE_NONE ? CURLOPT_SOCKS5_AUTH : CURLOPT_PROXYAUTH;
        ck_assert_int_eq(start(&scene, schemes[i]), CURL_CLIENT_NOT_BUILT_IN);
        unknown = 0;
        stage_settle();
        ck_assert_uint_eq(scene.opened + scene.done, 0);
        tear_down(&scene);
    }
}
END_TEST

/* At each call in turn. */
START_TEST(memory_runs_out)
{
    enum curl_client_result result = CURL_CLIENT_NO_MEMORY;
    unsigned refused = 0;

    for (unsigned at = 1; result != CURL_CLIENT_STARTED; at++) {
        struct scene scene;

        set_up(&scene);
        asked = 0;
        fails_at = at;
        result = start(&scene, CHALLENGE_DIGEST);
        refused += result != CURL_CLIENT_STARTED;
        if (fails_at > asked)
            ck_assert_int_eq(result, CURL_CLIENT_STARTED);
        fails_at = 0;
        tear_down(&scene);
    }
    ck_assert_uint_ge(refused, 25);
}
END_TEST

START_TEST(memory_runs_out_for_a_request)
{
    struct scene scene;

    set_up(&scene);
    ck_assert_int_eq(start(&scene, CHALLENGE_BASIC), CURL_CLIENT_STARTED);
    enter(&scene);
    no_memory = true;
    ck_assert_int_eq(curl_client_hear(&scene.curl), CURL_CLIENT_RAMBLES);
    no_memory = false;
    ck_assert_ptr_null(scene.curl.credentials);
    tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("curl_client");

    tcase_add_loop_test(cases, it_asks_the_proxy_for_the_target, 0, sizeof ways / sizeof ways[0]);
    tcase_add_loop_test(cases, user_and_password_are_said_as_they_are, 0, sizeof logins / sizeof logins[0]);
    tcase_add_loop_test(cases, to_a_socks_proxy_it_says_no_http, 0, 2);
    tcase_add_test(cases, it_answers_a_challenge);
    tcase_add_test(cases, the_connection_seems_to_last);
    tcase_add_test(cases, a_long_answer_is_told);
    tcase_add_loop_test(cases, it_may_not_ask_without_end, 0, 2);
    tcase_add_test(cases, a_handle_knows_its_nonce_in_the_next_transfer);
    tcase_add_test(cases, a_handle_has_no_secret_between_two_transfers);
    tcase_add_test(cases, over_http2_it_proves_a_connect);
    tcase_add_loop_test(cases, it_proves_the_resource_as_it_is_written, 0, sizeof resources / sizeof resources[0]);
    tcase_add_test(cases, some_paths_cannot_be_proved);
    tcase_add_test(cases, it_answers_a_servers_challenges);
    tcase_add_test(cases, a_server_hears_no_proxys_credentials);
    tcase_add_test(cases, a_handle_knows_a_servers_nonce);
    tcase_add_test(cases, ntlm_says_names_in_utf_16);
    tcase_add_test(cases, ntlm_cannot_say_everything);
    tcase_add_test(cases, its_own_words_say_why);
    tcase_add_test(cases, the_kerberos_library_says_why_there_is_no_ticket);
    tcase_add_test(cases, nobody_came_in);
    tcase_add_test(cases, it_is_patient);
    tcase_add_test(cases, it_can_be_stopped_whenever);
    tcase_add_test(cases, nothing_secret_stays_behind);
    tcase_add_test(cases, a_scheme_that_libcurl_does_not_know);
    tcase_add_test(cases, memory_runs_out);
    tcase_add_test(cases, memory_runs_out_for_a_request);
    return unit_run();
}
