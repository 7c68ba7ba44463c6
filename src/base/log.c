#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048         /* a line is cut here; reasons and names are far shorter */
#define PART_MAX 300                /* bytes of each part before the text: the name, "warning: " */
#define HELD_BYTES_MAX 16384        /* lines kept until log_flush, or until they would no longer fit */
#define BRAKE_INTERVAL_MS 10000     /* a repeated warning is written at most once in this time */

const char *const log_level_words[] = {"error", "warning", "info", "debug", NULL};

static struct {
    enum log_level level;
    bool to_syslog;
    bool timestamps;
    bool started, held;
    unsigned lost; /* lines not written because standard error had no room; not reported yet */
} settings = {.level = LEVEL_INFO};

void log_setup(enum log_level level, bool to_syslog, bool timestamps)
{
    if (to_syslog && !settings.to_syslog)
        openlog("sallyport", LOG_PID, LOG_DAEMON);
    if (!to_syslog && settings.to_syslog)
        closelog();
    settings.level = level;
    settings.to_syslog = to_syslog;
    settings.timestamps = timestamps;
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

    return poll(&error, 1, 0) != 0; /* if poll fails, try to write all the same */
}

/* Writes at most PART_MAX bytes of text at line + at.  Returns the new length of the line. */
static size_t put(char *line, size_t at, const char *text)
{
    size_t length = strnlen(text, PART_MAX);

    memcpy(line + at, text, length);
    return at + length;
}

static void __attribute__((format(printf, 4, 0))) write_line(enum log_level level, const char *name,
                                                             const char *prefix, const char *format, va_list values)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    char line[LINE_MAX_BYTES];
    size_t at = 0;

    if (!settings.to_syslog) {
        if (settings.timestamps)
            at += stamp(line, sizeof line);
        at = put(line, at, "sallyport: ");
    }
    if (name)
        at = put(line, put(line, at, name), " ");
    at = put(line, at, prefix);
    at += (size_t)vsnprintf(line + at, sizeof line - at, format, values);
    if (at > sizeof line - 2)
        at = sizeof line - 2;
    if (settings.to_syslog) {
        syslog(priorities[level], "%s", line);
        if (settings.started || level != LEVEL_ERROR)
            return;
    }
    line[at++] = '\n';
    if (held.length + at > sizeof held.bytes)
        log_flush();
    memcpy(held.bytes + held.length, line, at);
    held.length += at;
    if (!settings.held || level == LEVEL_ERROR)
        log_flush();
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
    char on_event[64];
    int size = snprintf(on_event, sizeof on_event, "sallyport: warning: %u log lines were lost\n", settings.lost);

    settings.lost = 0;
    write_all(on_event, (size_t)size);
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

/* Writes the escaped form of one byte and returns its length.  No snprintf: it runs for each byte of an HTTP head. */
static size_t escape(char piece[4], unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char letter = (char)byte;

    switch (byte) {
    case '\r': letter = 'r'; break;
    case '\n': letter = 'n'; break;
    case '\t': letter = 't'; break;
    case '"':
    case '\\': break;
    default:
        piece[0] = letter;
        if (byte >= 0x20 && byte <= 0x7e)
            return 1;
        memcpy(piece, (char[]){'\\', 'x', digits[byte >> 4], digits[byte & 15]}, 4);
        return 4;
    }
    piece[0] = '\\';
    piece[1] = letter;
    return 2;
}

const char *log_escape(char *out, size_t size, const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        char piece[4];
        size_t written = escape(piece, from[i]);

        if (at + written >= size)
            break;
        memcpy(out + at, piece, written);
        at += written;
    }
    if (size > 0)
        out[at] = '\0';
    return out;
}
