/* SPDX-License-Identifier: ISC */
/* Logging to standard error or syslog, one event a line: the object's name, a verb, then key=value fields, as
 * sallyport(1) lists them under LOG MESSAGES.  The state is one for the process, set at start and reload.
 *
 * Nothing waits for who reads the log: lines that find no room are counted, and the count is written once there is
 * room again.  Never pass a secret or a byte of mail; what of a registered secret comes back all the same, because a
 * proxy repeats it, is withheld here (secrets.h). */
#ifndef SALLYPORT_LOG_H
#define SALLYPORT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/escape.h"

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/* The words of `log-level`, in the order of the enum, ended by NULL. */
extern const char *const log_level_words[];

/* Sets which lines are written (this level and above), where to (syslog or standard error), and whether lines on
 * standard error begin with a time stamp.  Where the journal of systemd reads standard error, each line begins with
 * its priority in place of our name.  Warns on standard error if nobody reads the syslog.  May be called again. */
void log_setup(enum log_level level, bool to_syslog, bool timestamps);

/* The daemon has started.  Until this call, errors also go to standard error when the log goes to syslog, for the
 * person who starts it. */
void log_started(void);

/* log_hold(true): from now on all lines except errors are kept until log_flush, which the loop calls at the end of
 * each turn, so that many sessions share one write.  An error writes itself and all that is kept at once.  Before the
 * first call and after log_hold(false), each line is written at once. */
void log_hold(bool hold);
void log_flush(void);

/* Whether lines of that level are written.  Ask before making a line that costs time. */
bool log_wants(enum log_level level);

/* Writes an event, if the level is wanted: "sallyport: NAME TEXT".  name may be NULL; TEXT is as of printf. */
void log_event(enum log_level level, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for a sentence, with "error: " or "warning: " before it at those levels. */
void log_message(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What begins a line on standard error that others write at that level: its priority, "<3>", where the journal reads
 * it; else nothing.  Static. */
const char *log_mark(enum log_level level);

/* Rate limit of one repeated warning; zeroed memory is one that has not been used.  Each place that warns has its
 * own. */
struct log_brake {
    uint64_t next;       /* ms of the caller's clock: the warning is not written before that */
    unsigned suppressed; /* warnings not written since the last one that was */
};

/* Whether the warning may be written now, which is at most once in 10 s.  now_ms: the caller's monotonic clock.
 * True: *suppressed is the number of warnings left out since the last one.  False: *suppressed is not written. */
bool log_brake_open(struct log_brake *brake, uint64_t now_ms, unsigned *suppressed);

#endif
