/* SPDX-License-Identifier: ISC */
#include "capsules.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define VALUE_BYTES 16383 /* of a capsule: what a gateway reads at a time, and its length takes two bytes */
#define BATCH_MAX 16      /* capsules that go in one call */
#define HEAD_BYTES 3
#define DATA 0x08

static void write_head(char head[HEAD_BYTES], size_t length)
{
    head[0] = DATA;
    head[1] = (char)(0x40 | length >> 8);
    head[2] = (char)length;
}

static struct iovec piece(const void *bytes, size_t length)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
}

/* The system took so many bytes of heads and values, the first of which had begun.  Gives those of values. */
static size_t account(struct capsules *capsules, size_t took, size_t length)
{
    size_t given = 0;

    while (took > 0) {
        size_t some;

        if (capsules->head_left == 0 && capsules->owed == 0) {
            capsules->head_left = HEAD_BYTES;
            capsules->owed = length - given < VALUE_BYTES ? length - given : VALUE_BYTES;
            write_head(capsules->head, capsules->owed);
        }
        some = took < capsules->head_left ? took : capsules->head_left;
        capsules->head_left -= some;
        took -= some;
        some = took < capsules->owed ? took : capsules->owed;
        capsules->owed -= some;
        given += some;
        took -= some;
    }
    return given;
}

ssize_t capsules_give(struct capsules *capsules, int fd, const char *bytes, size_t length)
{
    struct iovec pieces[2 * BATCH_MAX + 2];
    char heads[BATCH_MAX][HEAD_BYTES];
    struct msghdr message = {.msg_iov = pieces};
    size_t at, count = 0;
    ssize_t took;

    if (capsules->head_left > 0)
        pieces[count++] = piece(capsules->head + HEAD_BYTES - capsules->head_left, capsules->head_left);
    at = capsules->owed < length ? capsules->owed : length;
    if (at > 0)
        pieces[count++] = piece(bytes, at);
    for (size_t i = 0; i < BATCH_MAX && at < length; i++) {
        size_t some = length - at < VALUE_BYTES ? length - at : VALUE_BYTES;

        write_head(heads[i], some);
        pieces[count++] = piece(heads[i], HEAD_BYTES);
        pieces[count++] = piece(bytes + at, some);
        at += some;
    }
    message.msg_iovlen = count;
    took = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (took < 0)
        return took;
    took = (ssize_t)account(capsules, (size_t)took, length);
    if (took == 0) { /* no more than heads, because there is no room */
        errno = EAGAIN;
        return -1;
    }
    return took;
}

/* One more byte of a type or length. */
static void count(struct capsules *capsules, unsigned char byte)
{
    if (capsules->counts) {
        capsules->number = capsules->number << 8 | byte;
        capsules->missing--;
    } else {
        capsules->number = byte & 0x3f;
        capsules->missing = (1u << (byte >> 6)) - 1;
    }
    capsules->counts = capsules->missing > 0;
    if (capsules->counts)
        return;
    if (capsules->knows_type)
        capsules->left = capsules->number;
    else
        capsules->is_data = capsules->number == DATA;
    capsules->knows_type = !capsules->knows_type;
}

ssize_t capsules_take(struct capsules *capsules, int fd, char *bytes, size_t size)
{
    ssize_t took = recv(fd, bytes, size, 0), kept = 0;

    for (ssize_t at = 0, some; at < took; at += some) {
        some = 1;
        if (capsules->left == 0) {
            count(capsules, (unsigned char)bytes[at]);
            continue;
        }
        some = capsules->left < (uint64_t)(took - at) ? (ssize_t)capsules->left : took - at;
        if (capsules->is_data) {
            memmove(bytes + kept, bytes + at, (size_t)some);
            kept += some;
        }
        capsules->left -= (uint64_t)some;
    }
    if (took > 0 && kept == 0) {
        errno = EAGAIN;
        return -1;
    }
    return took > 0 ? kept : took;
}
