#include "proxy/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "proxy/connector.h"

#include "../stage.h"
#include "../unit.h"

#define A "192.0.2.1:3128"
#define B "192.0.2.2:3128"
#define NAMED "proxy.example.net:3128"
#define MAIL "[imap]\ntarget = mail.example.net\n"
#define AGE_MS 40000                    /* of sections that say it */
#define RENEWED_FROM_MS (AGE_MS / 4 * 3) /* when a successor is made, at the earliest and at the latest */
#define RENEWED_BY_MS (AGE_MS / 8 * 7)
#define MANY 1000

/* Three connections to A, then three to A or else to B; with their age. */
#define THREE "[proxy]\nurl = http://" A "\npreconnect = 3\npreconnect-age = 40s\n" MAIL
#define EITHER "[proxy]\nurl = http://" A " http://" B "\npreconnect = 3\npreconnect-age = 40s\n" MAIL

/* --- a pool, and what it keeps --- */

struct setting {
    struct services *services;
    struct config *config;
    struct pool *pool;
    struct endpoint a, b;
};

static bool ends_at_once; /* whether a connection that is made has been ended by the proxy when the pool gets it */

struct transport *__wrap_connector_take(struct connector *connector);
struct transport *__real_connector_take(struct connector *connector);

struct transport *__wrap_connector_take(struct connector *connector)
{
    struct transport *transport = __real_connector_take(connector);

    if (ends_at_once)
        ((struct wire *)transport)->ended = true;
    return transport;
}

static void note(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static struct config *parse(const char *text)
{
    char *bytes = unit_exact(text, strlen(text));
    FILE *stream = fmemopen(bytes, strlen(text), "r");
    struct config *config;

    ck_assert_ptr_nonnull(stream);
    config = config_parse(stream, "f", CONFIG_TO_RUN, note, NULL);
    fclose(stream);
    free(bytes);
    ck_assert_ptr_nonnull(config);
    return config;
}

/* Both proxies can be reached. */
static void set_up(struct setting *setting)
{
    memset(setting, 0, sizeof *setting);
    setting->services = stage_set_up();
    setting->a = (struct endpoint){.host = "192.0.2.1", .port = 3128};
    setting->b = (struct endpoint){.host = "192.0.2.2", .port = 3128};
    stage_address(A, STAGE_CONNECTS);
    stage_address(B, STAGE_CONNECTS);
    ends_at_once = false;
    setting->pool = pool_new(setting->services);
    ck_assert_ptr_nonnull(setting->pool);
}

/* Keeps what this text asks for, the last one's sections being gone. */
static void keep(struct setting *setting, const char *text, size_t most)
{
    struct config *config = parse(text);

    pool_keep(setting->pool, config, most);
    config_unref(setting->config);
    setting->config = config;
}

static void tear_down(struct setting *setting)
{
    pool_free(setting->pool);
    if (setting->config)
        ck_assert_uint_eq(setting->config->references, 1);
    config_unref(setting->config);
    stage_tear_down();
}

static const struct proxy_config *section(const struct setting *setting, size_t i)
{
    ck_assert_uint_lt(i, setting->config->proxy_count);
    return &setting->config->proxies[i];
}

/* Those that the program has, be they taken. */
static unsigned held(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < stage_wires(); i++)
        count += wire_is_held(stage_wire(i));
    return count;
}

/* So many are ready to these proxies, and nothing was said over any. */
static void check_ready(const struct setting *setting, unsigned to_a, unsigned to_b)
{
    ck_assert_uint_eq(pool_ready(setting->pool, &setting->a), to_a);
    ck_assert_uint_eq(pool_ready(setting->pool, &setting->b), to_b);
    for (unsigned i = 0; i < stage_wires(); i++)
        ck_assert_uint_eq(stage_wire(i)->heard_length, 0);
}

