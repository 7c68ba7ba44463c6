/* SPDX-License-Identifier: ISC */
#include "setup/user_service.h"

#include <stddef.h>
#include <stdint.h>

#include "base/subprocess.h"

#define LOOK_LIMIT_MS 5000   /* a manager that is there answers at once */
#define START_LIMIT_MS 60000 /* systemd itself gives a service 90 s, ours is ready in much less */

struct call {
    struct loop *loop;
    bool well;
};

static void on_end(void *arg, int status, const char *output, size_t length, const char *error)
{
    struct call *call = arg;

    (void)output, (void)length;
    call->well = !error && status == 0;
    loop_stop(call->loop);
}

static bool run(struct loop *loop, char *command, uint32_t limit_ms)
{
    char shell[] = "/bin/sh", option[] = "-c", error[160];
    char *const argv[] = {shell, option, command, NULL};
    struct call call = {loop, false};

    return subprocess_run(loop, argv, NULL, limit_ms, on_end, &call, error, sizeof error) && loop_run(loop) &&
           call.well;
}

/* The control group of a user's manager has this socket; without it, systemctl would try to reach one by other ways. */
bool user_service_is_there(struct loop *loop)
{
    char command[] = "test -S \"$XDG_RUNTIME_DIR/systemd/private\" && "
                     "exec systemctl --user cat sallyport.service 2>/dev/null";

    return run(loop, command, LOOK_LIMIT_MS);
}

bool user_service_start(struct loop *loop)
{
    char command[] = "exec " USER_SERVICE_COMMAND " >&2";

    return run(loop, command, START_LIMIT_MS);
}
