/* SPDX-License-Identifier: ISC */
#include "control/requests.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define FAULTS_MANY 5000
#define UNKNOWN "error unknown request; known are: status, redirects, redirects clear, redirects allow ID, " \
                "redirects refuse ID, reload, stop\n"

static const char ini[] = "[proxy]\nurl = http://a.example.net:3128\n[imap]\ntarget = mail.example.net\n";
static const struct redirect_settings policy = {.follow = true, .max_hops = 5, .ask_timeout = 60000};

/* What the linker puts in place of the C library's: streams that run out, and copies that are not to be had. */
FILE *__wrap_open_memstream(char **text, size_t *size);
FILE *__real_open_memstream(char **text, size_t *size);
char *__wrap_strdup(const char *text);
char *__real_strdup(const char *text);

static unsigned streams_left = UINT_MAX;
static bool no_copies;

FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return streams_left-- > 0 ? __real_open_memstream(text, size) : NULL;
}

char *__wrap_strdup(const char *text)
{
    return no_copies ? NULL : __real_strdup(text);
}

/* The master, who counts what it is told, and one session that asks. */
struct house {
    struct config *config;
    struct services *services;
    struct sessions *sessions;
    struct requests_master master;
    unsigned sees, reloads, stops, faults;
    const char *error; /* of a reload that fails */
    struct question_wait *wait;
    unsigned told;
    bool yes;
};

