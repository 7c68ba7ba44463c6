/* SPDX-License-Identifier: ISC */
#include "proxy/h2_share.h"

bool h2_share_seek(struct h2_share *share)
{
    h2_share_leave(share);
    share->seat = h2_pool_seat(share->pool, &share->params);
    return share->seat;
}

bool h2_share_sits(struct h2_share *share, bool *on_loopback)
{
    share->connection = h2_seat_connection(share->seat);
    if (share->connection)
        *on_loopback = h2_seat_on_loopback(share->seat);
    return share->connection;
}

bool h2_share_makes(const struct h2_share *share)
{
    return share->seat && !share->connection && share->asked_on == 0;
}

bool h2_share_bring(struct h2_share *share, struct transport *transport, bool on_loopback)
{
    share->connection = h2_seat_bring(share->seat, transport, on_loopback);
    return share->connection;
}

void h2_share_is_h1(struct h2_share *share)
{
    h2_seat_is_h1(share->seat);
    h2_share_leave(share);
}

struct exchange *h2_share_ask(struct h2_share *share, const struct exchange_params *params,
                              void (*overtaken)(void *arg))
{
    struct exchange *exchange = h2_exchange_start(params, share->connection, overtaken);

    share->asked_on = h2_connection_serial(share->connection);
    share->connection = NULL;
    return exchange;
}

void h2_share_is_answered(struct h2_share *share)
{
    h2_seat_free(share->seat);
    share->seat = NULL;
    share->connection = NULL;
}

/* One more that is not to be used.  There is room for it: those who ask for the same leave a place free; else the last
 * one may be tried again. */
static void avoid(struct h2_share *share, uint64_t serial)
{
    size_t i = 0;

    while (i < H2_POOL_AVOID_MAX - 1 && share->params.avoid[i] > 0)
        i++;
    share->params.avoid[i] = serial;
}

enum h2_exchange_end h2_share_end(const struct h2_share *share, enum outcome outcome, const struct exchange *exchange)
{
    return share->asked_on > 0 && outcome == OUTCOME_PEER && exchange ? h2_exchange_end(exchange) : H2_EXCHANGE_FAILED;
}

bool h2_share_goes_elsewhere(struct h2_share *share, enum outcome outcome, const struct exchange *exchange)
{
    if (share->went_elsewhere || h2_share_end(share, outcome, exchange) != H2_EXCHANGE_UNPROCESSED)
        return false;
    share->went_elsewhere = true;
    avoid(share, share->asked_on);
    share->params.after = h2_pool_doubted(share->pool, share->asked_on);
    return true;
}

void h2_share_leave(struct h2_share *share)
{
    h2_share_is_answered(share);
    share->asked_on = 0;
}
