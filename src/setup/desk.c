/* SPDX-License-Identifier: ISC */
#include "setup/desk.h"

#include <string.h>

#include "proxy/h2_pool.h"

bool desk_open(struct desk *desk)
{
    char error[160];

    memset(&desk->draft, 0, sizeof desk->draft);
    if (!services_init(&desk->services, error, sizeof error)) {
        page_fail(&desk->page, "%s", error);
        return false;
    }
    desk->services.h2 = h2_pool_new(&desk->services);
    if (!desk->services.h2) {
        page_fail(&desk->page, "out of memory");
        services_release(&desk->services);
        return false;
    }
    desk->interview.loop = desk->services.loop;
    desk->interview.page = &desk->page;
    return true;
}

void desk_close(struct desk *desk)
{
    if (!desk->services.loop)
        return;
    h2_pool_free(desk->services.h2);
    services_release(&desk->services);
    desk->interview.loop = NULL;
}

void desk_wipe(struct desk *desk)
{
    explicit_bzero(desk->password, sizeof desk->password);
}

const char *desk_password(const struct desk *desk)
{
    return desk->password[0] ? desk->password : NULL;
}

void desk_show(void *arg, const char *step, const char *text)
{
    const struct desk *desk = arg;

    page_step(&desk->page, step, text);
}
