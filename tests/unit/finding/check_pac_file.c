/* SPDX-License-Identifier: ISC */
#include "finding/pac_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../authority.h"
#include "../stage.h"
#include "../unit.h"
#include "base/log.h"
#include "finding/pac_disk.h"
#include "pac_server.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HOUR PAC_FILE_AGE_MS

static struct {
    struct services *services;
    struct pac_server *server;
    struct pac_file *file;
    char place[256];
    unsigned told;
    uint64_t at; /* when that was */
    char text[256], error[256]; /* as it was told last; "" for none */
    uint64_t serial;
    bool frees, reads_again;
} scene;

/* --- the log --- */

static unsigned read_lines, warnings;
static const char *section_name; /* of the file, or NULL */
static char last_line[400];

static void note_line(const char *name, const char *format, va_list values)
{
    ck_assert_pstr_eq(name, section_name && *section_name ? section_name : NULL);
    vsnprintf(last_line, sizeof last_line, format, values);
}

void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    ck_assert_int_eq(level, LEVEL_INFO);
    va_start(values, format);
    note_line(name, format, values);
    va_end(values);
    read_lines++;
}

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    ck_assert_int_eq(level, LEVEL_WARNING);
    va_start(values, format);
    note_line(name, format, values);
    va_end(values);
    warnings++;
}

/* --- the disk --- */

static bool was_known; /* when the disk was asked last: the text of some stamp */

enum pac_disk_result __real_pac_disk_read(const char *path, size_t max, struct pac_stamp *stamp, char **text,
                                          size_t *length, char *error, size_t size);
enum pac_disk_result __wrap_pac_disk_read(const char *path, size_t max, struct pac_stamp *stamp, char **text,
                                          size_t *length, char *error, size_t size);
enum pac_disk_result __wrap_pac_disk_read(const char *path, size_t max, struct pac_stamp *stamp, char **text,
                                          size_t *length, char *error, size_t size)
{
    was_known = stamp->inode != 0;
    return __real_pac_disk_read(path, max, stamp, text, length, error, size);
}

/* --- the scene --- */

static void set_up(void)
{
    read_lines = warnings = 0;
    section_name = "work";
    memset(&scene, 0, sizeof scene);
    scene.services = stage_set_up();
    scene.server = pac_server_start(NULL);
    stage_name("wpad.example.net", "127.0.0.1");
}

static void tear_down(void)
{
    pac_file_free(scene.file);
    stage_settle();
    pac_server_stop(scene.server);
    stage_tear_down();
    authority_clean();
}

static void make_file_of(const char *place, const char *ca_file, bool insecure)
{
    scene.file = pac_file_new(&(struct pac_file_params){
        .loop = stage_loop(), .curl_loop = scene.services->curl_loop, .resolver = scene.services->resolver,
        .place = place, .ca_file = ca_file, .insecure = insecure, .name = section_name,
    });
    ck_assert_ptr_nonnull(scene.file);
}

static void make_file(const char *place)
{
    make_file_of(place, NULL, true);
}

static void make_fetched_file(void)
{
    snprintf(scene.place, sizeof scene.place, "http://wpad.example.net:%u/proxy.pac",
             (unsigned)pac_server_port(scene.server));
    make_file(scene.place);
}

static void note(void *arg, const char *text, size_t length, uint64_t serial, const char *error)
{
    (void)arg;
    ck_assert((text == NULL) != (error == NULL));
    scene.told++;
    scene.at = stage_time();
    snprintf(scene.text, sizeof scene.text, "%.*s", text ? (int)length : 0, text ? text : "");
    snprintf(scene.error, sizeof scene.error, "%s", error ? error : "");
    scene.serial = serial;
    if (scene.reads_again) {
        scene.reads_again = false;
        ck_assert_ptr_nonnull(pac_file_read(scene.file, note, NULL));
    }
    if (scene.frees) {
        pac_file_free(scene.file);
        scene.file = NULL;
        ck_assert(!text || text[0]); /* it can be read to the end of the turn */
    }
}

/* Starts a wait. */
static struct pac_read *ask(void)
{
    struct pac_read *read = pac_file_read(scene.file, note, NULL);

    ck_assert_ptr_nonnull(read);
    return read;
}

static void wait_for(unsigned told)
{
    pac_server_wait_told(&scene.told, told);
    stage_settle();
    ck_assert_uint_eq(scene.told, told);
}

