/* SPDX-License-Identifier: ISC */
#include "setup/file_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "setup/whole_file.h"

int file_step_ask(struct desk *desk)
{
    char error[WHOLE_FILE_ERROR_MAX];

    if (!whole_file_look(desk->output, error)) {
        page_fail(&desk->page, "%s", error);
        return EX_CANTCREAT;
    }
    if (!whole_file_is_there(desk->output))
        return EX_OK;
    page_say(&desk->page, "There is a configuration already: %s.", desk->output);
    if (!desk->interview.asks && !desk->interview.agrees) {
        page_fail(&desk->page, "%s is there; %s", desk->output, question_row(QUESTION_OVERWRITE)->instead);
        return EX_CANTCREAT;
    }
    if (!interview_confirm(&desk->interview, QUESTION_OVERWRITE, false, &desk->replaces))
        return EX_NOINPUT;
    if (desk->replaces)
        return EX_OK;
    page_say(&desk->page, "Nothing was changed.  --output writes to another file.");
    return EX_CANTCREAT;
}

/* --- the check --- */

static void report(void *arg, const char *line)
{
    page_fail(arg, "%s", line);
}

/* Whether `check` accepts the file. */
static bool check(struct desk *desk, const struct whole_file *file)
{
    enum config_use use = desk->draft.keeping == DRAFT_KEEPS_ASKING ? CONFIG_TO_ASK : CONFIG_TO_RUN;
    struct config *config = config_load(file->temporary, use, report, &desk->page);

    config_unref(config);
    return config;
}

/* --- writing --- */

static bool write_configuration(struct desk *desk, struct whole_file *file, char *error)
{
    size_t length;
    char *text = draft_text(&desk->draft, &length);
    bool well;

    if (!text) {
        snprintf(error, WHOLE_FILE_ERROR_MAX, "out of memory");
        return false;
    }
    well = whole_file_begin(file, desk->output, text, length, error);
    free(text);
    if (well && !check(desk, file)) {
        whole_file_drop(file);
        snprintf(error, WHOLE_FILE_ERROR_MAX, "this configuration would not work, and was not written");
        return false;
    }
    return well && whole_file_end(file, error);
}

static bool write_password(struct desk *desk, struct whole_file *file, char *error)
{
    char text[sizeof desk->password + 1];
    int length = snprintf(text, sizeof text, "%s\n", desk->password);
    bool well = whole_file_begin(file, desk->draft.kept, text, (size_t)length, error) && whole_file_end(file, error);

    explicit_bzero(text, sizeof text);
    return well;
}

/* The check of the configuration looks for the file of the password, which comes first. */
static bool write_both(struct desk *desk, struct whole_file *configuration, struct whole_file *password, char *error)
{
    if (desk->draft.keeping != DRAFT_KEEPS_FILE)
        return write_configuration(desk, configuration, error);
    if (!write_password(desk, password, error))
        return false;
    if (write_configuration(desk, configuration, error))
        return true;
    whole_file_undo(password);
    return false;
}

static void tell(const struct desk *desk, const struct whole_file *file)
{
    if (!file->path[0])
        return;
    page_say(&desk->page, "Written: %s", file->path);
    if (file->replaces)
        page_say(&desk->page, "What was there before is %s.", file->backup);
}

int file_step_write(struct desk *desk)
{
    struct whole_file configuration = {.path = ""}, password = {.path = ""};
    char error[WHOLE_FILE_ERROR_MAX];
    struct whole_file_hold hold;
    bool well;

    if (!desk->replaces && !desk->interview.agrees && whole_file_is_there(desk->output)) {
        page_fail(&desk->page, "%s has come while setup ran, and was not replaced; look at it, and run setup again",
                  desk->output);
        return EX_CANTCREAT;
    }
    whole_file_hold(&hold);
    well = write_both(desk, &configuration, &password, error);
    whole_file_let_go(&hold);
    if (!well) {
        page_fail(&desk->page, "%s", error);
        return EX_CANTCREAT;
    }
    tell(desk, &password);
    tell(desk, &configuration);
    return EX_OK;
}

int file_step_print(struct desk *desk, FILE *out)
{
    size_t length;
    char *text = draft_text(&desk->draft, &length);
    bool well = text && fwrite(text, 1, length, out) == length && fflush(out) == 0;

    free(text);
    if (!well)
        page_fail(&desk->page, "cannot write the configuration");
    return well ? EX_OK : EX_IOERR;
}
