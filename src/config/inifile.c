#include "config/inifile.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

/* inih takes a semicolon after a blank for the start of a comment and would cut the value there.  So each semicolon
 * is replaced by this byte, which no line may contain otherwise, and put back in on_key. */
#define SEMICOLON_STAND_IN '\x01'

struct reading {
    FILE *stream;
    const struct inifile_reader *reader;
    int line;       /* number of the line last read */
    bool continues; /* the line continues the value before it */
    bool has_key;   /* this section has a value that a line could continue */
};

static void fault(const struct reading *reading, const char *text)
{
    reading->reader->fault(reading->reader->arg, reading->line, text);
}

/* Reads a whole line without its end and keeps as much as fits.  *length is that of the whole line.  False at the end
 * of the file. */
static bool read_line(struct reading *reading, char *line, size_t size, size_t *length)
{
    int c = getc(reading->stream);

    if (c == EOF)
        return false;
    for (*length = 0; c != EOF && c != '\n'; c = getc(reading->stream), (*length)++)
        if (*length < size - 1)
            line[*length] = (char)c;
    line[*length < size - 1 ? *length : size - 1] = '\0';
    if (*length > 0 && *length < size && line[*length - 1] == '\r')
        line[--*length] = '\0';
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

/* Checks a line and reports its faults.  Returns the part of it that inih gets; NULL: none. */
static char *vet_line(struct reading *reading, char *line, size_t length)
{
    char *text = line, *start;

    reading->continues = false;
    if (reading->line == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
        text = line + 3; /* the byte order mark that some editors leave */
    if (length > INIFILE_LINE_MAX) {
        fault(reading, "the line is longer than 198 bytes");
        return NULL;
    }
    if (has_control_byte(line, length)) {
        fault(reading, "the line has a control byte");
        return NULL;
    }
    start = text + strspn(text, " \t");
    if (*start == '\0' || *start == ';' || *start == '#')
        return NULL;
    if (*start == '[' && !(start > text && is_address(start))) {
        reading->has_key = false;
        reading->reader->section(reading->reader->arg, reading->line, start);
        return start;
    }
    if (start > text && !looks_like_key(start)) {
        reading->continues = true;
        start = text;
    }
    if (reading->continues ? !reading->has_key : start[strcspn(start, "=:")] != '=' || *start == '=') {
        fault(reading, reading->continues ? "indented, but there is no value above that could go on here"
                                          : "neither [section] nor key = value");
        return NULL;
    }
    reading->has_key = true;
    for (char *c = reading->continues ? start : strchr(start, '='); *c; c++)
        if (*c == ';')
            *c = SEMICOLON_STAND_IN;
    return start;
}

/* The fgets that inih calls.  A line that is not for inih is passed as an empty one, so that inih counts it. */
static char *next_line(char *out, int size, void *arg)
{
    struct reading *reading = arg;
    char line[INIFILE_LINE_MAX + 8], *start;
    size_t length;

    explicit_bzero(out, (size_t)size); /* the line before may have held a password */
    if (!read_line(reading, line, sizeof line, &length))
        return NULL;
    reading->line++;
    start = vet_line(reading, line, length);
    if (snprintf(out, (size_t)size, "%s\n", start ? start : "") >= size) {
        fault(reading, "the line is longer than this inih can take");
        snprintf(out, (size_t)size, "\n");
    }
    explicit_bzero(line, sizeof line); /* it may have held a password */
    return out;
}

/* Called by inih for each key.  Its section is not used, because inih cuts long names. */
static int on_key(void *arg, const char *section, const char *key, const char *value)
{
    struct reading *reading = arg;
    char whole[INIFILE_LINE_MAX + 2];

    (void)section;
    snprintf(whole, sizeof whole, "%s", value);
    for (char *c = whole; *c; c++)
        if (*c == SEMICOLON_STAND_IN)
            *c = ';';
    reading->reader->key(reading->reader->arg, reading->line, key, whole, reading->continues);
    explicit_bzero(whole, sizeof whole);
    return 1;
}

bool inifile_read(FILE *stream, const struct inifile_reader *reader)
{
    struct reading reading = {.stream = stream, .reader = reader};

    errno = ENOMEM; /* inih returns a negative number when out of memory, and does not set errno */
    return ini_parse_stream(next_line, &reading, on_key, &reading) >= 0 && !ferror(stream);
}
