/* SPDX-License-Identifier: ISC */
#include "control/status_text.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* --- numbers --- */

START_TEST(seconds_have_two_units_at_most)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } cases[] = {{0, "0s"}, {59, "59s"}, {60, "1m00s"}, {65, "1m05s"}, {3599, "59m59s"}, {3600, "1h00m"},
                 {3725, "1h02m"}, {86399, "23h59m"}, {86400, "1d00h"}, {273600, "3d04h"},
                 {UINT64_MAX, "213503982334601d07h"}};
    char out[STATUS_TEXT_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(status_text_seconds(cases[i].seconds, out), cases[i].text);
}
END_TEST

START_TEST(bytes_have_two_digits_at_least)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1280, "1.2 KiB"}, {10239, "9.9 KiB"},
                 {10240, "10 KiB"}, {88213, "86 KiB"}, {1048575, "1023 KiB"}, {1048576, "1.0 MiB"},
                 {UINT64_C(5) << 30, "5.0 GiB"}, {UINT64_C(3) << 40, "3.0 TiB"}, {UINT64_C(5000) << 40, "5000 TiB"}};
    char out[STATUS_TEXT_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(status_text_bytes(cases[i].bytes, out), cases[i].text);
}
END_TEST

/* --- what the daemon has told --- */

static char *shown(void (*show)(const json_t *, FILE *, size_t), const char *json, size_t width)
{
    json_t *status = json_loads(json, 0, NULL);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(status);
    show(status, out, width);
    fclose(out);
    json_decref(status);
    return text;
}

START_TEST(fields_that_are_not_there_do_no_harm)
{
    static const char *const cases[] = {
        "{}", "{\"sessions\":[{}],\"listeners\":[{}],\"proxies\":[{}],\"redirects\":[{}],\"questions\":[{}],"
        "\"reverse\":[{}],\"relay\":[{}]}",
        "{\"sessions\":7,\"listeners\":null,\"proxies\":\"x\",\"redirects\":{},\"questions\":[1,null,\"y\"],"
        "\"reverse\":[null,4],\"relay\":\"z\"}",
        "{\"sessions\":[null,[],{\"age\":-5,\"in\":\"many\",\"proxy\":5}],\"totals\":[],\"uptime\":-1}",
        "{\"listeners\":[{\"addresses\":[null,7]}],\"version\":\"\\u001b[2J\\n\"}",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t width = 0; width <= 80; width += 80) {
            char *status = shown(status_text_status, cases[i], width), *redirects = shown(status_text_redirects,
                                                                                          cases[i], width);

            ck_assert_int_eq(strncmp(status, "sallyport ", 10), 0);
            ck_assert_uint_gt(strlen(redirects), 0);
            for (const char *c = status; *c; c++)
                ck_assert(*c == '\n' || (*c >= ' ' && *c <= '~'));
            free(status);
            free(redirects);
        }
}
END_TEST

