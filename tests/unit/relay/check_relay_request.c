/* SPDX-License-Identifier: ISC */
#include "relay/relay_request.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

#define GET "GET /.well-known/reverse/tcp/home/143/ HTTP/1.1\r\nHost: relay.example:8443\r\n"
#define OPTIONS "OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example:8443\r\n"

static char ids[] = "http/1.1,h2,%", path[] = "/mail/imap";
static const struct relay_config relay = {
    .alpn = ids, .paths = {.count = 1, .at = {{.path = path, .leads_to = {.host = "home", .port = 143}}}},
};
static char bytes[4000];

/* Reads a request without the empty line at its end. */
static struct relay_request read_from(const char *text, const char *peer)
{
    struct request_head head;
    struct request_head_fault fault;
    struct head_end so_far = {0};
    struct relay_request out;
    struct address from;
    size_t used;

    snprintf(bytes, sizeof bytes, "%s\r\n", text);
    ck_assert_int_eq(request_head_read(&head, &so_far, bytes, strlen(bytes), &used, &fault), REQUEST_HEAD_DONE);
    ck_assert(address_from_literal(&from, peer, 50000));
    relay_request_read(&out, &head, &relay, &from);
    return out;
}

static struct relay_request read_request(const char *text)
{
    return read_from(text, "192.0.2.7");
}

START_TEST(credentials_are_those_for_the_one_who_asks)
{
    struct relay_request out = read_request(GET "Proxy-Authorization: Basic a\r\nAuthorization: Basic b\r\n");

    ck_assert(!out.proxied);
    ck_assert(http_head_slice_is(&out.credentials, "Basic b"));
    out = read_request("CONNECT home:143 HTTP/1.1\r\nHost: h\r\nProxy-Authorization: Basic a\r\n"
                       "Authorization: Basic b\r\n");
    ck_assert(out.proxied && out.lasts);
    ck_assert(http_head_slice_is(&out.credentials, "Basic a"));
    ck_assert_ptr_null(read_request(GET).credentials.bytes);
}
END_TEST

static const struct {
    const char *text;
    unsigned fault;
} faults[] = {
    {GET, 0},
    {GET "Content-Length: 0\r\n", 0},
    {GET "Expect: 100-Continue\r\n", 0},
    {GET "Expect: more\r\n", 417},
    {GET "Content-Length: 1\r\n", 400},
    {GET "Transfer-Encoding: chunked\r\n", 400},
    {GET "Authorization: a\r\nAuthorization: a\r\n", 400},
    {GET "Proxy-Authorization: a\r\nProxy-Authorization: a\r\n", 0},
    {"GET /x HTTP/1.1\r\nHost: r\r\nContent-Length: 1\r\n", 404},
    {"PUT /mail/imap HTTP/1.1\r\nHost: r\r\n", 405},
    {"CONNECT home HTTP/1.1\r\nHost: r\r\n", 400},
};

START_TEST(a_fault_is_a_fault_whoever_asks)
{
    struct relay_request out = read_request(faults[_i].text);

    ck_assert_uint_eq(out.fault, faults[_i].fault);
    ck_assert(out.lasts == (strstr(faults[_i].text, "Length: 1") == NULL && !strstr(faults[_i].text, "chunked")));
}
END_TEST

static const struct {
    const char *text, *token;
} upgrades[] = {
    {GET "Connection: upgrade\r\nUpgrade: reverse\r\n", "reverse"},
    {GET "connection: keep-alive, UPGRADE\r\nupgrade: websocket, h2c\r\nUpgrade: REVERSE, x\r\n", "REVERSE"},
    {GET "Connection: upgrade\r\nUpgrade: reverse/1\r\n", ""},
    {GET "Connection: upgrade\r\nUpgrade: TCPConnection/1.0\r\n", ""},
    {GET "Connection: close\r\nUpgrade: reverse\r\n", ""},
    {GET "Upgrade: reverse\r\n", ""},
    {"GET /.well-known/reverse/tcp/home/143/ HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: reverse\r\n", ""},
    {OPTIONS "Connection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n", "TCPConnection/1.0"},
    {OPTIONS "Connection: Upgrade\r\nUpgrade: tcpConnectioN/1.0\r\n", "tcpConnectioN/1.0"},
    {OPTIONS "Connection: Upgrade\r\nUpgrade: TCPConnection/1.1\r\n", ""},
    {OPTIONS "Connection: Upgrade\r\nUpgrade: TCPConnection/1\r\n", ""},
    {OPTIONS "Connection: Upgrade\r\nUpgrade: TCPConnection\r\n", ""},
    {OPTIONS "Connection: Upgrade\r\nUpgrade: reverse\r\n", ""},
};

START_TEST(a_token_counts_if_it_is_meant_for_us)
{
    ck_assert_str_eq(read_request(upgrades[_i].text).token, upgrades[_i].token);
}
END_TEST

