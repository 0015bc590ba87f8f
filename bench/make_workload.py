#!/usr/bin/env python3
"""Benchmark-like files in the official formats, of any size, to measure speed with: the words mean nothing.

    bench/make_workload.py FOLDER [N]      N items each (100)

The lengths are those of the real ones with Gemma's tokenizer: HellaSwag contexts of about 60 tokens with four endings of
25, MMLU questions of 85 behind five shots of 650 together, GSM8K questions of 60. The words are cut to the tokenizer of
the demo checkpoints, which make_checkpoint.py gives to its own.
"""
import csv, json, os, random, sys

WORDS = """the a of and to in is with from that then she he it they one two three four five six seven eight nine ten water
garden table bucket shelf basket moon star colour ground number question answers roses stones coins buttons pencils pears
looks walks finds takes pulls turns cuts stirs bends gathers buys loses has many more now""".split()
LETTERS = "ABCD"


def text(rng, n):
    return " ".join(rng.choice(WORDS) for _ in range(n))


def write_json(folder, name, rows):
    with open(os.path.join(folder, name), "w") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")


def hellaswag(rng, n, split):
    for i in range(n):
        a, b = text(rng, 30).capitalize() + ".", text(rng, 4)
        yield {"ind": i, "activity_label": text(rng, 2).capitalize(), "ctx_a": a, "ctx_b": b, "ctx": f"{a} {b}",
               "split": split, "split_type": "indomain", "label": rng.randrange(4),
               "endings": [text(rng, 16) + "." for _ in range(4)], "source_id": f"bench~{split}~{i}"}


def mmlu(rng, n):
    for _ in range(n):
        yield [text(rng, 26).capitalize() + "?"] + [text(rng, 4) for _ in range(4)] + [rng.choice(LETTERS)]


def gsm8k(rng, n):
    for _ in range(n):
        x, y = rng.randrange(2, 50), rng.randrange(2, 50)
        yield {"question": f"{text(rng, 30).capitalize()} {x} and {y}?",
               "answer": f"{text(rng, 12).capitalize()} {x} + {y} = <<{x}+{y}={x + y}>>{x + y}.\n#### {x + y}"}


def main():
    folder, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    rng = random.Random(1)
    for sub in ("hellaswag", "gsm8k", "mmlu/dev", "mmlu/test", "mmlu/val"):
        os.makedirs(os.path.join(folder, sub), exist_ok=True)
    write_json(folder, "hellaswag/hellaswag_val.jsonl", hellaswag(rng, n, "val"))
    write_json(folder, "hellaswag/hellaswag_train.jsonl", hellaswag(rng, 10, "train"))
    write_json(folder, "gsm8k/test.jsonl", gsm8k(rng, n))
    write_json(folder, "gsm8k/train.jsonl", gsm8k(rng, 100))
    for split, rows in (("dev", 5), ("val", 5), ("test", n)):
        with open(os.path.join(folder, f"mmlu/{split}/astronomy_{split}.csv"), "w", newline="") as out:
            csv.writer(out).writerows(mmlu(rng, rows))


main()
