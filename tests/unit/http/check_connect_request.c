/* SPDX-License-Identifier: ISC */
#include "http/connect_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static unsigned word_bits(const char *text, const char *const *words)
{
    unsigned bits = 0;

    for (unsigned i = 0; words[i]; i++)
        if (strstr(text, words[i]))
            bits |= 1u << i;
    return bits;
}

static unsigned word_index(const char *text, const char *const *words)
{
    unsigned i = 0;

    while (words[i] && strcmp(words[i], text) != 0)
        i++;
    ck_assert_msg(words[i] != NULL, "no word %s", text);
    return i;
}

/* Columns of request.tsv. */
enum { METHOD, ANNOUNCE, TOKEN, SCHEME, ALPN, HOST, PORT, CREDENTIALS, HEADER, BYTES, REQUEST_COLUMNS };

static const char *cell_or_null(const struct unit_cell *cell)
{
    return cell->length > 0 ? cell->bytes : NULL;
}

/* The bytes of the table, with our version in the place of "@VERSION@". */
static size_t expected_bytes(const struct unit_cell *cell, char *out, size_t size)
{
    static const char mark[] = "@VERSION@";
    const char *at = strstr(cell->bytes, mark);

    ck_assert_ptr_nonnull(at);
    return (size_t)snprintf(out, size, "%.*s%s%s", (int)(at - cell->bytes), cell->bytes, PACKAGE_VERSION,
                            at + sizeof mark - 1);
}

/* The same in memory of its own, which has no byte more. */
static void check_text(const struct connect_request *request, const char *expected, size_t length, const char *where)
{
    size_t got = 1;
    char *text = connect_request_text(request, &got);

    ck_assert_ptr_nonnull(text);
    ck_assert_msg(got == length && memcmp(text, expected, length) == 0 && text[got] == '\0', "%s:\n%s", where, text);
    free(text);
}

static void request_row(const struct unit_cell *cells, const char *where)
{
    struct endpoint target = {.port = (uint16_t)strtoul(cells[PORT].bytes, NULL, 10)};
    char *headers[] = {cells[HEADER].bytes}, expected[1024], out[1024];
    struct connect_request request = {
        .method = word_index(cells[METHOD].bytes, connect_method_words),
        .announce = word_bits(cells[ANNOUNCE].bytes, connect_announce_words),
        .target = &target,
        .token = cells[TOKEN].bytes,
        .scheme = cells[SCHEME].bytes,
        .alpn = cell_or_null(&cells[ALPN]),
        .credentials = cell_or_null(&cells[CREDENTIALS]),
        .headers = headers,
        .header_count = cells[HEADER].length > 0,
    };
    size_t length = expected_bytes(&cells[BYTES], expected, sizeof expected);

    snprintf(target.host, sizeof target.host, "%s", cells[HOST].bytes);
    ck_assert_msg(connect_request_write(&request, out, sizeof out) == length && memcmp(out, expected, length) == 0,
                  "%s:\n%s", where, out);
    check_text(&request, expected, length, where);
    for (size_t size = 1; size <= length + 1; size++) { /* whole and with its NUL, or not at all */
        char *small = malloc(size);

        ck_assert_msg(connect_request_write(&request, small, size) == (size == length + 1 ? length : 0),
                      "%s: %zu bytes", where, size);
        free(small);
    }
}

START_TEST(requests_byte_for_byte)
{
    unit_table("request.tsv", REQUEST_COLUMNS, request_row);
}
END_TEST

/* Columns of resource.tsv: requests for a resource. */
enum { RESOURCE_METHOD, RESOURCE_ANNOUNCE, SERVER, PATH, RESOURCE_ALPN, LOGIN, ORIGIN, ORIGIN_LOGIN, RESOURCE_HEADER,
       RESOURCE_BYTES, RESOURCE_COLUMNS };

