/* SPDX-License-Identifier: ISC */
#include "net/srv.h"

#include <ares.h>
#include <limits.h>
#include <string.h>

#define HEADER_BYTES 12     /* RFC 1035 section 4.1.1 */
#define QUESTION_TAIL 4     /* type, class */
#define RECORD_HEAD 10      /* type, class, TTL, length */
#define TARGET_AT 6         /* in the data, behind priority, weight and port (RFC 2782) */
#define TYPE_SRV 33
#define CLASS_IN 1

/* A record of the answer section (RFC 1035 section 4.1.3), its whole data within the message. */
struct record {
    unsigned type, class;
    uint32_t ttl;
    size_t data, length; /* of the data: its offset and its bytes */
};

/* Spells out the name at offset `at`, compressed or not; the caller frees it with ares_free_string.  Returns the bytes
 * that it takes there; 0, and no text, when it is broken. */
static size_t read_name(const unsigned char *message, size_t length, size_t at, char **text)
{
    long taken;

    if (at >= length || ares_expand_name(message + at, message, (int)length, text, &taken) != ARES_SUCCESS)
        return 0;
    if (taken > 0)
        return (size_t)taken;
    ares_free_string(*text);
    return 0;
}

static size_t name_bytes(const unsigned char *message, size_t length, size_t at)
{
    char *text;
    size_t taken = read_name(message, length, at, &text);

    if (taken > 0)
        ares_free_string(text);
    return taken;
}

static unsigned number16(const unsigned char *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

/* Reads the head of the record at offset `at`; false when it is broken or not all there. */
static bool read_record(const unsigned char *message, size_t length, size_t at, struct record *record)
{
    size_t name = name_bytes(message, length, at);
    const unsigned char *head;

    if (name == 0 || length - at < name + RECORD_HEAD)
        return false;
    head = message + at + name;
    record->type = number16(head);
    record->class = number16(head + 2);
    record->ttl = (uint32_t)number16(head + 4) << 16 | number16(head + 6);
    if (record->ttl > INT32_MAX)
        record->ttl = 0; /* RFC 2181 section 8 */
    record->length = number16(head + 8);
    record->data = at + name + RECORD_HEAD;
    return record->length <= length - record->data;
}

/* Appends what an SRV record says to the list, if it can be used and there is room.  False when it is broken; root is
 * whether its target is ".". */
static bool keep(struct srv_list *list, const unsigned char *message, size_t length, const struct record *record,
                 bool *root)
{
    const unsigned char *data = message + record->data;
    struct srv_record kept = {.priority = 0};
    const char *why;
    char *host;
    size_t name = 0;
    bool usable;

    if (record->length > TARGET_AT)
        name = read_name(message, length, record->data + TARGET_AT, &host);
    if (name == 0)
        return false;
    kept.priority = (uint16_t)number16(data);
    kept.weight = (uint16_t)number16(data + 2);
    usable = number16(data + 4) > 0 && endpoint_parse(&kept.place, host, strlen(host), number16(data + 4), &why);
    kept.place.port = (uint16_t)number16(data + 4);
    *root = *host == '\0';
    ares_free_string(host);
    if (usable && list->count < SRV_LIST_MAX)
        list->at[list->count++] = kept;
    return name <= record->length - TARGET_AT;
}

/* Reads the message into an empty list; false when it is broken. */
static bool read_message(struct srv_list *list, const unsigned char *message, size_t length)
{
    unsigned answers = number16(message + 6), services = 0;
    size_t question = name_bytes(message, length, HEADER_BYTES), at = HEADER_BYTES + question + QUESTION_TAIL;
    struct record record;
    bool root = false;

    if (number16(message + 4) != 1 || question == 0)
        return false;
    list->ttl = answers > 0 ? INT32_MAX : 0;
    for (; answers > 0; answers--) {
        if (!read_record(message, length, at, &record))
            return false;
        list->ttl = record.ttl < list->ttl ? record.ttl : list->ttl;
        at = record.data + record.length;
        if (record.type != TYPE_SRV || record.class != CLASS_IN)
            continue; /* an alias on the way */
        services++;
        if (!keep(list, message, length, &record, &root))
            return false;
    }
    list->unavailable = services == 1 && root;
    return true;
}

bool srv_read(struct srv_list *list, const unsigned char *message, size_t length)
{
    memset(list, 0, sizeof *list);
    if (length < HEADER_BYTES || length > INT_MAX || !read_message(list, message, length))
        memset(list, 0, sizeof *list);
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