START_TEST(what_is_left_of_a_redirect_is_said)
{
    static const struct {
        const char *left, *text;
    } cases[] = {
        {"\"seconds_left\":598,\"hits_left\":3", "9m58s and 3 hits left, 2 hits so far"},
        {"\"seconds_left\":598,\"hits_left\":null", "9m58s left, 2 hits so far"},
        {"\"seconds_left\":null,\"hits_left\":1", "1 hit left, 2 hits so far"},
        {"\"seconds_left\":null,\"hits_left\":null", "until restart, 2 hits so far"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[400], wanted[400], *text;

        snprintf(json, sizeof json, "{\"redirects\":[{\"id\":3,\"sender\":\"http://a:1\",\"proxy\":\"http://b:2\","
                 "\"scope\":\"imap://m:143/\",\"hits\":2,%s}]}", cases[i].left);
        snprintf(wanted, sizeof wanted, "REDIRECTS\n  3  imap://m:143/\n     from http://a:1 to http://b:2\n     %s\n",
                 cases[i].text);
        text = shown(status_text_redirects, json, 80);
        ck_assert_str_eq(text, wanted);
        free(text);
    }
}
END_TEST

START_TEST(the_network_is_told)
{
    char *text = shown(status_text_status, "{\"network\":{\"epoch\":3,\"since\":185}}", 80);

    ck_assert_ptr_nonnull(strstr(text, "\nnetwork 3, for 3m05s\n"));
    free(text);
    text = shown(status_text_status, "{\"network\":null}", 80); /* its changes are not noticed */
    ck_assert_ptr_null(strstr(text, "network"));
    free(text);
}
END_TEST

START_TEST(an_error_has_an_age)
{
    char *text = shown(status_text_status, "{\"proxies\":[{\"url\":\"http://a:1\",\"source\":\"pac\","
                       "\"state\":\"up\",\"last_error\":"
                       "\"Connection refused\",\"last_error_age\":185},{\"url\":\"http://b:1\",\"state\":\"up\","
                       "\"last_error\":null,\"last_error_age\":null}]}", 80);

    ck_assert_ptr_nonnull(strstr(text, "\nPROXY       FROM  STATE  LAST ERROR\n"
                                       "http://a:1  pac   up     3m05s ago: Connection refused\n"
                                       "http://b:1  -     up     -\n"));
    free(text);
}
END_TEST

/* What is asked for proxies, how old that is, and in full why it does not answer. */
START_TEST(sections_whose_proxies_are_found)
{
    char *text = shown(status_text_status, "{\"found\":[{\"asks\":\"pac:https://w/p\",\"age\":185,\"answers\":12,"
                       "\"last_error\":\"404 Not Found\"},{\"asks\":\"system\",\"age\":null,\"answers\":0,"
                       "\"last_error\":null}]}", 80);

    ck_assert_ptr_nonnull(strstr(text, "\nFOUND BY           AGE  ANSWERS\n"
                                       "pac:https://w/p  3m05s       12\n"
                                       "system               -        0\n"
                                       "pac:https://w/p: 404 Not Found\n"));
    free(text);
}
END_TEST

/* One line a connection, below its proxy. */
START_TEST(connections_that_carry_tunnels_are_told)
{
    char *text = shown(status_text_status, "{\"proxies\":[{\"url\":\"https://a:1\",\"state\":\"up\",\"connections\":["
                       "{\"http\":\"2\",\"tunnels\":1,\"most\":6,\"draining\":true},"
                       "{\"http\":\"2\",\"tunnels\":3,\"most\":3,\"draining\":false}]},"
                       "{\"url\":\"http://b:1\",\"state\":\"up\",\"connections\":[]}]}", 80);

    ck_assert_ptr_nonnull(strstr(text, "\nPROXY        FROM  STATE                               LAST ERROR\n"
                                       "https://a:1  -     up                                  -\n"
                                       "                   HTTP/2: 1 tunnel, most 6, draining\n"
                                       "                   HTTP/2: 3 tunnels, most 3\n"
                                       "http://b:1   -     up                                  -\n"));
    free(text);
}
END_TEST

START_TEST(a_session_has_a_client)
{
    char *text = shown(status_text_status, "{\"sessions\":[{\"name\":\"imap #2\",\"age\":1,\"in\":1,\"out\":1,"
                       "\"switched\":false,\"proxy\":\"http://b:1\",\"program\":\"mutt\",\"pid\":4711},"
                       "{\"name\":\"imap #1\",\"age\":1,\"in\":1,\"out\":1,\"switched\":false,"
                       "\"proxy\":\"direct\",\"program\":null,\"pid\":null},"
                       "{\"name\":\"reverse #0\",\"age\":1,\"in\":1,\"out\":1,\"switched\":false,"
                       "\"proxy\":\"direct\",\"program\":null,\"pid\":null,\"from\":\"192.0.2.7:5123\"}]}", 80);

    ck_assert_ptr_nonnull(strstr(text, "\nSESSION     AGE   IN  OUT  SWITCHED  PROXY       CLIENT\n"
                                       "imap #2      1s  1 B  1 B  no        http://b:1  mutt 4711\n"
                                       "imap #1      1s  1 B  1 B  no        direct      -\n"
                                       "reverse #0   1s  1 B  1 B  no        direct      192.0.2.7:5123\n"));
    free(text);
}
END_TEST

START_TEST(reverse_sections_and_names_at_relays_have_tables)
{
    static const char json[] =
        "{\"reverse\":[{\"name\":\"reverse/home\","
        "\"relay\":\"https://relay.example.net/.well-known/reverse/tcp/home/993/\","
        "\"waiting\":2,\"sessions\":1,\"last_error\":null,\"since\":185},"
        "{\"name\":\"reverse/news\",\"relay\":\"https://relay.example.net/.well-known/reverse/tcp/news/119/\","
        "\"waiting\":0,\"sessions\":0,\"last_error\":\"relay.example.net:443: 409 Conflict: somebody else has this "
        "name; choose another\",\"since\":7}],"
        "\"relay\":[{\"relay\":\"relay\",\"name\":\"home:993\",\"user\":\"alice\",\"waiting\":2,\"sessions\":13}]}";
    char *text = shown(status_text_status, json, 80), *rest = text, *line;

    ck_assert_ptr_nonnull(strstr(text, "\nREVERSE       WAITING  SESSIONS  SINCE  RELAY\n"
                                       "reverse/home        2         1  3m05s  "
                                       "https://relay.examp...erse/tcp/home/993/\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nreverse/news: relay.example.net:443: 409 Conflict: somebody else has this "
                                       "name;\n     choose another\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nRELAY  NAME      USER   WAITING  SESSIONS\n"
                                       "relay  home:993  alice        2        13\n"));
    while ((line = strsep(&rest, "\n")))
        ck_assert_msg(strlen(line) <= 80, "%s", line);
    free(text);
    text = shown(status_text_status, json, 0);
    ck_assert_ptr_nonnull(strstr(text, "reverse/home        2         1  3m05s  https://relay.example.net/.well-known/"
                                       "reverse/tcp/home/993/\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nreverse/news: relay.example.net:443: 409 Conflict: somebody else has this "
                                       "name; choose another\n"));
    free(text);
}
END_TEST

/* On a terminal of forty columns nothing is wider, and of what is folded nothing is lost. */
START_TEST(a_word_that_is_longer_than_a_line_is_broken)
{
    static const char json[] = "{\"configuration\":\"/home/somebody/.config/sallyport-at-work/sallyport.ini\","
                               "\"questions\":[{\"id\":12,\"text\":\"May http://a-proxy-with-a-very-long-name-indeed"
                               ".example.net:3128 do it?\",\"seconds_left\":48}]}";
    char *text = shown(status_text_status, json, 40), *rest = text, *line;

    ck_assert_ptr_nonnull(strstr(text, "\n/home/somebody/.config/sallyport-at-work\n/sallyport.ini\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n 12  May\n     http://a-proxy-with-a-very-long-nam\n"
                                       "     e-indeed.example.net:3128 do it?\n"));
    while ((line = strsep(&rest, "\n")))
        ck_assert_msg(strlen(line) <= 40, "%s", line);
    free(text);
}
END_TEST

START_TEST(a_question_is_folded_between_words)
{
    static const char json[] = "{\"questions\":[{\"id\":12,\"text\":\"May the proxy http://proxy.example.net:3128 send "
                               "imap://*.example.net:143/ elsewhere?\",\"seconds_left\":48}]}";
    char *text = shown(status_text_redirects, json, 50);

    ck_assert_str_eq(text, "QUESTIONS\n"
                           " 12  May the proxy http://proxy.example.net:3128\n"
                           "     send imap://*.example.net:143/ elsewhere?\n"
                           "     answer within 48s:\n"
                           "       sallyport redirects allow 12\n"
                           "       sallyport redirects refuse 12\n");
    free(text);
    text = shown(status_text_redirects, json, 0);
    ck_assert_ptr_nonnull(strstr(text, ":3128 send imap://*.example.net:143/ elsewhere?\n"));
    free(text);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("show");

    tcase_add_test(cases, seconds_have_two_units_at_most);
    tcase_add_test(cases, bytes_have_two_digits_at_least);
    tcase_add_test(cases, fields_that_are_not_there_do_no_harm);
    tcase_add_test(cases, what_is_left_of_a_redirect_is_said);
    tcase_add_test(cases, the_network_is_told);
    tcase_add_test(cases, an_error_has_an_age);
    tcase_add_test(cases, sections_whose_proxies_are_found);
    tcase_add_test(cases, connections_that_carry_tunnels_are_told);
    tcase_add_test(cases, a_session_has_a_client);
    tcase_add_test(cases, reverse_sections_and_names_at_relays_have_tables);
    tcase_add_test(cases, a_word_that_is_longer_than_a_line_is_broken);
    tcase_add_test(cases, a_question_is_folded_between_words);
    return unit_run();
}
