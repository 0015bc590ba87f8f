"""Small tokenizers in the styles of published ones, trained on texts of ours, and what tokenizers 0.23 makes of texts with them.

    python make_bpe_goldens.py OUT            tokenizer.json files and lines of OUT/goldens.jsonl
    python make_bpe_goldens.py OUT --folders  OUT/folders.jsonl: the same files in checkpoints' folders, by transformers 5.23
    python make_bpe_goldens.py OUT --fuzz N [--seed S] --carat PATH    N random texts a style through carat, differences told

A golden line: {"style", "text", "ids", "decoded"} (encoded with the post-processor), or {"style", "decode": ids, "text"}.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = [
    "The ferry leaves the harbour at seven, and nobody knows when it'll come back; it's 42 miles to the other side.",
    "She'd never've guessed that they're paying 1,234.56 dollars for 78 old lanterns!  Twice, even... (so he said)",
    "def area(width, height):\n    # the plain product\n    return width * height\n\n\nfor i in range(100):\n\tprint(i, area(i, 2))\r\n",
    "Der Bäcker backt täglich frisches Brot; süße Brötchen kosten 3 € und größere 5 €.",
    "Zażółć gęślą jaźń - el niño comió piñas - l'été à la forêt - çok güzel bir gün",
    "Мельник продал мешок муки за сорок рублей и пошёл домой через лес.",
    "春の川に小さな舟が二つ浮かんでいる。空は青く、風は静かだ。",
    "河边的小屋里住着一位老人，他有三只猫和一条狗。二〇二四年",
    "나무 아래에 고양이가 세 마리 앉아 있었다. 비가 온다.",
    "في الحديقة شجرة كبيرة تحتها مقعد قديم، والطيور تغني كل صباح ١٢٣",
    "नदी के किनारे एक छोटा सा गाँव था जहाँ सब लोग मिलकर रहते थे।",
    "ปลาตัวเล็กว่ายน้ำอยู่ในบ่อ 🙂👩‍👩‍👧‍👦🇩🇪 ❤️ ½ ² ① Ⅷ ﬁ ﬀ",
    "x = {'a': [1, 2, 3], \"b\": None}  # {{ }} <|tag|> </s> <s>\n<html>&amp;</html>",
]

GPT4 = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
QWEN = GPT4.replace(r"\p{N}{1,3}", r"\p{N}")
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
IDEOGRAPHS = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"
              r"\s*[\r\n]+|\s+(?!\S)|\s+")
POSSESSIVE = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
BYTES = pre_tokenizers.ByteLevel


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def seq(*steps):
    return pre_tokenizers.Sequence(list(steps))


def plain_bytes():
    return BYTES(add_prefix_space=False, use_regex=False)


# name: (pre-tokenizer, normalizer, byte level?, options)
STYLES = {
    "gpt2": (BYTES(add_prefix_space=False), None, True, {}),
    "gpt2-prefix": (BYTES(add_prefix_space=True), None, True, {}),
    "llama3": (seq(split(GPT4), plain_bytes()), None, True, {"ignore_merges": True, "bos": True}),
    "qwen2": (seq(split(QWEN), plain_bytes()), normalizers.NFC(), True, {}),
    "falcon": (seq(pre_tokenizers.Punctuation("contiguous"), BYTES(add_prefix_space=False), pre_tokenizers.Digits(False),
                   split("[0-9][0-9][0-9]")), None, True, {}),
    "deepseek": (seq(split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(IDEOGRAPHS), plain_bytes()), None, True, {}),
    "cased": (seq(split(CASED), plain_bytes()), None, True, {}),
    "possessive": (seq(split(POSSESSIVE), plain_bytes()), None, True, {}),
    "starcoder": (seq(pre_tokenizers.Digits(True), BYTES(add_prefix_space=False)), None, True, {}),
    "neox": (BYTES(add_prefix_space=False), normalizers.NFC(), True, {}),
    "bloom": (seq(split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), plain_bytes()), None, True, {}),
    "words": (pre_tokenizers.Whitespace(), normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]), False,
              {"unk": True, "fuse_unk": True}),
    "spaces": (seq(pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()),
               normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Strip()]), False, {"unk": True}),
    "nfkd": (pre_tokenizers.CharDelimiterSplit("-"), normalizers.Sequence([normalizers.NFKD(), normalizers.Replace(Regex(r"\s{2,}|\d"), "_")]), False, {}),
    "metaspace": (pre_tokenizers.Metaspace(prepend_scheme="always"), normalizers.Replace("``", '"'), False,
                  {"unk": True, "metaspace": True}),
    "metaspace-first": (pre_tokenizers.Metaspace(prepend_scheme="first", split=False), None, False, {"byte_fallback": True, "metaspace": True}),
    "merge-next": (seq(split(r"\w+|(?=\d)", "merged_with_next"), split(r"[\h.]", "merged_with_previous", True), plain_bytes()), None, True, {}),
    "removed": (seq(split(r"\s|^b", "removed"), split(r"(?m:a.)|$", "contiguous"), plain_bytes()), None, True, {}),
    "byte-normalizer": (None, normalizers.Sequence([normalizers.Prepend(">"), normalizers.ByteLevel()]), True, {}),
}

ADDED = [
    AddedToken("<|end|>", special=True, normalized=False),
    AddedToken("<|left|>", special=True, normalized=False, lstrip=True),
    AddedToken("<|right|>", special=True, normalized=False, rstrip=True),
    AddedToken("alone", special=False, normalized=False, single_word=True),
    AddedToken("Ünormal", special=False, normalized=True),
    AddedToken("<|end|>>", special=False, normalized=False),
]


def make(name):
    pre, norm, byte_level, options = STYLES[name]
    unk = "<unk>" if options.get("unk") else None
    model = models.BPE(unk_token=unk, fuse_unk=options.get("fuse_unk", False), byte_fallback=options.get("byte_fallback", False),
                       ignore_merges=options.get("ignore_merges", False))
    tok = Tokenizer(model)
    if pre:
        tok.pre_tokenizer = pre
    if norm:
        tok.normalizer = norm
    special = ([unk] if unk else []) + (["<bos>"] if options.get("bos") else [])
    if options.get("byte_fallback"):
        special += ["<0x%02X>" % b for b in range(256)]
    alphabet = BYTES.alphabet() if byte_level else []
    trainer = trainers.BpeTrainer(vocab_size=(520 if byte_level else 420) + (256 if options.get("byte_fallback") else 0),
                                  special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tok.train_from_iterator(TEXTS, trainer)
    if options.get("byte_fallback"):  # byte pieces are pieces, and no added tokens
        state = json.loads(tok.to_str())
        state["added_tokens"] = []
        tok = Tokenizer.from_str(json.dumps(state))
    tok.add_tokens(ADDED)
    if byte_level:
        tok.decoder = decoders.ByteLevel()
    elif options.get("byte_fallback"):
        tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                         decoders.Strip(" ", 1, 0)])
    elif options.get("metaspace"):
        tok.decoder = decoders.Metaspace(prepend_scheme="always")
    if options.get("bos"):
        tok.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<bos> $A", pair="<bos> $A <bos> $B",
                                          special_tokens=[("<bos>", tok.token_to_id("<bos>"))])])
    return tok


# ---- texts ------------------------------------------------------------------------------------------

BLOCKS = [(0x20, 0x7E)] * 6 + [(0, 0x1F), (0x7F, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF),
          (0x590, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1EFF), (0x2000, 0x20CF), (0x2150, 0x218F),
          (0x2460, 0x24FF), (0x2E80, 0x33FF), (0x4E00, 0x4E80), (0xA640, 0xA7FF), (0xAC00, 0xAC80), (0xE000, 0xE010),
          (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFFFD), (0x10000, 0x10FFFF), (0x1D100, 0x1D7FF), (0x1F100, 0x1FAFF),
          (0x10D40, 0x10D90), (0x11F00, 0x11F60), (0x1E4D0, 0x1E600), (0x2B730, 0x2B740), (0x31340, 0x323B0), (0xE0000, 0xE01EF)]
WORDS = (" ".join(TEXTS)).split(" ")
BITS = ["'s", "'S", "'ſ", "'LL", "'ve", "\n", "\r\n", "\r", "\t", "  ", "    ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u180e",
        "\u200b", "\u001c", "<|end|>", "<|end|>>", " <|left|>", "<|left|>", "<|right|> ", "<|right|>  \n", "alone", "Xalone", "_alone",
        "Ünormal", "U\u0308normal", "a\u0301\u0323", "\u1100\u1161\u11a8", "가\u11a8", "123", "1234567", "١٢٣٤", "½", "\x00", "``", "-",
        "\u0344", "\u212b", "e\u0301\u0327\u0301", "Å\u0301", "\u0958", "\u2126", "!!!", "...", "?!", "//", "_", "ǅ", "İ", "ß", "ﬆ"]


def char(rng):
    low, high = rng.choice(BLOCKS)
    while True:
        cp = rng.randint(low, high)
        if not 0xD800 <= cp <= 0xDFFF:
            return chr(cp)


def text(rng):
    parts = []
    for _ in range(rng.randint(0, 12)):
        kind = rng.random()
        if kind < 0.3:
            parts.append(rng.choice(WORDS) + rng.choice(["", " ", " ", "  "]))
        elif kind < 0.6:
            parts.append(rng.choice(BITS))
        elif kind < 0.9:
            parts.append("".join(char(rng) for _ in range(rng.randint(1, 6))))
        else:
            parts.append(rng.choice([" ", "\n", "a", "1", "é", "春", "🙂", "\u0301", ".", "\u00a0"]) * rng.randint(1, 30))
    return "".join(parts)


def lines(name, tok, rng, n):
    size = tok.get_vocab_size()
    known = [i for i in range(size) if tok.id_to_token(i) is not None]
    for _ in range(n):
        t = text(rng)
        ids = tok.encode(t).ids
        yield {"style": name, "text": t, "ids": ids, "decoded": tok.decode(ids, skip_special_tokens=False)}
        some = [rng.choice(known) for _ in range(rng.randint(1, 12))]
        yield {"style": name, "decode": some, "text": tok.decode(some, skip_special_tokens=False)}


def fuzz(args, toks):
    rng, bad = random.Random(args.seed), 0
    for name, tok in toks.items():
        golden = list(lines(name, tok, rng, args.fuzz))
        asked = []
        for g in golden:
            if "decode" in g:
                asked.append({"ids": g["decode"]})
            else:
                asked.append({"text": g["text"], "bos": bool(STYLES[name][3].get("bos"))})
                asked.append({"ids": g["ids"]})
        got = subprocess.run([args.carat, "tokenize", "--tokenizer", os.path.join(args.out, name, "tokenizer.json")],
                             input="\n".join(json.dumps(a) for a in asked) + "\n", capture_output=True, text=True)
        answers = [json.loads(line) for line in got.stdout.split("\n") if line]
        if len(answers) != len(asked):
            print(name, got.stderr[:300])
            bad += 1
            continue
        answers = iter(answers)
        wrong = 0
        for g in golden:
            if "decode" in g:
                a = next(answers)
                ok = a.get("text") == g["text"]
            else:
                a, b = next(answers), next(answers)
                ok = a.get("ids") == g["ids"] and b.get("text") == g["decoded"]
                a = (a, b)
            if not ok:
                wrong += 1
                if wrong <= 3:
                    print(name, "WANT", ascii(g), "GOT", ascii(a))
        print(f"{name}: {len(golden)} lines, {wrong} differ", flush=True)
        bad += wrong
    return bad


FOLDERS = [  # tokenizer_config.json, config.json
    ({"tokenizer_class": "GPT2Tokenizer"}, {"model_type": "gpt2"}),
    ({"tokenizer_class": "GPT2TokenizerFast", "add_prefix_space": True}, {}),
    ({}, {"model_type": "gpt2"}),
    ({"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|end|>"}, {"model_type": "qwen2"}),
    ({"tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": True}, {"model_type": "qwen3"}),
    ({"tokenizer_class": "GPT2Tokenizer"}, {"model_type": "qwen2"}),
    ({"tokenizer_class": "GPTNeoXTokenizerFast"}, {"model_type": "gpt_neox"}),
    ({"tokenizer_class": "LlamaTokenizer"}, {"model_type": "llama"}),
    ({"tokenizer_class": "PreTrainedTokenizerFast", "additional_special_tokens": ["<|right|>", "alone", "he"]}, {"model_type": "falcon"}),
]
FOLDER_TEXTS = ["the harbour, it's 12345!", " e\u0301te\u0301  naïve\n\n x", "<|right|>  alone he <|end|> don't\t春の川 STOP\r\n"]


def folders(args):
    import shutil
    import tempfile

    from transformers import AutoTokenizer
    with open(os.path.join(args.out, "folders.jsonl"), "w", encoding="utf-8") as f:
        for style in "gpt2", "llama3", "falcon":
            for config, model in FOLDERS:
                with tempfile.TemporaryDirectory() as folder:
                    shutil.copy(os.path.join(args.out, style, "tokenizer.json"), folder)
                    for name, content in ("tokenizer_config.json", config), ("config.json", model):
                        with open(os.path.join(folder, name), "w", encoding="utf-8") as g:
                            json.dump(content, g)
                    tok = AutoTokenizer.from_pretrained(folder)
                    for t in FOLDER_TEXTS:
                        ids = tok.encode(t, add_special_tokens=False)
                        f.write(json.dumps({"style": style, "config": config, "model": model, "text": t, "ids": ids,
                                            "decoded": tok.decode(ids), "plain": tok.decode(ids, skip_special_tokens=True)}) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--fuzz", type=int)
    parser.add_argument("--folders", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--carat", default="./carat")
    args = parser.parse_args()
    if args.folders:
        folders(args)
        return
    toks = {}
    for name in STYLES:
        os.makedirs(os.path.join(args.out, name), exist_ok=True)
        toks[name] = make(name)
        toks[name].save(os.path.join(args.out, name, "tokenizer.json"), pretty=False)
    if args.fuzz:
        sys.exit(fuzz(args, toks) > 0)
    rng = random.Random(20)
    with open(os.path.join(args.out, "goldens.jsonl"), "w", encoding="utf-8") as f:
        for name, tok in toks.items():
            for line in lines(name, tok, rng, 12):
                f.write(json.dumps(line) + "\n")


main()
