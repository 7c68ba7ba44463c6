/* SPDX-License-Identifier: ISC */
#include "control/control_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/address.h"
#include "net/unix_socket.h"

#include "../terminal.h"
#include "../unit.h"

#define LIFE_SECONDS 100      /* of a daemon that nobody ends */
#define ANSWER_MAX (16u << 20)
#define CUT_OFF "sallyport: the answer of the daemon was cut off\n"

static char folder[64], place[UNIX_SOCKET_PATH_MAX];
static int descriptors; /* before */
static bool hasty;      /* whether blocking calls are to give up soon */

/* What the linker puts in place of the system's: nobody is waited for in vain for seconds. */
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t size);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    static const struct timeval soon = {.tv_usec = 10000};

    if (hasty && name == SO_RCVTIMEO)
        return __real_setsockopt(fd, level, name, &soon, sizeof soon);
    return __real_setsockopt(fd, level, name, value, size);
}

/* It returns when a sluggish daemon has said what it has to say. */
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);

static int answered = -1; /* readable by then; -1: it is not waited for */

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t sent = __real_send(fd, bytes, length, flags);
    struct pollfd waits = {.fd = answered, .events = POLLIN};

    while (answered >= 0 && poll(&waits, 1, -1) != 1)
        continue;
    return sent;
}

