/* SPDX-License-Identifier: ISC */
/* A fuzz target as an ordinary test: it is given each file of its corpus, then mutations of them, the same at every
 * run.  An assertion that fails, a signal or a sanitizer's word ends the program, and so the test. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FILES_MAX 256
#define BYTES_MAX 262144    /* of one file, and of one mutation */
#define ROUNDS 20000        /* mutations at most */
#define SECONDS 1.0         /* and no longer than this, for slow machines and valgrind */

struct input {
    unsigned char *bytes;
    size_t length;
};

static struct input inputs[FILES_MAX];
static size_t count;
static uint64_t state = 1;

/* xorshift64: the same numbers everywhere. */
static size_t draw(size_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? (size_t)(state % below) : 0;
}

static int fail(const char *what, const char *name)
{
    printf("not ok 1 - %s %s\n", what, name);
    return EXIT_FAILURE;
}

/* Each input in memory of its very size, so that a byte read behind it is seen. */
static void give(const unsigned char *bytes, size_t length)
{
    unsigned char *exact = malloc(length ? length : 1);

    if (!exact)
        abort();
    if (length > 0)
        memcpy(exact, bytes, length);
    LLVMFuzzerTestOneInput(exact, length);
    free(exact);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_file(const char *name)
{
    char path[1024];
    struct stat status;
    FILE *file;

    snprintf(path, sizeof path, CORPUS "/%s", name);
    file = fopen(path, "re");
    if (!file || fstat(fileno(file), &status) != 0 || status.st_size > BYTES_MAX)
        return fail("cannot read", path);
    inputs[count].length = (size_t)status.st_size;
    inputs[count].bytes = malloc(inputs[count].length + 1);
    if (!inputs[count].bytes || fread(inputs[count].bytes, 1, inputs[count].length, file) != inputs[count].length)
        return fail("cannot read", path);
    fclose(file);
    count++;
    return EXIT_SUCCESS;
}

/* The files of the corpus by their names, so that the order is the same everywhere. */
static int read_corpus(void)
{
    char *names[FILES_MAX];
    size_t found = 0;
    struct dirent *file;
    DIR *directory = opendir(CORPUS);
    int status = EXIT_SUCCESS;

    if (!directory)
        return fail("no corpus", CORPUS);
    while ((file = readdir(directory)) && found < FILES_MAX)
        if (file->d_name[0] != '.')
            names[found++] = strdup(file->d_name);
    closedir(directory);
    qsort(names, found, sizeof names[0], by_name);
    for (size_t i = 0; i < found; i++) {
        if (status == EXIT_SUCCESS)
            status = read_file(names[i]);
        free(names[i]);
    }
    return found > 0 ? status : fail("empty corpus", CORPUS);
}

/* A few changes to one input: bytes set, flipped, taken out, doubled, or the end of another input put on. */
static size_t mutate(unsigned char *out)
{
    static const unsigned char telling[] = {0, '\r', '\n', ' ', '\t', ':', ',', '.', '=', '[', ']', '%', '@', 0x3f,
                                            0x40, 0x7f, 0x80, 0xc0, 0xff};
    const struct input *input = &inputs[draw(count)];
    size_t length = input->length;

    memcpy(out, input->bytes, length);
    for (size_t changes = 1 + draw(6); changes > 0; changes--) {
        size_t at = draw(length), span = 1 + draw(16);
        const struct input *other = &inputs[draw(count)];

        switch (draw(6)) {
        case 0:
            if (length > 0)
                out[at] = telling[draw(sizeof telling)];
            break;
        case 1:
            if (length > 0)
                out[at] ^= (unsigned char)(1u << draw(8));
            break;
        case 2:
            span = span < length - at ? span : length - at;
            memmove(out + at, out + at + span, length - at - span);
            length -= span;
            break;
        case 3:
            span = span < length - at ? span : length - at;
            if (length + span <= BYTES_MAX) {
                memmove(out + at + span, out + at, length - at);
                length += span;
            }
            break;
        case 4:
            length = at;
            break;
        case 5:
            span = draw(other->length);
            if (at + other->length - span <= BYTES_MAX) {
                memcpy(out + at, other->bytes + span, other->length - span);
                length = at + other->length - span;
            }
            break;
        }
    }
    return length;
}

int main(void)
{
    static unsigned char mutation[BYTES_MAX];
    clock_t end;
    unsigned rounds = 0;

    printf("1..2\n");
    if (read_corpus() != EXIT_SUCCESS)
        return EXIT_FAILURE;
    for (size_t i = 0; i < count; i++)
        give(inputs[i].bytes, inputs[i].length);
    printf("ok 1 - the files of the corpus\n# %zu of them\n", count);
    fflush(stdout);
    end = clock() + (clock_t)(SECONDS * CLOCKS_PER_SEC);
    for (; rounds < ROUNDS && clock() < end; rounds++)
        give(mutation, mutate(mutation));
    printf("ok 2 - mutations of them\n# %u of them\n", rounds);
    for (size_t i = 0; i < count; i++)
        free(inputs[i].bytes);
    return EXIT_SUCCESS;
}
