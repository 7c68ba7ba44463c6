/* SPDX-License-Identifier: ISC */
/* The text of a PAC file, from the disk (pac_disk.h) or fetched (pac_fetch.h): https verified, http if that is meant,
 * no proxy, 1 MiB, 10 s.  Fetched, it is asked for again when somebody wants it and it is an hour old, by its ETag
 * or Last-Modified; on the disk, it is looked at whenever somebody wants it, and read if it has changed.  When the
 * network has changed, it is read anew.  The last good one serves while the network stays the same; an error, a
 * time-out or an empty file is a failure, never "direct".  Nothing happens while nobody asks. */
#ifndef SALLYPORT_PAC_FILE_H
#define SALLYPORT_PAC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/curl_loop.h"
#include "base/loop.h"
#include "finding/talk.h"
#include "net/resolver.h"

#define PAC_FILE_MAX TALK_SCRIPT_MAX
#define PAC_FILE_LIMIT_MS 10000u
#define PAC_FILE_AGE_MS 3600000u
#define PAC_FILE_LOOK_MS 1000u     /* one on the disk that was looked at so lately is taken for the same */
#define PAC_FILE_AGAIN_MS 10000u   /* after a failure the server is asked again no sooner than that */

struct pac_file;
struct pac_read; /* one caller's wait */

struct pac_file_params {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    const char *place;       /* an https or http URL, or a path; copied */
    const char *ca_file;     /* copied; NULL: the system's authorities */
    bool insecure;           /* http will do */
    const char *name;        /* the section's label, for the log; copied; NULL or "": it has none */
};

/* Nothing is read yet.  NULL: out of memory. */
struct pac_file *pac_file_new(const struct pac_file_params *params);
void pac_file_free(struct pac_file *file); /* callers that wait are not called; NULL is fine */

/* text: length bytes, borrowed until the next call of a caller or turn of the loop; serial: another number for each
 * text that differs from the one before, from 1.  text NULL: error says why, for people; it does not name the place. */
typedef void pac_file_fn(void *arg, const char *text, size_t length, uint64_t serial, const char *error);

/* Asks for the text.  If there is one that is young enough, it comes at once (but not from within this call); an old
 * one comes at once, too, and is read again meanwhile.  NULL: out of memory. */
struct pac_read *pac_file_read(struct pac_file *file, pac_file_fn *told, void *arg);
void pac_file_cancel(struct pac_read *read); /* NULL is fine */

/* Whether there is a text that a caller would be told without a look at the disk and without a fetch; *serial is its
 * own.  For who has kept what it said. */
bool pac_file_serves(const struct pac_file *file, uint64_t *serial);

/* The network is another one: what was read does not serve any more; a read that is under way begins anew. */
void pac_file_renew(struct pac_file *file);

/* How old the text is in ms; -1: there is none.  And the last error since it was read, borrowed, or "". */
int64_t pac_file_age(const struct pac_file *file);
const char *pac_file_error(const struct pac_file *file);

#endif
