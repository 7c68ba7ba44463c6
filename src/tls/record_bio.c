/* SPDX-License-Identifier: ISC */
#include "tls/record_bio.h"

#include <errno.h>
#include <openssl/bio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_BYTES (16384 + 512)            /* of a record at most, with its overhead (RFC 5246 section 6.2.3) */
#define HEAD_BYTES 5                          /* of a record before its contents (RFC 8446 section 5.1) */
#define CLOSING_BYTES 256                     /* reserved for close_notify */
#define BATCH_BYTES (4 * RECORD_BYTES + 1024) /* sent in one call at most */

/* Records that wait to be sent.  A stream has a batch only while it has such records; one spare batch is kept for the
 * next burst. */
struct batch {
    size_t at, end; /* bytes[at] up to bytes[end] are still to be sent */
    char bytes[BATCH_BYTES];
};

static struct batch *spare;

static struct batch *batch_take(void)
{
    struct batch *batch = spare ? spare : malloc(sizeof *batch);

    spare = NULL;
    if (batch)
        batch->at = batch->end = 0;
    return batch;
}

static void batch_give_back(struct batch *batch)
{
    if (spare)
        free(batch);
    else
        spare = batch;
}

static void fail(struct record_bio *records, int error, const char *why)
{
    records->broken = true;
    records->error = error;
    records->why = why;
}

ssize_t record_bio_flush(struct record_bio *records)
{
    struct batch *out = records->out;

    if (records->broken)
        return TRANSPORT_ERROR;
    if (!out)
        return 0;
    while (out->at < out->end) {
        ssize_t sent = transport_send(records->below, out->bytes + out->at, out->end - out->at);

        if (sent == TRANSPORT_ERROR)
            fail(records, records->below->error, records->below->why);
        if (sent < 0)
            return sent;
        out->at += (size_t)sent;
    }
    records->out = NULL;
    batch_give_back(out);
    return 0;
}

bool record_bio_has_room(const struct record_bio *records)
{
    return !records->out || records->out->end + RECORD_BYTES + CLOSING_BYTES <= BATCH_BYTES;
}

void record_bio_release(struct record_bio *records)
{
    free(records->out);
    records->out = NULL;
}

/* OpenSSL writes one or more records.  Takes all of it or nothing, but for a write that is longer than a batch. */
static int on_write(BIO *bio, const char *bytes, int length)
{
    struct record_bio *records = BIO_get_data(bio);
    size_t limit = BATCH_BYTES - (records->closing ? 0 : CLOSING_BYTES), size = (size_t)length;

    BIO_clear_retry_flags(bio);
    if (length <= 0 || records->broken)
        return -1;
    if (records->closed) /* drop it: an answer to a key update, for which the other side does not wait */
        return length;
    if (records->out && records->out->end + size > limit && record_bio_flush(records) != 0) {
        if (!records->broken)
            BIO_set_retry_write(bio);
        return -1;
    }
    if (!records->out && !(records->out = batch_take())) {
        fail(records, ENOMEM, NULL);
        return -1;
    }
    if (size > limit - records->out->end)
        size = limit - records->out->end; /* longer than a batch: OpenSSL will write the rest */
    memcpy(records->out->bytes + records->out->end, bytes, size);
    records->out->end += size;
    return (int)size;
}

static void note_first(struct record_bio *records, const char *bytes, size_t length)
{
    size_t room = sizeof records->first - records->first_length, size = length < room ? length : room;

    memcpy(records->first + records->first_length, bytes, size);
    records->first_length = (unsigned char)(records->first_length + size);
}

/* OpenSSL reads. */
static int on_read(BIO *bio, char *bytes, int size)
{
    struct record_bio *records = BIO_get_data(bio);
    size_t room = (size_t)size < records->budget ? (size_t)size : records->budget;
    ssize_t got;

    if (records->first_length == 0 && room > HEAD_BYTES)
        room = HEAD_BYTES; /* if that is no TLS, the rest is still there to be quoted (plain_answer.h) */
    BIO_clear_retry_flags(bio);
    if (size <= 0 || records->broken)
        return -1;
    got = room > 0 ? transport_recv(records->below, bytes, room) : TRANSPORT_AGAIN;
    if (got == TRANSPORT_AGAIN)
        BIO_set_retry_read(bio);
    else if (got == TRANSPORT_ERROR)
        fail(records, records->below->error, records->below->why);
    else if (got == TRANSPORT_EOF)
        records->cut = true;
    if (got <= 0)
        return got == TRANSPORT_EOF ? 0 : -1;
    records->budget -= (size_t)got;
    note_first(records, bytes, (size_t)got);
    return (int)got;
}

static long on_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    /* BIO_CTRL_EOF is never true, or OpenSSL would treat a missing close_notify as fatal and not resume the TLS
     * session, which RFC 5246 section 7.2.1 no longer requires; records->cut says that the stream has ended */
    return command == BIO_CTRL_FLUSH;
}

/* Made once for the process; NULL: out of memory. */
static const BIO_METHOD *method(void)
{
    static BIO_METHOD *made;

    if (!made && (made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport"))) {
        BIO_meth_set_write(made, on_write);
        BIO_meth_set_read(made, on_read);
        BIO_meth_set_ctrl(made, on_control);
    }
    return made;
}

BIO *record_bio_new(struct record_bio *records)
{
    BIO *bio = method() ? BIO_new(method()) : NULL;

    if (bio) {
        BIO_set_data(bio, records);
        BIO_set_init(bio, 1);
    }
    return bio;
}