static void tell(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static void see(void *arg, struct status_sources *sources)
{
    struct house *house = arg;

    house->sees++;
    *sources = (struct status_sources){.config = house->config, .sessions = house->sessions,
                                       .services = house->services, .started = loop_now(stage_loop())};
}

static bool reload(void *arg, FILE *faults, char *error, size_t size)
{
    struct house *house = arg;

    house->reloads++;
    if (!house->error)
        return true;
    for (unsigned i = 0; i < house->faults; i++)
        fprintf(faults, "file:%u: it is wrong\n", i);
    snprintf(error, size, "%s", house->error);
    return false;
}

static void stop(void *arg)
{
    struct house *house = arg;

    house->stops++;
}

static struct house open_house(void)
{
    struct house house = {.services = stage_set_up()};
    FILE *stream = fmemopen((void *)(uintptr_t)ini, sizeof ini - 1, "r");

    unsetenv("SALLYPORT_ASKPASS");
    unsetenv("SSH_ASKPASS");
    house.config = config_parse(stream, "test.ini", CONFIG_TO_CHECK, tell, NULL);
    fclose(stream);
    house.sessions = sessions_new(house.services, NULL, NULL);
    house.master = (struct requests_master){see, reload, stop, NULL};
    return house;
}

static void close_house(struct house *house)
{
    question_cancel(house->wait);
    sessions_free(house->sessions);
    config_unref(house->config);
    stage_tear_down();
}

/* What the request is answered, to be freed. */
static char *answer_of(struct house *house, const char *line)
{
    char *copy = unit_exact(line, strlen(line) + 1), *answer;
    size_t length = 0;
    uint64_t rest;

    house->master.arg = house;
    answer = requests_obey(&house->master, copy, &rest, &length);
    ck_assert_ptr_nonnull(answer);
    ck_assert_uint_eq(strlen(answer), length);
    while (rest > 0) {
        size_t more;
        char *piece = requests_go_on(&house->master, &rest, &more);

        ck_assert_ptr_nonnull(piece);
        answer = realloc(answer, length + more + 1);
        ck_assert_ptr_nonnull(answer);
        memcpy(answer + length, piece, more + 1);
        length += more;
        free(piece);
    }
    ck_assert_str_eq(copy, line);
    free(copy);
    return answer;
}

static void is_answered(struct house *house, const char *line, const char *wanted)
{
    char *answer = answer_of(house, line);

    ck_assert_msg(strcmp(answer, wanted) == 0, "%s: %s", line, answer);
    free(answer);
}

static struct setproxy said(const char *value)
{
    struct setproxy result;
    struct scope_url url;
    const char *why;

    ck_assert(scope_url_parse(&url, "imap://mail.example.net:143/"));
    ck_assert_msg(setproxy_parse(&result, &url, value, strlen(value), 86400, &why), "%s", why);
    return result;
}

static const struct endpoint sender = {.host = "a.example.net", .port = 3128};

static void learn(struct house *house, const char *value)
{
    const struct setproxy what = said(value);

    ck_assert_uint_ne(redirect_table_learn(house->services->redirects, &sender, false, &what,
                                           loop_now(stage_loop())), 0);
}

static void on_answer(void *arg, enum question_state answer, const char *why)
{
    struct house *house = arg;
    bool yes = answer == QUESTION_YES;

    ck_assert_str_eq(why, yes ? "" : "the user said no");
    house->told++;
    house->yes = yes;
    house->wait = NULL;
}

/* A session asks, and somebody can see that. */
static void ask(struct house *house)
{
    const struct setproxy what = said("http://b.example.net:3128/ scope=* type=forever");
    const char *why;

    questions_set_shown(house->services->questions, true);
    house->told = 0;
    house->wait = questions_ask(house->services->questions, &policy, &sender, &what, on_answer, house, &why);
    ck_assert_ptr_nonnull(house->wait);
}

/* --- facts --- */

/* The first line is "ok", the rest is the JSON that status_json makes. */
static void tells(struct house *house, const char *line, json_t *(*facts)(const struct status_sources *))
{
    struct status_sources sources;
    char *answer = answer_of(house, line);
    json_t *wanted, *got;

    ck_assert_int_eq(strncmp(answer, "ok\n{\n  \"", 8), 0);
    ck_assert_int_eq(strcmp(answer + strlen(answer) - 3, "\n}\n"), 0);
    got = json_loads(answer + 3, 0, NULL);
    ck_assert_ptr_nonnull(got);
    see(house, &sources);
    wanted = facts(&sources);
    ck_assert(json_equal(got, wanted));
    json_decref(wanted);
    json_decref(got);
    free(answer);
}

static json_t *everything(const struct status_sources *sources)
{
    json_t *all = status_json_frame(sources);
    uint64_t below = SESSIONS_NEWEST;

    json_object_set_new(all, "sessions", status_json_sessions(sources, &below, SIZE_MAX));
    ck_assert_uint_eq(below, 0);
    return all;
}

START_TEST(status_tells_everything)
{
    struct house house = open_house();

    learn(&house, "http://c.example.net:8080/ type=forever");
    ask(&house);
    tells(&house, "status", everything);
    close_house(&house);
}
END_TEST

/* --- many sessions --- */

/* One more client. */
static struct wire *come(struct house *house)
{
    struct wire *wire = stage_new_wire();

    session_start(house->sessions, &(struct session_params){
        .config = house->config, .listener = config_listener(house->config, "imap"), .client = &wire->near,
        .from = "from=here"});
    return wire;
}

/* How many sessions the text tells of. */
static unsigned count(const char *text)
{
    unsigned found = 0;

    for (const char *at = text; (at = strstr(at, "\"name\": \"imap #")); at++)
        found++;
    return found;
}

START_TEST(thousands_of_sessions_are_told_in_pieces)
{
    const unsigned many = 2 * REQUESTS_SESSIONS + 10;
    struct house house = open_house();
    struct wire *wires[2 * REQUESTS_SESSIONS + 10];
    char *pieces[4], *whole = NULL;
    size_t length, size;
    uint64_t rest;
    json_t *got;
    FILE *all;

    house.master.arg = &house;
    for (unsigned i = 0; i < many; i++)
        wires[i] = come(&house);
    pieces[0] = requests_obey(&house.master, "status", &rest, &length);
    ck_assert_uint_eq(count(pieces[0]), 0);
    pieces[1] = requests_go_on(&house.master, &rest, &length);
    ck_assert_uint_eq(count(pieces[1]), REQUESTS_SESSIONS);
    come(&house); /* too late to be told of */
    for (unsigned i = 0; i < 5; i++) {
        wire_break(wires[many - 1 - REQUESTS_SESSIONS - i], ECONNRESET); /* gone before their turn */
        wire_break(wires[many - 1 - i], ECONNRESET); /* told of already, the last one too */
    }
    wire_break(wires[many - REQUESTS_SESSIONS], ECONNRESET);
    pieces[2] = requests_go_on(&house.master, &rest, &length);
    ck_assert_uint_eq(count(pieces[2]), REQUESTS_SESSIONS);
    ck_assert_uint_ne(rest, 0);
    pieces[3] = requests_go_on(&house.master, &rest, &length);
    ck_assert_uint_eq(count(pieces[3]), many - 2 * REQUESTS_SESSIONS - 5);
    ck_assert_uint_eq(rest, 0);
    all = open_memstream(&whole, &size);
    for (unsigned i = 0; i < 4; i++) {
        fputs(pieces[i], all);
        free(pieces[i]);
    }
    fclose(all);
    got = json_loads(whole + 3, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(got, "sessions")), many - 5);
    json_decref(got);
    free(whole);
    close_house(&house);
}
END_TEST

