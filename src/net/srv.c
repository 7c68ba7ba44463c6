#include "net/srv.h"

#include <ares.h>
#include <limits.h>
#include <string.h>

#define HEADER_BYTES 12     /* RFC 1035 section 4.1.1 */
#define QUESTION_TAIL 4     /* type, class */
#define RECORD_TAIL 10      /* type, class, TTL, length */

/* Bytes that the name at offset `at` takes in the message, compressed or not; 0 when it is broken. */
static size_t name_bytes(const unsigned char *message, size_t length, size_t at)
{
    char *text;
    long taken;

    if (at >= length || ares_expand_name(message + at, message, (int)length, &text, &taken) != ARES_SUCCESS)
        return 0;
    ares_free_string(text);
    return taken > 0 ? (size_t)taken : 0;
}

static unsigned number16(const unsigned char *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

/* The least TTL of the answer section, in seconds; 0 when the message is broken. */
static uint32_t least_ttl(const unsigned char *message, size_t length)
{
    unsigned questions = number16(message + 4), answers = number16(message + 6);
    uint32_t least = UINT32_MAX;
    size_t at = HEADER_BYTES, name;

    for (; questions > 0; questions--) {
        name = name_bytes(message, length, at);
        if (name == 0)
            return 0;
        at += name + QUESTION_TAIL;
    }
    for (unsigned i = 0; i < answers; i++) {
        uint32_t ttl;

        name = name_bytes(message, length, at);
        if (name == 0 || length - at < name + RECORD_TAIL)
            return 0;
        at += name;
        ttl = (uint32_t)number16(message + at + 4) << 16 | number16(message + at + 6);
        least = ttl < least ? ttl : least;
        at += RECORD_TAIL + number16(message + at + 8);
    }
    return least == UINT32_MAX || least > INT32_MAX ? 0 : least; /* RFC 2181 section 8: the top bit set means 0 */
}

bool srv_read(struct srv_list *list, const unsigned char *message, size_t length)
{
    struct ares_srv_reply *records, *record;

    memset(list, 0, sizeof *list);
    if (length < HEADER_BYTES || length > INT_MAX ||
        ares_parse_srv_reply(message, (int)length, &records) != ARES_SUCCESS)
        return false;
    list->ttl = least_ttl(message, length);
    for (record = records; record && list->count < SRV_LIST_MAX; record = record->next) {
        struct srv_record *kept = &list->at[list->count];
        const char *why;

        list->unavailable = record == records && !record->next && (!*record->host || strcmp(record->host, ".") == 0);
        if (record->port == 0 ||
            !endpoint_parse(&kept->place, record->host, strlen(record->host), record->port, &why))
            continue;
        kept->place.port = record->port;
        kept->priority = record->priority;
        kept->weight = record->weight;
        list->count++;
    }
    ares_free_data(records);
    return list->count > 0 || list->unavailable;
}

static uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Index of the record, from `first` on, that comes next: of those with the lowest priority, one drawn by weight. */
static size_t pick(const struct srv_list *list, size_t first, uint32_t *state)
{
    uint32_t total = 0, mark;
    size_t best = first;

    for (size_t i = first; i < list->count; i++)
        if (list->at[i].priority < list->at[best].priority)
            best = i;
    for (size_t i = first; i < list->count; i++)
        if (list->at[i].priority == list->at[best].priority)
            total += list->at[i].weight + 1u; /* a weight of 0 has a small chance (RFC 2782) */
    mark = draw(state) % total;
    for (size_t i = first; i < list->count; i++) {
        if (list->at[i].priority != list->at[best].priority)
            continue;
        if (mark < list->at[i].weight + 1u)
            return i;
        mark -= list->at[i].weight + 1u;
    }
    return best;
}

void srv_order(struct srv_list *list, uint32_t seed)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t chosen = pick(list, i, &seed);
        struct srv_record record = list->at[chosen];

        list->at[chosen] = list->at[i];
        list->at[i] = record;
    }
}
