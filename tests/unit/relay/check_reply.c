/* SPDX-License-Identifier: ISC */
#include "relay/reply.h"

#include <string.h>

#include "../unit.h"

static struct address address(const char *host, uint16_t port)
{
    struct address out;

    ck_assert(address_from_literal(&out, host, port));
    return out;
}

#define PLAIN(length) "Cache-Control: no-store\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n\r\n"
#define BASIC "Basic realm=\"sallyport\", charset=\"UTF-8\"\r\n"

static const struct {
    struct reply reply;
    const char *text;
} answers[] = {
    {{.status = 204}, "HTTP/1.1 204 No Content\r\n\r\n"},
    {{.status = 204, .last = true}, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
    {{.status = 401}, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " BASIC PLAIN("34")
     "A user and a password are needed.\n"},
    {{.status = 407}, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: " BASIC PLAIN("34")
     "A user and a password are needed.\n"},
    {{.status = 404}, "HTTP/1.1 404 Not Found\r\n" PLAIN("11") "Not found.\n"},
    {{.status = 405, .allow = "GET"}, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n" PLAIN("20")
     "Not by this method.\n"},
    {{.status = 426, .upgrade = "reverse"}, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: reverse\r\n"
     "Connection: upgrade\r\n" PLAIN("22") "An Upgrade is needed.\n"},
    {{.status = 426, .upgrade = "reverse", .last = true}, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: reverse\r\n"
     "Connection: upgrade, close\r\n" PLAIN("22") "An Upgrade is needed.\n"},
    {{.status = 429, .retry_after = 60}, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\n" PLAIN("23")
     "Too many at this time.\n"},
    {{.status = 503, .retry_after = 5, .last = true}, "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
     "Retry-After: 5\r\n" PLAIN("38") "Nobody serves this name at this time.\n"},
};

START_TEST(an_answer_says_its_status_and_no_more_than_it_must)
{
    char out[REPLY_BYTES_MAX];
    size_t length = reply_write(&answers[_i].reply, out);

    ck_assert_str_eq(out, answers[_i].text);
    ck_assert_uint_eq(length, strlen(answers[_i].text));
}
END_TEST

START_TEST(each_status_has_its_line_and_the_length_of_its_body_is_true)
{
    static const unsigned statuses[] = {400, 401, 403, 404, 405, 407, 408, 409, 417, 426, 429, 431, 503, 505};

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct reply reply = reply_of(statuses[i]);
        char out[REPLY_BYTES_MAX], line[64];
        const char *body, *says;

        reply_write(&reply, out);
        snprintf(line, sizeof line, "HTTP/1.1 %u ", statuses[i]);
        ck_assert_int_eq(strncmp(out, line, strlen(line)), 0);
        body = strstr(out, "\r\n\r\n");
        says = strstr(out, "Content-Length: ");
        ck_assert(body && says);
        snprintf(line, sizeof line, "Content-Length: %zu\r\n", strlen(body + 4));
        ck_assert_int_eq(strncmp(says, line, strlen(line)), 0);
        ck_assert_int_eq(strstr(out, "Retry-After: 5\r\n") != NULL, statuses[i] == 429 || statuses[i] == 503);
    }
}
END_TEST

START_TEST(a_status_without_a_line_is_a_bad_request)
{
    struct reply reply = reply_of(499);
    char out[REPLY_BYTES_MAX];

    reply_write(&reply, out);
    ck_assert_int_eq(strncmp(out, "HTTP/1.1 400 ", 13), 0);
}
END_TEST

