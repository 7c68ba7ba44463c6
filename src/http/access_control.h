/* SPDX-License-Identifier: ISC */
/* The field by which a TCPConnection server says whose connections it takes, judged for one origin.  Its grammar is
 * that of the W3C's working drafts of 2007, "Enabling Read Access for Web Resources", without what those have for other
 * methods than one:
 *
 *     Access-Control: allow <example.com> <*.example.net> exclude <public.example.net>, deny <https://example.com:444>
 *
 * A pattern is a host, or *. and a host, which stands for its subdomains at any depth but not for the host itself, or *
 * for all; a scheme and a port bind if they are written.  Keywords and hosts are read in any case.  Pure. */
#ifndef SALLYPORT_ACCESS_CONTROL_H
#define SALLYPORT_ACCESS_CONTROL_H

#include <stdbool.h>

#include "http/http_head.h"

/* Only the first opens a tunnel. */
enum access_control_result {
    ACCESS_CONTROL_ALLOWED,
    ACCESS_CONTROL_REFUSED,    /* no rule allows the origin, or one denies or excludes it */
    ACCESS_CONTROL_ABSENT,     /* there is no such field */
    ACCESS_CONTROL_UNREADABLE, /* a rule cannot be read: it may be the one that denies */
};

/* Whether `origin` is a host, host:port or bracketed address, without scheme and path: what is sent as "Origin:
 * http://ORIGIN".  False: *why (static) says what is wrong. */
bool access_control_origin_check(const char *origin, const char **why);

/* Judges all Access-Control fields of an answer for an origin (port 80 unless it has one).  The order of the rules has
 * no meaning: who is denied by one, or excluded from what one allows, is refused, whatever else allows it; who is
 * excluded from what one denies is no more than not denied by that one. */
enum access_control_result access_control_judge(const struct http_head *head, const char *origin);

#endif
