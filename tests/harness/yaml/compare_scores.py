#!/usr/bin/env python3
"""Compares carat's scores of the reference harness's task files with the reference's own, of the same answers.

    CARAT_REFERENCE_PYTHON tests/harness/yaml/compare_scores.py --carat ./carat [--sample 60]

Rows are made up as compare_reference.py does. Log-likelihoods are a demo model's; texts come from a local server that answers
with the target, with what surrounds it in real answers, or with something else. carat runs the task and exports it; the
reference then filters and scores the responses in that export, and both are compared value by value: each item's metrics, the
task's numbers, their standard errors, to 1e-9. Bootstrapped errors of f1 and mcc are left out: they take minutes each there.
"""
import argparse
import collections
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ["DISABLE_MULTIPROC"] = "1"
import compare_reference as compare  # noqa: E402
import evaluate  # noqa: E402
import sklearn.metrics  # noqa: E402
from lm_eval.api import instance, metrics, task as reference_task  # noqa: E402

metrics.print = lambda *a, **k: None


class Outside:
    """The two metrics that tasks take from the evaluate package, which would fetch them: what their modules compute."""

    def __init__(self, name):
        self.name = name

    def compute(self, predictions, references, **options):
        if self.name == "accuracy":
            return {"accuracy": float(sklearn.metrics.accuracy_score(references, predictions, **options))}
        return {"f1": float(sklearn.metrics.f1_score(references, predictions, **options))}


evaluate.load = lambda name, *a, **k: Outside(name)
# Rows of tasks whose templates, or whose filters, want more of a row than its fields' types.
SHAPES = {
    "mmlu_flan": lambda rng: {"question": compare.text(rng), "choices": compare.choices(rng, 4), "answer": rng.randint(0, 3)},
    "acp_": lambda rng: {"context": compare.text(rng), "question": compare.text(rng), "answer": rng.choice("ABCD"),
                         "choices": compare.choices(rng, 4)},
    "global_piqa": lambda rng: {"prompt": compare.text(rng), "solution0": compare.text(rng), "solution1": compare.text(rng),
                                "solution2": compare.text(rng), "solution3": compare.text(rng), "label": rng.randint(0, 1)},
    "leaderboard_bbh_sports": lambda rng: {"input": compare.text(rng), "target": rng.choice(["yes", "no"])},
    "mela_": lambda rng: {"sentence": compare.text(rng), "label": rng.randint(0, 1)},
    "polemo2": lambda rng: {"sentence": compare.text(rng), "target": rng.choice(
        ["__label__meta_zero", "__label__meta_minus_m", "__label__meta_plus_m", "__label__meta_amb"])},
}
N_ROWS = 12
SLOW = ("f1", "mcc")


