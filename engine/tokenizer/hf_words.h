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

/* Words that begin with capitals, with what is short for another word behind them (GPT-4o) or without (Mistral's Tekken). */
#define HF_CAPITALS "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define HF_SMALLS "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define HF_CASED(behind)                                                                      \
    "[^\\r\\n\\p{L}\\p{N}]?" HF_CAPITALS "*" HF_SMALLS "+" behind "|[^\\r\\n\\p{L}\\p{N}]?" HF_CAPITALS \
    "+" HF_SMALLS "*" behind
#define HF_PATHS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
#define HF_GPT4O_WORDS HF_CASED(HF_SHORT_FORMS "?") "|\\p{N}{1,3}|" HF_PATHS "|" HF_BLANKS
#define HF_TEKKEN_WORDS HF_CASED("") "|\\p{N}|" HF_PATHS "|" HF_BLANKS

/* DeepSeek 3: numbers by threes and ideographs are cut out first. */
#define HF_THREE_DIGITS "\\p{N}{1,3}"
#define HF_IDEOGRAPHS "[\xE4\xB8\x80-\xE9\xBE\xA5\xE3\x81\x80-\xE3\x82\x9F\xE3\x82\xA0-\xE3\x83\xBF]+"
#define HF_DEEPSEEK_WORDS                                                                                          \
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| " \
    "?[\\p{P}\\p{S}]+[\\r\\n]*|" HF_BLANKS

#define HF_BLOOM_WORDS " ?[^(\\s|[.,!?\xE2\x80\xA6\xE3\x80\x82\xEF\xBC\x8C\xE3\x80\x81\xE0\xA5\xA4\xDB\x94\xD8\x8C])]+"

#endif