START_TEST(a_place_is_told_who_comes_and_gets_its_token_as_it_asked)
{
    struct address client = address("192.0.2.7", 50000), here = address("2001:db8::1", 993);
    char out[REPLY_BYTES_MAX];
    size_t length = reply_write_handover("ReVerse", &client, &here, NULL, out);

    ck_assert_str_eq(out, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ReVerse\r\n"
                     "Forwarded: for=\"192.0.2.7:50000\";by=\"[2001:db8::1]:993\"\r\n\r\n");
    ck_assert_uint_eq(length, strlen(out));
    address_set_port(&client, 0);
    length = reply_write_handover("reverse", &client, &here, "http%2F1.1", out);
    ck_assert_str_eq(out, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: reverse\r\n"
                     "Forwarded: for=\"192.0.2.7\";by=\"[2001:db8::1]:993\"\r\nSelected-ALPN: http%2F1.1\r\n\r\n");
    ck_assert_uint_eq(length, strlen(out));
}
END_TEST

START_TEST(a_client_that_nobody_knows_is_said_to_be_unknown)
{
    struct address client = {.any.sa_family = AF_UNSPEC}, here = address("192.0.2.1", 8443);
    char out[REPLY_BYTES_MAX];

    reply_write_handover("reverse", &client, &here, NULL, out);
    ck_assert_ptr_nonnull(strstr(out, "\r\nForwarded: for=unknown\r\n\r\n"));
}
END_TEST

START_TEST(the_longest_answer_has_room)
{
    char token[REPLY_TOKEN_MAX + 1], id[REPLY_ALPN_MAX], alpn[REPLY_ALPN_TEXT_MAX], out[REPLY_BYTES_MAX];
    struct address far = address("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
    size_t length;

    memset(token, 't', REPLY_TOKEN_MAX);
    token[REPLY_TOKEN_MAX] = '\0';
    memset(id, '\xff', sizeof id);
    ck_assert_uint_eq(strlen(reply_encode_alpn(id, sizeof id, alpn)), 3 * sizeof id);
    length = reply_write_handover(token, &far, &far, alpn, out);
    ck_assert_uint_eq(length, strlen(out));
    ck_assert_str_eq(out + length - 7, "%FF\r\n\r\n");
}
END_TEST

START_TEST(an_id_is_encoded_where_a_token_must_be)
{
    char out[REPLY_ALPN_TEXT_MAX];

    ck_assert_str_eq(reply_encode_alpn("h2", 2, out), "h2");
    ck_assert_str_eq(reply_encode_alpn("http/1.1", 8, out), "http%2F1.1");
    ck_assert_str_eq(reply_encode_alpn("a%b c\0", 6, out), "a%25b%20c%00");
}
END_TEST

START_TEST(a_client_is_told_that_its_tunnel_is_open)
{
    const struct http_head_slice nobody = {NULL, 0}, host = {"relay.example:8443xx", 18};
    char out[REPLY_BYTES_MAX];

    reply_write_open(out);
    ck_assert_str_eq(out, "HTTP/1.1 200 Connection Established\r\n\r\n");
    reply_write_switched(&nobody, out);
    ck_assert_str_eq(out, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                     "Upgrade: TCPConnection/1.0\r\n\r\n");
    reply_write_switched(&host, out);
    ck_assert_str_eq(out, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                     "Upgrade: TCPConnection/1.0\r\nAccess-Control: allow <relay.example:8443>\r\n\r\n");
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("reply");

    tcase_add_loop_test(tcase, an_answer_says_its_status_and_no_more_than_it_must, 0,
                        (int)(sizeof answers / sizeof answers[0]));
    tcase_add_test(tcase, each_status_has_its_line_and_the_length_of_its_body_is_true);
    tcase_add_test(tcase, a_status_without_a_line_is_a_bad_request);
    tcase_add_test(tcase, a_place_is_told_who_comes_and_gets_its_token_as_it_asked);
    tcase_add_test(tcase, a_client_that_nobody_knows_is_said_to_be_unknown);
    tcase_add_test(tcase, the_longest_answer_has_room);
    tcase_add_test(tcase, an_id_is_encoded_where_a_token_must_be);
    tcase_add_test(tcase, a_client_is_told_that_its_tunnel_is_open);
    return unit_run();
}