/* Asks, and waits for what comes of it. */
static void read_it(void)
{
    scene.told = 0;
    ask();
    ck_assert_uint_eq(scene.told, 0); /* not from within the call */
    wait_for(1);
}

/* Lets the clock go on until so long after the last call. */
static void advance_to(uint64_t ms)
{
    stage_advance(scene.at + ms - stage_time());
}

static void check_text(const char *text, uint64_t serial)
{
    ck_assert_str_eq(scene.error, "");
    ck_assert_str_eq(scene.text, text);
    ck_assert_uint_eq(scene.serial, serial);
}

static void check_error(const char *error)
{
    ck_assert_str_eq(scene.text, "");
    ck_assert_str_eq(scene.error, error);
}

/* Waits until what the server says has come, although nobody is told.  It has been asked that often then. */
static void wait_for_server(unsigned asked)
{
    int64_t age = pac_file_age(scene.file);
    bool had_failed = *pac_file_error(scene.file);

    for (unsigned i = 0; i < 9000; i++) {
        if (pac_file_age(scene.file) < age || (!had_failed && *pac_file_error(scene.file)))
            break;
        stage_settle();
        usleep(1000);
        stage_advance(1);
    }
    ck_assert_uint_eq(pac_server_asked(scene.server), asked);
}

/* --- on the disk --- */

static const char *write_file(const char *text)
{
    return authority_text_file("proxy.pac", text);
}

START_TEST(on_the_disk_it_is_looked_at_each_time)
{
    const char *path = write_file("first");

    make_file(path);
    ck_assert_int_eq(pac_file_age(scene.file), -1);
    read_it();
    check_text("first", 1);
    read_it();
    check_text("first", 1);
    write_file("second");
    read_it();
    check_text("second", 2);
    ck_assert_uint_eq(read_lines, 2);
    ck_assert_ptr_eq(strstr(last_line, "pac-read bytes=6 from=\""), last_line);
    unlink(path); /* another file with the same text */
    write_file("second");
    read_it();
    check_text("second", 2);
    ck_assert_uint_eq(read_lines, 2);
    write_file("sec");
    read_it();
    check_text("sec", 3);
    ck_assert_int_eq(pac_file_age(scene.file), 0);
    stage_advance(70);
    ck_assert_int_eq(pac_file_age(scene.file), 70);
    ck_assert_uint_eq(stage_timers(), 0);
}
END_TEST

START_TEST(on_the_disk_it_is_taken_for_the_same_for_a_moment)
{
    const char *path = write_file("first");
    uint64_t serial;

    make_file(path);
    ck_assert(!pac_file_serves(scene.file, &serial));
    read_it();
    ck_assert(pac_file_serves(scene.file, &serial));
    ck_assert_uint_eq(serial, 1);
    advance_to(PAC_FILE_LOOK_MS - 1);
    ck_assert(pac_file_serves(scene.file, &serial));
    stage_advance(1);
    ck_assert(!pac_file_serves(scene.file, &serial));
    read_it();
    ck_assert(pac_file_serves(scene.file, &serial));
    unlink(path);
    read_it(); /* the old one serves, but there is something to tell */
    ck_assert(!pac_file_serves(scene.file, &serial));
    pac_file_renew(scene.file);
    ck_assert(!pac_file_serves(scene.file, &serial));
}
END_TEST

START_TEST(the_last_good_one_serves_until_the_network_changes)
{
    const char *path = write_file("first");

    make_file(path);
    read_it();
    unlink(path);
    read_it();
    check_text("first", 1);
    ck_assert_str_eq(pac_file_error(scene.file), "cannot open it: No such file or directory");
    write_file("");
    read_it();
    check_text("first", 1);
    ck_assert_str_eq(pac_file_error(scene.file), "it is empty");
    ck_assert_uint_eq(warnings, 1); /* not at each look */
    pac_file_renew(scene.file);
    ck_assert_int_eq(pac_file_age(scene.file), -1);
    read_it();
    check_error("it is empty");
    write_file("first");
    read_it();
    check_text("first", 1);
    ck_assert_str_eq(pac_file_error(scene.file), "");
}
END_TEST

/* A folder of the network's may be another server's now, and its file be the same by all that a stamp has. */
START_TEST(on_another_network_the_disk_is_read_anew)
{
    make_file(write_file("first"));
    read_it();
    ck_assert(!was_known);
    read_it();
    ck_assert(was_known);
    pac_file_renew(scene.file);
    read_it();
    ck_assert(!was_known);
    check_text("first", 1);
}
END_TEST

