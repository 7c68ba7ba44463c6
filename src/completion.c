/* SPDX-License-Identifier: ISC */
#include "completion.h"

#include <ctype.h>
#include <string.h>

#include "completion_scripts.h"
#include "control/control_client.h"
#include "recipe/recipe.h"

#define SLOTS_MAX 24 /* of one command: many times what the longest has */
#define WORD_MAX 32  /* bytes of a word of the table, with the NUL */

/* --- kinds of values --- */

static void print_listeners(const struct config *config, const char *control, FILE *out)
{
    (void)control;
    for (size_t i = 0; config && i < config->listener_count; i++)
        fprintf(out, "%s\n", config->listeners[i].name);
}

static void print_names(const struct config *config, const char *control, FILE *out)
{
    print_listeners(config, control, out);
    for (size_t i = 0; config && i < config->reverse_count; i++)
        fprintf(out, "%s\n", config->reverses[i].name);
}

static void print_questions(const struct config *config, const char *control, FILE *out)
{
    (void)config;
    control_client_print_questions(control, out);
}

static void print_programs(const struct config *config, const char *control, FILE *out)
{
    (void)config, (void)control;
    for (size_t i = 0; recipe_row(i); i++)
        fprintf(out, "%s\n", recipe_row(i)->name);
}

/* What the names in capitals stand for, in the tables of the command line: a row each.  Those that are not here stand
 * for something that nobody can guess. */
static const struct kind {
    const char *stands;  /* in the tables */
    const char *kind;    /* as the scripts call it; NULL: a file */
    void (*print)(const struct config *config, const char *control, FILE *out);
} kinds[] = {
    {"NAME", "names", print_names},
    {"LISTENER", "listeners", print_listeners},
    {"ID", "questions", print_questions},
    {"PROGRAM", "programs", print_programs},
    {"FILE", NULL, NULL},
    {"URL-OR-FILE", NULL, NULL},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const struct kind *kind_of(const char *stands)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].stands, stands) == 0)
            return &kinds[i];
    return NULL;
}

bool completion_print_values(const char *kind, const struct config *config, const char *control, FILE *out)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].kind && strcmp(kinds[i].kind, kind) == 0) {
            kinds[i].print(config, control, out);
            return true;
        }
    return false;
}

/* --- the arguments of a command, as the table writes them --- */

/* Something that may stand behind a command. */
struct slot {
    enum { SLOT_WORD, SLOT_OPTION, SLOT_VALUE } type;
    char text[WORD_MAX];  /* the word, the option with its "--", or what the value is called */
    char after[WORD_MAX]; /* of a value: the word or option that it belongs to; "": none */
    unsigned place;       /* without that: how many words stand before it, behind the command */
    bool repeats;         /* and as many more as one likes */
};

static size_t add_slot(struct slot *slots, size_t count, const char *text, size_t length)
{
    struct slot *slot = &slots[count], *before = count > 0 ? slot - 1 : NULL;

    memset(slot, 0, sizeof *slot);
    snprintf(slot->text, sizeof slot->text, "%.*s", (int)length, text);
    slot->type = text[0] == '-' ? SLOT_OPTION : isupper((unsigned char)text[0]) ? SLOT_VALUE : SLOT_WORD;
    for (size_t i = 0; i < count; i++)
        slot->place += slots[i].type == SLOT_VALUE && !slots[i].after[0];
    if (slot->type == SLOT_VALUE && before && before->type != SLOT_VALUE)
        memcpy(slot->after, before->text, sizeof slot->after);
    return count + 1;
}

/* Reads "[--json | --watch]", "[clear | allow ID]", "[NAME ...]" and the like.  Returns the number of slots. */
static size_t read_slots(const char *arguments, struct slot slots[SLOTS_MAX])
{
    size_t count = 0;

    while (*(arguments += strspn(arguments, " \n[]|"))) {
        size_t word = strcspn(arguments, " \n"), length = word;

        while (length > 0 && arguments[length - 1] == ']')
            length--;
        if (strncmp(arguments, "...", length) == 0 && count > 0)
            slots[count - 1].repeats = true;
        else if (count < SLOTS_MAX)
            count = add_slot(slots, count, arguments, length);
        arguments += word;
    }
    return count;
}

/* Whether the option takes a value. */
static bool is_valued(const struct slot *slots, size_t count, const char *option)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i].type == SLOT_VALUE && strcmp(slots[i].after, option) == 0)
            return true;
    return false;
}

/* --- what is the same in bash and zsh --- */