static unsigned resource_method(const struct unit_cell *cell, const char *where)
{
    static const struct {
        const char *name;
        unsigned method;
    } names[] = {
        {"connect-tcp", METHOD_CONNECT_TCP}, {"tcpconnection", METHOD_TCPCONNECTION},
        {"absolute", METHOD_TCPCONNECTION_ABSOLUTE}, {"tls", METHOD_TLS_UPGRADE},
        {"reverse", METHOD_REVERSE},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (unit_cell_is(cell, names[i].name))
            return names[i].method;
    ck_abort_msg("%s: no such method", where);
    return 0;
}

static void resource_row(const struct unit_cell *cells, const char *where)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    struct endpoint server = {0};
    char *headers[] = {cells[RESOURCE_HEADER].bytes}, expected[1024], out[1024];
    const char *why = "";
    const struct connect_request request = {
        .method = resource_method(&cells[RESOURCE_METHOD], where),
        .announce = word_bits(cells[RESOURCE_ANNOUNCE].bytes, connect_announce_words),
        .target = &target,
        .proxy = &server,
        .path = cells[PATH].bytes,
        .token = "IMAP",
        .scheme = "imap",
        .alpn = cell_or_null(&cells[RESOURCE_ALPN]),
        .credentials = cell_or_null(&cells[LOGIN]),
        .origin = cell_or_null(&cells[ORIGIN]),
        .origin_credentials = cell_or_null(&cells[ORIGIN_LOGIN]),
        .keep_alive = true, /* which goes to proxies alone */
        .headers = headers,
        .header_count = cells[RESOURCE_HEADER].length > 0,
    };
    size_t length = expected_bytes(&cells[RESOURCE_BYTES], expected, sizeof expected);

    ck_assert_msg(endpoint_parse_url(&server, cells[SERVER].bytes, cells[SERVER].length, &why), "%s: %s", where, why);
    ck_assert_msg(connect_request_write(&request, out, sizeof out) == length && memcmp(out, expected, length) == 0,
                  "%s:\n%s", where, out);
    ck_assert_uint_eq(connect_request_write(&request, out, length), 0);
}

START_TEST(requests_for_a_resource_byte_for_byte)
{
    unit_table("resource.tsv", RESOURCE_COLUMNS, resource_row);
}
END_TEST

/* Verb, token, status that asks for credentials, what can be announced. */
START_TEST(what_is_known_of_each_method)
{
    static const struct {
        unsigned method, announces;
        const char *verb, *token;
        int denial;
        bool has_path;
        const char *denies, *peer; /* what it is called that asks for a login, and that answers otherwise */
    } rows[] = {
        {METHOD_CONNECT, ~0u, "CONNECT", "-", 407, false, "proxy", "proxy"},
        {METHOD_PROXY, ~0u, "PROXY", "-", 407, false, "proxy", "proxy"},
        {METHOD_CONNECT_URI, ~0u, "CONNECT", "-", 407, false, "proxy", "proxy"},
        {METHOD_TCPCONNECTION, ANNOUNCE_ALPN, "OPTIONS", "TCPConnection/1.0", 401, true, "server", "server"},
        {METHOD_TCPCONNECTION_ABSOLUTE, ANNOUNCE_ALPN, "OPTIONS", "TCPConnection/1.0", 407, true,
         "proxy", "proxy"},
        {METHOD_CONNECT_TCP, ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL, "GET", "connect-tcp", 401, true, "proxy",
         "proxy"},
        {METHOD_TLS_UPGRADE, 0, "OPTIONS", "TLS/1.0", 401, true, "server", "server"},
        {METHOD_REVERSE, 0, "GET", "reverse", 401, true, "relay", "relay"},
        {METHOD_SIGN_OF_LIFE, 0, "OPTIONS", "-", 407, false, "proxy", "proxy"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *token = connect_request_token(rows[i].method);

        ck_assert_str_eq(connect_request_verb(rows[i].method), rows[i].verb);
        ck_assert_str_eq(token ? token : "-", rows[i].token);
        ck_assert_int_eq(connect_request_denial(rows[i].method), rows[i].denial);
        ck_assert_uint_eq(connect_request_announces(rows[i].method), rows[i].announces);
        ck_assert_int_eq(connect_request_has_path(rows[i].method), rows[i].has_path);
        ck_assert_str_eq(connect_request_peer(rows[i].method, rows[i].denial), rows[i].denies);
        ck_assert_str_eq(connect_request_peer(rows[i].method, 0), rows[i].peer);
    }
}
END_TEST

START_TEST(all_headers_in_their_order)
{
    static const struct endpoint target = {.host = "h", .port = 1};
    char *headers[] = {"X-A: 1", "X-B: two words", "X-A: 3"};
    const struct connect_request request = {.target = &target, .token = "T", .scheme = "t", .headers = headers,
                                           .header_count = 3};
    char out[512];

    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 0);
    ck_assert_ptr_nonnull(strstr(out, "\r\nX-A: 1\r\nX-B: two words\r\nX-A: 3\r\n\r\n"));
}
END_TEST