/* The connection that is given for this proxy of the first section, or NULL. */
static struct wire *take(struct setting *setting, const struct endpoint *proxy)
{
    bool on_loopback = true;
    struct transport *transport = pool_take(setting->pool, proxy, section(setting, 0), &on_loopback);

    if (!transport)
        return NULL;
    ck_assert(!on_loopback);
    ck_assert_ptr_null(transport->watcher);
    return (struct wire *)transport;
}

/* It is this one; then it is closed. */
static void check_taken(struct wire *wire, unsigned number)
{
    ck_assert_ptr_nonnull(wire);
    ck_assert_uint_eq(wire->number, number);
    ck_assert(wire_is_held(wire));
    transport_close(&wire->near);
}

/* --- how many --- */

static const char *const askless[] = {
    "[proxy]\nurl = http://" A "\n" MAIL,
    "[proxy]\nurl = http://" A "\npreconnect = 0\n" MAIL,
    "[proxy]\nurl = http://" A "\n[proxy spare]\nurl = http://" B "\npreconnect = 5\n" MAIL, /* no listener has it */
    "[proxy]\nurl = http://" A "\npreconnect = 5\n[imap]\ntarget = mail.example.net\nproxy = direct\n",
};

START_TEST(nothing_is_kept_that_nobody_asks_for)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, askless[_i], MANY);
    ck_assert_uint_eq(pool_size(setting.config), 0);
    stage_advance(600000);
    for (size_t i = 0; i < setting.config->proxy_count; i++) {
        bool on_loopback;

        ck_assert_ptr_null(pool_take(setting.pool, &section(&setting, i)->urls.at[0], section(&setting, i),
                                     &on_loopback));
    }
    stage_advance(600000);
    ck_assert_uint_eq(stage_lookups(), 0);
    ck_assert_uint_eq(stage_dials(), 0);
    check_ready(&setting, 0, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(as_many_are_made_as_asked_for)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    ck_assert_uint_eq(stage_dials(), 0); /* not from within the call */
    stage_settle();
    check_ready(&setting, 3, 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_str_eq(stage_wire(i)->to, A);
    stage_advance(RENEWED_FROM_MS - 1);
    ck_assert_uint_eq(stage_dials(), 3);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(one_that_others_are_reached_through_is_kept_too)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[proxy outer]\nurl = http://" B "\npreconnect = 2\n[proxy]\nurl = http://" A "\nvia = outer\n" MAIL,
         MANY);
    stage_settle();
    check_ready(&setting, 0, 2);
    tear_down(&setting);
}
END_TEST

START_TEST(a_proxy_of_two_sections_counts_for_both)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[proxy]\nurl = http://" A "\npreconnect = 2\n[proxy b]\nurl = http://" A "\npreconnect = 3\n" MAIL
         "[smtp]\ntarget = mail.example.net\nproxy = b\n", MANY);
    stage_settle();
    check_ready(&setting, 5, 0);
    pool_note_stale(setting.pool, &setting.a, section(&setting, 1));
    check_ready(&setting, 2, 0); /* the other's stay */
    stage_settle();
    check_ready(&setting, 5, 0);
    tear_down(&setting);
}
END_TEST

/* Two sections that ask for so many, the most there may be, and what each gets: four fifths of that are shared out by
 * what was asked for, and nobody who asked gets none for that. */
struct share {
    unsigned ask_a, ask_b, most, get_a, get_b;
};

static const struct share shares[] = {
    {10, 0, 100, 10, 0}, {10, 0, 13, 10, 0}, {10, 0, 12, 9, 0},   {10, 0, 5, 4, 0}, {1, 0, 1, 1, 0},
    {2, 0, 2, 1, 0},     {64, 0, 81, 64, 0}, {10, 30, 20, 4, 12}, {1, 63, 8, 1, 5}, {2, 62, 8, 1, 5},
    {3, 3, 1, 1, 0},     {3, 3, 0, 0, 0},
};