static void setup(void)
{
    descriptors = unit_descriptors();
    snprintf(folder, sizeof folder, "/tmp/check-control-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(place, sizeof place, "%s/sock", folder);
    hasty = false;
}

static void teardown(void)
{
    ck_assert_int_eq(unit_descriptors(), descriptors);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* --- the daemon --- */

enum manner {
    PROPER,   /* hears the request, answers, and closes */
    HASTY,    /* hears one byte of the request: its closing is a reset */
    SLUGGISH, /* never closes */
};

static struct {
    pid_t child;
    int ears; /* from which comes what it has heard */
    int told; /* readable when it has answered */
    struct unix_socket socket;
    char heard[2000];
} played;

/* The child's part. */
static void __attribute__((noreturn)) be_daemon(int tell, int tell_end, const char *answer, size_t length,
                                                enum manner manner)
{
    int fd;
    char c = 0;

    alarm(LIFE_SECONDS);
    signal(SIGPIPE, SIG_IGN);
    fcntl(played.socket.fd, F_SETFL, 0);
    fd = accept(played.socket.fd, NULL, NULL);
    while (c != '\n' && recv(fd, &c, 1, 0) == 1 && write(tell, &c, 1) == 1 && manner != HASTY)
        continue;
    while (length > 0) {
        ssize_t sent = write(fd, answer, length);

        if (sent < 0)
            break;
        answer += sent;
        length -= (size_t)sent;
    }
    while (manner == SLUGGISH && write(tell_end, "", 1) == 1)
        pause();
    _exit(0);
}

/* A daemon at the place that has this answer to whatever it is asked. */
static void play(const char *answer, size_t length, enum manner manner)
{
    char error[200];
    int ends[2], told[2];

    ck_assert_msg(unix_socket_take(&played.socket, place, error, sizeof error), "%s", error);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
    played.child = fork();
    ck_assert_int_ge(played.child, 0);
    if (played.child == 0)
        be_daemon(ends[1], told[1], answer, length, manner);
    played.ears = ends[0];
    answered = manner == SLUGGISH ? told[0] : -1;
    played.told = told[0];
    close(ends[1]);
    close(told[1]);
    close(played.socket.fd);
}

/* It ends; what it has heard is there to be read. */
static void end_play(void)
{
    ssize_t got;

    ck_assert_int_eq(kill(played.child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(played.child, NULL, 0), played.child);
    got = read(played.ears, played.heard, sizeof played.heard - 1);
    ck_assert_int_ge((int)got, 0);
    played.heard[got] = '\0';
    close(played.ears);
    close(played.told);
    answered = -1;
    unix_socket_give_back(&played.socket);
}

/* --- the commands --- */

enum command { STATUS, STATUS_JSON, REDIRECTS, CLEAR, ALLOW, REFUSE, RELOAD, STOP, COMMANDS, WATCH };

static const char *const requests[COMMANDS] = {
    [STATUS] = "status\n", [STATUS_JSON] = "status\n", [REDIRECTS] = "redirects\n", [CLEAR] = "redirects clear\n",
    [ALLOW] = "redirects allow 7\n", [REFUSE] = "redirects refuse 999999999\n", [RELOAD] = "reload\n",
    [STOP] = "stop\n",
};

static bool is_list(enum command command)
{
    return command <= REDIRECTS;
}

static int carry_out(const char *control, enum command command)
{
    char clear[] = "clear", allow[] = "allow", refuse[] = "refuse", seven[] = "7", many[] = "999999999";

    switch (command) {
    case STATUS:
    case STATUS_JSON:
        return control_client_status(control, command == STATUS_JSON);
    case REDIRECTS:
        return control_client_redirects(control, NULL, 0);
    case CLEAR:
        return control_client_redirects(control, (char *const[]){clear}, 1);
    case ALLOW:
        return control_client_redirects(control, (char *const[]){allow, seven}, 2);
    case REFUSE:
        return control_client_redirects(control, (char *const[]){refuse, many}, 2);
    case RELOAD:
        return control_client_reload(control);
    case WATCH:
        return control_client_watch(control);
    case STOP:
    case COMMANDS:
        break;
    }
    return control_client_stop(control);
}

/* --- what is printed --- */

static char *out, *complaint; /* of the last command; to be freed by forget */
static int own[2], files[2];  /* of standard output and standard error */

/* Standard output goes to the descriptor from now on, or to a file that is looked at; so does standard error. */
static void redirect(int to)
{
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        own[i] = fcntl(STDOUT_FILENO + i, F_DUPFD_CLOEXEC, 3);
        files[i] = memfd_create("printed", MFD_CLOEXEC);
        ck_assert_int_ge(files[i], 0);
        ck_assert_int_ge(dup2(i == 0 && to >= 0 ? to : files[i], STDOUT_FILENO + i), 0);
    }
}

static char *read_file(int fd)
{
    struct stat status;
    char *text;

    ck_assert_int_eq(fstat(fd, &status), 0);
    text = calloc(1, (size_t)status.st_size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq((int)pread(fd, text, (size_t)status.st_size, 0), (int)status.st_size);
    close(fd);
    return text;
}

static void redirect_back(void)
{
    fflush(stdout);
    clearerr(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(own[i], STDOUT_FILENO + i);
        close(own[i]);
    }
    out = read_file(files[0]);
    complaint = read_file(files[1]);
}

static void forget(void)
{
    free(out);
    free(complaint);
    out = complaint = NULL;
}

static int run_to(int to, const char *control, enum command command)
{
    int status;

    redirect(to);
    status = carry_out(control, command);
    redirect_back();
    return status;
}

/* The command ends with this status, having printed this. */
static void prints(const char *control, enum command command, int status, const char *wanted, const char *complaints)
{
    int got = run_to(-1, control, command);

    ck_assert_str_eq(complaint, complaints);
    ck_assert_str_eq(out, wanted);
    ck_assert_int_eq(got, status);
    forget();
}

/* The same with a daemon that has this answer. */
static void prints_of(const char *answer, enum manner manner, enum command command, int status, const char *wanted,
                      const char *complaints)
{
    play(answer, strlen(answer), manner);
    prints(place, command, status, wanted, complaints);
    end_play();
}

/* --- a yes --- */

START_TEST(each_command_sends_its_request)
{
    play("ok\n{}\n", 6, PROPER);
    ck_assert_int_eq(run_to(-1, place, (enum command)_i), EX_OK);
    ck_assert_str_eq(complaint, "");
    end_play();
    ck_assert_str_eq(played.heard, requests[_i]);
    forget();
}
END_TEST

START_TEST(what_is_done_is_done_in_silence)
{
    for (enum command command = CLEAR; command < COMMANDS; command++)
        prints_of("ok\n", PROPER, command, EX_OK, "", "");
}
END_TEST

START_TEST(json_is_printed_as_it_came)
{
    prints_of("ok\n{ \"b\": [1,2],\n\"a\":null,\"z\":\"\\u00e4\"}\n", PROPER, STATUS_JSON, EX_OK,
              "{ \"b\": [1,2],\n\"a\":null,\"z\":\"\\u00e4\"}\n", "");
}
END_TEST

START_TEST(without_json_it_is_printed_for_people)
{
    prints_of("ok\n{}\n", PROPER, REDIRECTS, EX_OK, "nothing is redirected, and nothing is asked\n", "");
    play("ok\n{\"version\":\"7.8\"}\n", 21, PROPER);
    ck_assert_int_eq(run_to(-1, place, STATUS), EX_OK);
    ck_assert_int_eq(strncmp(out, "sallyport 7.8", 13), 0);
    ck_assert_str_eq(complaint, "");
    end_play();
    forget();
}
END_TEST

/* Our own connection plays that of a client. */
#ifdef LINUX_WAYS
START_TEST(a_session_gets_its_program)
{
    char answer[600], wanted[100];
    struct address ends[2] = {0};
    socklen_t size = sizeof ends[0].v6;
    char from[ADDRESS_TEXT_MAX], on[ADDRESS_TEXT_MAX];
    int pair[2];

    prctl(PR_SET_NAME, "a\033program");
    unit_tcp_pair(pair);
    ck_assert_int_eq(getsockname(pair[0], &ends[0].any, &size), 0);
    ck_assert_int_eq(getpeername(pair[0], &ends[1].any, &size), 0);
    snprintf(answer, sizeof answer, "ok\n{\"sessions\":[{\"name\":\"imap #1\",\"from\":\"%s\",\"on\":\"%s\"},"
             "{\"name\":\"imap #2\",\"from\":\"192.0.2.1:1\",\"on\":null},7]}\n",
             address_format(&ends[0], from), address_format(&ends[1], on));
    snprintf(wanted, sizeof wanted, "\"program\": \"a\\\\x1bprogram\",\n      \"pid\": %d\n", (int)getpid());
    play(answer, strlen(answer), PROPER);
    ck_assert_int_eq(run_to(-1, place, STATUS_JSON), EX_OK);
    ck_assert_msg(strstr(out, wanted) != NULL, "%s", out);
    ck_assert_ptr_nonnull(strstr(out, "\"on\": null,\n      \"program\": null,\n      \"pid\": null\n"));
    end_play();
    forget();
    close(pair[0]);
    close(pair[1]);
}
END_TEST
#endif

/* The daemon that is played answers once. */
START_TEST(a_watch_goes_on_until_nobody_answers)
{
    char complaint_wanted[200];

    snprintf(complaint_wanted, sizeof complaint_wanted, "sallyport: no sallyport is running: nobody answers on %s\n",
             place);
    play("ok\n{\"version\":\"7.8\"}\n", 21, PROPER);
    ck_assert_int_eq(run_to(-1, place, WATCH), EX_UNAVAILABLE);
    ck_assert_int_eq(strncmp(out, "sallyport 7.8, up 0s", 20), 0);
    ck_assert_ptr_nonnull(strstr(out, "0 B out\n\n"));
    ck_assert_ptr_null(strchr(out, '\033')); /* it is no screen */
    ck_assert_str_eq(complaint, complaint_wanted);
    end_play();
    forget();
}
END_TEST

/* One of five lines: the first four of the status are to be seen, each in place of what was there. */
START_TEST(a_watch_fits_the_screen)
{
    static const char answer[] = "ok\n{\"proxies\":[{\"url\":\"http://a\",\"state\":\"up\"}]}\n";
    struct winsize size = {.ws_col = 80, .ws_row = 5};
    struct terminal terminal;

    terminal_open(&terminal);
    ck_assert_int_eq(ioctl(terminal.device, TIOCSWINSZ, &size), 0);
    play(answer, sizeof answer - 1, PROPER);
    ck_assert_int_eq(run_to(terminal.device, place, WATCH), EX_UNAVAILABLE);
    end_play();
    terminal_see(&terminal, "\033[J", 1);
    ck_assert_str_eq(terminal.seen, "\033[Hsallyport ?, up 0s, process 0\033[K\r\nconfiguration ?\033[K\r\n"
                                    "sessions 0 open, 0 so far; 0 B in, 0 B out\033[K\r\n\033[K\r\n\033[J");
    forget();
    terminal_close(&terminal);
}
END_TEST

/* Around the sizes at which more room is made, and far beyond what a socket holds. */
START_TEST(a_long_answer_comes_whole)
{
    static const size_t sizes[] = {4093, 4094, 4095, 4096, 4097, 8190, 8191, 8192, 8193, 3000000, ANSWER_MAX - 2};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t length = sizes[i];
        char *answer = malloc(length + 1);

        ck_assert_ptr_nonnull(answer);
        memset(answer, ' ', length);
        memcpy(answer, "ok\n{\"a\":1", 9);
        answer[length - 1] = '}';
        answer[length] = '\0';
        prints_of(answer, PROPER, STATUS_JSON, EX_OK, answer + 3, "");
        free(answer);
    }
}
END_TEST

START_TEST(a_reset_behind_the_answer_does_no_harm)
{
    prints_of("ok\n{}\n", HASTY, STATUS_JSON, EX_OK, "{}\n", "");
    prints_of("ok\n", HASTY, STOP, EX_OK, "", "");
}
END_TEST

/* --- a no --- */

START_TEST(a_no_is_told_with_its_reason)
{
    prints_of("error it is Sunday\n", PROPER, (enum command)_i, EX_UNAVAILABLE, "", "sallyport: it is Sunday\n");
    ck_assert_str_eq(played.heard, requests[_i]);
}
END_TEST

START_TEST(faults_of_the_configuration_are_told_first)
{
    prints_of("error the configuration has errors\nfile:1: one\nfile:2: two\n", PROPER, RELOAD, EX_CONFIG, "",
              "file:1: one\nfile:2: two\nsallyport: the configuration has errors\n");
}
END_TEST

START_TEST(a_reason_that_is_no_text_is_escaped_and_has_a_bound)
{
    char answer[5000] = "error ", wanted[1000] = "sallyport: ";

    prints_of("error \033[2J\x80\t\"\r\n", PROPER, STOP, EX_UNAVAILABLE, "",
              "sallyport: \\x1b[2J\\x80\\t\\\"\\r\n");
    prints_of("error \033]0;\a\n", PROPER, STATUS, EX_UNAVAILABLE, "", "sallyport: \\x1b]0;\\x07\n");
    memset(answer + 6, 'w', sizeof answer - 6);
    answer[sizeof answer - 2] = '\n';
    answer[sizeof answer - 1] = '\0';
    memset(wanted + 11, 'w', 799);
    wanted[11 + 799] = '\n';
    prints_of(answer, PROPER, STOP, EX_UNAVAILABLE, "", wanted);
}
END_TEST

/* --- no answer --- */

START_TEST(without_a_daemon_it_says_where_it_looked)
{
    enum command command = (enum command)_i;
    char wanted[200];

    snprintf(wanted, sizeof wanted, "sallyport: no sallyport is running: nobody answers on %s\n", place);
    prints(place, command, EX_UNAVAILABLE, "", wanted);
    prints("none", command, EX_UNAVAILABLE, "",
           "sallyport: the configuration has no control socket (control = none)\n");
    prints("a.sock", command, EX_UNAVAILABLE, "", "sallyport: a.sock is no full path\n");
    unsetenv("XDG_RUNTIME_DIR");
    prints("$XDG_RUNTIME_DIR/sock", command, EX_UNAVAILABLE, "",
           "sallyport: cannot tell where the control socket is: XDG_RUNTIME_DIR is not set\n");
    setenv("XDG_RUNTIME_DIR", folder, 1);
    prints("$XDG_RUNTIME_DIR/sock", command, EX_UNAVAILABLE, "", wanted);
}
END_TEST

START_TEST(half_an_answer_is_none)
{
    static const char *const answers[] = {"", "o", "ok", "\n", "\nok\n{}\n", "OK\n{}\n", "ok \n{}\n", "okay\n{}\n",
                                          "error", "error\n", "err\n", "ERROR no\n", "error no", "HTTP/1.1 200 OK"};
    static const char *const lists[] = {"ok\n", "ok\n\n", "ok\n{", "ok\n{\"a\":", "ok\n[]\n", "ok\nnull\n", "ok\n7\n",
                                        "ok\n{}{}\n", "ok\n{} x\n", "ok\n{\"a\":\"\xff\"}\n"};
    enum command command = (enum command)_i;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        prints_of(answers[i], PROPER, command, EX_UNAVAILABLE, "", CUT_OFF);
    for (size_t i = 0; is_list(command) && i < sizeof lists / sizeof lists[0]; i++)
        prints_of(lists[i], PROPER, command, EX_UNAVAILABLE, "", CUT_OFF);
}
END_TEST

START_TEST(a_daemon_that_leaves_is_told_by_name)
{
    char wanted[200];

    snprintf(wanted, sizeof wanted, "sallyport: no answer on %s: Connection reset by peer\n", place);
    prints_of("", HASTY, (enum command)_i, EX_UNAVAILABLE, "", wanted);
    prints_of("o", HASTY, (enum command)_i, EX_UNAVAILABLE, "", CUT_OFF);
}
END_TEST

START_TEST(a_silent_daemon_is_not_waited_for_forever)
{
    char wanted[200];

    hasty = true;
    snprintf(wanted, sizeof wanted, "sallyport: no answer on %s: it took too long\n", place);
    prints_of("", SLUGGISH, (enum command)_i, EX_UNAVAILABLE, "", wanted);
    prints_of("o", SLUGGISH, (enum command)_i, EX_UNAVAILABLE, "", CUT_OFF);
}
END_TEST

START_TEST(an_answer_without_end_is_given_up)
{
    char *answer = malloc(ANSWER_MAX), wanted[200];

    ck_assert_ptr_nonnull(answer);
    memset(answer, ' ', ANSWER_MAX);
    memcpy(answer, "ok\n{}", 5);
    snprintf(wanted, sizeof wanted, "sallyport: no answer on %s: Cannot allocate memory\n", place);
    play(answer, ANSWER_MAX, PROPER);
    prints(place, STATUS_JSON, EX_UNAVAILABLE, "", wanted);
    end_play();
    free(answer);
}
END_TEST

/* --- what was typed --- */

START_TEST(redirects_takes_what_it_knows)
{
    static const struct {
        const char *arguments[4];
        int count;
    } cases[] = {
        {{"clear", "1"}, 2}, {{"clear", "clear"}, 2}, {{"drop"}, 1}, {{""}, 1}, {{"Clear"}, 1}, {{"allow"}, 1},
        {{"refuse"}, 1}, {{"allow", ""}, 2}, {{"allow", "0"}, 2}, {{"allow", "01"}, 2}, {{"allow", "+1"}, 2},
        {{"allow", "-1"}, 2}, {{"allow", "1x"}, 2}, {{"allow", "1 "}, 2}, {{"allow", "x"}, 2},
        {{"allow", "1000000000"}, 2}, {{"allow", "99999999999999999999"}, 2}, {{"allow", "1\nstop"}, 2},
        {{"refuse", "1", "2"}, 3}, {{"1", "allow"}, 2}, {{"drop", "1"}, 2},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *arguments[4] = {NULL};
        int status;

        for (int k = 0; k < cases[i].count; k++)
            arguments[k] = strdup(cases[i].arguments[k]);
        redirect(-1);
        status = control_client_redirects(place, arguments, cases[i].count);
        redirect_back();
        ck_assert_str_eq(complaint, "sallyport: redirects takes nothing, clear, allow ID or refuse ID; "
                                    "`sallyport redirects` shows the IDs\n");
        ck_assert_str_eq(out, "");
        ck_assert_int_eq(status, EX_USAGE);
        forget();
        for (int k = 0; k < cases[i].count; k++)
            free(arguments[k]);
    }
}
END_TEST

/* --- where it is printed --- */

/* A table, or JSON of more and of less than what is written at a time. */
START_TEST(a_full_disk_is_noticed)
{
    static const struct {
        enum command command;
        size_t length;
    } cases[] = {{STATUS, 100}, {REDIRECTS, 100}, {STATUS_JSON, 100}, {STATUS_JSON, 4099}, {STATUS_JSON, 100000}};
    size_t length = cases[_i].length;
    char *answer = calloc(1, length + 1);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), status;

    ck_assert_int_ge(full, 0);
    ck_assert_ptr_nonnull(answer);
    memset(answer, ' ', length);
    memcpy(answer, "ok\n{\"a\":1", 9);
    answer[length - 1] = '}';
    play(answer, length, PROPER);
    status = run_to(full, place, cases[_i].command);
    ck_assert_str_eq(complaint, "sallyport: cannot write: No space left on device\n");
    ck_assert_int_eq(status, EX_IOERR);
    end_play();
    forget();
    close(full);
    free(answer);
}
END_TEST

/* Of the widest line that status prints, when the terminal says it is so wide. */
static size_t widest(int columns)
{
    static const char begins[] = "ok\n{\"proxies\":[{\"url\":\"http://a\",\"state\":\"up\",\"last_error\":\"";
    char answer[1000], *rest;
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
    struct terminal terminal;
    size_t length = sizeof begins - 1, most = 0;

    memcpy(answer, begins, length);
    memset(answer + length, 'e', 300);
    memcpy(answer + length + 300, "\"}]}\n", 6);
    terminal_open(&terminal);
    ck_assert_int_eq(ioctl(terminal.device, TIOCSWINSZ, &size), 0);
    play(answer, strlen(answer), PROPER);
    ck_assert_int_eq(run_to(columns < 0 ? -1 : terminal.device, place, STATUS), EX_OK);
    end_play();
    if (columns >= 0)
        terminal_see(&terminal, "eee\r\n", 1);
    rest = columns < 0 ? out : terminal.seen;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (strcspn(line, "\r") > most)
            most = strcspn(line, "\r");
    forget();
    terminal_close(&terminal);
    return most;
}

START_TEST(lines_are_as_wide_as_the_terminal)
{
    ck_assert_uint_eq(widest(132), 132);
    ck_assert_uint_eq(widest(80), 80);
    ck_assert_uint_eq(widest(40), 40);
    ck_assert_uint_eq(widest(39), 80); /* that is not believed */
    ck_assert_uint_eq(widest(0), 80);
    ck_assert_uint_gt(widest(-1), 300); /* no terminal */
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("control-client");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, each_command_sends_its_request, 0, COMMANDS);
    tcase_add_test(cases, what_is_done_is_done_in_silence);
    tcase_add_test(cases, json_is_printed_as_it_came);
    tcase_add_test(cases, without_json_it_is_printed_for_people);
#ifdef LINUX_WAYS
    tcase_add_test(cases, a_session_gets_its_program);
#endif
    tcase_add_test(cases, a_watch_goes_on_until_nobody_answers);
    tcase_add_test(cases, a_watch_fits_the_screen);
    tcase_add_test(cases, a_long_answer_comes_whole);
    tcase_add_test(cases, a_reset_behind_the_answer_does_no_harm);
    tcase_add_loop_test(cases, a_no_is_told_with_its_reason, 0, COMMANDS);
    tcase_add_test(cases, faults_of_the_configuration_are_told_first);
    tcase_add_test(cases, a_reason_that_is_no_text_is_escaped_and_has_a_bound);
    tcase_add_loop_test(cases, without_a_daemon_it_says_where_it_looked, 0, COMMANDS);
    tcase_add_loop_test(cases, half_an_answer_is_none, 0, COMMANDS);
    tcase_add_loop_test(cases, a_daemon_that_leaves_is_told_by_name, 0, COMMANDS);
    tcase_add_loop_test(cases, a_silent_daemon_is_not_waited_for_forever, 0, COMMANDS);
    tcase_add_test(cases, an_answer_without_end_is_given_up);
    tcase_add_test(cases, redirects_takes_what_it_knows);
    tcase_add_loop_test(cases, a_full_disk_is_noticed, 0, 5);
    tcase_add_test(cases, lines_are_as_wide_as_the_terminal);
    return unit_run();
}