/* Within single quotes; quote: what stands for one of these there. */
static void put_quoted(const char *text, const char *quote, FILE *out)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs(quote, out);
        else
            fputc(*text, out);
}

/* Prints the options that take a value, with a blank before each but the first. */
static void put_valued(const struct command_line *line, FILE *out)
{
    const char *gap = "";
    struct slot slots[SLOTS_MAX];

    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i].argument[0]) {
            fprintf(out, "%s-%c --%s", gap, line->options[i].letter, line->options[i].name);
            gap = " ";
        }
    for (size_t i = 0; i < line->command_count; i++) {
        size_t count = read_slots(line->commands[i].arguments, slots);

        for (size_t k = 0; k < count; k++)
            if (slots[k].type == SLOT_OPTION && is_valued(slots, count, slots[k].text)) {
                fprintf(out, "%s%s", gap, slots[k].text);
                gap = " ";
            }
    }
}

static void put_call(const char *stands, FILE *out)
{
    const struct kind *kind = kind_of(stands);

    if (!kind)
        fputs(") ;;\n", out);
    else if (!kind->kind)
        fputs(") _sallyport_files ;;\n", out);
    else
        fprintf(out, ") _sallyport_values %s ;;\n", kind->kind);
}

/* The values that belong to the option or word before them. */
static void put_values_behind(const struct command_line *line, FILE *out)
{
    struct slot slots[SLOTS_MAX];

    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i].argument[0]) {
            fprintf(out, "    *,-%c | *,--%s", line->options[i].letter, line->options[i].name);
            put_call(line->options[i].argument, out);
        }
    for (size_t i = 0; i < line->command_count; i++) {
        size_t count = line->commands[i].help ? read_slots(line->commands[i].arguments, slots) : 0;

        for (size_t k = 0; k < count; k++)
            if (slots[k].type == SLOT_VALUE && slots[k].after[0]) {
                fprintf(out, "    %s,%s", line->commands[i].name, slots[k].after);
                put_call(slots[k].text, out);
            }
    }
}

/* The options that may be typed behind the command, each as "name:what it does". */
static void put_options(const struct command_line *line, FILE *out)
{
    struct slot slots[SLOTS_MAX];

    for (size_t i = 0; i < line->command_count; i++) {
        size_t count = line->commands[i].help ? read_slots(line->commands[i].arguments, slots) : 0;
        bool any = false;

        for (size_t k = 0; k < count; k++)
            if (slots[k].type == SLOT_OPTION) {
                fprintf(out, any ? " %s:" : "    %s,*) set -- %s:", any ? slots[k].text : line->commands[i].name,
                        slots[k].text);
                any = true;
            }
        fputs(any ? " ;;\n" : "", out);
    }
}

/* The options of all commands. */
static void put_general_options(const struct command_line *line, FILE *out)
{
    for (size_t i = 0; i < line->option_count; i++) {
        fprintf(out, " \\\n        '-%c:", line->options[i].letter);
        put_quoted(line->options[i].help, "'\\''", out);
        fprintf(out, "' '--%s:", line->options[i].name);
        put_quoted(line->options[i].help, "'\\''", out);
        fputs("'", out);
    }
}

static void put_commands(const struct command_line *line, FILE *out)
{
    for (size_t i = 0; i < line->command_count; i++)
        if (line->commands[i].help) {
            fprintf(out, " \\\n        '%s:", line->commands[i].name);
            put_quoted(line->commands[i].help, "'\\''", out);
            fputs("'", out);
        }
}

/* The words, and the values that belong to none. */
static void put_places(const struct command_line *line, FILE *out)
{
    struct slot slots[SLOTS_MAX];

    for (size_t i = 0; i < line->command_count; i++) {
        size_t count = line->commands[i].help ? read_slots(line->commands[i].arguments, slots) : 0;
        bool any = false;

        for (size_t k = 0; k < count; k++)
            if (slots[k].type == SLOT_WORD) {
                fprintf(out, any ? " %s" : "    %s,0) _sallyport_offer %s",
                        any ? slots[k].text : line->commands[i].name, slots[k].text);
                any = true;
            }
        fputs(any ? " ;;\n" : "", out);
        for (size_t k = 0; k < count; k++)
            if (slots[k].type == SLOT_VALUE && !slots[k].after[0] && kind_of(slots[k].text)) {
                if (slots[k].repeats)
                    fprintf(out, "    %s,*", line->commands[i].name);
                else
                    fprintf(out, "    %s,%u", line->commands[i].name, slots[k].place);
                put_call(slots[k].text, out);
            }
    }
}

