/* Logging: one event a line, to standard error or syslog.  The object's name comes first, then a verb, then
 * key=value fields, as sallyport(1) lists them under LOG MESSAGES.  One process-wide state, set at start and reload.
 * Never pass a secret or a byte of mail. */
#ifndef SALLYPORT_LOG_H
#define SALLYPORT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/* The words of `log-level`, in the order of the enum, ended by NULL. */
extern const char *const log_level_words[];

/* Says where lines go from now on.  More than once is fine. */
void log_setup(enum log_level level, bool to_syslog, bool timestamps);

/* The start has succeeded.  Until then, errors go to standard error even with syslog: somebody may be sitting there. */
void log_started(void);

/* From now on, lines but errors are kept until log_flush, which the loop calls at the end of each turn: one write for
 * many sessions.  Until this is called, and again after log_hold(false), each is written at once. */
void log_hold(bool hold);
void log_flush(void);

/* Whether lines of that level are written at all, for callers whose line costs something to make. */
bool log_wants(enum log_level level);

/* Writes an event: "sallyport: NAME FORMAT".  name may be NULL. */
void log_event(enum log_level level, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Writes a sentence, with "error: " or "warning: " before it at those levels. */
void log_message(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A brake for one repeated warning: give each place that warns a static one. */
struct log_brake {
    uint64_t next;       /* milliseconds of the caller's clock before which nothing is said again */
    unsigned suppressed; /* how many were swallowed since */
};

/* Whether the warning may be written now (once in 10 s).  When it may and some were swallowed before, their number
 * is in *suppressed. */
bool log_brake_open(struct log_brake *brake, uint64_t now_ms, unsigned *suppressed);

/* Renders foreign bytes for a log line or a reason: printable ASCII as it is, quote and backslash behind a
 * backslash, CR LF TAB as \r \n \t, all else as \xNN.  Cut to size - 1 at a whole escape.  Returns out. */
const char *log_escape(char *out, size_t size, const void *bytes, size_t length);

#endif