/* At no time, renewals included. */
START_TEST(there_are_never_more_than_most)
{
    const struct share *share = &shares[_i];
    struct setting setting;
    char text[400];

    snprintf(text, sizeof text, "[proxy]\nurl = http://" A "\npreconnect = %u\n[proxy b]\nurl = http://" B
             "\npreconnect = %u\n" MAIL "[smtp]\ntarget = mail.example.net\nproxy = b\n", share->ask_a, share->ask_b);
    set_up(&setting);
    keep(&setting, text, share->most);
    stage_settle();
    check_ready(&setting, share->get_a, share->get_b);
    while (stage_time() < 120000) {
        stage_advance(500);
        ck_assert_uint_le(held(), share->most);
        ck_assert_uint_eq(pool_ready(setting.pool, &setting.a) + pool_ready(setting.pool, &setting.b),
                          share->get_a + share->get_b);
    }
    ck_assert_uint_ge(stage_dials(), 2 * (share->get_a + share->get_b)); /* each was renewed, be it without an overlap */
    tear_down(&setting);
}
END_TEST

struct size {
    const char *text;
    unsigned size;
};

static const struct size sizes[] = {
    {"[proxy]\nurl = http://" A "\npreconnect = 1\n" MAIL, 2},
    {THREE, 4},
    {"[proxy]\nurl = http://" A "\npreconnect = 4\n" MAIL "[smtp]\ntarget = mail.example.net\n", 6},
    {"[proxy]\nurl = http://" A "\npreconnect = 64\n" MAIL, 81},
    {"[proxy]\nurl = http://" A "\npreconnect = 4\n[proxy b]\nurl = http://" A "\npreconnect = 8\n" MAIL
     "[smtp]\ntarget = mail.example.net\nproxy = b\n[proxy c]\nurl = http://" A "\npreconnect = 9\n", 17},
};

/* With that many, all that are asked for are made. */
START_TEST(its_size_has_room_for_successors)
{
    struct setting setting;
    size_t asked = 0;

    set_up(&setting);
    setting.config = parse(sizes[_i].text);
    ck_assert_uint_eq(pool_size(setting.config), sizes[_i].size);
    pool_keep(setting.pool, setting.config, sizes[_i].size);
    for (size_t i = 0; i < setting.config->listener_count; i++)
        if (i == 0 || setting.config->listeners[i].proxy != setting.config->listeners[0].proxy)
            asked += setting.config->listeners[i].proxy->preconnect;
    stage_settle();
    check_ready(&setting, (unsigned)asked, 0);
    tear_down(&setting);
}
END_TEST

/* --- taking --- */

START_TEST(one_that_is_taken_is_replaced)
{
    struct setting setting;
    struct wire *taken[5];

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    for (unsigned i = 0; i < 5; i++) {
        taken[i] = take(&setting, &setting.a);
        ck_assert_ptr_nonnull(taken[i]);
        ck_assert_uint_eq(stage_dials(), 3 + i);
        check_ready(&setting, 2, 0);
        stage_settle();
        ck_assert_uint_eq(stage_dials(), 4 + i);
        check_ready(&setting, 3, 0);
        for (unsigned k = 0; k < i; k++)
            ck_assert_ptr_ne(taken[i], taken[k]);
    }
    wire_say(taken[0], "HTTP"); /* that is the taker's affair */
    stage_advance(2 * AGE_MS);
    pool_close(setting.pool);
    stage_settle();
    for (unsigned i = 0; i < 5; i++) {
        ck_assert(wire_is_held(taken[i]));
        transport_close(&taken[i]->near);
    }
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 5);
    ck_assert_uint_eq(pool_sums(setting.pool).stale, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(when_all_are_taken_there_is_none_and_nobody_waits)
{
    struct setting setting;
    struct wire *wire;
    unsigned taken = 0;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    ck_assert_ptr_null(take(&setting, &setting.a)); /* not ready yet */
    stage_settle();
    stage_address(A, STAGE_SILENT);
    for (; (wire = take(&setting, &setting.a)); taken++)
        transport_close(&wire->near);
    ck_assert_uint_eq(taken, 3);
    stage_settle();
    ck_assert_uint_eq(stage_dials_open(), 3);
    ck_assert_ptr_null(take(&setting, &setting.a)); /* they are under way */
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 3);
    tear_down(&setting);
}
END_TEST

