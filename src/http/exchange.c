/* SPDX-License-Identifier: ISC */
#include "http/exchange.h"

const struct connect_response *exchange_response(const struct exchange *exchange)
{
    return &exchange->response;
}

const struct http_head *exchange_head(const struct exchange *exchange)
{
    return exchange->head;
}

bool exchange_was_cut_off(const struct exchange *exchange)
{
    return exchange->cut_off;
}

bool exchange_was_sent_in_part(const struct exchange *exchange)
{
    return exchange->sent_in_part;
}

struct transport *exchange_take(struct exchange *exchange, char **leftover, size_t *length)
{
    return exchange->take(exchange, leftover, length);
}

void exchange_free(struct exchange *exchange)
{
    task_free(exchange ? &exchange->task : NULL);
}
