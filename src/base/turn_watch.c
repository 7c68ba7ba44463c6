/* SPDX-License-Identifier: ISC */
#include "base/turn_watch.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* Of the sanitizers' runtime (sanitizer/common_interface_defs.h); NULL without it. */
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t size) __attribute__((weak));

void turn_watch_note(struct turn_watch *watch, turn_watch_code *code, uint64_t us)
{
    size_t at = TURN_WATCH_NAMED;

    watch->us += us;
    watch->calls++;
    while (at > 0 && us > watch->longest[at - 1].us)
        at--;
    if (at == TURN_WATCH_NAMED)
        return;
    memmove(&watch->longest[at + 1], &watch->longest[at], (TURN_WATCH_NAMED - 1 - at) * sizeof watch->longest[0]);
    watch->longest[at].code = code;
    watch->longest[at].us = us;
}

/* Writes what the function is called; returns out. */
static const char *name(turn_watch_code *code, char *out, size_t size)
{
    Dl_info where;
    void *pc;

    memcpy(&pc, &code, sizeof pc);
    out[0] = '\0';
    if (__sanitizer_symbolize_pc)
        __sanitizer_symbolize_pc(pc, "%f", out, size);
    if (out[0] && out[0] != '<') /* "<null>": it has no name */
        return out;
    if (dladdr(pc, &where) != 0)
        snprintf(out, size, "+0x%tx", (char *)pc - (char *)where.dli_fbase);
    else
        snprintf(out, size, "%p", pc);
    return out;
}

void turn_watch_end(struct turn_watch *watch)
{
    char ran[400] = "", what[100];
    size_t length = 0;

    if (watch->us >= TURN_WATCH_MS * 1000) {
        for (size_t i = 0; i < TURN_WATCH_NAMED && watch->longest[i].code && length < sizeof ran; i++)
            length += (size_t)snprintf(ran + length, sizeof ran - length, "%s%s:%u", i > 0 ? "," : "",
                                       name(watch->longest[i].code, what, sizeof what),
                                       (unsigned)(watch->longest[i].us / 1000));
        log_event(LEVEL_INFO, NULL, "long-turn ms=%u callbacks=%u longest=%s", (unsigned)(watch->us / 1000),
                  watch->calls, ran);
    }
    memset(watch, 0, sizeof *watch);
}