START_TEST(redirects_tells_what_was_learned_and_asked)
{
    struct house house = open_house();

    learn(&house, "http://c.example.net:8080/ type=forever");
    ask(&house);
    tells(&house, "redirects", status_json_redirects);
    ck_assert_uint_eq(redirect_table_count(house.services->redirects), 1);
    ck_assert_uint_eq(house.told, 0);
    close_house(&house);
}
END_TEST

/* --- orders --- */

START_TEST(redirects_clear_forgets_what_was_learned_and_answered)
{
    struct question_facts facts;
    struct house house = open_house();

    learn(&house, "http://c.example.net:8080/ type=forever");
    ask(&house);
    is_answered(&house, "redirects allow 1", "ok\n");
    stage_settle();
    ask(&house); /* it is remembered: no new question */
    ck_assert(!questions_at(house.services->questions, 0, &facts));
    stage_settle();
    ck_assert_uint_eq(house.told, 1);
    is_answered(&house, "redirects clear", "ok\n");
    ck_assert_uint_eq(redirect_table_count(house.services->redirects), 0);
    ask(&house);
    ck_assert(questions_at(house.services->questions, 0, &facts));
    ck_assert_uint_eq(facts.id, 2);
    is_answered(&house, "redirects clear", "ok\n"); /* an open question stays open */
    ck_assert(questions_at(house.services->questions, 0, &facts));
    close_house(&house);
}
END_TEST

START_TEST(an_open_question_is_answered_once)
{
    static const struct {
        const char *line, *again;
        bool yes;
    } cases[] = {{"redirects allow 1", "redirects refuse 1", true}, {"redirects refuse 1", "redirects allow 1", false}};
    struct house house = open_house();

    ask(&house);
    is_answered(&house, "redirects allow 2", "error no question with the ID 2 is open\n");
    stage_settle();
    ck_assert_uint_eq(house.told, 0);
    is_answered(&house, cases[_i].line, "ok\n");
    stage_settle();
    ck_assert_uint_eq(house.told, 1);
    ck_assert_int_eq(house.yes, cases[_i].yes);
    is_answered(&house, cases[_i].again, "error no question with the ID 1 is open\n");
    close_house(&house);
}
END_TEST

START_TEST(a_question_that_was_not_asked_has_no_answer)
{
    struct house house = open_house();

    is_answered(&house, "redirects allow 1", "error no question with the ID 1 is open\n");
    is_answered(&house, "redirects refuse 4294967295", "error no question with the ID 4294967295 is open\n");
    close_house(&house);
}
END_TEST

START_TEST(reload_and_stop_are_passed_on)
{
    struct house house = open_house();

    is_answered(&house, "reload", "ok\n");
    ck_assert_uint_eq(house.reloads, 1);
    ck_assert_uint_eq(house.stops, 0);
    is_answered(&house, "stop", "ok\n");
    ck_assert_uint_eq(house.reloads, 1);
    ck_assert_uint_eq(house.stops, 1);
    ck_assert_uint_eq(house.sees, 0);
    close_house(&house);
}
END_TEST

START_TEST(a_reload_that_fails_says_why_and_names_each_fault)
{
    struct house house = open_house();
    char *answer, *rest, *line;
    unsigned lines = 0;

    house.error = "the configuration has errors";
    is_answered(&house, "reload", "error the configuration has errors\n");
    house.faults = 2;
    is_answered(&house, "reload", "error the configuration has errors\nfile:0: it is wrong\nfile:1: it is wrong\n");
    house.faults = FAULTS_MANY;
    answer = rest = answer_of(&house, "reload");
    while ((line = strsep(&rest, "\n")) && *line)
        lines++;
    ck_assert_uint_eq(lines, 1 + FAULTS_MANY);
    free(answer);
    close_house(&house);
}
END_TEST

START_TEST(a_reason_without_end_is_cut)
{
    char reason[1000], *answer;
    struct house house = open_house();

    memset(reason, 'w', sizeof reason);
    reason[sizeof reason - 1] = '\0';
    house.error = reason;
    house.faults = 1;
    answer = answer_of(&house, "reload");
    ck_assert_int_eq(strncmp(answer, "error www", 9), 0);
    ck_assert_uint_eq(strspn(answer + 6, "w"), 399);
    ck_assert_str_eq(answer + 6 + 399, "\nfile:0: it is wrong\n");
    free(answer);
    close_house(&house);
}
END_TEST