START_TEST(a_pipe_is_not_waited_for)
{
    const char *path = write_file("");

    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    make_file(path);
    read_it();
    check_error("it is not a regular file");
}
END_TEST

START_TEST(a_section_may_have_no_name)
{
    section_name = "";
    make_file(write_file("first"));
    read_it();
    ck_assert_uint_eq(read_lines, 1);
    pac_file_free(scene.file);
    section_name = NULL;
    make_file(write_file("first"));
    read_it();
    ck_assert_uint_eq(read_lines, 2);
}
END_TEST

START_TEST(on_the_disk_its_size_is_bounded)
{
    char *text = calloc(1, PAC_FILE_MAX + 2);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', PAC_FILE_MAX + 1);
    make_file(write_file(text));
    read_it();
    check_error("it is longer than 1024 KiB");
    write_file(text + 1);
    read_it();
    ck_assert_str_eq(scene.error, "");
    free(text);
}
END_TEST

/* --- fetched --- */

START_TEST(its_size_is_bounded)
{
    char answer[128];

    make_fetched_file();
    snprintf(answer, sizeof answer, OK "Content-Length: %d\r\n\r\nx", PAC_FILE_MAX + 1);
    pac_server_say(scene.server, answer);
    read_it();
    check_error("it is longer than 1024 KiB");
}
END_TEST

START_TEST(it_is_asked_for_as_safely_as_is_said)
{
    make_file_of("Http://wpad.example.net/", NULL, false); /* which is no path */
    read_it();
    check_error("http is not secure: anybody on the way can say where the mail goes; insecure = yes allows it");
    pac_file_free(scene.file);
    snprintf(scene.place, sizeof scene.place, "Https://wpad.example.net:%u/", (unsigned)pac_server_port(scene.server));
    make_file_of(scene.place, "/etc/hosts", false);
    read_it();
    check_error("cannot read ca-file /etc/hosts");
}
END_TEST

START_TEST(it_is_fetched_when_somebody_asks)
{
    make_fetched_file();
    pac_server_say(scene.server, OK "\r\nfirst");
    stage_advance(HOUR);
    ck_assert_uint_eq(pac_server_asked(scene.server), 0);
    read_it();
    check_text("first", 1);
    pac_server_say(scene.server, OK "\r\nsecond");
    advance_to(HOUR - 1);
    read_it();
    check_text("first", 1);
    ck_assert_int_eq(pac_file_age(scene.file), (int64_t)HOUR - 1);
    ck_assert_uint_eq(pac_server_asked(scene.server), 1);
    stage_advance(30 * HOUR); /* nobody asks */
    ck_assert_uint_eq(pac_server_asked(scene.server), 1);
}
END_TEST

START_TEST(an_old_one_serves_while_it_is_asked_for_again)
{
    make_fetched_file();
    pac_server_say(scene.server, OK "ETag: \"1\"\r\n\r\nfirst");
    read_it();
    pac_server_say(scene.server, OK "ETag: \"2\"\r\n\r\nsecond");
    advance_to(HOUR); /* and not a moment more */
    scene.told = 0;
    ask();
    ask();
    stage_settle();
    ck_assert_uint_eq(scene.told, 2);
    check_text("first", 1);
    wait_for_server(2);
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server), "\r\nIf-None-Match: \"1\"\r\n"));
    read_it();
    check_text("second", 2);
    ck_assert_uint_eq(pac_server_asked(scene.server), 2);
}
END_TEST

START_TEST(a_young_one_serves_what_is_kept)
{
    uint64_t serial;

    make_fetched_file();
    pac_server_say(scene.server, OK "\r\nfirst");
    read_it();
    ck_assert(pac_file_serves(scene.file, &serial));
    ck_assert_uint_eq(serial, 1);
    advance_to(HOUR - 1);
    ck_assert(pac_file_serves(scene.file, &serial));
    stage_advance(1);
    ck_assert(!pac_file_serves(scene.file, &serial)); /* else nobody would ask for it again */
    pac_file_renew(scene.file);
    ck_assert(!pac_file_serves(scene.file, &serial));
}
END_TEST

