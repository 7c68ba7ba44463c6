/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/secrets.h"
#include "base/syslog_socket.h"
#include "base/systemd.h"

#define LINE_MAX_BYTES 2048         /* a line is cut here; reasons and names are far shorter */
#define PART_MAX 300                /* bytes of each part before the text: the name, "warning: " */
#define LINE_BEGIN_MAX 64           /* bytes of a priority, a time stamp and our name */
#define LOST_BYTES 64               /* "warning: 4294967295 log lines were lost" */
#define HELD_BYTES_MAX 16384        /* lines kept until log_flush, or until they would no longer fit */
#define BRAKE_INTERVAL_MS 10000     /* a repeated warning is written at most once in this time */

const char *const log_level_words[] = {"error", "warning", "info", "debug", NULL};

static struct {
    enum log_level level;
    bool to_syslog;
    bool timestamps;
    bool journal; /* standard error is the journal of systemd */
    bool file;    /* standard error is a regular file, which always has room */
    bool started, held;
    unsigned lost, lost_to_syslog; /* lines not written because nobody made room for them; not reported yet */
} settings = {.level = LEVEL_INFO};

/* RFC 5424 section 6.2.1, as syslog and the journal have them; indexed by enum log_level. */
static const struct {
    int priority;
    const char *mark;
} priorities[] = {{LOG_ERR, "<3>"}, {LOG_WARNING, "<4>"}, {LOG_INFO, "<6>"}, {LOG_DEBUG, "<7>"}};

void log_setup(enum log_level level, bool to_syslog, bool timestamps)
{
    bool was_syslog = settings.to_syslog;
    struct stat about;

    settings.level = level;
    settings.to_syslog = false;
    settings.timestamps = timestamps;
    settings.journal = systemd_journal_reads(STDERR_FILENO);
    settings.file = fstat(STDERR_FILENO, &about) == 0 && S_ISREG(about.st_mode);
    if (to_syslog && !was_syslog && !syslog_socket_open(SYSLOG_SOCKET_PATH))
        log_message(LEVEL_WARNING, NULL, "log-to = syslog: nobody reads " SYSLOG_SOCKET_PATH " (%s): lines are lost "
                    "until somebody does", strerror(errno));
    if (!to_syslog && was_syslog)
        syslog_socket_close();
    settings.to_syslog = to_syslog;
}

const char *log_mark(enum log_level level)
{
    return systemd_journal_reads(STDERR_FILENO) ? priorities[level].mark : "";
}

/* Lines of this turn that are not written yet. */
static struct {
    char bytes[HELD_BYTES_MAX];
    size_t length;
} held;

void log_hold(bool hold)
{
    settings.held = hold;
    log_flush();
}

void log_started(void)
{
    settings.started = true;
}

bool log_wants(enum log_level level)
{
    return level <= settings.level;
}

/* Writes a time stamp (RFC 3339, UTC, milliseconds) and a blank.  Returns their length. */
static size_t stamp(char *out, size_t size)
{
    struct timespec now;
    struct tm parts;
    int written;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    written = snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000);
    return written < 0 ? 0 : (size_t)written;
}

/* Whether standard error takes a line without blocking.  If nobody reads it, mail must not wait. */
static bool has_room(void)
{
    struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};

    return settings.file || poll(&error, 1, 0) != 0; /* if poll fails, try to write all the same */
}

/* Writes at most PART_MAX bytes of text at line + at.  Returns the new length of the line. */
static size_t put(char *line, size_t at, const char *text)
{
    size_t length = strnlen(text, PART_MAX);

    memcpy(line + at, text, length);
    return at + length;
}

/* Writes how many lines were lost.  Returns the length. */
static size_t say_lost(char out[LOST_BYTES], unsigned lost)
{
    return (size_t)snprintf(out, LOST_BYTES, "warning: %u log lines were lost", lost);
}

/* Writes what begins a line on standard error.  Returns its length. */
static size_t begin_line(char *line, size_t size, enum log_level level)
{
    size_t at = settings.journal ? put(line, 0, priorities[level].mark) : 0;

    if (settings.timestamps)
        at += stamp(line + at, size - at);
    return settings.journal ? at : put(line, at, "sallyport: ");
}

