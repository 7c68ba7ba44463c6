/* SPDX-License-Identifier: ISC */
/* Ten thousand desktops with one proxy, simulated with the rules by which each of them makes connections ahead of need:
 * they do not march in step.  Deterministic; the clock is a number. */
#include <stdlib.h>
#include <string.h>

#include "proxy/outlook.h"
#include "proxy/refill.h"

#include "../unit.h"

#define DESKTOPS 10000
#define PLACES 2
#define AGE_MS 50000
#define LASTS_MS (AGE_MS / 16 * 13)                    /* a connection, on average */
#define MEAN (DESKTOPS * PLACES / (LASTS_MS / 1000.0)) /* connections a second when all goes well: 492 */
#define SECONDS_MAX 4096
#define EVENTS_MAX (8 * DESKTOPS)
#define ASKS_MS 300000  /* how often a mail program of a desktop asks for a tunnel */
#define AWAY_MS 60000   /* Retry-After of a proxy that sheds load */

enum kind { LOOK, RENEWAL, SESSION };

struct due {
    uint64_t at;
    uint32_t desktop;
    uint16_t number; /* of the connection that is due */
    uint8_t kind;
};

static struct desktop {
    struct outlook outlook;
    unsigned there;           /* connections ready */
    uint16_t numbers[PLACES]; /* theirs */
    uint16_t drawn;           /* the last one's number */
    uint64_t away_until, looks_at;
} desktops[DESKTOPS];

static struct due events[EVENTS_MAX]; /* a heap */
static size_t event_count;
static unsigned made[SECONDS_MAX]; /* connections that the proxy was asked for, in each second */
static uint64_t now, drawn;
static enum { WORKS, DOWN, SHEDS } proxy;

static uint32_t draw(void)
{
    drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(drawn >> 32);
}

/* --- what happens when --- */

static void exchange(size_t i, size_t k)
{
    const struct due event = events[i];

    events[i] = events[k];
    events[k] = event;
}

static void push(uint64_t at, const struct desktop *desktop, enum kind kind, uint16_t number)
{
    size_t i = event_count++;

    if (i == EVENTS_MAX) /* ck_assert takes too long here */
        ck_abort_msg("more events than there is room for");
    events[i] = (struct due){at, (uint32_t)(desktop - desktops), number, (uint8_t)kind};
    for (; i > 0 && events[i].at < events[(i - 1) / 2].at; i = (i - 1) / 2)
        exchange(i, (i - 1) / 2);
}

static struct due pop(void)
{
    const struct due first = events[0];
    size_t i = 0;

    events[0] = events[--event_count];
    for (;;) {
        size_t least = i;

        for (size_t below = 2 * i + 1; below <= 2 * i + 2; below++)
            if (below < event_count && events[below].at < events[least].at)
                least = below;
        if (least == i)
            return first;
        exchange(i, least);
        i = least;
    }
}

/* --- one desktop, as pool.c has it --- */

static void count_one(void)
{
    if (now / 1000 >= SECONDS_MAX)
        ck_abort_msg("it lasts longer than there is room for");
    made[now / 1000]++;
}

static void keep(struct desktop *desktop, uint64_t lasts_ms)
{
    desktop->numbers[desktop->there++] = ++desktop->drawn;
    push(now + lasts_ms, desktop, RENEWAL, desktop->drawn);
}

static void make(struct desktop *desktop)
{
    count_one();
    if (proxy == DOWN) {
        outlook_failed(&desktop->outlook, desktop->there > 0, now, draw());
        return;
    }
    outlook_made(&desktop->outlook, false, now, draw());
    keep(desktop, refill_renewal(AGE_MS, draw()));
}

static void fill(struct desktop *desktop)
{
    const struct outlook_wish wish = {.may_be_h2 = false};
    uint64_t next;

    outlook_go_on(&desktop->outlook, now, draw());
    while (desktop->there < outlook_now(&desktop->outlook, &wish))
        make(desktop);
    next = outlook_next(&desktop->outlook);
    if (next != 0 && next != desktop->looks_at)
        push(next, desktop, LOOK, 0);
    desktop->looks_at = next;
}

static void lose_all(struct desktop *desktop)
{
    for (; desktop->there > 0; desktop->there--)
        outlook_lost(&desktop->outlook, now, draw());
    fill(desktop);
}

/* That connection is as old as it may be, unless it was taken or lost. */
static void renew(struct desktop *desktop, uint16_t number)
{
    for (unsigned i = 0; i < desktop->there; i++)
        if (desktop->numbers[i] == number) {
            desktop->numbers[i] = desktop->numbers[--desktop->there];
            fill(desktop);
            return;
        }
}

static void answer(struct desktop *desktop)
{
    outlook_hold(&desktop->outlook, proxy == SHEDS, now, draw());
    desktop->away_until = proxy == SHEDS ? now + AWAY_MS : 0;
}

static void ask(struct desktop *desktop)
{
    push(now + ASKS_MS, desktop, SESSION, 0);
    if (now < desktop->away_until)
        return;
    if (desktop->there > 0) {
        desktop->there--;
        fill(desktop);
    } else {
        count_one();
    }
    answer(desktop);
    fill(desktop);
}

/* --- the fleet --- */

static void run_until(uint64_t end)
{
    while (event_count > 0 && events[0].at <= end) {
        const struct due event = pop();
        struct desktop *desktop = &desktops[event.desktop];

        now = event.at;
        switch ((enum kind)event.kind) {
        case LOOK: fill(desktop); break;
        case RENEWAL: renew(desktop, event.number); break;
        case SESSION: ask(desktop); break;
        }
    }
    now = end;
}

