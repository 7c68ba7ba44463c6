/* SPDX-License-Identifier: ISC */
/* Shows short messages to the user by running a program (`notify-command`), which gets title and text as its last two
 * arguments.  One runs at a time and no more than one in NOTIFIER_PAUSE_MS; meanwhile the latest message of each
 * subject waits, and an older one of the same subject is dropped.  Nothing blocks, and of what fails here the log alone
 * hears, once. */
#ifndef SALLYPORT_NOTIFIER_H
#define SALLYPORT_NOTIFIER_H

#include <stdbool.h>

#include "base/log.h"
#include "base/loop.h"

#define NOTIFIER_SUBJECTS 48       /* of which a message may wait: as many as notices has */
#define NOTIFIER_PAUSE_MS 10000u   /* from one start to the next: as long as a desktop shows a message */
#define NOTIFIER_LIMIT_MS 10000u   /* then the program is killed: it only has to pass a message on */
#define NOTIFIER_TITLE_MAX 80      /* bytes, with the NUL: one line of a small window */
#define NOTIFIER_TEXT_MAX 600      /* the same: a failure, its place, and what to do */

struct notifier;

struct notifier *notifier_new(struct loop *loop); /* NULL: out of memory; it is off */

/* Kills a program that runs.  NULL is fine. */
void notifier_free(struct notifier *notifier);

/* From now on runs this command: a program, looked for in PATH, and its first arguments, separated by blanks; no shell
 * reads it.  It is copied.  NULL, without a word, or out of memory: it is off.  The first failure after this call is
 * logged at that level, the others are not.  What waits is shown by the new command, and dropped if it is off. */
void notifier_set(struct notifier *notifier, const char *command, enum log_level level);

bool notifier_is_on(const struct notifier *notifier);

/* Shows a message, now or when its turn comes; does nothing while it is off.  subject: below NOTIFIER_SUBJECTS.  Both
 * texts are copied and cut to size; secrets in them are withheld (secrets.h), and each byte that is not printable
 * ASCII, or of which a desktop makes more than it says (markup and escapes: & < > \), becomes '_'. */
void notifier_tell(struct notifier *notifier, unsigned subject, const char *title, const char *text);

/* Takes back the message of a subject that waits.  False: there is none. */
bool notifier_withdraw(struct notifier *notifier, unsigned subject);

#endif
