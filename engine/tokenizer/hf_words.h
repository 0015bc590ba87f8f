/* hf_words.h - how published byte-level tokenizers cut a text into words: regular expressions, facts of their formats. */
#ifndef CARAT_TOKENIZER_HF_WORDS_H
#define CARAT_TOKENIZER_HF_WORDS_H

/* The parts that most of them share. */
#define HF_SHORT_FORMS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define HF_BLANKS "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define HF_LETTERS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define HF_SIGNS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"

#define HF_GPT2_WORDS "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define HF_LLAMA3_WORDS HF_SHORT_FORMS "|" HF_LETTERS "|\\p{N}{1,3}|" HF_SIGNS "|" HF_BLANKS
#define HF_QWEN_WORDS HF_SHORT_FORMS "|" HF_LETTERS "|\\p{N}|" HF_SIGNS "|" HF_BLANKS

#endif