/* Nobody is there yet, and the proxy works. */
static void begin_anew(void)
{
    memset(desktops, 0, sizeof desktops);
    memset(made, 0, sizeof made);
    event_count = 0;
    drawn = 20;
    now = 1000;
    proxy = WORKS;
}

/* All have their connections, of any age. */
static void set_up(void)
{
    begin_anew();
    for (struct desktop *desktop = desktops; desktop < desktops + DESKTOPS; desktop++) {
        outlook_begin(&desktop->outlook, PLACES, AGE_MS);
        outlook_open(&desktop->outlook);
        outlook_made(&desktop->outlook, false, now, draw());
        while (desktop->there < PLACES)
            keep(desktop, draw() % LASTS_MS);
    }
    run_until(100000);
}

/* Of any second between these, in parts of the mean. */
static double peak(uint64_t from, uint64_t to)
{
    unsigned most = 0;

    for (uint64_t i = from / 1000; i < to / 1000; i++)
        most = made[i] > most ? made[i] : most;
    return most / MEAN;
}

/* A second between these. */
static double rate(uint64_t from, uint64_t to)
{
    unsigned sum = 0;

    for (uint64_t i = from / 1000; i < to / 1000; i++)
        sum += made[i];
    return sum / ((double)(to - from) / 1000);
}

START_TEST(in_quiet_times_it_is_the_mean)
{
    set_up();
    run_until(300000);
    ck_assert_double_gt(rate(100000, 300000), 0.97 * MEAN);
    ck_assert_double_lt(rate(100000, 300000), 1.03 * MEAN);
    ck_assert_double_lt(peak(100000, 300000), 1.25);
}
END_TEST

/* How long the proxy is away, and the peak after its return.  While it is, at most so many attempts a second come once
 * all have found out. */
struct absence {
    uint64_t ms;
    double peak;
};

static const struct absence absences[] = {
    {0, 1.4}, {5000, 1.4}, {20000, 1.4}, {25000, 1.4}, {30000, 1.4}, {60000, 1.4}, {600000, 1.4},
};

START_TEST(a_proxy_that_returns_is_not_stormed)
{
    const struct absence *absence = &absences[_i];
    uint64_t gone, back;
    unsigned full = 0;

    set_up();
    gone = now;
    back = gone + absence->ms;
    proxy = DOWN;
    for (struct desktop *desktop = desktops; desktop < desktops + DESKTOPS; desktop++)
        lose_all(desktop);
    if (absence->ms == 0)
        proxy = WORKS;
    run_until(back);
    proxy = WORKS;
    run_until(back + 400000);
    ck_assert_double_lt(peak(back, back + 400000), absence->peak);
    if (absence->ms > 300000)
        ck_assert_double_lt(rate(gone + 200000, back), 1.05 * DESKTOPS / (REFILL_REST_MOST_MS / 1000.0));
    for (const struct desktop *desktop = desktops; desktop < desktops + DESKTOPS; desktop++)
        full += desktop->there == PLACES;
    ck_assert_uint_eq(full, DESKTOPS);
}
END_TEST

/* A site's power returns, and each desktop makes one connection at once: whoever uses it first finds it ready.  The
 * other follows at leisure.  Within so many milliseconds. */
static const unsigned starts[] = {30000, 45000, 60000, 120000};

START_TEST(a_fleet_that_begins_within_a_minute_is_no_storm)
{
    const uint64_t begun = 1000;

    begin_anew();
    for (struct desktop *desktop = desktops; desktop < desktops + DESKTOPS; desktop++) {
        outlook_begin(&desktop->outlook, PLACES, AGE_MS);
        push(now + draw() % starts[_i], desktop, LOOK, 0);
    }
    run_until(begun + starts[_i]);
    for (const struct desktop *desktop = desktops; desktop < desktops + DESKTOPS; desktop++)
        if (desktop->there == 0)
            ck_abort_msg("one has nothing ready");
    run_until(400000);
    ck_assert_double_gt(rate(begun, begun + starts[_i]), (double)DESKTOPS / starts[_i] * 1000);
    ck_assert_double_lt(peak(begun, 400000), 1.4);
    ck_assert_double_gt(rate(300000, 400000), 0.97 * MEAN); /* all are there */
}
END_TEST

/* It answers each request by 503, and names a time.  What comes then are the mail programs, and nothing ahead. */
START_TEST(a_proxy_that_sheds_load_is_left_alone)
{
    uint64_t begun, over;

    set_up();
    for (struct desktop *desktop = desktops; desktop < desktops + DESKTOPS; desktop++)
        push(now + draw() % ASKS_MS, desktop, SESSION, 0);
    run_until(200000);
    begun = now;
    proxy = SHEDS;
    run_until(begun + 1200000);
    ck_assert_double_le(rate(begun + ASKS_MS + AGE_MS, begun + 1200000), 41);
    over = now;
    proxy = WORKS;
    run_until(over + 600000);
    ck_assert_double_lt(peak(over, over + 600000), 1.4);
    ck_assert_double_gt(rate(over + 500000, over + 600000), 0.97 * MEAN); /* all are back */
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("fleet");

    tcase_add_test(cases, in_quiet_times_it_is_the_mean);
    tcase_add_loop_test(cases, a_proxy_that_returns_is_not_stormed, 0, sizeof absences / sizeof absences[0]);
    tcase_add_loop_test(cases, a_fleet_that_begins_within_a_minute_is_no_storm, 0, sizeof starts / sizeof starts[0]);
    tcase_add_test(cases, a_proxy_that_sheds_load_is_left_alone);
    return unit_run();
}
