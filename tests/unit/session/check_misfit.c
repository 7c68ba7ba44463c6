/* SPDX-License-Identifier: ISC */
#include "session/misfit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"

/* --- what is logged comes here (-Wl,--wrap=log_message) --- */

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static char line[300]; /* the last one */
static unsigned lines;

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    ck_assert_int_eq(level, LEVEL_WARNING);
    ck_assert_str_eq(name, "imap #7");
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    lines++;
}

START_TEST(first_bytes_tell_who_does_not_fit)
{
    const struct listener_config plain = {.tls = TLS_NO}, tls = {.tls = TLS_YES}, later = {.tls = TLS_STARTTLS};

    for (unsigned client = 0; client < 256; client++) {
        unsigned char byte = (unsigned char)client;

        ck_assert_int_eq(misfit_between(byte, '*'), client == 0x16);
        ck_assert(!misfit_between(byte, 0x16));
        ck_assert(!misfit_between(byte, 0x15)); /* an alert */
        ck_assert(!misfit_here(byte, &plain));
        ck_assert_int_eq(misfit_here(byte, &tls), client == 0x16);
        ck_assert_int_eq(misfit_here(byte, &later), client == 0x16);
    }
}
END_TEST

START_TEST(one_line_says_what_to_set)
{
    static const struct {
        struct listener_config listener;
        const char *advice;
    } rows[] = {{{.tls = TLS_NO}, "set the client to STARTTLS, or to no encryption"},
                {{.tls = TLS_YES}, "set the client to no encryption"},
                {{.tls = TLS_STARTTLS}, "set the client to no encryption"}};
    struct log_brake brake = {0};

    lines = 0;
    misfit_warn(&brake, 1000000, "imap #7", &rows[_i].listener);
    ck_assert_uint_eq(lines, 1);
    ck_assert_str_eq(strstr(line, ": ") + 2, rows[_i].advice);
    misfit_warn(&brake, 1000001, "imap #7", &rows[_i].listener); /* it tries again and again */
    ck_assert_uint_eq(lines, 1);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("misfit");

    tcase_add_test(cases, first_bytes_tell_who_does_not_fit);
    tcase_add_loop_test(cases, one_line_says_what_to_set, 0, 3);
    return unit_run();
}