static const struct {
    const char *fields, *chosen;
} alpn[] = {
    {"", ""},
    {"ALPN: h2\r\n", "h2"},
    {"alpn: h2,http%2F1.1\r\n", "http%2F1.1"}, /* the section's order */
    {"ALPN: h2\r\nALPN: http%2f1.1\r\n", "http%2F1.1"},
    {"ALPN: H2\r\n", ""}, /* ids have a case */
    {"ALPN: h2c, imap\r\n", ""},
    {"ALPN: %25\r\n", "%25"},
    {"ALPN: h2%00\r\n", ""},
    {"ALPN: h\r\n", ""},
};

START_TEST(one_id_that_both_know_is_chosen)
{
    char text[500];

    snprintf(text, sizeof text, GET "%s", alpn[_i].fields);
    ck_assert_str_eq(read_request(text).alpn, alpn[_i].chosen);
}
END_TEST

static const struct {
    const char *peer, *fields, *client; /* client: NULL: nobody knows */
} clients[] = {
    {"192.0.2.7", "X-Forwarded-For: 198.51.100.1\r\n", "192.0.2.7:50000"}, /* no web server of this machine */
    {"127.0.0.1", "", "127.0.0.1:50000"},
    {"127.0.0.1", "X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1:0"},
    {"::1", "X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1:0"},
    {"127.0.0.1", "X-Forwarded-For: 203.0.113.1, 198.51.100.1\r\n", "198.51.100.1:0"},
    {"127.0.0.1", "X-Forwarded-For: 203.0.113.1\r\nx-forwarded-for: 198.51.100.1:4711 \r\n", "198.51.100.1:4711"},
    {"127.0.0.1", "X-Forwarded-For: [2001:db8::1]:4711\r\n", "[2001:db8::1]:4711"},
    {"127.0.0.1", "X-Forwarded-For: [2001:db8::1]\r\n", "[2001:db8::1]:0"},
    {"127.0.0.1", "X-Forwarded-For: 2001:db8::1\r\n", "[2001:db8::1]:0"},
    {"127.0.0.1", "Forwarded: for=198.51.100.1\r\n", "127.0.0.1:50000"}, /* may be the client's own */
    {"127.0.0.1", "X-Forwarded-For: unknown\r\n", NULL},
    {"127.0.0.1", "X-Forwarded-For: 198.51.100.1,\r\n", NULL},
    {"127.0.0.1", "X-Forwarded-For:\r\n", NULL},
    {"127.0.0.1", "X-Forwarded-For: 198.51.100.1 203.0.113.1\r\n", NULL},
};

START_TEST(a_web_server_on_this_machine_is_believed_its_last_word)
{
    char text[500], client[ADDRESS_TEXT_MAX];
    struct relay_request out;

    snprintf(text, sizeof text, GET "%s", clients[_i].fields);
    out = read_from(text, clients[_i].peer);
    if (clients[_i].client)
        ck_assert_str_eq(address_format(&out.client, client), clients[_i].client);
    else
        ck_assert_int_eq(out.client.any.sa_family, AF_UNSPEC);
}
END_TEST

static const struct {
    const char *fields, *origin;
    bool foreign;
} origins[] = {
    {"", "", false},
    {"Origin: http://relay.example\r\n", "relay.example", false},
    {"Origin: https://RELAY.example:8443\r\n", "RELAY.example:8443", false},
    {"Origin: http://elsewhere.example\r\n", "", true},
    {"Origin: http://relay.example.net\r\n", "", true},
    {"Origin: null\r\n", "", true},
    {"Origin: http://relay.example/x\r\n", "", true},
    {"Origin: http://relay.example>, deny <*\r\n", "", true},
    {"Origin: relay.example\r\n", "", true},
    {"Origin:\r\n", "", true},
};

START_TEST(only_a_page_of_the_relay_itself_is_no_foreigner)
{
    char text[500];
    struct relay_request out;

    snprintf(text, sizeof text, OPTIONS "%s", origins[_i].fields);
    out = read_request(text);
    ck_assert(out.foreign == origins[_i].foreign);
    ck_assert_uint_eq(out.origin.length, strlen(origins[_i].origin));
    if (out.origin.length > 0)
        ck_assert_int_eq(memcmp(out.origin.bytes, origins[_i].origin, out.origin.length), 0);
}
END_TEST

#define ALL(rows) (int)(sizeof rows / sizeof rows[0])

int main(void)
{
    TCase *tcase = unit_case("relay_request");

    tcase_add_test(tcase, credentials_are_those_for_the_one_who_asks);
    tcase_add_loop_test(tcase, a_fault_is_a_fault_whoever_asks, 0, ALL(faults));
    tcase_add_loop_test(tcase, a_token_counts_if_it_is_meant_for_us, 0, ALL(upgrades));
    tcase_add_loop_test(tcase, one_id_that_both_know_is_chosen, 0, ALL(alpn));
    tcase_add_loop_test(tcase, a_web_server_on_this_machine_is_believed_its_last_word, 0, ALL(clients));
    tcase_add_loop_test(tcase, only_a_page_of_the_relay_itself_is_no_foreigner, 0, ALL(origins));
    return unit_run();
}
