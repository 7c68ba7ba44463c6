/* The plain-text preamble before TLS to a mail or news server: its greeting, what it offers, our STARTTLS, its
 * go-ahead.  IMAP RFC 9051 section 6.2.1, SMTP and submission RFC 3207, NNTP RFC 4642, POP3 RFC 2595 section 4,
 * ManageSieve RFC 5804 section 2.2.  A machine of steps without socket and clock: the owner hands over what the server
 * sent, sends what the machine says, and keeps the time.  It fails closed: nothing but the exact dialogue leads to TLS,
 * and not one byte of the client is part of it.  Never blocks; owns at most STARTTLS_BYTES_MAX bytes beside itself. */
#ifndef SALLYPORT_STARTTLS_H
#define SALLYPORT_STARTTLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "protocol/protocol.h"

#define STARTTLS_LINE_MAX 8192   /* bytes of a line without its end; RFC 9051 section 4 asks for no more of anybody */
#define STARTTLS_BYTES_MAX 65536 /* all that a server may say before TLS: a hundred times what real ones do */

struct starttls;

enum starttls_result {
    STARTTLS_MORE,   /* send what starttls_output has, then feed what comes */
    STARTTLS_GO,     /* the server waits for the TLS hello, and nothing was behind its go-ahead */
    STARTTLS_FAILED, /* for good */
};

/* Whether the protocol has such a dialogue.  [forward] has none. */
bool starttls_knows(const struct protocol *protocol);

/* A dialogue that waits for the server's greeting; all of these servers speak first.  The caller owns it; protocol must
 * outlive it.  NULL: out of memory, or the protocol has no such dialogue. */
struct starttls *starttls_new(const struct protocol *protocol);

/* NULL is fine. */
void starttls_free(struct starttls *starttls);

/* Takes everything that was read from the server, however it was cut; length 0 is the end of the server's stream.  The
 * result and the failure do not depend on the cuts, but for when they come: STARTTLS_GO means "so far", and bytes that
 * are fed after it, like bytes behind the go-ahead in one feed, make it STARTTLS_FAILED.  So the owner feeds until
 * nothing more can be read, and only then starts TLS.  With STARTTLS_FAILED, *failure says why, without a place
 * (failure_at is the caller's); every later feed says the same.
 *   permanent: STARTTLS is not offered or refused, the greeting is PREAUTH, an answer came before its question or bytes
 *   behind the go-ahead (response injection), a bound was passed, NUL or a bare CR, an answer that is not this protocol
 *   temporary: the server says so itself (4yz, 400, BYE, [SYS/TEMP], [UNAVAILABLE], TRYLATER), the end of its stream,
 *   out of memory
 * Lines may end in CR LF or LF alone.  Keywords are whole words in any case. */
enum starttls_result starttls_feed(struct starttls *starttls, const char *bytes, size_t length,
                                   struct failure *failure);

/* What is to be sent now, valid until the next call; NULL and *length 0: nothing. */
const char *starttls_output(const struct starttls *starttls, size_t *length);

/* Takes the first n bytes, n at most the length above, off the output: they are sent. */
void starttls_sent(struct starttls *starttls, size_t n);

/* After STARTTLS_GO, once: what the client is to get when TLS stands and is verified, for these servers do not greet
 * again.  IMAP: the OK line without its response codes, since nothing learned before TLS may be believed; SMTP: all
 * lines of the greeting; NNTP and POP3: the line.  Each line ends in CR LF.  Not NUL-terminated, *length bytes,
 * the caller frees it.  NULL and *length 0: nothing, as in ManageSieve, whose server speaks first within TLS (RFC 5804
 * section 2.2). */
char *starttls_take_greeting(struct starttls *starttls, size_t *length);

#endif
