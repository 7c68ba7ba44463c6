/* SPDX-License-Identifier: ISC */
#include "setup/desktop_guess.h"

#include <string.h>

#include "../unit.h"
#include "finding/finder.h"
#include "setup/desk.h"

struct finding *__wrap_finding_start(const struct finding_params *params);
void __wrap_finding_free(struct finding *finding);
const struct found *__wrap_finding_found(const struct finding *finding);
bool __wrap_finding_is_environment(const struct finding *finding);

/* What the desktop says; told when the loop turns. */
static struct {
    enum outcome outcome;
    struct found found;
    bool is_environment;
    struct finding_params asked;
    struct deferred turn;
    unsigned freed;
} desktop;

static void tell(struct deferred *turn)
{
    struct failure failure;

    (void)turn;
    failure_set(&failure, FAILURE_TEMPORARY, "no desktop");
    desktop.asked.done(desktop.asked.arg, desktop.outcome, desktop.outcome == OUTCOME_DONE ? NULL : &failure);
}

static struct loop *loop;

struct finding *__wrap_finding_start(const struct finding_params *params)
{
    ck_assert_int_eq(params->section->urls.source, PLACES_SYSTEM);
    ck_assert_str_eq(params->target->host, "probe.example.net");
    ck_assert_uint_eq(params->target->port, 443);
    desktop.asked = *params;
    loop_defer(loop, &desktop.turn, tell);
    return (struct finding *)&desktop;
}

void __wrap_finding_free(struct finding *finding)
{
    ck_assert_ptr_eq(finding, &desktop);
    desktop.freed++;
}

const struct found *__wrap_finding_found(const struct finding *finding)
{
    ck_assert_ptr_eq(finding, &desktop);
    return &desktop.found;
}

bool __wrap_finding_is_environment(const struct finding *finding)
{
    ck_assert_ptr_eq(finding, &desktop);
    return desktop.is_environment;
}

static void expect(const char *wanted)
{
    struct desk desk = {.page = {stdout, stdout}};
    char url[ENDPOINT_URL_MAX] = "";

    ck_assert(desk_open(&desk));
    loop = desk.services.loop;
    desktop.freed = 0;
    ck_assert_int_eq(desktop_guess_make(&desk.services, "probe.example.net", url), wanted[0] != '\0');
    ck_assert_str_eq(url, wanted);
    ck_assert_uint_eq(desktop.freed, 1);
    desk_close(&desk);
}

START_TEST(the_first_proxy_is_named)
{
    memset(&desktop, 0, sizeof desktop);
    desktop.outcome = OUTCOME_DONE;
    desktop.found.count = 2;
    desktop.found.members[0].direct = true;
    desktop.found.members[1].proxy = (struct endpoint){.host = "proxy.example.net", .port = 3128};
    expect("http://proxy.example.net:3128");
}
END_TEST

START_TEST(what_is_no_proxy_is_not)
{
    memset(&desktop, 0, sizeof desktop);
    desktop.outcome = OUTCOME_DONE;
    expect("");
    desktop.found.count = 1;
    desktop.found.members[0].direct = true;
    expect("");
    desktop.found.members[0].direct = false;
    desktop.is_environment = true;
    expect("");
    desktop.is_environment = false;
    desktop.outcome = OUTCOME_PEER;
    expect("");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("desktop_guess");

    tcase_add_test(cases, the_first_proxy_is_named);
    tcase_add_test(cases, what_is_no_proxy_is_not);
    return unit_run();
}