START_TEST(the_youngest_that_has_settled_is_given_or_else_the_first)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY); /* 0, 1, 2 */
    stage_advance(POOL_SETTLED_MS - 1);
    check_taken(take(&setting, &setting.a), 0);
    stage_settle();              /* 3 comes */
    stage_advance(1);
    check_taken(take(&setting, &setting.a), 2);
    stage_settle();              /* 4 */
    stage_advance(POOL_SETTLED_MS - 2);
    check_taken(take(&setting, &setting.a), 1);
    stage_settle();              /* 5; none has settled of 3, 4, 5 */
    check_taken(take(&setting, &setting.a), 3);
    stage_advance(2);            /* 6; of 4, 5 and 6 it is 4 */
    check_taken(take(&setting, &setting.a), 4);
    tear_down(&setting);
}
END_TEST

START_TEST(it_is_given_to_who_asks_for_that_proxy_of_that_section)
{
    struct setting setting;
    struct endpoint same = {.host = "Proxy.EXAMPLE.net", .port = 3128}, other[] = {same, same, same};
    const struct proxy_config copy = {.preconnect = 3};
    bool on_loopback;

    other[0].port = 3129;
    other[1].tls = true;
    snprintf(other[2].host, sizeof other[2].host, "proxy.example.org");
    set_up(&setting);
    stage_name("proxy.example.net", "192.0.2.1");
    keep(&setting, "[proxy]\nurl = http://" NAMED "\npreconnect = 1\n" MAIL, MANY);
    stage_settle();
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(take(&setting, &other[i]));
    ck_assert_ptr_null(pool_take(setting.pool, &same, &copy, &on_loopback));
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 0);
    check_taken(take(&setting, &same), 0);
    tear_down(&setting);
}
END_TEST

START_TEST(it_is_told_which_lead_to_this_machine)
{
    static const char *const places[] = {"192.0.2.1", "127.0.0.1"};
    struct setting setting;
    struct transport *transport;
    bool on_loopback = _i == 0;

    set_up(&setting);
    stage_name("proxy.example.net", places[_i]);
    stage_address("127.0.0.1", STAGE_CONNECTS);
    keep(&setting, "[proxy]\nurl = http://" NAMED "\npreconnect = 1\n" MAIL, MANY);
    stage_settle();
    transport = pool_take(setting.pool, &section(&setting, 0)->urls.at[0], section(&setting, 0), &on_loopback);
    ck_assert_ptr_nonnull(transport);
    ck_assert_int_eq(on_loopback, _i == 1);
    transport_close(transport);
    tear_down(&setting);
}
END_TEST

/* --- age --- */

/* In none of them is more than one too many, or one too few; they are renewed one by one. */
START_TEST(each_is_renewed_in_time)
{
    struct setting setting;
    uint64_t births[64] = {0};
    unsigned known = 3, together = 0;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_advance(RENEWED_FROM_MS - 1);
    ck_assert_uint_eq(stage_dials(), 3);
    while (stage_time() < 4 * AGE_MS) {
        stage_advance(1 + 249 * (stage_time() % 2)); /* on odd milliseconds, and on even ones */
        check_ready(&setting, 3, 0);
        ck_assert_uint_eq(held(), 3);
        together += stage_wires() - known > 1;
        for (; known < stage_wires(); known++)
            births[known] = stage_time();
        for (unsigned i = 0; i < known; i++)
            if (wire_is_held(stage_wire(i)))
                ck_assert_uint_le(stage_time() - births[i], RENEWED_BY_MS);
    }
    ck_assert_uint_ge(known, 3 * 4);
    ck_assert_uint_le(known, 3 * 6);
    ck_assert_uint_le(together, 1); /* by chance */
    tear_down(&setting);
}
END_TEST

