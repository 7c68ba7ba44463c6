/* SPDX-License-Identifier: ISC */
#include "config/inifile.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

/* inih takes 198 bytes of a line, a semicolon after a blank for the start of a comment, and drops blanks at the ends.
 * So a value goes to inih in pieces, the later ones as lines that continue it, each between two guards, and with a
 * stand-in for each semicolon.  No line may contain these bytes otherwise; on_key puts the value together again. */
#define SEMICOLON_STAND_IN '\x01'
#define GUARD "\x02"
#define PIECE_MAX 90 /* bytes: with the longest key and the guards, less than inih takes */
#define KEY_MAX 90   /* bytes of a key; those that there are have much less */

struct reading {
    FILE *stream;
    const struct inifile_reader *reader;
    int line;        /* number of the line last read */
    size_t left;     /* bytes that may still come, and one more */
    bool continues;  /* the line continues the value before it */
    bool has_key;    /* this section has a value that a line could continue */
    char text[INIFILE_LINE_MAX + 2];   /* that line, one byte more than it may have; wiped, it may have a password */
    const char *rest;                  /* in text: what inih has not had yet of the value; NULL: it had all */
    char key[KEY_MAX + 1];             /* the key that the value belongs to */
    char value[INIFILE_VALUE_MAX + 1]; /* what inih has given back of it; wiped */
    size_t length;                     /* of that */
};

static void fault(const struct reading *reading, const char *text)
{
    reading->reader->fault(reading->reader->arg, reading->line, text);
}

/* EOF also where the file is too large, which was reported. */
static int next_byte(struct reading *reading)
{
    int c = reading->left > 0 ? getc(reading->stream) : EOF;

    if (c == EOF || --reading->left > 0)
        return c;
    fault(reading, "the file has 8 MiB or more");
    return EOF;
}

/* Reads a whole line without its end and keeps as much as fits.  *length is that of the whole line.  False at the end
 * of the file. */
static bool read_line(struct reading *reading, size_t *length)
{
    const size_t size = sizeof reading->text;
    char *line = reading->text;
    int c = next_byte(reading);

    if (c == EOF)
        return false;
    for (*length = 0; c != EOF && c != '\n'; c = next_byte(reading), (*length)++)
        if (*length < size - 1)
            line[*length] = (char)c;
    line[*length < size - 1 ? *length : size - 1] = '\0';
    if (*length > 0 && *length < size && line[*length - 1] == '\r')
        line[--*length] = '\0';
    reading->line++;
    return true;
}

/* Whether an indented line starts with "name =": then it is an indented key, not a continuation. */
static bool looks_like_key(const char *text)
{
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

    return name > 0 && text[name + strspn(text + name, " \t")] == '=';
}

/* Whether an indented line starts with an address such as "[::1]:143": then it is part of a list, not a section. */
static bool is_address(const char *text)
{
    return strcspn(text, ":") < strcspn(text, "]");
}

static bool has_control_byte(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
            return true;
    return false;
}

/* Cuts the blanks at the end and puts stand-ins in place of semicolons; false: the value is too long, which was
 * reported. */
static bool prepare_value(const struct reading *reading, char *value)
{
    size_t length = strlen(value);

    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        value[--length] = '\0';
    for (char *c = value; *c; c++)
        if (*c == ';')
            *c = SEMICOLON_STAND_IN;
    if (length > INIFILE_VALUE_MAX)
        fault(reading, "the value is longer than 16384 bytes");
    return length <= INIFILE_VALUE_MAX;
}

enum sort { NOTHING, SECTION, KEY, CONTINUATION };

/* Checks the line in text and reports its faults.  Returns what it is; NOTHING when inih need not see it.  For a KEY
 * and a CONTINUATION, rest is the value; for a KEY, *name is its name, which ends where *end is. */
static enum sort vet_line(struct reading *reading, size_t length, const char **name, const char **end)
{
    char *text = reading->text, *start, *value;
    enum sort sort;

