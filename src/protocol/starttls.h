/* SPDX-License-Identifier: ISC */
/* The plain-text exchange with a mail or news server before TLS: its greeting, our STARTTLS, its positive answer, and
 * in SMTP EHLO before that: no step that costs a round trip more than these.  IMAP RFC 9051 section 6.2.1, SMTP and
 * submission RFC 3207, NNTP RFC 4642, POP3 RFC 2595 section 4, ManageSieve RFC 5804 section 2.2.  A state machine
 * without socket and clock: the owner passes in what the server sent, sends what the machine returns, and sets the time
 * limit.  It fails closed: anything but the exact exchange is a failure, and no byte from the client is part of it.
 * Never blocks; owns at most STARTTLS_BYTES_MAX bytes beside itself. */
#ifndef SALLYPORT_STARTTLS_H
#define SALLYPORT_STARTTLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "protocol/protocol.h"

#define STARTTLS_LINE_MAX 8192   /* bytes of a line without its end; RFC 9051 section 4 requires no more */
#define STARTTLS_BYTES_MAX 65536 /* that a server may send before TLS in all: a hundred times what real ones send */
#define STARTTLS_NAME_MAX 255    /* bytes of a name in EHLO (RFC 5321 section 4.5.3.1.2) */

struct starttls;

enum starttls_result {
    STARTTLS_MORE,   /* send what starttls_output returns, then feed what the server sends */
    STARTTLS_GO,     /* the server expects the TLS ClientHello, and has sent nothing after its positive answer */
    STARTTLS_FAILED, /* final */
};

/* Whether the protocol has STARTTLS.  [forward] has not. */
bool starttls_knows(const struct protocol *protocol);

/* Starts an exchange, which waits for the server's greeting: all of these servers greet first.  The caller owns it.
 * name: how we call ourselves in SMTP's EHLO; NULL: an address literal.  other_name: what to say when that is refused,
 * or NULL.  Both have at most STARTTLS_NAME_MAX bytes without blanks; they and protocol must outlive the exchange.
 * NULL: out of memory, or the protocol has no STARTTLS. */
struct starttls *starttls_new(const struct protocol *protocol, const char *name, const char *other_name);

/* NULL is fine. */
void starttls_free(struct starttls *starttls);

/* Takes bytes that were read from the server, in pieces of any size; length 0 means the end of its stream.  Neither
 * result nor failure depends on the pieces.
 * STARTTLS_GO holds only until more bytes come: any byte after the positive answer, in the same piece or a later one,
 * makes it STARTTLS_FAILED.  So feed until nothing more can be read, and only then start TLS.
 * STARTTLS_FAILED: *failure says why, without a place (the caller calls failure_at); every later call says the same.
 *   permanent: STARTTLS is refused, offered or not, the greeting is PREAUTH, an answer came before its command or bytes
 *   after the positive answer (response injection), too many bytes, a NUL or bare CR, an answer not of this protocol
 *   temporary: the server says so (4yz, 400, BYE, [SYS/TEMP], [UNAVAILABLE], TRYLATER), end of stream, out of memory
 * Lines may end in CR LF or LF alone.  Keywords are whole words in any case. */
enum starttls_result starttls_feed(struct starttls *starttls, const char *bytes, size_t length,
                                   struct failure *failure);

/* The bytes to send now, *length of them, valid until the next call; NULL and *length 0: nothing. */
const char *starttls_output(const struct starttls *starttls, size_t *length);

/* The first n bytes of the output, at most *length of them, were sent. */
void starttls_sent(struct starttls *starttls, size_t n);

/* After STARTTLS_GO, once: the greeting to send to the client after the TLS handshake, because these servers do not
 * greet again.  IMAP: the OK line without its response codes, since nothing learned before TLS can be trusted; SMTP:
 * all lines; NNTP and POP3: the line.  Each line ends in CR LF.  *length bytes, not NUL-terminated; the caller frees
 * it.  NULL and *length 0: nothing, as in ManageSieve, whose server greets again within TLS (RFC 5804 section
 * 2.2). */
char *starttls_take_greeting(struct starttls *starttls, size_t *length);

#endif
