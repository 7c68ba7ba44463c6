/* SPDX-License-Identifier: ISC */
/* A configuration file: it comes to a config or to reports, and what is printed of a config is accepted and printed
 * the same again. */
#include "config/config.h"
#include "config/config_print.h"

#include <string.h>

#include "../fuzz.h"

static unsigned reports;

static void note(void *arg, const char *line)
{
    (void)arg;
    MUST(*line && !strchr(line, '\n'));
    reports++;
}

static struct config *parse(const void *bytes, size_t length)
{
    char *copy = malloc(length);
    struct config *config;
    FILE *stream;

    MUST(copy);
    memcpy(copy, bytes, length);
    stream = fmemopen(copy, length, "r");
    MUST(stream);
    reports = 0;
    config = config_parse(stream, "f", CONFIG_TO_CHECK, note, NULL);
    MUST((config != NULL) == (reports == 0));
    fclose(stream);
    free(copy);
    return config;
}

static char *print(const struct config *config, size_t *length)
{
    char *text;
    FILE *stream = open_memstream(&text, length);

    MUST(stream);
    config_print(config, stream);
    fclose(stream);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct config *config, *again;
    char *once, *twice;
    size_t once_length, twice_length;

    if (length == 0)
        return 0;
    config = parse(bytes, length);
    if (!config)
        return 0;
    once = print(config, &once_length);
    again = parse(once, once_length);
    MUST(again);
    twice = print(again, &twice_length);
    MUST(strcmp(once, twice) == 0);
    MUST(again->proxy_count == config->proxy_count && again->listener_count == config->listener_count);
    free(once);
    free(twice);
    config_unref(config);
    config_unref(again);
    return 0;
}
