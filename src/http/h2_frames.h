/* SPDX-License-Identifier: ISC */
/* What nghttp2 reads and writes for an HTTP/2 session: which callback means what, and what a peer may do. */
#ifndef SALLYPORT_H2_FRAMES_H
#define SALLYPORT_H2_FRAMES_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/h2_session.h"

/* Makes nghttp2's session, with the preface and our SETTINGS to be written.  False: out of memory; session->frames may
 * have to be freed. */
bool h2_frames_start(struct h2_session *session);

/* A new member asks.  False: out of memory, or of numbers. */
bool h2_frames_ask(struct h2_session *session, struct h2_member *member, const nghttp2_nv *fields, size_t count);

/* Has nghttp2 write what it has into the output; frames that lie where their data was received are sent from there. */
void h2_frames_write(struct h2_session *session);

/* Has nghttp2 read on in what has come: the bytes of bodies are in session->input then, which must have no pieces. */
void h2_frames_read(struct h2_session *session);

#endif
