/* SPDX-License-Identifier: ISC */
/* Asks a source about one target, step by step, as a task (base/task.h):
 *
 *     PAC      the answer that is kept -> the file's text -> the script
 *     SYSTEM   the answer that is kept -> the desktop -> its answer, or the file that it names -> the script
 *     COMMAND  the answer that is kept -> the program -> its answer, or the file that it names -> the script
 *
 * For a PAC file of the section's own, what is kept is looked at when it is known that the file is still the same.  All
 * who ask the same at the same time share one. */
#ifndef SALLYPORT_INQUIRY_H
#define SALLYPORT_INQUIRY_H

#include <stdbool.h>

#include "base/task.h"
#include "config/pac_question.h"
#include "finding/ask_program.h"
#include "finding/found.h"
#include "finding/helper.h"
#include "finding/pac_file.h"
#include "finding/source.h"
#include "net/endpoint.h"

#define INQUIRY_PROGRAM_MS 10000u /* limit of a program */

struct finding;

struct inquiry {
    struct task task;
    struct inquiry *next, **back; /* in source->inquiries */
    struct finding *waiting;      /* the finder's: those who want to know */
    struct source *source;        /* outlives it */
    struct endpoint target;
    char url[PAC_QUESTION_MAX];   /* the question */
    struct script *script;        /* whose file is read or which is asked; a reference, or NULL */
    uint64_t serial;              /* of the text that is asked */
    struct pac_read *read;        /* at most one of these three waits */
    struct helper_question *question;
    struct ask_program *program;
    struct found found;           /* after DONE */
    bool kept;                    /* it was kept from before */
};

/* target: copied, its host in small letters, as browsers give it to a PAC file.  done as of a task: PEER when the
 * source fails or says nothing of use, LOCAL for trouble of ours; its arg is the inquiry.  NULL: out of memory. */
struct inquiry *inquiry_start(struct source *source, const struct endpoint *target, task_done_fn *done);

/* Takes it out of its source's list and ends it.  NULL is fine, and so is a call from within done. */
void inquiry_free(struct inquiry *inquiry);

/* Begins anew, since the network is another one. */
void inquiry_again(struct inquiry *inquiry);

/* The one of the source that is about this target and has not ended, or NULL. */
struct inquiry *inquiry_about(const struct source *source, const struct endpoint *target);

#endif