    if (reading->line == 1 && length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3; /* the byte order mark that some editors leave */
    if (length > INIFILE_LINE_MAX) {
        fault(reading, "the line is longer than 16640 bytes");
        return NOTHING;
    }
    if (has_control_byte(reading->text, length)) {
        fault(reading, "the line has a control byte");
        return NOTHING;
    }
    start = text + strspn(text, " \t");
    if (*start == '\0' || *start == ';' || *start == '#')
        return NOTHING;
    if (*start == '[' && !(start > text && is_address(start))) {
        reading->has_key = false;
        reading->reader->section(reading->reader->arg, reading->line, start);
        return SECTION;
    }
    sort = start > text && !looks_like_key(start) ? CONTINUATION : KEY;
    if (sort == CONTINUATION ? !reading->has_key : start[strcspn(start, "=:")] != '=' || *start == '=') {
        fault(reading, sort == CONTINUATION ? "indented, but there is no value above that could go on here"
                                            : "neither [section] nor key = value");
        return NOTHING;
    }
    *name = start;
    *end = sort == KEY ? strchr(start, '=') : start;
    if (*end - *name > KEY_MAX) {
        fault(reading, "no key has such a long name");
        return NOTHING;
    }
    value = start + (*end - *name) + (sort == KEY);
    value += strspn(value, " \t");
    if (!prepare_value(reading, value))
        return NOTHING;
    reading->has_key = true;
    reading->continues = sort == CONTINUATION;
    reading->length = 0;
    reading->rest = value;
    return sort;
}

/* Writes the next piece of the value, behind before, which inih takes for a key or for the blank of a continuation. */
static void write_piece(struct reading *reading, const char *before, int before_length, char *out, size_t size)
{
    size_t length = strlen(reading->rest), piece = length < PIECE_MAX ? length : PIECE_MAX;
    int written = snprintf(out, size, "%.*s" GUARD "%.*s" GUARD "\n", before_length, before, (int)piece, reading->rest);

    reading->rest = piece < length ? reading->rest + piece : NULL;
    if (written < 0 || (size_t)written >= size) {
        fault(reading, "the line is longer than this inih can take");
        snprintf(out, size, "\n");
        reading->rest = NULL;
    }
}

/* The fgets that inih calls. */
static char *next_line(char *out, int size, void *arg)
{
    struct reading *reading = arg;
    const char *name, *end;
    size_t length;

    explicit_bzero(out, (size_t)size); /* the line before may have held a password */
    if (reading->rest) {
        write_piece(reading, " ", 1, out, (size_t)size);
        return out;
    }
    if (!read_line(reading, &length))
        return NULL;
    switch (vet_line(reading, length, &name, &end)) {
    case NOTHING: snprintf(out, (size_t)size, "\n"); break;
    case SECTION: snprintf(out, (size_t)size, "[section]\n"); break; /* the reader was told of it */
    case KEY: write_piece(reading, name, (int)(end - name) + 1, out, (size_t)size); break;
    case CONTINUATION: write_piece(reading, " ", 1, out, (size_t)size); break;
    }
    return out;
}

/* Called by inih for each piece of a value.  Its section is not used, nor the key of a continuation, because inih cuts
 * long names. */
static int on_key(void *arg, const char *section, const char *key, const char *value)
{
    struct reading *reading = arg;
    size_t length = strlen(value);

    (void)section;
    if (reading->length == 0 && !reading->continues)
        snprintf(reading->key, sizeof reading->key, "%s", key);
    for (size_t i = 1; i + 1 < length && reading->length < INIFILE_VALUE_MAX; i++) /* without the guards */
        reading->value[reading->length++] = value[i] == SEMICOLON_STAND_IN ? ';' : value[i];
    reading->value[reading->length] = '\0';
    if (!reading->rest)
        reading->reader->key(reading->reader->arg, reading->line, reading->key, reading->value, reading->continues);
    return 1;
}

bool inifile_read(FILE *stream, const struct inifile_reader *reader)
{
    struct reading reading = {.stream = stream, .reader = reader, .left = INIFILE_SIZE_MAX + 1};
    int result, error;

    errno = ENOMEM; /* inih returns a negative number when out of memory, and does not set errno */
    result = ini_parse_stream(next_line, &reading, on_key, &reading);
    error = errno;
    explicit_bzero(&reading, sizeof reading);
    errno = error;
    return result >= 0 && !ferror(stream);
}