class Answers(BaseHTTPRequestHandler):
    """A completions server: the texts of `answers`, by prompt; of several one, and another for another seed."""

    answers = {}

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = self.answers.get(asked.get("prompt"), "?")
        if isinstance(text, list):
            text = text[(asked.get("seed") or 0) % len(text)]
        body = json.dumps({"choices": [{"index": 0, "text": text, "finish_reason": "stop"}],
                           "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *args):
        pass


FORMS = ["{}", "{}", " {}", "{}\n", "{}.", "The answer is {}.", "So the answer is {}.", "#### {}", "#### {}\n#### 7", "({})",
         "Answer: ({})", "<b>{}</b> 12", "{} or 1,234.5", "**{}**"]


def make_answer(rng, target):
    target = target[0] if isinstance(target, list) and target else target
    text = rng.choice(FORMS).replace("{}", str(target)) if rng.random() < 0.8 else compare.text(rng)
    return rng.choice([text, text, text.upper(), text.replace("a", "e", 1)])


def reference_task_of(config, tables):
    original = reference_task.datasets.load_dataset
    reference_task.datasets.load_dataset = lambda **kwargs: tables
    try:
        return reference_task.ConfigurableTask(config={k: v for k, v in config.items() if k not in ("tag", "group", "task_list")})
    finally:
        reference_task.datasets.load_dataset = original


def response(kind, given):
    if kind == "generate_until":
        return given[0]
    if kind == "loglikelihood_rolling":
        return float(given[0][0] if isinstance(given[0], list) else given[0])
    return float(given[0]), given[1] == "True"


def reference_scores(task, samples):
    """({(metric, filter): [values]}, {key: number}) of the responses in carat's log."""
    kind, instances, values = task.OUTPUT_TYPE, [], collections.defaultdict(list)
    first = samples[0]["filter"]
    docs = list(task.eval_docs)
    by_doc = []
    for sample in sorted((s for s in samples if s["filter"] == first), key=lambda s: s["doc_id"]):
        doc = docs[sample["doc_id"]]
        mine = []
        for i, resps in enumerate(sample["resps"]):
            one = instance.Instance(request_type=kind, doc=doc, arguments=("", ""), idx=i)
            one.resps = [r for r in resps] if kind == "generate_until" else [response(kind, resps[0])]
            mine.append(one)
        by_doc.append((doc, mine))
        instances += mine
    task._instances = instances
    task.apply_filters()
    numbers = {}
    for name in instances[0].filtered_resps:
        for doc, mine in by_doc:
            for metric, value in task.process_results(doc, [m.filtered_resps[name] for m in mine]).items():
                values[metric, name].append(value)
    for (metric, name), items in values.items():
        how = task.aggregation()[metric]
        numbers[f"{metric},{name}"] = how(items)
        n = 100 if metric in ("bleu", "chrf", "chrf++", "ter") else 100000
        error = None if metric in SLOW else metrics.stderr_for_metric(how, n)
        numbers[f"{metric}_stderr,{name}"] = error(items) if error and len(items) > 1 else "N/A"
    return values, numbers


def run_carat(args, path, config, tables, folder, model):
    base = folder / config["dataset_path"].lstrip("/") / (config.get("dataset_name") or "")
    base.mkdir(parents=True)
    for split, table in tables.items():
        (base / f"{split}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table))
    common = ["--data", str(folder), "--db", str(folder / "db")]
    for words in (["run", "-q", "-m", model, "-t", str(path), "--shots", "0", "--truncation", "left", *common],
                  ["export", "1", "--format", "lm-eval", "-o", str(folder / "out"), "--include-path", str(path.parent),
                   *common]):
        ran = subprocess.run([args.carat, *words], capture_output=True, text=True, timeout=120)
        if ran.returncode:
            return None, None, ran.stderr.strip().split("\n")[0].replace(str(path), "FILE")
    out = next((folder / "out").glob("**/results_*.json"))
    samples = next(out.parent.glob("samples_*.jsonl"))
    results = json.loads(out.read_text())["results"]
    return next(iter(results.values())), [json.loads(x) for x in samples.read_text().split("\n") if x], None


def differs(a, b):
    if isinstance(a, str) or isinstance(b, str):
        return a != b
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) != math.isnan(b)
    return abs(a - b) > 1e-9 * max(1, abs(b))


def compare_task(args, server, name, path, config, shape):
    config = {**config, "num_fewshot": 0}
    config.pop("fewshot_config", None)
    compare.N_ROWS = N_ROWS
    shape = shape or next((s for prefix, s in SHAPES.items() if name.startswith(prefix)), None)
    tables, asked = compare.find_rows(name, config, shape)
    if tables is None:
        return "no rows", asked
    rng = random.Random(name)
    task = reference_task_of(config, tables)
    generates = task.OUTPUT_TYPE == "generate_until"
    if generates:
        Answers.answers = {contexts[0]: make_answer(rng, task.doc_to_target(doc) if config.get("doc_to_choice") is None else
                                                    task.doc_to_choice(doc)[task.doc_to_target(doc)])
                           for (contexts, _, _), doc in zip(asked, task.eval_docs)}
    model = f"http://127.0.0.1:{server.server_port}/v1#made-up" if generates else "demo:late"
    with tempfile.TemporaryDirectory() as folder:
        got, samples, why = run_carat(args, path, config, tables, Path(folder), model)
    if why:
        return "refused", why
    _, expected = reference_scores(task, samples)
    for key, value in expected.items():
        if key.split("_stderr")[0] in SLOW and "_stderr" in key:
            continue
        if key not in got:
            return "different", f"{key} is missing"
        if differs(got[key], value if isinstance(value, str) else float(value)):
            return "different", f"{key}: {got[key]!r} is not {value!r}"
    return "equal", None


def scoring_kind(config):
    keys = ("output_type", "metric_list", "filter_list", "repeats", "process_results")
    return json.dumps([config.get(k) for k in keys], default=lambda f: f"{f.__module__}.{f.__qualname__}", sort_keys=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--carat", default="./carat")
    parser.add_argument("--sample", type=int, help="only so many ways of scoring, drawn by --seed; all without it")
    parser.add_argument("--seed", type=int, default=compare.SEED)
    parser.add_argument("--functions", action="store_true", help="the tasks with functions that carat has in C, instead")
    parser.add_argument("--only", help="only tasks whose name has this in it")
    args = parser.parse_args()
    kinds = {}
    root = Path(compare.lm_eval.__file__).parent / "tasks"
    for name, path, config, shape in (compare.hooked_tasks(root, args.only or "", True) if args.functions else
                                      ((*t, None) for t in compare.plain_tasks(root))):
        if not args.only or args.only in name:
            kinds.setdefault(scoring_kind(config), []).append((name, path, config, shape))
    tasks = [random.Random(f"{args.seed} {kind}").choice(some) for kind, some in sorted(kinds.items())]
    if args.sample and args.sample < len(tasks):
        tasks = random.Random(args.seed).sample(tasks, args.sample)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    counts, failures = collections.Counter(), []
    for name, path, config, shape in tasks:
        verdict, why = compare_task(args, server, name, path, config, shape)
        counts[verdict] += 1
        if verdict != "equal":
            failures.append(f"  {name} {verdict}: {why}")
    print(f"{len(kinds)} ways of scoring, one task of each of {len(tasks)}: " + ", ".join(f"{n} {v}" for v, n in counts.most_common()))
    print("\n".join(failures))
    return 0 if tasks and not counts["different"] and counts["equal"] > len(tasks) / 2 else 1


if __name__ == "__main__":
    sys.exit(main())