START_TEST(without_memory_nothing_is_done)
{
    struct house house = open_house();
    uint64_t rest;
    size_t length;

    house.master.arg = &house;
    for (unsigned streams = 0; streams < 2; streams++) {
        streams_left = streams;
        ck_assert_ptr_null(requests_obey(&house.master, "stop", &rest, &length));
        streams_left = UINT_MAX;
    }
    no_copies = true;
    is_answered(&house, "stop", "error out of memory\n");
    no_copies = false;
    ck_assert_uint_eq(house.stops, 0);
    close_house(&house);
}
END_TEST

/* --- words --- */

START_TEST(blanks_around_the_words_do_no_harm)
{
    struct house house = open_house();

    ask(&house);
    is_answered(&house, "  redirects    allow   1   ", "ok\n");
    is_answered(&house, " stop", "ok\n");
    is_answered(&house, "reload ", "ok\n");
    ck_assert_uint_eq(house.reloads + house.stops, 2);
    close_house(&house);
}
END_TEST

START_TEST(what_is_no_request_does_nothing_and_is_told_what_is)
{
    static const char *const lines[] = {
        "", "   ", "STOP", "Stop", "stop now", "stopp", "sto", "reload reload", "reload 1", "status 1", "status\tnow",
        "clear", "allow 1", "refuse 1", "1", "ok", "redirects clear 1", "redirects clear clear", "redirects drop",
        "redirects Clear", "redirects allow", "redirects refuse", "redirects 1", "redirects 1 allow",
        "redirects allow 0", "redirects allow 01", "redirects allow +1", "redirects allow -1", "redirects allow 1.0",
        "redirects allow 1x", "redirects allow 0x1", "redirects allow x", "redirects allow 4294967296",
        "redirects allow 4294967297", "redirects allow 18446744073709551617", "redirects allow 1 1",
        "redirects allow 1 2 3 4", "a b c d e f g h", "redirects redirects", "stop;", "stop\r", "\"stop\"", "stop\\n",
    };
    struct house house = open_house();

    learn(&house, "http://c.example.net/ type=forever");
    ask(&house);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        is_answered(&house, lines[i], UNKNOWN);
    stage_settle();
    ck_assert_uint_eq(house.sees + house.reloads + house.stops + house.told, 0);
    ck_assert_uint_eq(redirect_table_count(house.services->redirects), 1);
    close_house(&house);
}
END_TEST

START_TEST(a_long_line_is_no_request)
{
    struct house house = open_house();
    char line[100001];

    memset(line, 'a', sizeof line);
    line[sizeof line - 1] = '\0';
    is_answered(&house, line, UNKNOWN);
    for (size_t i = 1; i < sizeof line - 1; i += 2)
        line[i] = ' ';
    is_answered(&house, line, UNKNOWN);
    memset(line, ' ', sizeof line - 1);
    is_answered(&house, line, UNKNOWN);
    memcpy(line + sizeof line - 5, "stop", 4); /* but however far from the margin a word is, it is one */
    is_answered(&house, line, "ok\n");
    ck_assert_uint_eq(house.stops, 1);
    close_house(&house);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("requests");

    tcase_add_test(cases, status_tells_everything);
    tcase_add_test(cases, thousands_of_sessions_are_told_in_pieces);
    tcase_add_test(cases, redirects_tells_what_was_learned_and_asked);
    tcase_add_test(cases, redirects_clear_forgets_what_was_learned_and_answered);
    tcase_add_loop_test(cases, an_open_question_is_answered_once, 0, 2);
    tcase_add_test(cases, a_question_that_was_not_asked_has_no_answer);
    tcase_add_test(cases, reload_and_stop_are_passed_on);
    tcase_add_test(cases, a_reload_that_fails_says_why_and_names_each_fault);
    tcase_add_test(cases, a_reason_without_end_is_cut);
    tcase_add_test(cases, without_memory_nothing_is_done);
    tcase_add_test(cases, blanks_around_the_words_do_no_harm);
    tcase_add_test(cases, what_is_no_request_does_nothing_and_is_told_what_is);
    tcase_add_test(cases, a_long_line_is_no_request);
    return unit_run();
}