/* The two functions that know the tables: what stands on the line, and what may come next. */
static void put_functions(const struct command_line *line, FILE *out)
{
    fputs("\n_sallyport_valued='", out);
    put_valued(line, out);
    fprintf(out, "'\n%s", completion_note);
    fputs("\n_sallyport_choose()\n{\n    case $command,${option:-$after} in\n", out);
    put_values_behind(line, out);
    fputs("    *,-*) ;;\n    *) _sallyport_choose_word ;;\n    esac\n}\n"
          "\n_sallyport_choose_word()\n{\n    case $current in -*) _sallyport_choose_option; return ;; esac\n"
          "    case $command,$place in\n    ,*)\n        _sallyport_offer", out);
    put_commands(line, out);
    fputs(" ;;\n", out);
    put_places(line, out);
    fputs("    esac\n}\n\n_sallyport_choose_option()\n{\n    case $command,$place in\n", out);
    put_options(line, out);
    fputs("    *) set -- ;;\n    esac\n    _sallyport_offer \"$@\"", out);
    put_general_options(line, out);
    fputs("\n}\n", out);
}

static void print_bash(const struct command_line *line, FILE *out)
{
    fputs(completion_bash_start, out);
    put_functions(line, out);
    fputs(completion_bash_end, out);
}

static void print_zsh(const struct command_line *line, FILE *out)
{
    fputs(completion_zsh_start, out);
    put_functions(line, out);
    fputs(completion_zsh_end, out);
}

/* --- fish, which is told in single lines --- */

static void put_fish_help(const char *help, FILE *out)
{
    fputs(" -d '", out);
    put_quoted(help, "\\'", out);
    fputs("'\n", out);
}

/* What may be typed in the place of a value. */
static void put_fish_value(const char *stands, FILE *out)
{
    const struct kind *kind = kind_of(stands);

    if (kind && kind->kind)
        fprintf(out, " -a '(__sallyport_values %s)'", kind->kind);
    else
        fputs(kind ? " -F" : "", out);
}

static void put_fish_slot(const char *command, const struct slot *slots, size_t count, size_t at, FILE *out)
{
    const struct slot *slot = &slots[at];

    if (slot->type == SLOT_OPTION) {
        fprintf(out, "complete -c sallyport -n '__sallyport_at %s - \"\" %s' -l %s", command, slot->text,
                slot->text + strlen("--"));
        if (is_valued(slots, count, slot->text)) {
            fputs(" -r", out);
            put_fish_value(slots[at + 1].text, out);
        }
    } else if (slot->type == SLOT_WORD) {
        fprintf(out, "complete -c sallyport -n '__sallyport_at %s 0' -a %s", command, slot->text);
    } else if (slot->after[0] == '-' || !kind_of(slot->text)) {
        return;
    } else {
        fprintf(out, "complete -c sallyport -n '__sallyport_at %s", command);
        if (slot->after[0])
            fprintf(out, " - %s'", slot->after);
        else if (slot->repeats)
            fprintf(out, " %u+'", slot->place);
        else
            fprintf(out, " %u'", slot->place);
        put_fish_value(slot->text, out);
    }
    fputc('\n', out);
}

static void put_fish_options(const struct command_line *line, FILE *out)
{
    for (size_t i = 0; i < line->option_count; i++) {
        fprintf(out, "complete -c sallyport -s %c -l %s", line->options[i].letter, line->options[i].name);
        if (line->options[i].argument[0]) {
            fputs(" -r", out);
            put_fish_value(line->options[i].argument, out);
        }
        put_fish_help(line->options[i].help, out);
    }
}

static void print_fish(const struct command_line *line, FILE *out)
{
    struct slot slots[SLOTS_MAX];

    fputs(completion_fish_start, out);
    fputs("set -g __sallyport_valued ", out);
    put_valued(line, out);
    fputs("\n\ncomplete -c sallyport -f\n", out);
    put_fish_options(line, out);
    for (size_t i = 0; i < line->command_count; i++) {
        const struct command_row *command = &line->commands[i];
        size_t count = command->help ? read_slots(command->arguments, slots) : 0;

        if (!command->help)
            continue;
        fprintf(out, "complete -c sallyport -n '__sallyport_at \"\"' -a %s", command->name);
        put_fish_help(command->help, out);
        for (size_t k = 0; k < count; k++)
            put_fish_slot(command->name, slots, count, k, out);
    }
}

bool completion_print(const struct command_line *line, const char *shell, FILE *out)
{
    static const struct {
        const char *name;
        void (*print)(const struct command_line *line, FILE *out);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].print(line, out);
            return true;
        }
    return false;
}