/* Some proxies let through only the agents of a list: the one that the user sets takes the place of ours. */
START_TEST(a_user_agent_of_the_users_own_is_the_only_one)
{
    static const struct endpoint target = {.host = "h", .port = 1};
    char *headers[] = {"user-agent: Mozilla/5.0", "User-Agent-Hint: x", "Proxy-Connection: keep-alive"};
    struct connect_request request = {.target = &target, .token = "T", .scheme = "t", .headers = headers,
                                     .header_count = 3};
    char out[512];

    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 0);
    ck_assert_ptr_nonnull(strstr(out, "\r\nuser-agent: Mozilla/5.0\r\n"));
    ck_assert_ptr_null(strstr(out, "sallyport"));
    ck_assert_ptr_nonnull(strstr(out, "\r\nProxy-Connection: keep-alive\r\n"));
    request.headers = headers + 1;
    request.header_count = 1;
    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 0);
    ck_assert_ptr_nonnull(strstr(out, "\r\nUser-Agent: sallyport/"));
}
END_TEST

/* Once, and in the user's words if there are some. */
START_TEST(a_connection_may_be_asked_to_stay)
{
    static const struct endpoint target = {.host = "h", .port = 1};
    char own[] = "proxy-CONNECTION: x", longer[] = "Proxy-Connection-Id: 7", *headers[2] = {longer, own};
    struct connect_request request = {.target = &target, .token = "T", .scheme = "t", .headers = headers,
                                      .header_count = 1, .keep_alive = true};
    char out[512];

    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 0);
    ck_assert_ptr_nonnull(strstr(out, "\r\nProxy-Connection: keep-alive\r\n"));
    request.header_count = 2;
    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 0);
    ck_assert_ptr_null(strstr(out, "keep-alive"));
    ck_assert_ptr_nonnull(strstr(out, "\r\nproxy-CONNECTION: x\r\n"));
    request.keep_alive = false;
    request.header_count = 1;
    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 0);
    ck_assert_ptr_null(strstr(out, "keep-alive"));
}
END_TEST

START_TEST(the_largest_configuration_fits)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    static char header[CONNECT_HEADERS_MAX / 32 - 1], credentials[65537];
    char *headers[32], out[CONNECT_REQUEST_MAX];
    struct connect_request request = {.announce = 7, .target = &target, .token = "IMAP", .scheme = "imap",
                                     .alpn = "imap", .credentials = credentials, .headers = headers,
                                     .header_count = 32};

    memset(header, 'h', sizeof header - 1);
    header[sizeof header - 1] = '\0';
    memset(credentials, 'c', sizeof credentials - 1);
    credentials[sizeof credentials - 1] = '\0';
    for (size_t i = 0; i < 32; i++)
        headers[i] = header;
    ck_assert_uint_gt(connect_request_write(&request, out, sizeof out), 65536 + CONNECT_HEADERS_MAX);
    check_text(&request, out, strlen(out), "the largest");
}
END_TEST

