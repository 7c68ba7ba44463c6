/* The head of an HTTP/1 answer: status line and fields, from a buffer that grows as bytes arrive.  Strict as RFC 9112
 * wants a user agent to be, except that a line may end in LF alone (section 2.2).  Pure; the caller owns the bytes,
 * and a parsed head points into them. */
#ifndef SALLYPORT_HTTP_HEAD_H
#define SALLYPORT_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_BYTES_MAX 65536 /* a Kerberos token of a large company needs most of it */
#define HTTP_HEAD_FIELDS_MAX 128

struct http_head_slice {
    const char *bytes;
    size_t length;
};

struct http_head {
    int minor;                     /* of the version: HTTP/1.minor */
    int status;                    /* 100 to 599 */
    struct http_head_slice reason;  /* may be empty; any byte but CR LF NUL */
    size_t field_count;
    struct {
        struct http_head_slice name, value; /* value without blanks around it, folds made blanks */
    } fields[HTTP_HEAD_FIELDS_MAX];
    size_t scanned;                /* how far the search for the end has come; 0 at the start */
    size_t line;                   /* where the line under search begins; 0 at the start */
};

enum http_head_result {
    HTTP_HEAD_MORE, /* whole so far, not ended yet */
    HTTP_HEAD_DONE,
    HTTP_HEAD_BAD,
};

/* Makes head ready to read the next answer. */
void http_head_start(struct http_head *head);

/* Looks at the length bytes that have arrived so far; call it again with the same bytes and more behind them (they may
 * have moved).  Folded lines are unfolded in place.  DONE: *used bytes belong to the head, what is behind them does
 * not.  BAD: *why names the fault in a few words.  Each byte is looked at a bounded number of times, however they come
 * in. */
enum http_head_result http_head_read(struct http_head *head, char *bytes, size_t length, size_t *used,
                                     const char **why);

/* The value of the first field of that name (any case), or NULL. */
const struct http_head_slice *http_head_field(const struct http_head *head, const char *name);

/* Walks the members of the comma-separated lists in all fields of that name (RFC 9110 section 5.6.1): start with
 * *field = *offset = 0; false behind the last.  Empty members are skipped. */
bool http_head_next_member(const struct http_head *head, const char *name, size_t *field, size_t *offset,
                           struct http_head_slice *member);

/* Whether such a list has the member (any case). */
bool http_head_has_member(const struct http_head *head, const char *name, const char *member);

/* Equal in any case. */
bool http_head_slice_is(const struct http_head_slice *slice, const char *text);

#endif