START_TEST(one_that_has_not_changed_is_young_again)
{
    make_fetched_file();
    pac_server_say(scene.server, OK "ETag: \"1\"\r\n\r\nfirst");
    read_it();
    pac_server_say(scene.server, "HTTP/1.1 304 Not Modified\r\n\r\n");
    stage_advance(HOUR);
    read_it();
    wait_for_server(2);
    ck_assert_int_lt(pac_file_age(scene.file), 10000);
    stage_advance(HOUR - 10000);
    read_it();
    check_text("first", 1);
    ck_assert_uint_eq(pac_server_asked(scene.server), 2);
    stage_advance(10000);
    read_it();
    wait_for_server(3); /* and its version is still known */
    ck_assert_ptr_nonnull(strstr(pac_server_heard(scene.server), "\r\nIf-None-Match: \"1\"\r\n"));
}
END_TEST

START_TEST(a_failure_is_told_and_the_server_left_alone_for_a_while)
{
    make_fetched_file();
    pac_server_say(scene.server, "HTTP/1.1 503 Busy\r\n\r\n");
    read_it();
    check_error("the server answers 503");
    ck_assert_str_eq(pac_file_error(scene.file), "the server answers 503");
    ck_assert_uint_eq(warnings, 0); /* whoever asks is told */
    pac_server_say(scene.server, OK "\r\nfirst");
    advance_to(PAC_FILE_AGAIN_MS - 1);
    read_it();
    check_error("the server answers 503");
    ck_assert_uint_eq(pac_server_asked(scene.server), 1);
    stage_advance(1);
    read_it();
    check_text("first", 1);
    ck_assert_str_eq(pac_file_error(scene.file), "");
}
END_TEST

START_TEST(the_last_good_one_serves_while_the_server_fails)
{
    make_fetched_file();
    pac_server_say(scene.server, OK "\r\nfirst");
    read_it();
    pac_server_say(scene.server, "HTTP/1.1 404 Gone\r\n\r\n");
    stage_advance(HOUR);
    read_it();
    wait_for_server(2);
    read_it();
    check_text("first", 1);
    ck_assert_str_eq(pac_file_error(scene.file), "the server answers 404");
    ck_assert_int_ge(pac_file_age(scene.file), (int64_t)HOUR);
    ck_assert_uint_eq(pac_server_asked(scene.server), 2);
    ck_assert_uint_eq(warnings, 1);
    ck_assert_ptr_nonnull(strstr(last_line, "cannot be read again, and what was read 3600 s ago goes on serving: the "
                                            "server answers 404"));
    pac_server_say(scene.server, OK "\r\nsecond");
    stage_advance(PAC_FILE_AGAIN_MS);
    read_it();
    check_text("first", 1);
    wait_for_server(3);
    ck_assert_str_eq(pac_file_error(scene.file), "");
    read_it();
    check_text("second", 2);
}
END_TEST

START_TEST(one_that_is_never_sent_is_a_failure)
{
    make_fetched_file();
    pac_server_hang(scene.server, OK);
    scene.told = 0;
    ask();
    stage_settle();
    stage_advance(PAC_FILE_LIMIT_MS);
    ck_assert_uint_eq(scene.told, 1);
    check_error("it has not come within 10 s");
}
END_TEST

START_TEST(callers_share_one_fetch)
{
    struct pac_read *third;

    make_fetched_file();
    pac_server_say(scene.server, OK "\r\nfirst");
    ask();
    ask();
    third = ask();
    pac_file_cancel(third);
    wait_for(2);
    check_text("first", 1);
    ck_assert_uint_eq(pac_server_asked(scene.server), 1);
    pac_file_cancel(ask());
    pac_file_cancel(NULL);
    stage_settle();
    ck_assert_uint_eq(scene.told, 2);
}
END_TEST

/* --- another network --- */

START_TEST(on_another_network_the_old_one_does_not_serve)
{
    make_fetched_file();
    pac_server_say(scene.server, OK "ETag: \"1\"\r\n\r\nfirst");
    read_it();
    pac_file_renew(scene.file);
    ck_assert_int_eq(pac_file_age(scene.file), -1);
    stage_settle();
    ck_assert_uint_eq(pac_server_asked(scene.server), 1); /* nobody asks */
    pac_server_say(scene.server, "HTTP/1.1 404 Gone\r\n\r\n");
    read_it();
    check_error("the server answers 404");
    pac_server_say(scene.server, OK "ETag: \"1\"\r\n\r\nother");
    pac_file_renew(scene.file); /* which ends the failure as well */
    read_it();
    check_text("other", 2); /* although its version is the same: it is another server's */
    ck_assert_ptr_null(strstr(pac_server_heard(scene.server), "If-None-Match"));
    pac_file_renew(scene.file);
    read_it();
    check_text("other", 2);
    ck_assert_uint_eq(pac_server_asked(scene.server), 4);
}
END_TEST

