/* SPDX-License-Identifier: ISC */
#include "http/h2_session.h"

#include <stdio.h>
#include <string.h>

void h2_session_stop(struct h2_session *session, const char *why)
{
    if (!session->why[0])
        snprintf(session->why, sizeof session->why, "%s", why);
    h2_session_push(session);
}

bool h2_session_may_go_on(const struct h2_session *session)
{
    return session->below && !session->why[0];
}

bool h2_session_is_dead(const struct h2_session *session)
{
    return !session->below;
}

void h2_session_push(struct h2_session *session)
{
    loop_defer(session->loop, &session->turn, session->run_turn);
}

/* --- members --- */

struct h2_member *h2_session_find(struct h2_session *session, int32_t id)
{
    return id > 0 ? nghttp2_session_get_stream_user_data(session->frames, id) : NULL;
}

void h2_session_leave_line(struct h2_session *session, struct h2_member *member)
{
    if (!member->in_line)
        return;
    TAILQ_REMOVE(&session->line, member, line);
    session->want_room -= member->wants_room;
    member->in_line = member->wants_room = false;
}

/* The member that could not send waits at the end of the line. */
void h2_session_wait(struct h2_session *session, struct h2_member *member, bool for_room)
{
    h2_session_leave_line(session, member);
    member->in_line = true;
    member->wants_room = for_room;
    session->want_room += for_room;
    TAILQ_INSERT_TAIL(&session->line, member, line);
    if (member->still_since == 0)
        member->still_since = loop_now(session->loop);
}

/* The member is not one any more.  News that it has are still told. */
void h2_session_detach(struct h2_session *session, struct h2_member *member)
{
    h2_session_leave_line(session, member);
    TAILQ_REMOVE(&session->members, member, all);
    session->count--;
    member->id = 0;
    if (session->sender.member == member)
        session->sender.member = NULL, session->sender.left = 0;
    session->events->changed(session->arg);
}

void h2_session_tell(struct h2_session *session, struct h2_member *member)
{
    if (!member->has_news)
        TAILQ_INSERT_TAIL(&session->with_news, member, news);
    member->has_news = true;
    h2_session_push(session);
}

void h2_session_leave(struct h2_session *session, struct h2_member *member, uint32_t code)
{
    int32_t id = member->id;

    if (member->has_news)
        TAILQ_REMOVE(&session->with_news, member, news);
    member->has_news = false;
    if (session->input)
        h2_input_drop(session->input, member);
    if (id == 0)
        return;
    h2_session_detach(session, member);
    nghttp2_session_set_stream_user_data(session->frames, id, NULL);
    if (nghttp2_submit_rst_stream(session->frames, NGHTTP2_FLAG_NONE, id, code) != 0)
        h2_session_stop(session, "out of memory");
    h2_session_push(session);
}

void h2_session_set_kind(struct h2_session *session, struct h2_member *member, enum h2_member_kind kind)
{
    member->kind = (uint8_t)kind;
    session->events->changed(session->arg);
}

/* What stood still since then goes on. */
void h2_session_went_on(struct h2_session *session, uint64_t *since)
{
    bool patience_was_over = *since != 0 && loop_now(session->loop) - *since >= session->patience_ms;

    *since = 0;
    if (patience_was_over)
        session->events->changed(session->arg);
}

uint64_t h2_session_still_since(const struct h2_session *session)
{
    uint64_t since = session->output_since;
    const struct h2_member *member;

    TAILQ_FOREACH(member, &session->line, line)
        if (since == 0 || member->still_since < since)
            since = member->still_since;
    return since;
}

const char *h2_session_reset_text(uint32_t code)
{
    static const char *const texts[] = {
        "the proxy reset the stream (NO_ERROR)",
        "the proxy reset the stream (PROTOCOL_ERROR)",
        "the proxy reset the stream (INTERNAL_ERROR)",
        "the proxy reset the stream (FLOW_CONTROL_ERROR)",
        "the proxy reset the stream (SETTINGS_TIMEOUT)",
        "the proxy reset the stream (STREAM_CLOSED)",
        "the proxy reset the stream (FRAME_SIZE_ERROR)",
        "the proxy reset the stream (REFUSED_STREAM)",
        "the proxy reset the stream (CANCEL)",
        "the proxy reset the stream (COMPRESSION_ERROR)",
        "the proxy reset the stream (CONNECT_ERROR)",
        "the proxy reset the stream (ENHANCE_YOUR_CALM)",
        "the proxy reset the stream (INADEQUATE_SECURITY)",
        "the proxy reset the stream (HTTP_1_1_REQUIRED)",
    };

    return code < sizeof texts / sizeof texts[0] ? texts[code] : "the proxy reset the stream (an unknown code)";
}
