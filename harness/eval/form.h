/* form.h - see form.c. One thread. */
#ifndef CARAT_FORM_H
#define CARAT_FORM_H

#include "eval.h"

struct form {
    const struct eval_form *asked; /* borrowed */
    struct carat_chat *chat;       /* NULL: plain text */
    struct proto_form proto;       /* what items are made with; its prefix lies in the items' arena */
};

enum carat_err form_open(const struct eval_form *asked, const char *model_path, struct form *out, struct err *err);
void form_release(struct form *f);

/* Adds what of the form decides an answer: the template's digest, the mode, the system text. False: out of memory. */
bool form_describe(const struct form *f, json_t *settings);

/* Before anything is computed: is there a template, and does it take each benchmark's first item? */
enum carat_err form_check(const struct eval_form *asked, const char *model_path, const struct bench_set *set,
                          struct err *err);

/* Does the checkpoint bring a chat template? */
bool form_has_template(const char *model_path);

#endif
