/* SPDX-License-Identifier: ISC */
#include "http/capsule_reader.h"

#include <string.h>

void capsule_reader_start(struct capsule_reader *reader, const struct protocol *protocol)
{
    memset(reader, 0, sizeof *reader);
    reader->protocol = protocol;
}

/* Only the first fault is kept. */
static void note_fault(struct capsule_reader *reader, enum capsule_fault fault)
{
    if (reader->fault == CAPSULE_WELL)
        reader->fault = (unsigned char)fault;
}

/* --- no capsules at all --- */

/* Holds the first bytes of the stream against how something else begins.  They are read as capsules meanwhile: whoever
 * does not send capsules is found out within the first value, which is none of DATA. */
static void look_at_first(struct capsule_reader *reader, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && !reader->known && reader->fault == CAPSULE_WELL; i++) {
        enum protocol_beginning plain = PROTOCOL_BEGINS_NOT, tls;

        reader->first[reader->first_length++] = bytes[i];
        if (reader->protocol)
            plain = protocol_begins(reader->protocol, reader->first, reader->first_length);
        tls = protocol_begins_tls(reader->first, reader->first_length);
        if (plain == PROTOCOL_BEGINS || tls == PROTOCOL_BEGINS)
            note_fault(reader, CAPSULE_RAW);
        reader->known = plain == PROTOCOL_BEGINS_NOT && tls == PROTOCOL_BEGINS_NOT;
    }
}

/* --- capsules --- */

/* The only writer of the place. */
static void enter(struct capsule_reader *reader, enum capsule_place place)
{
    reader->place = (unsigned char)place;
    if (place == CAPSULE_AT_TYPE && reader->final)
        reader->ended = true;
}

static void judge_type(struct capsule_reader *reader)
{
    bool final = reader->number == CAPSULE_FINAL_DATA, payload = final || reader->number == CAPSULE_DATA;

    if (payload && reader->ended)
        note_fault(reader, final ? CAPSULE_SECOND_END : CAPSULE_DATA_BEHIND_END);
    reader->final = reader->final || final;
    enter(reader, payload ? CAPSULE_AT_PAYLOAD_LENGTH : CAPSULE_AT_PASSED_LENGTH);
}

static void judge_length(struct capsule_reader *reader)
{
    bool payload = reader->place == CAPSULE_AT_PAYLOAD_LENGTH;

    reader->left = reader->number;
    enter(reader, reader->left == 0 ? CAPSULE_AT_TYPE : payload ? CAPSULE_AT_PAYLOAD : CAPSULE_AT_PASSED);
}

/* One more byte of a type or length, which its first two bits say the size of (RFC 9000 section 16). */
static void count(struct capsule_reader *reader, unsigned char byte)
{
    if (reader->counting) {
        reader->number = reader->number << 8 | byte;
        reader->missing--;
    } else {
        reader->number = byte & 0x3f;
        reader->missing = (unsigned char)((1u << (byte >> 6)) - 1);
    }
    reader->counting = reader->missing > 0;
    if (reader->counting)
        return;
    if (reader->place == CAPSULE_AT_TYPE)
        judge_type(reader);
    else
        judge_length(reader);
}

size_t capsule_reader_strip(struct capsule_reader *reader, char *bytes, size_t length)
{
    size_t kept = 0;

    look_at_first(reader, bytes, length);
    for (size_t at = 0, some; at < length && reader->fault == CAPSULE_WELL; at += some) {
        if (reader->place < CAPSULE_AT_PAYLOAD) {
            some = 1;
            count(reader, (unsigned char)bytes[at]);
            continue;
        }
        some = reader->left < length - at ? (size_t)reader->left : length - at;
        if (reader->place == CAPSULE_AT_PAYLOAD) {
            if (kept < at)
                memmove(bytes + kept, bytes + at, some);
            kept += some;
        }
        reader->left -= some;
        if (reader->left == 0)
            enter(reader, CAPSULE_AT_TYPE);
    }
    return kept;
}

void capsule_reader_end(struct capsule_reader *reader)
{
    if (reader->place != CAPSULE_AT_TYPE || reader->counting)
        note_fault(reader, CAPSULE_CUT);
    else if (!reader->ended)
        note_fault(reader, CAPSULE_NO_END);
}

size_t capsule_head(char head[CAPSULE_HEAD_MAX], unsigned type, size_t length)
{
    size_t at = 0;

    head[at++] = (char)type;
    if (length < 0x40) {
        head[at++] = (char)length;
    } else if (length < 0x4000) {
        head[at++] = (char)(0x40 | length >> 8);
        head[at++] = (char)length;
    } else {
        head[at++] = (char)(0x80 | length >> 24);
        head[at++] = (char)(length >> 16);
        head[at++] = (char)(length >> 8);
        head[at++] = (char)length;
    }
    return at;
}
