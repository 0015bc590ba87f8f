#!/usr/bin/env python3
"""Makes items.jsonl and corpora.jsonl: what sacrebleu 2.6.0, and the reference harness over it, make of made-up translations.

    python make.py [--seed N] [--items N] [--out FOLDER]     (needs lm_eval 0.4.13 and its sacrebleu; DISABLE_MULTIPROC is set here)

An item has its counts and its scores alone; "words" is the hypothesis as BLEU's tokenizer splits it. A corpus has values and
standard errors as the harness bootstraps them.
"""
import argparse
import json
import os
import random
from pathlib import Path

os.environ["DISABLE_MULTIPROC"] = "1"
from lm_eval.api import metrics  # noqa: E402
from sacrebleu.metrics import BLEU, CHRF, TER  # noqa: E402

metrics.print = lambda *a, **k: None
MEASURES = {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()}
WORDS = ["the", "The", "ship", "left", "harbour", "at", "dawn", "a", "of", "and", "cold", "wind", "blew", "over", "roofs", "3.5", "1,000",
         "2024-05-01", "7-", "-7", "e.g.", "U.S.", "...", "?!", "(maybe)", "\"so\"", "it's", "naïve", "STRASSE", "straße", "ΟΔΟΣ",
         "οδος", "Σ", "İstanbul", "i̇stanbul", "日本語", "の", "文。", "किताब", "كتاب", "👩‍👩‍👧", "e\u0301", "é", "ﬁn", "x_y", "a/b", "$5", "50%",
         "<skipped>", "&quot;", "&amp;lt;", "&lt;b&gt;", "&", "end-\n", "don’t", "‚low‘", "\u200bzero", "\u00ad", "a.b,c", "1.", ".1",
         ",", ".", "-", "--", "3-4", "٣.٥", "²,5", "\0", "\x1c", "\x85", "\ufeff"]
BLANKS = [" "] * 30 + ["  ", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\r\n", "\x1f", " \n "]


def sentence(rng, n):
    pool = rng.sample(WORDS, min(len(WORDS), max(2, n // rng.choice([1, 2, 3]))))
    text = "".join(rng.choice(pool) + rng.choice(BLANKS) for _ in range(n))
    return rng.choice(["", "", " ", "\n"]) + (text if rng.random() < 0.2 else text.rstrip())


def changed(rng, text):
    """The text after some edits, shifts of runs among them."""
    words = text.split(" ")
    for _ in range(rng.choice([0, 1, 2, 4, 8])):
        kind, at = rng.randrange(6), rng.randrange(len(words))
        if kind == 0:
            words.insert(at, rng.choice(WORDS))
        elif kind == 1 and len(words) > 1:
            del words[at]
        elif kind == 2:
            words[at] = rng.choice(WORDS)
        elif kind == 3:
            words[at] = rng.choice([words[at].upper(), words[at].lower(), words[at] + ".", "(" + words[at]])
        else:
            end = at + rng.choice([1, 1, 2, 3, 5, 12])
            run, rest = words[at:end], words[:at] + words[end:]
            to = rng.randrange(len(rest) + 1)
            words = rest[:to] + run + rest[to:]
    return " ".join(words)


def make_item(rng):
    kind = rng.random()
    if kind < 0.05:
        n = rng.choice([60, 90, 130])
    else:
        n = rng.choice([0, 1, 2, 3, 5, 8, 13, 21, 34])
    refs = [sentence(rng, n)]
    for _ in range(rng.choice([0, 0, 0, 1, 2, 3])):
        refs.append(changed(rng, refs[0]) if rng.random() < 0.7 else sentence(rng, rng.choice([0, 1, 4, 9, 20])))
    roll = rng.random()
    if roll < 0.06:
        hyp = rng.choice(["", " ", "\n", "\u3000"])
    elif roll < 0.16:
        hyp = sentence(rng, rng.choice([1, 4, 9, 20, 70]))
    elif roll < 0.2:  # far longer or shorter than the reference: the band widens
        hyp = " ".join([rng.choice(WORDS)] * rng.choice([1, 2, 100]))
    else:
        hyp = changed(rng, rng.choice(refs))
    return hyp, refs


def measured(hyp, refs):
    out = {"hyp": hyp, "refs": refs}
    for name, measure in MEASURES.items():
        stats = measure._extract_corpus_statistics([hyp], [[r] for r in refs])
        out[name] = {"sums": stats[0], "score": measure._aggregate_and_compute(stats).score}
    out["words"] = MEASURES["bleu"]._preprocess_segment(hyp)
    return out


def corpus(rng, n, n_refs):
    items = []
    while len(items) < n:
        hyp, refs = make_item(rng)
        if len(refs) >= n_refs:
            items.append((hyp, refs[:n_refs]))
    pairs = [(refs[0] if n_refs == 1 else refs, hyp) for hyp, refs in items]
    out = {"items": [{"hyp": hyp, "refs": refs} for hyp, refs in items]}
    for name, how in (("bleu", metrics.bleu), ("chrf", metrics.chrf), ("chrf++", metrics.chrfpp), ("ter", metrics.ter)):
        error = metrics.stderr_for_metric(how, 100)(pairs) if n > 1 else None
        out[name] = {"value": float(how(pairs)), "stderr": error}
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--items", type=int, default=160)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with open(args.out / "items.jsonl", "w") as out:
        for _ in range(args.items):
            out.write(json.dumps(measured(*make_item(rng))) + "\n")
    with open(args.out / "corpora.jsonl", "w") as out:
        for n, n_refs in ((1, 1), (2, 1), (12, 1), (7, 2), (25, 1)):
            out.write(json.dumps(corpus(rng, n, n_refs)) + "\n")


if __name__ == "__main__":
    main()