/* Its successor hangs; whether it is taken meanwhile. */
START_TEST(an_old_one_serves_until_it_is_of_age)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[sallyport]\nconnect-timeout = 1m\n" THREE, MANY);
    stage_settle();
    stage_address(A, STAGE_SILENT);
    stage_advance(RENEWED_BY_MS);
    ck_assert_uint_eq(stage_dials_open(), 3);
    check_ready(&setting, 3, 0);
    stage_advance(AGE_MS - RENEWED_BY_MS - 1);
    check_ready(&setting, 3, 0);
    if (_i == 1) {
        check_taken(take(&setting, &setting.a), 2);
        stage_settle();
        ck_assert_uint_eq(stage_dials(), 6); /* its successor is on its way already */
    }
    stage_advance(1);
    ck_assert_uint_eq(stage_time(), AGE_MS);
    check_ready(&setting, 0, 0);
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(stage_dials(), 6);
    tear_down(&setting);
}
END_TEST

/* One address is silent; the other is known only when that is sure, 3 s later.  By then it is 3 s old. */
START_TEST(one_that_takes_too_long_to_make_is_not_kept)
{
    static const char *const ages[] = {"3s", "4s"};
    struct setting setting;
    char text[200];

    snprintf(text, sizeof text, "[sallyport]\nconnect-timeout = 3s\n[proxy]\nurl = http://" NAMED
             "\npreconnect = 1\npreconnect-age = %s\n" MAIL, ages[_i]);
    set_up(&setting);
    stage_name("proxy.example.net", "192.0.2.8");
    stage_address("192.0.2.8", STAGE_SILENT);
    keep(&setting, text, MANY);
    stage_advance(2999);
    ck_assert_uint_eq(stage_dials(), 1);
    stage_name("proxy.example.net", "192.0.2.8 192.0.2.1");
    stage_advance(1);
    ck_assert_uint_eq(stage_wires(), 1);
    ck_assert_str_eq(stage_wire(0)->to, A);
    ck_assert_int_eq(wire_is_held(stage_wire(0)), _i == 1);
    ck_assert_uint_eq(pool_ready(setting.pool, &section(&setting, 0)->urls.at[0]), _i);
    if (_i == 0) {
        stage_advance(POOL_RETRY_MS - 1);
        ck_assert_uint_eq(stage_dials(), 2);
        stage_advance(1);
        ck_assert_uint_eq(stage_dials(), 3);
    }
    tear_down(&setting);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pool");

    tcase_add_loop_test(cases, nothing_is_kept_that_nobody_asks_for, 0, sizeof askless / sizeof askless[0]);
    tcase_add_test(cases, as_many_are_made_as_asked_for);
    tcase_add_test(cases, one_that_others_are_reached_through_is_kept_too);
    tcase_add_test(cases, a_proxy_of_two_sections_counts_for_both);
    tcase_add_loop_test(cases, there_are_never_more_than_most, 0, sizeof shares / sizeof shares[0]);
    tcase_add_loop_test(cases, its_size_has_room_for_successors, 0, sizeof sizes / sizeof sizes[0]);
    tcase_add_test(cases, one_that_is_taken_is_replaced);
    tcase_add_test(cases, when_all_are_taken_there_is_none_and_nobody_waits);
    tcase_add_test(cases, the_youngest_that_has_settled_is_given_or_else_the_first);
    tcase_add_test(cases, it_is_given_to_who_asks_for_that_proxy_of_that_section);
    tcase_add_loop_test(cases, it_is_told_which_lead_to_this_machine, 0, 2);
    tcase_add_test(cases, each_is_renewed_in_time);
    tcase_add_loop_test(cases, an_old_one_serves_until_it_is_of_age, 0, 2);
    tcase_add_loop_test(cases, one_that_takes_too_long_to_make_is_not_kept, 0, 2);
    return unit_run();
}
