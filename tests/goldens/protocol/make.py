"""Makes filters.jsonl and aggregates.jsonl: what lm-evaluation-harness 0.4.13 does with made-up answers and values.

    python make.py    (needs lm_eval, scikit-learn; DISABLE_MULTIPROC is set here)
"""
import json, math, os, random
os.environ["DISABLE_MULTIPROC"] = "1"
from lm_eval.api import metrics as M
from lm_eval.filters import build_filter_ensemble

TEXTS = ["The answer is (B).", "(C) is it, not (A)", "it is red", "Red Fox or red", "nothing", "", "answer: B",
         "I say: C and: A", "RED, fox!", "a \u00abred fox\u00bb", "12 and 7, then 30", "  spaced  ", "\u00c4pfel",
         "ends in (a)", "(A", "The answer is ().", ":D", "yes", "no", "maybe"]
CHOICES = ["red", "red fox", "blue (very)", "Nothing else"]
PIPELINES = {
    "regex": [["regex", {"regex_pattern": r"\(([A-Z])\)"}]],
    "regex-last": [["regex", {"regex_pattern": r"(\d+)|(red)", "group_select": -1, "fallback": "none"}]],
    "upper": [["uppercase", {}]],
    "lower": [["lowercase", {}]],
    "strip-map": [["remove_whitespace", {}], ["map", {"mapping_dict": {"yes": "1", "no": "0", "spaced": "s"}, "default_value": "2"}]],
    "vote": [["regex", {"regex_pattern": r"\(([A-Z])\)"}], ["majority_vote", {}]],
    "first-3-vote": [["take_first_k", {"k": 3}], ["regex", {"regex_pattern": r"(red)"}], ["majority_vote", {}]],
    "choices": [["multi_choice_regex", {"regex_pattern": r"(\([A-Z]\))"}]],
    "choices-last": [["multi_choice_regex", {"regex_pattern": r"(\([A-Z]\))", "group_select": -1, "ignore_case": True,
                                             "ignore_punctuation": True, "regexes_to_ignore": ["very ?", r"\s+$"], "fallback": "?"}]],
}

class Instance:
    def __init__(self, resps): self.resps, self.doc, self.filtered_resps = resps, {"choices": CHOICES}, {}

def filters(out):
    for name, steps in PIPELINES.items():
        for i in range(len(TEXTS)):
            resps = [TEXTS[(i + k * 7) % len(TEXTS)] for k in range(5)]
            inst = Instance(resps)
            build_filter_ensemble(name, steps).apply([inst])
            out.write(json.dumps({"pipeline": name, "choices": CHOICES, "texts": resps, "answers": list(inst.filtered_resps[name])}) + "\n")

def aggregates(out):
    rng = random.Random(7)
    for n in (1, 2, 5, 40):
        lls = [-rng.expovariate(0.1) for _ in range(n)]
        counts = [rng.randrange(1, 400) for _ in range(n)]
        gold, pred = [rng.randrange(2) for _ in range(n)], [rng.randrange(2) for _ in range(n)]
        many, taken = [rng.randrange(4) for _ in range(n)], [rng.randrange(4) for _ in range(n)]
        nans = [x if i % 3 else math.nan for i, x in enumerate(lls)]
        for name, f, xs, others in (
            ("mean", M.mean, lls, None), ("median", M.median, lls, None), ("nanmean", M.nanmean, nans, None),
            ("perplexity", M.perplexity, lls, None), ("weighted_perplexity", M.weighted_perplexity, lls, counts),
            ("bits_per_byte", M.bits_per_byte, lls, counts), ("f1", M.f1_score, pred, gold),
            ("mcc", M.matthews_corrcoef, pred, gold), ("mcc", M.matthews_corrcoef, taken, many)):
            items = xs if others is None else list(zip(others, xs)) if name in ("f1", "mcc") else list(zip(xs, others))
            iters = 2000 if name in ("f1", "mcc") else 3000
            se = M.stderr_for_metric(f, iters)
            err = se(items) if se and n > 1 else None
            def num(x): return None if x is None or math.isnan(x) else float(x)
            out.write(json.dumps({"name": name, "values": [num(x) for x in xs], "others": others, "iters": iters,
                                  "value": num(f(items)), "stderr": num(err)}) + "\n")

def classes(out):
    from sklearn.metrics import f1_score
    rng = random.Random(11)
    for name in ("weighted", "macro", "micro"):
        for n, k in ((1, 2), (7, 3), (40, 5), (25, 2)):
            gold, taken = [rng.randint(-1 if n == 40 else 0, k - 1) for _ in range(n)], [rng.randint(0, k) for _ in range(n)]
            out.write(json.dumps({"name": name + "_f1", "values": taken, "others": gold, "iters": 100,
                                  "value": f1_score(gold, taken, average=name), "stderr": None}) + "\n")

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "filters.jsonl"), "w") as f: filters(f)
with open(os.path.join(here, "aggregates.jsonl"), "w") as f: aggregates(f), classes(f)