START_TEST(a_fetch_that_is_under_way_begins_anew)
{
    make_fetched_file();
    pac_server_hang(scene.server, OK "\r\nfirst");
    ask();
    pac_server_wait_asked(scene.server, 1);
    pac_server_say(scene.server, OK "\r\nsecond");
    pac_file_renew(scene.file);
    wait_for(1);
    check_text("second", 1);
    ck_assert_uint_eq(pac_server_asked(scene.server), 2);
}
END_TEST

START_TEST(who_was_about_to_be_told_gets_the_new_one)
{
    make_fetched_file();
    pac_server_say(scene.server, OK "\r\nfirst");
    read_it();
    scene.told = 0;
    ask();
    pac_server_say(scene.server, OK "\r\nsecond");
    pac_file_renew(scene.file);
    wait_for(1);
    check_text("second", 2);
}
END_TEST

START_TEST(nobody_is_left_waiting_for_a_fetch_that_is_not_needed)
{
    make_fetched_file();
    pac_server_hang(scene.server, OK);
    pac_file_cancel(ask());
    stage_settle();
    pac_file_renew(scene.file);
    stage_settle();
    ck_assert_uint_eq(stage_lookups_open(), 0);
    stage_advance(PAC_FILE_LIMIT_MS);
    ck_assert_str_eq(pac_file_error(scene.file), "");
}
END_TEST

/* --- its end --- */

START_TEST(it_may_be_freed_while_a_caller_waits)
{
    make_fetched_file();
    pac_server_hang(scene.server, OK);
    ask();
    ask();
    stage_settle();
    pac_file_free(scene.file);
    pac_file_free(NULL);
    scene.file = NULL;
    stage_settle();
    ck_assert_uint_eq(scene.told, 0);
}
END_TEST

START_TEST(it_may_be_freed_and_asked_from_within_a_call)
{
    make_fetched_file();
    pac_server_say(scene.server, OK "\r\nfirst");
    scene.reads_again = true;
    ask();
    wait_for(2);
    check_text("first", 1);
    scene.frees = true;
    ask();
    ask();
    wait_for(3);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("pac_file");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, on_the_disk_it_is_looked_at_each_time);
    tcase_add_test(tcase, on_the_disk_it_is_taken_for_the_same_for_a_moment);
    tcase_add_test(tcase, the_last_good_one_serves_until_the_network_changes);
    tcase_add_test(tcase, on_another_network_the_disk_is_read_anew);
    tcase_add_test(tcase, a_pipe_is_not_waited_for);
    tcase_add_test(tcase, a_section_may_have_no_name);
    tcase_add_test(tcase, on_the_disk_its_size_is_bounded);
    tcase_add_test(tcase, its_size_is_bounded);
    tcase_add_test(tcase, it_is_asked_for_as_safely_as_is_said);
    tcase_add_test(tcase, it_is_fetched_when_somebody_asks);
    tcase_add_test(tcase, an_old_one_serves_while_it_is_asked_for_again);
    tcase_add_test(tcase, a_young_one_serves_what_is_kept);
    tcase_add_test(tcase, one_that_has_not_changed_is_young_again);
    tcase_add_test(tcase, a_failure_is_told_and_the_server_left_alone_for_a_while);
    tcase_add_test(tcase, the_last_good_one_serves_while_the_server_fails);
    tcase_add_test(tcase, one_that_is_never_sent_is_a_failure);
    tcase_add_test(tcase, callers_share_one_fetch);
    tcase_add_test(tcase, on_another_network_the_old_one_does_not_serve);
    tcase_add_test(tcase, a_fetch_that_is_under_way_begins_anew);
    tcase_add_test(tcase, who_was_about_to_be_told_gets_the_new_one);
    tcase_add_test(tcase, nobody_is_left_waiting_for_a_fetch_that_is_not_needed);
    tcase_add_test(tcase, it_may_be_freed_while_a_caller_waits);
    tcase_add_test(tcase, it_may_be_freed_and_asked_from_within_a_call);
    return unit_run();
}