START_TEST(a_text_that_does_not_fit_has_no_length)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    static const char short_one[] = "CONNECT mail.example.net:143 HTTP/1.1\r\nHost: mail.example.net:143\r\n"
                                    "User-Agent: sallyport/" PACKAGE_VERSION "\r\nh\r\n\r\n";
    static char header[CONNECT_REQUEST_MAX];
    char *headers[] = {header};
    struct connect_request request = {.target = &target, .headers = headers, .header_count = 1};

    memset(header, 'h', sizeof header - 1);
    check_text(&request, "", 0, "too long");
    header[1] = '\0';
    check_text(&request, short_one, strlen(short_one), "nothing of it is left in the next one");
}
END_TEST

/* It asks the proxy alone, which owes nobody anything for it, and is told nothing that it could not see anyway. */
START_TEST(a_sign_of_life_is_asked_for_without_a_word_too_much)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143},
                                 proxy = {.host = "proxy.example.net", .port = 3128},
                                 secure = {.host = "proxy.example.net", .port = 443, .tls = true};
    struct connect_request request = {.method = METHOD_SIGN_OF_LIFE, .announce = 7, .target = &target,
                                      .proxy = &proxy, .token = "IMAP", .scheme = "imap", .alpn = "imap"};
    static const char rest[] = "Max-Forwards: 0\r\nConnection: close\r\nUser-Agent: sallyport/" PACKAGE_VERSION
                               "\r\n\r\n";
    char expected[300];

    snprintf(expected, sizeof expected, "OPTIONS * HTTP/1.1\r\nHost: proxy.example.net:3128\r\n%s", rest);
    check_text(&request, expected, strlen(expected), "a port of its own");
    request.proxy = &secure;
    snprintf(expected, sizeof expected, "OPTIONS * HTTP/1.1\r\nHost: proxy.example.net\r\n%s", rest);
    check_text(&request, expected, strlen(expected), "the port of https");
}
END_TEST

START_TEST(each_table_of_words_ends)
{
    ck_assert_uint_eq(word_index("connect", connect_method_words), METHOD_CONNECT);
    ck_assert_uint_eq(word_index("proxy", connect_method_words), METHOD_PROXY);
    ck_assert_uint_eq(word_index("connect-uri", connect_method_words), METHOD_CONNECT_URI);
    ck_assert_uint_eq(word_index("tcpconnection", connect_method_words), METHOD_TCPCONNECTION);
    ck_assert_ptr_null(connect_method_words[4]);
    ck_assert_uint_eq(1u << word_index("upgrade", connect_announce_words), ANNOUNCE_UPGRADE);
    ck_assert_uint_eq(1u << word_index("alpn", connect_announce_words), ANNOUNCE_ALPN);
    ck_assert_uint_eq(1u << word_index("new-protocol", connect_announce_words), ANNOUNCE_NEW_PROTOCOL);
    ck_assert_ptr_null(connect_announce_words[3]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("connect request");

    tcase_add_test(cases, requests_byte_for_byte);
    tcase_add_test(cases, requests_for_a_resource_byte_for_byte);
    tcase_add_test(cases, what_is_known_of_each_method);
    tcase_add_test(cases, all_headers_in_their_order);
    tcase_add_test(cases, a_user_agent_of_the_users_own_is_the_only_one);
    tcase_add_test(cases, a_connection_may_be_asked_to_stay);
    tcase_add_test(cases, the_largest_configuration_fits);
    tcase_add_test(cases, a_text_that_does_not_fit_has_no_length);
    tcase_add_test(cases, a_sign_of_life_is_asked_for_without_a_word_too_much);
    tcase_add_test(cases, each_table_of_words_ends);
    return unit_run();
}
