/* SPDX-License-Identifier: ISC */
#include "net/srv_query.h"

#include <stdlib.h>

#define DNSREC_VERSION 0x011c00 /* c-ares 1.28 brought the parsed records, and took the old call out of favour */

struct query {
    srv_query_fn *answered;
    void *arg;
};

static void answer(struct query *query, int status, const unsigned char *message, size_t length)
{
    struct query asked = *query;

    free(query);
    if (status == ARES_SUCCESS)
        asked.answered(asked.arg, status, message, length);
    else
        asked.answered(asked.arg, status, NULL, 0);
}

#if ARES_VERSION >= DNSREC_VERSION

static void on_records(void *arg, ares_status_t status, size_t timeouts, const ares_dns_record_t *records)
{
    unsigned char *message = NULL;
    size_t length = 0;

    (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_dns_write(records, &message, &length);
    answer(arg, (int)status, message, length);
    ares_free_string(message);
}

static void send_query(ares_channel channel, struct query *query, const char *name)
{
    ares_query_dnsrec(channel, name, ARES_CLASS_IN, ARES_REC_TYPE_SRV, on_records, query, NULL);
}

#else

#define CLASS_IN 1
#define TYPE_SRV 33 /* RFC 2782 */

static void on_message(void *arg, int status, int timeouts, unsigned char *message, int length)
{
    (void)timeouts;
    answer(arg, status, message, (size_t)length);
}

static void send_query(ares_channel channel, struct query *query, const char *name)
{
    ares_query(channel, name, CLASS_IN, TYPE_SRV, on_message, query);
}

#endif

void srv_query(ares_channel channel, const char *name, srv_query_fn *answered, void *arg)
{
    struct query *query = malloc(sizeof *query);

    if (!query) {
        answered(arg, ARES_ENOMEM, NULL, 0);
        return;
    }
    query->answered = answered;
    query->arg = arg;
    send_query(channel, query, name);
}
