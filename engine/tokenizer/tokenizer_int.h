/* tokenizer_int.h - what a carat_tokenizer is: one of two machines, and what is known of it. */
#ifndef CARAT_TOKENIZER_INT_H
#define CARAT_TOKENIZER_INT_H

#include "hf.h"
#include "spm.h"

struct carat_tokenizer {
    struct carat_tokenizer_info info;
    bool is_hf;       /* which of the two is filled */
    struct spm spm;
    struct hf hf;
    char warning[512]; /* info.warning where it is not empty */
};

#define TOKENIZER_MAX_FILE ((size_t)256 << 20)

/* folder.c: a checkpoint's folder; fills tok->hf, tok->info and the warning. */
enum carat_err folder_open(const char *dir, struct carat_tokenizer *tok, struct err *err);
/* Sets the texts of a folder's special tokens in an object: "bos_token": "<s>" ..., the class's own where no file names them. */
enum carat_err folder_special_tokens(const char *dir, json_t *out, struct err *err);

#endif
