/* SPDX-License-Identifier: ISC */
#include "reverse/relay_answer.h"

#include <string.h>
#include <sys/socket.h>

#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/forwarded.h"
#include "http/retry_after.h"

/* The first row that a status lies in counts. */
struct row {
    int least, most;
    enum relay_verdict verdict;
    const char *means; /* for people; NULL: the answer speaks for itself */
};

static const struct row rows[] = {
    {101, 101, RELAY_SESSION, NULL},
    {100, 199, RELAY_INTERIM, NULL},
    {204, 204, RELAY_NONE_YET, NULL},
    {200, 299, RELAY_FOREIGN, NULL},
    {300, 399, RELAY_PERMANENT, "it names another place, which is not followed; set `relay` to the URL that is meant"},
    {401, 401, RELAY_DENIED, NULL},
    {403, 403, RELAY_PERMANENT, "this user may not register that name"},
    {404, 404, RELAY_PERMANENT, "there is nothing at the path of `relay`, or this user may not register that name"},
    {408, 408, RELAY_BACK_OFF, NULL},
    {409, 409, RELAY_PERMANENT, "another user has registered that name"},
    {429, 429, RELAY_BACK_OFF, NULL},
    {400, 499, RELAY_PERMANENT, NULL},
    {501, 501, RELAY_PERMANENT, NULL},
    {500, 599, RELAY_BACK_OFF, NULL},
};

static const struct row *row_of(int status)
{
    const struct row *row = rows;

    while (status < row->least || status > row->most)
        row++; /* a head has a status from 100 to 599 */
    return row;
}

/* The class and the words, where the general ones for an answer will not do. */
static void say(const struct row *row, const struct http_head *head, struct failure *failure)
{
    if (row->least == 300) {
        failure_set(failure, FAILURE_PERMANENT, "%d: %s", head->status, row->means);
        failure_brief(failure, (unsigned)head->status, "relay names another place, which is not followed");
    } else if (row->means) {
        failure_add(failure, row->means);
    }
    failure->class = row->verdict == RELAY_BACK_OFF ? FAILURE_TEMPORARY : FAILURE_PERMANENT;
}

static void read_forwarded(const struct http_head *head, struct relay_answer *answer)
{
    struct forwarded said;

    if (forwarded_read(&head->fields, &said) == FORWARDED_USABLE) {
        answer->from = said.for_;
        answer->on = said.by;
    }
}

void relay_answer_judge(const struct http_head *head, const char *body, size_t body_length, time_t wall,
                        struct relay_answer *answer, struct failure *failure)
{
    const struct connect_request request = {.method = METHOD_REVERSE};
    const struct row *row = row_of(head->status);
    struct connect_response response;

    memset(answer, 0, sizeof *answer);
    answer->from.any.sa_family = answer->on.any.sa_family = AF_UNSPEC;
    connect_response_judge(&request, head, body, body_length, true, wall, &response);
    answer->verdict = row->verdict;
    answer->retry_after = row->verdict == RELAY_NONE_YET || row->verdict == RELAY_BACK_OFF
                              ? retry_after_read(head, wall) : RETRY_AFTER_NONE;
    if (row->verdict == RELAY_SESSION && response.verdict != CONNECT_OPEN)
        answer->verdict = RELAY_FOREIGN;
    else if (row->verdict == RELAY_SESSION)
        read_forwarded(head, answer);
    switch (answer->verdict) {
    case RELAY_INTERIM: case RELAY_SESSION: case RELAY_NONE_YET:
        break;
    case RELAY_DENIED: case RELAY_FOREIGN: case RELAY_PERMANENT: case RELAY_BACK_OFF:
        *failure = response.failure;
        say(row, head, failure);
        break;
    }
}