/* Keeps or writes a line for standard error, newline included. */
static void take_line(enum log_level level, const char *line, size_t length)
{
    if (held.length + length > sizeof held.bytes)
        log_flush();
    memcpy(held.bytes + held.length, line, length);
    held.length += length;
    if (!settings.held || level == LEVEL_ERROR)
        log_flush();
}

/* Sends a line to the syslog, and before it how many could not be sent. */
static void send_line(enum log_level level, const char *line, size_t length)
{
    char notice[LOST_BYTES];
    size_t size = say_lost(notice, settings.lost_to_syslog);

    if (settings.lost_to_syslog > 0 && syslog_socket_send(LOG_WARNING, notice, size))
        settings.lost_to_syslog = 0;
    if (settings.lost_to_syslog > 0 || !syslog_socket_send(priorities[level].priority, line, length))
        settings.lost_to_syslog++;
}

static void __attribute__((format(printf, 4, 0))) write_line(enum log_level level, const char *name,
                                                             const char *prefix, const char *format, va_list values)
{
    char line[LINE_MAX_BYTES];
    size_t start = begin_line(line, sizeof line, level), at = start;

    if (name)
        at = put(line, put(line, at, name), " ");
    at = put(line, at, prefix);
    at += (size_t)vsnprintf(line + at, sizeof line - at, format, values);
    if (at > sizeof line - 2)
        at = sizeof line - 2;
    secrets_withhold(line + start);
    if (settings.to_syslog)
        send_line(level, line + start, at - start);
    if (settings.to_syslog && (settings.started || level != LEVEL_ERROR))
        return;
    line[at++] = '\n';
    take_line(level, line, at);
}

static void write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, length);

        if (written < 0 && errno != EINTR)
            return; /* the log cannot be written, and there is no other place to report that */
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
}

static unsigned count_lines(const char *bytes, size_t length)
{
    unsigned lines = 0;

    for (size_t i = 0; i < length; i++)
        lines += bytes[i] == '\n';
    return lines;
}

/* Length of the part to write next: whole lines, at most PIPE_BUF bytes, which a writable pipe takes without
 * blocking. */
static size_t share(const char *bytes, size_t length)
{
    const char *end;

    if (length <= PIPE_BUF)
        return length;
    end = memrchr(bytes, '\n', PIPE_BUF);
    return end ? (size_t)(end - bytes) + 1 : PIPE_BUF;
}

static void tell_lost(void)
{
    char line[LINE_BEGIN_MAX + LOST_BYTES + 1];
    size_t at = begin_line(line, LINE_BEGIN_MAX, LEVEL_WARNING);

    at += say_lost(line + at, settings.lost);
    line[at++] = '\n';
    settings.lost = 0;
    write_all(line, at);
}

void log_flush(void)
{
    size_t length = held.length;

    held.length = 0;
    for (size_t at = 0, part; at < length; at += part) {
        part = share(held.bytes + at, length - at);
        if (settings.lost > 0 && has_room())
            tell_lost();
        if (has_room()) /* ask before each write */
            write_all(held.bytes + at, part);
        else
            settings.lost += count_lines(held.bytes + at, part);
    }
}

void log_event(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    if (!log_wants(level))
        return;
    va_start(values, format);
    write_line(level, name, "", format, values);
    va_end(values);
}

void log_message(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    if (!log_wants(level))
        return;
    va_start(values, format);
    write_line(level, name, level == LEVEL_ERROR ? "error: " : level == LEVEL_WARNING ? "warning: " : "", format,
               values);
    va_end(values);
}

bool log_brake_open(struct log_brake *brake, uint64_t now_ms, unsigned *suppressed)
{
    if (now_ms < brake->next) {
        brake->suppressed++;
        return false;
    }
    *suppressed = brake->suppressed;
    brake->suppressed = 0;
    brake->next = now_ms + BRAKE_INTERVAL_MS;
    return true;
}
