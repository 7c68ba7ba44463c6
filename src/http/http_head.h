/* The head of an HTTP/1 answer: status line and fields, from a buffer that grows as bytes arrive.  Strict as RFC 9112
 * wants a user agent to be, except that a line may end in LF alone (section 2.2).  Pure; the caller owns the bytes,
 * and a parsed head points into them. */
#ifndef SALLYPORT_HTTP_HEAD_H
#define SALLYPORT_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTPHEAD_BYTES_MAX 65536 /* a Kerberos token of a large company needs most of it */
#define HTTPHEAD_FIELDS_MAX 128

struct httphead_slice {
    const char *bytes;
    size_t length;
};

struct httphead {
    int minor;                     /* of the version: HTTP/1.minor */
    int status;                    /* 100 to 599 */
    struct httphead_slice reason;  /* may be empty; any byte but CR LF NUL */
    size_t field_count;
    struct {
        struct httphead_slice name, value; /* value without blanks around it, folds made blanks */
    } fields[HTTPHEAD_FIELDS_MAX];
    size_t scanned;                /* how far the search for the end has come; 0 at the start */
    size_t line;                   /* where the line under search begins; 0 at the start */
};

enum httphead_result {
    HTTPHEAD_MORE, /* whole so far, not ended yet */
    HTTPHEAD_DONE,
    HTTPHEAD_BAD,
};

/* Makes head ready to read the next answer. */
void httphead_start(struct httphead *head);

/* Looks at the length bytes that have arrived so far; call it again with the same bytes and more behind them (they may
 * have moved).  Folded lines are unfolded in place.  DONE: *used bytes belong to the head, what is behind them does
 * not.  BAD: *why names the fault in a few words.  Each byte is looked at a bounded number of times, however they come
 * in. */
enum httphead_result httphead_read(struct httphead *head, char *bytes, size_t length, size_t *used, const char **why);

/* The value of the first field of that name (any case), or NULL. */
const struct httphead_slice *httphead_field(const struct httphead *head, const char *name);

/* Walks the members of the comma-separated lists in all fields of that name (RFC 9110 section 5.6.1): start with
 * *field = *offset = 0; false behind the last.  Empty members are skipped. */
bool httphead_next_member(const struct httphead *head, const char *name, size_t *field, size_t *offset,
                          struct httphead_slice *member);

/* Whether such a list has the member (any case). */
bool httphead_has_member(const struct httphead *head, const char *name, const char *member);

/* Equal in any case. */
bool httphead_slice_is(const struct httphead_slice *slice, const char *text);

#endif
