#include "proxy/form_choice.h"

bool form_choice_start(struct form_choice *choice)
{
    if (!request_form_set(&choice->form, choice->own, choice->proxy, choice->request))
        return false;
    if (!choice->require_switch && health_is_plain(choice->health, choice->proxy))
        choice->request->announce &= ~(unsigned)ANNOUNCE_UPGRADE;
    return choice->request->method != METHOD_CONNECT || choice->proxy->socks ||
           health_template(choice->health, choice->proxy) != TEMPLATE_OPENS ||
           request_form_set_default(&choice->form, choice->proxy, choice->request);
}

static bool asks_plain(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool cut_off,
                       const struct connect_response *response, const struct failure *failure)
{
    const struct connect_response *answer = outcome == OUTCOME_DONE ? response : NULL;

    if (choice->proxy->socks || !(choice->request->announce & ANNOUNCE_UPGRADE))
        return false;
    if (answer && answer->verdict == CONNECT_OPEN)
        health_note_upgrade(choice->health, choice->proxy, now_ms);
    if (choice->require_switch || (!answer && !cut_off) ||
        !plain_try_begin(&choice->plain, answer, failure, health_takes_upgrade(choice->health, choice->proxy)))
        return false;
    choice->request->announce &= ~(unsigned)ANNOUNCE_UPGRADE;
    trace_step(&choice->trace, "refused", "%s; once more, without Upgrade", plain_try_reason(&choice->plain));
    return true;
}

static bool asks_by_template(struct form_choice *choice, enum outcome outcome,
                             const struct connect_response *response)
{
    const unsigned announce = choice->request->announce;

    if (outcome != OUTCOME_DONE ||
        !template_try_begin(&choice->by_template, response, health_template(choice->health, choice->proxy)) ||
        !request_form_set_default(&choice->form, choice->proxy, choice->request))
        return false;
    choice->announce = announce;
    choice->asks_by_template = true;
    trace_step(&choice->trace, "refused", "%s; once more, by connect-tcp", response->failure.what);
    return true;
}

/* The request by CONNECT and its answer are the ones that count again. */
static void leave_template(struct form_choice *choice, struct connect_response *response)
{
    *response = choice->by_template.first;
    choice->asks_by_template = false;
    choice->request->method = METHOD_CONNECT;
    choice->request->announce = choice->announce;
    choice->form.proxy = *choice->proxy;
}

enum outcome form_choice_hear(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool asked,
                              struct connect_response *response, bool refused)
{
    enum template_lesson lesson = template_try_lesson(&choice->by_template, outcome, asked, response);

    if (!choice->asks_by_template)
        return outcome;
    if (lesson != TEMPLATE_UNKNOWN)
        health_set_template(choice->health, choice->name, choice->proxy, now_ms, lesson);
    if (!template_try_has_failed(&choice->by_template, outcome, response, refused))
        return outcome;
    leave_template(choice, response);
    return OUTCOME_DONE;
}

bool form_choice_again(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool cut_off,
                       const struct connect_response *response, const struct failure *failure)
{
    return asks_by_template(choice, outcome, response) ||
           asks_plain(choice, now_ms, outcome, cut_off, response, failure);
}

enum outcome form_choice_end(struct form_choice *choice, uint64_t now_ms, enum outcome outcome,
                             struct connect_response *response, bool refused, struct failure *failure)
{
    if (!plain_try_has_opened(&choice->plain, outcome, response))
        return plain_try_end(&choice->plain, outcome, response, refused, failure);
    if (!choice->asks_by_template)
        health_set_plain(choice->health, choice->name, choice->proxy, now_ms);
    return outcome;
}

bool form_choice_was_answered(const struct form_choice *choice)
{
    return choice->plain.kind == PLAIN_TRY_CHECKS || choice->by_template.begun;
}

void form_choice_release(struct form_choice *choice)
{
    request_form_release(&choice->form);
}
