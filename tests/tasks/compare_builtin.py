#!/usr/bin/env python3
"""Compares carat's built-in benchmarks with the reference harness's own tasks: what is asked, and how answers are scored.

    CARAT_REFERENCE_PYTHON tests/tasks/compare_builtin.py --carat ./carat [--data FOLDER] [--only NAME] [--scores]

For each benchmark rows are made up in the format of its official files, with texts that are hard to carry (Unicode's blanks, line
ends of both kinds, quotes, empty fields, rows that stand twice, rows that stand in the pool, too). carat reads them as files;
the reference gets the rows that the Hub's copy of such files would have, which are made here, by themselves. At several seeds
and numbers of shots the contexts, continuations and targets of all items must be equal, byte by byte. With --data the official
files in that folder are compared as well, whole; a pool that is not there is made of other lines.

With --scores a local server answers with what is right, in forms that the filters meet, and with what is wrong; choices are
scored by a demo model. What carat writes into its log is scored by the reference, and every number must be equal to 1e-9.
Nothing of the reference is copied. Exit status 1 when anything differs.
"""
import argparse
import collections
import csv
import gzip
import importlib.metadata
import io
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import types
from http.server import ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "harness" / "yaml"))
import compare_scores  # noqa: E402
from compare_reference import Table, _yaml_loader, lm_eval, reference_task  # noqa: E402

ROOT = Path(lm_eval.__file__).parent / "tasks"
LETTERS = "ABCDE"


# ---- modules that the reference's tasks load before they are asked anything ----------------------------


def run_program(program):
    """Whether a program ends well, as code_eval's verdict: by itself, in a fresh Python, within its three seconds."""
    try:
        return subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=3, stdin=subprocess.DEVNULL).returncode == 0
    except (subprocess.TimeoutExpired, ValueError):
        return False


class CodeEval:
    def compute(self, references, predictions, k):
        passed = [[run_program(p + "\n" + test) for p in some] for test, some in zip(references, predictions)]
        assert k == [1]
        return {"pass@1": sum(sum(p) / len(p) for p in passed) / len(passed)}, None


def provide_modules():
    """Stands in for what only other metrics need; True when MATH's own comparison can be made."""
    sys.modules["evaluate"] = types.SimpleNamespace(load=lambda name: CodeEval())
    if not importlib.util.find_spec("math_verify"):
        sys.modules["math_verify"] = types.SimpleNamespace(parse=lambda *a, **k: [], verify=lambda *a, **k: False)
    if all(importlib.util.find_spec(m) for m in ("sympy", "antlr4")):
        return True
    version = importlib.metadata.version
    importlib.metadata.version = lambda name: "4.11" if name.startswith("antlr4") else version(name)
    latex = types.SimpleNamespace(parse_latex=None)
    sys.modules.update({"antlr4": types.ModuleType("antlr4"), "sympy": types.ModuleType("sympy"),
                        "sympy.parsing": types.SimpleNamespace(latex=latex), "sympy.parsing.latex": latex})
    return False


# ---- texts ------------------------------------------------------------------------------------------------

WORDS = ["apple", "Berlin", "été", "e\u0301", "naïve", "it's", '"quoted"', "3.5", "日本", "x_y", "end.", "C#", "50%", "<b>", "&amp;",
         "{{brace}}", "{% if %}", "back\\slash", "\\n", "(A)", "why?", "ß", "İ", "ǆ", "ﬁ", "🙂", "👩‍👩‍👧", "ʼn", "ΑΣ", "1,234", "$5", "#### 7",
         "\ufeffmark", "[link]", "[title]", "Question:", "</s>", "None", "True", "[1, 2]", "A", "\u200bx", "0"]
GAPS = [" "] * 12 + ["  ", "\n", "\r\n", "\t", "\u00a0", "\u2028", "\u3000", "\x0b", "\x1c", "\x85", " [title] ", " [step]x", "\x00"]


def text(rng, empty=False):
    if empty and rng.random() < 0.1:
        return ""
    words = [rng.choice(WORDS) for _ in range(rng.randint(1, 6))]
    out = words[0] + "".join(rng.choice(GAPS) + w for w in words[1:])
    return rng.choice(["", "", "", " ", "\n", "\u00a0"]) + out + rng.choice(["", "", "", " ", "\r\n", "\u2003"])


def line(rng):
    """A text that may be a line of a labels file or a cell of any CSV."""
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 5)))


def texts(rng, n, **more):
    return [text(rng, **more) for _ in range(n)]


def stem_row(n_choices, digits=False):
    def make(rng):
        n = rng.choice(n_choices)
        names = "12345"[:n] if digits and rng.random() < 0.3 else LETTERS[:n]
        return {"id": f"r{rng.randrange(10**6)}", "question": {
            "stem": text(rng), "question_concept": text(rng),
            "choices": [{"text": text(rng), "label": x} for x in names]}, "answerKey": rng.choice(names)}
    return make


def choices_hub(stem, concept=False):
    def hub(row):
        q = row["question"]
        out = {"id": row["id"], stem: q["stem"], "choices": {"text": [c["text"] for c in q["choices"]],
                                                            "label": [c["label"] for c in q["choices"]]}, "answerKey": row["answerKey"]}
        return {**out, "question_concept": q.get("question_concept")} if concept else out
    return hub


def hellaswag_row(rng):
    return {"ind": rng.randrange(10**6), "activity_label": text(rng), "ctx_a": text(rng), "ctx_b": text(rng, empty=True),
            "ctx": text(rng), "split": "val", "split_type": "indomain", "label": rng.randrange(4), "endings": texts(rng, 4),
            "source_id": "a~b"}


def winogrande_row(rng):
    words = [rng.choice([w for w in WORDS if "_" not in w]) for _ in range(6)]
    words.insert(rng.randint(1, 6), rng.choice(["_", "_.", "_'s", "\u00a0_"]))
    return {"qID": str(rng.random()), "sentence": " ".join(words) + rng.choice(["", " ", "\n"]), "option1": text(rng), "option2": text(rng),
            "answer": rng.choice("12")}


def agieval_row(rng):
    n = rng.randint(2, 5)
    return {"passage": rng.choice(["", None, text(rng)]), "question": text(rng, empty=True),
            "options": [f"({LETTERS[i]}){text(rng)}" for i in range(n)], "label": LETTERS[rng.randrange(n)], "other": None}


def cloze_row(rng):
    answer = rng.choice(["2", "-3", "\\frac{1}{2}", "$x=4$", "\\boxed{7}", "0.5", "1/2", "12 cm", "\\sqrt2", "5\\%", "a"])
    return {"passage": None, "question": text(rng), "options": None, "label": None, "answer": answer, "other": {}}


def agieval_hub(asks, tells):
    def hub(row):
        query = (row["passage"] or "") + asks + row["question"]
        if not row["options"]:
            return {"query": query + tells, "answer": row["answer"]}
        last = LETTERS[len(row["options"]) - 1]
        return {"query": query + " Answer Choices: " + " ".join(row["options"]) + f"\nA: Among A through {last}, the answer is",
                "choices": row["options"], "gold": [LETTERS.index(row["label"])]}
    return hub


def math_row(rng):
    answer = rng.choice(["2", "-3", "\\frac{1}{2}", "x=4", "(1,2)", "0.5", "12\\text{ cm}", "\\sqrt{2}", "1{,}000", "50\\%", "A"])
    solution = text(rng) + rng.choice([f" Thus $\\boxed{{{answer}}}$.", f" \\boxed{{1}} or \\boxed{{{answer}}}"])
    return {"problem": text(rng), "level": "Level 1", "type": "Algebra", "solution": solution}


def gsm8k_row(rng):
    number = rng.choice([str(rng.randrange(1000)), "1,234", "-5", "3.50"])
    return {"question": text(rng), "answer": text(rng) + f" <<1+1=2>>\n#### {number}"}


def mbpp_row(rng, number):
    return {"text": text(rng), "code": f"def f(x):\r\n  return x + {number}", "task_id": number, "test_setup_code": "",
            "test_list": [f"assert f({i}) == {i + number}" for i in range(3)], "challenge_test_list": []}


def human_row(rng):
    n = rng.randrange(100)
    return {"task_id": f"HumanEval/{rng.randrange(10**6)}", "prompt": f'def f(x):\n    """ {line(rng)} """\n', "entry_point": "f",
            "canonical_solution": f"    return x + {n}\n", "test": f"def check(candidate):\n    assert candidate(1) == {n + 1}\n"}


def trivia_row(rng):
    names = [rng.choice(["The Beatles", "St. Louis", "Berlin", "1,000", "été", "A-Team", "U.S.", "d'Artagnan"]) for _ in range(rng.randint(1, 4))]
    return {"Answer": {"Aliases": names, "NormalizedAliases": [n.lower() for n in names], "NormalizedValue": names[0].lower(), "Type": "x",
                       "Value": names[0]}, "Question": text(rng), "QuestionId": f"q{rng.randrange(10**6)}", "QuestionSource": "made up"}


def trivia_hub(row):
    a = row["Answer"]
    return {"question": row["Question"], "question_id": row["QuestionId"], "question_source": row["QuestionSource"],
            "answer": {"aliases": a["Aliases"], "normalized_aliases": a["NormalizedAliases"], "value": a["Value"]}}


# ---- files ---------------------------------------------------------------------------------------------------


def write_jsonl(path, rows, **kind):
    ends = kind.get("ends", "\n")
    path.write_bytes("".join(json.dumps(row, ensure_ascii=kind.get("ascii", False)) + ends for row in rows).encode())


def write_labels(key):
    def write(path, rows, **kind):
        write_jsonl(path, [{k: v for k, v in row.items() if k != key} for row in rows], **kind)
        path.with_name(path.stem + "-labels.lst").write_text("".join(f"{row[key]}\n" for row in rows))
    return write


def write_csv(path, rows, **kind):
    out = io.StringIO()
    csv.writer(out, lineterminator=kind.get("ends", "\n")).writerows(
        [[row["question"], *row["choices"], LETTERS[row["answer"]]] for row in rows])
    path.write_bytes(out.getvalue().encode())


def write_wrapped(key, **more):
    return lambda path, rows, **kind: path.write_text(json.dumps({**more, key: rows}, ensure_ascii=kind.get("ascii", False), indent=1))


def write_gzip(path, rows, **kind):
    write_jsonl(path, rows, **kind)
    path.write_bytes(gzip.compress(path.read_bytes()))


def write_folder(path, rows, **kind):
    path.mkdir()
    for i, row in enumerate(rows):
        (path / f"{i + 3}.json").write_text(json.dumps(row))


def read_jsonl(path):
    return [json.loads(x) for x in path.read_bytes().decode().split("\n") if x.strip()]


def read_with_labels(key, kind=str):
    def read(path):
        labels = path.with_name(path.stem + "-labels.lst").read_text().split()
        return [{**row, key: kind(label)} for row, label in zip(read_jsonl(path), labels, strict=True)]
    return read


def read_csv(path):
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    return [{"question": r[0], "choices": r[1:5], "answer": LETTERS.index(r[5])} for r in rows]


def read_wrapped(key):
    return lambda path: json.loads(path.read_text())[key]


def read_gzip(path):
    return [json.loads(x) for x in gzip.decompress(path.read_bytes()).decode().split("\n") if x]


class Bench:
    """A benchmark: the reference's task file, the official files of its splits, and how rows are made, written, read, turned."""

    def __init__(self, task, file, folder, splits, make, hub=dict, write=write_jsonl, read=read_jsonl, shots=(0, 1, 4), pool=None,
                 beside=None, real_pool=None):
        self.task, self.file, self.folder, self.splits, self.make, self.hub = task, file, folder, splits, make, hub
        self.write, self.read, self.shots, self.beside, self.real_pool = write, read, shots, beside, real_pool or {}
        self.test, self.pool = next(iter(splits)), pool


def bbh_prompts(config):
    """A file of worked examples as published, of those in the reference's task file."""
    def write(base):
        shots = "\n\n".join(f"Q: {s['input']}\nA: Let's think step by step.\n{s['target']}" for s in config["fewshot_config"]["samples"])
        (base / "cot-prompts").mkdir(parents=True, exist_ok=True)
        (base / "cot-prompts" / f"{config['dataset_name']}.txt").write_text(f"canary\n-----\n{config['description']}{shots}")
    return write


def copied(source, name):
    return lambda base: (base / name).write_bytes((ROOT / source).read_bytes())


def mbpp_rows(rng, n):
    return [mbpp_row(rng, i) for i in [*range(1, 15), *rng.sample(range(15, 975), n)]]


MATH_NAMES = {"counting_and_prob": "counting_and_probability", "num_theory": "number_theory", "precalc": "precalculus"}
MATH = ["algebra", "counting_and_prob", "geometry", "intermediate_algebra", "num_theory", "prealgebra", "precalc"]
AGIEVAL = ["aqua_rat", "gaokao_english", "logiqa_en", "lsat_ar", "lsat_lr", "lsat_rc", "sat_en", "sat_en_without_passage", "sat_math"]


def benches():
    def stem(task, file, folder, official, n, name, **more):
        return Bench(task, file, folder, official, stem_row(n, digits="arc" in task), choices_hub(name, "sense" in task), **more)
    yield Bench("hellaswag", "hellaswag/hellaswag.yaml", "hellaswag",
                {"validation": "hellaswag_val.jsonl", "train": "hellaswag_train.jsonl"}, hellaswag_row,
                lambda row: {**row, "label": str(row["label"])}, pool="train", shots=(0, 1, 4, 10),
                real_pool={"validation": "hellaswag_val-sample500.jsonl", "train": "derived/hellaswag_val-wikihow-derived.jsonl"})
    yield Bench("piqa", "piqa/piqa.yaml", "piqa", {"validation": "valid.jsonl", "train": "train.jsonl"},
                lambda rng: {"goal": text(rng), "sol1": text(rng), "sol2": text(rng), "label": rng.randrange(2)}, write=write_labels("label"),
                read=read_with_labels("label", int), pool="train")
    yield Bench("social_iqa", "siqa/siqa.yaml", "socialiqa", {"validation": "dev.jsonl", "train": "train.jsonl"},
                lambda rng: {"context": text(rng), "question": text(rng), **{f"answer{x}": text(rng) for x in "ABC"},
                             "label": rng.choice("123")}, write=write_labels("label"), read=read_with_labels("label"), pool="train")
    yield Bench("boolq", "super_glue/boolq/default.yaml", "boolq", {"validation": "dev.jsonl", "train": "train.jsonl"},
                lambda rng: {"question": text(rng), "title": text(rng), "answer": rng.random() < 0.5, "passage": text(rng)},
                lambda row: {"question": row["question"], "passage": row["title"] + " -- " + row["passage"], "label": int(row["answer"])},
                pool="train")
    yield Bench("winogrande", "winogrande/default.yaml", "winogrande", {"validation": "dev.jsonl", "train": "train_xl.jsonl"}, winogrande_row,
                lambda row: {k: v for k, v in row.items() if k != "qID"}, pool="train", shots=(0, 1, 5),
                real_pool={"train": "train_xs.jsonl"})
    yield stem("commonsense_qa", "commonsense_qa/default.yaml", "commonsenseqa",
               {"validation": "dev_rand_split.jsonl", "train": "train_rand_split.jsonl"}, [5], "question", pool="train", shots=(0, 7, 3),
               real_pool={"train": "train_rand_split-first200.jsonl"})
    yield stem("openbookqa", "openbookqa/openbookqa.yaml", "openbookqa",
               {"test": "Main/test.jsonl", "train": "Main/train.jsonl", "validation": "Main/dev.jsonl"}, [4], "question_stem", pool="train")
    for task, folder in (("arc_easy", "ARC-Easy"), ("arc_challenge", "ARC-Challenge")):
        yield stem(task, f"arc/{task}.yaml", "arc", {"test": f"{folder}/{folder}-Test.jsonl", "train": f"{folder}/{folder}-Train.jsonl",
                                                   "validation": f"{folder}/{folder}-Dev.jsonl"}, [3, 4, 4, 5], "question", pool="train",
                   shots=(0, 1, 25))
    yield Bench("triviaqa", "triviaqa/default.yaml", "triviaqa",
                {"validation": "unfiltered-web-dev.json", "train": "unfiltered-web-train.json"}, trivia_row, trivia_hub,
                write_wrapped("Data", Version=1.0), read_wrapped("Data"), pool="train", shots=(0, 1, 5),
                real_pool={"validation": "derived/unfiltered-web-dev.derived1500.json"})
    yield Bench("nq_open", "nq_open/nq_open.yaml", "nq_open", {"validation": "NQ-open.dev.jsonl", "train": "NQ-open.train.jsonl"},
                lambda rng: {"question": text(rng), "answer": trivia_row(rng)["Answer"]["Aliases"]}, pool="train", shots=(0, 1, 5),
                real_pool={"train": "NQ-open.efficientqa.dev.1.1.sample.jsonl"})
    yield Bench("humaneval", "humaneval/humaneval.yaml", "human-eval", {"test": "HumanEval.jsonl.gz"}, human_row, write=write_gzip,
                read=read_gzip, shots=(0,))
    yield Bench("mbpp", "mbpp/mbpp.yaml", "mbpp", {"test": "mbpp.jsonl"}, None, shots=(0, 3))
    yield Bench("gsm8k", "gsm8k/gsm8k.yaml", "gsm8k", {"test": "test.jsonl", "train": "train.jsonl"}, gsm8k_row, pool="train", shots=(0, 1, 5),
                real_pool={"train": "train-first1000.jsonl"})
    for task, file in (("gsm8k_cot", "gsm8k/gsm8k-cot.yaml"), ("gsm8k_cot_self_consistency", "gsm8k/gsm8k-cot-self-consistency.yaml")):
        yield Bench(task, file, "gsm8k", {"test": "test.jsonl", "train": "train.jsonl"}, gsm8k_row, shots=(0, 3, 8),
                    beside=copied("gsm8k/gsm8k-cot.yaml", "gsm8k-cot.yaml"), real_pool={"train": "train-first1000.jsonl"})
    for name in MATH:
        for family, shots in (("minerva_math", (0, 1, 4)), ("hendrycks_math", (0, 2))):
            official = MATH_NAMES.get(name, name)
            yield Bench(f"{family}_{name}", f"{family}/{family}_{name}.yaml", "MATH", {"test": f"test/{official}", "train": f"train/{official}"},
                        math_row, write=write_folder, shots=shots, pool=None if family == "minerva_math" else "train",
                        beside=copied("minerva_math/utils.py", "minerva-utils.py"))
    for name in AGIEVAL:
        dashes = name.replace("_", "-")
        yield Bench(f"agieval_{name}", f"agieval/{dashes}.yaml", "agieval", {"test": f"data/v1/{dashes}.jsonl"}, agieval_row,
                    agieval_hub("Q: ", ""), shots=(0,))
    yield Bench("agieval_math", "agieval/math.yaml", "agieval", {"test": "data/v1/math.jsonl"}, cloze_row,
                agieval_hub("Q: ", "\nA: The answer is"), shots=(0, 1, 3))
    yield Bench("agieval_gaokao_mathcloze", "agieval/gaokao-mathcloze.yaml", "agieval", {"test": "data/v1/gaokao-mathcloze.jsonl"}, cloze_row,
                agieval_hub("问题：", "\n答案："), shots=(0, 1, 3))
    for path in sorted((ROOT / "bbh/cot_fewshot").glob("[a-z]*.yaml")):
        config = _yaml_loader.load_yaml(path, resolve_func=False)
        yield Bench(config["task"].replace("_cot_fewshot", ""), str(path.relative_to(ROOT)), "bbh", {"test": f"bbh/{config['dataset_name']}.json"},
                    lambda rng: {"input": text(rng), "target": rng.choice(["(A)", "True", "] ]", "7", "yes", text(rng)])},
                    write=write_wrapped("examples", canary="x"), read=read_wrapped("examples"), shots=(0, 1, 3), beside=bbh_prompts(config))
    for path in sorted((ROOT / "mmlu/default").glob("mmlu_*.yaml")):
        subject = _yaml_loader.load_yaml(path, resolve_func=False)["dataset_name"]
        yield Bench(f"mmlu_{subject}", str(path.relative_to(ROOT)), "mmlu", {"test": f"test/{subject}_test.csv", "dev": f"dev/{subject}_dev.csv"},
                    lambda rng: {"question": text(rng, empty=True).replace("\x00", ""), "choices": [t.replace("\x00", "") for t in texts(rng, 4)],
                                 "answer": rng.randrange(4)}, write=write_csv, read=read_csv, shots=(0, 1, 5), pool="dev")


# ---- rows --------------------------------------------------------------------------------------------------------


def made_up(bench, rng, n=40):
    """Official rows, a list a split; some stand twice, some in the pool, too."""
    if bench.task == "mbpp":
        return {"test": mbpp_rows(rng, n)}
    tables = {split: [bench.make(rng) for _ in range(n if split == bench.test else 5 if bench.folder == "mmlu" else 30)]
              for split in bench.splits}
    test = tables[bench.test]
    test += [{**row, **{k: f"again {i}" for k in ("id", "task_id") if k in row}} for i, row in enumerate(rng.sample(test, 4))]
    for split in tables:
        if split != bench.test and bench.folder != "mmlu":
            tables[split] += rng.sample(test, 12)
            rng.shuffle(tables[split])
    return tables


def real(bench, folder, rng):
    """The official files' rows; a pool without a file is made of the tested rows and of those that are made up. None: no test file."""
    tables = {}
    for split, name in bench.splits.items():
        found = [p for p in (folder / bench.folder / n for n in (name, bench.real_pool.get(split, name))) if p.exists()]
        if found:
            tables[split] = bench.read(found[0])
    if bench.test not in tables:
        return None
    for split in bench.splits:
        if split not in tables:
            tables[split] = rng.sample(tables[bench.test], min(100, len(tables[bench.test]))) + [bench.make(rng) for _ in range(50)]
    if bench.folder == "agieval":
        tables["test"] = [r for r in tables["test"] if isinstance(r["label"], str) or r.get("answer")]
    return tables


def hub_tables(bench, tables):
    if bench.task == "mbpp":
        return {"test": Table([r for r in tables["test"] if 11 <= r["task_id"] <= 510])}
    out = {split: Table([bench.hub(row) for row in rows]) for split, rows in tables.items()}
    return {s: Table(json.loads(json.dumps(rows))) for s, rows in out.items()}


def write_files(bench, tables, base, rng):
    for split, rows in tables.items():
        path = base / bench.splits[split]
        path.parent.mkdir(parents=True, exist_ok=True)
        bench.write(path, rows, ends=rng.choice(["\n", "\r\n"]), ascii=rng.random() < 0.5)
    if bench.beside:
        base.mkdir(parents=True, exist_ok=True)
        bench.beside(base)


# ---- what is asked ---------------------------------------------------------------------------------------------------


def reference(bench, tables):
    config = _yaml_loader.load_yaml(ROOT / bench.file, resolve_func=True)
    return compare_scores.reference_task_of(config, tables)


def asked_of(task, shots, seed):
    task.set_fewshot_seed(seed)
    for doc in task.eval_docs:
        context = task.fewshot_context(doc, shots, gen_prefix=task.doc_to_prefix(doc))
        requests = task.construct_requests(doc, context, metadata=(None, None, None))
        requests = requests if isinstance(requests, list) else [requests]
        one = task.OUTPUT_TYPE == "generate_until"
        yield ([r.arguments[0] for r in (requests[:1] if one else requests)], None if one else [r.arguments[1] for r in requests],
               str(task.doc_to_target(doc)))


def asked_of_carat(carat, name, folder, shots, seed):
    ran = subprocess.run([carat, "prompts", "-q", "-t", name, "--data", folder, "--json", "--shots", str(shots), "--seed", str(seed)],
                         capture_output=True, timeout=600)
    if ran.returncode:
        return None, ran.stderr.decode().split("\n")[0].replace(str(folder), "DIR")
    out = []
    for item in (json.loads(x) for x in ran.stdout.decode().split("\n") if x):
        continuations = item.get("continuations")
        target = str(item["references"]) if "references" in item else item["target"]
        target = f"[{target}]" if name.startswith("agieval_") and continuations else target  # one of a list, in the reference
        out.append((item.get("contexts") or [item["context"]] * (len(continuations) if continuations else 1), continuations, target))
    return out, None


def difference(got, expected):
    for i, (g, e) in enumerate(zip(got, expected)):
        for what, a, b in zip(("contexts", "continuations", "target"), g, e):
            if a != b:
                return f"item {i}, {what}: {a!r} is not {b!r}"[:1500]
    return f"{len(got)} items, not {len(expected)}" if len(got) != len(expected) else None


def compare_prompts(args, bench, tables, rng, counts, failures):
    hub = hub_tables(bench, tables)
    if bench.task == "mbpp":  # its examples are the official rows 2, 3, 4, which made-up files do not have
        given = {r["task_id"]: r for r in tables["test"]}
    with tempfile.TemporaryDirectory() as folder:
        write_files(bench, tables, Path(folder) / bench.folder, rng)
        for shots in bench.shots:
            for seed in args.seeds if shots and bench.pool else args.seeds[:1]:
                task = reference(bench, hub)
                if bench.task == "mbpp":
                    task.sampler.replace_df([{**given[i], "is_fewshot": True} for i in (2, 3, 4)])
                expected = list(asked_of(task, shots, seed))
                got, why = asked_of_carat(args.carat, bench.task, folder, shots, seed)
                why = why or difference(got, expected)
                counts["items"] += len(expected)
                counts["different" if why else "equal"] += 1
                if why:
                    failures.append(f"{bench.task}, {shots} shots, seed {seed}: {why}")


# ---- how answers are scored ----------------------------------------------------------------------------------------

FORMS = ["{}", " {}", "{}.", "{} ", "The answer is {}.", "So the answer is {}.", "the answer is {}", "#### {}", "#### {}\n#### 7", "${}$", "(  {})",
         "$x={}$", "\\boxed{{}}", "$\\boxed{ {} }$", "**{}**", "The {}", "a {}", "an {}, or 5", "{}\u00a0", "\u3000{}\u2028", "0{}", "{}.0", "{}%",
         "Final Answer: The final answer is {}. I hope it is correct.", "Final Answer: The final answer is ${}$. I hope it is correct.",
         "Final Answer: The final answer is ${}\\text{ cm}$", "Final Answer: The final answer is {}", "12 and 1,234.50 and {}", "$5{}", "-{}",
         "= {}", "$a$ or $b = {}$", "\\frac{ {} }{1}", "{}\n{}", "", "   ", ".", "#### .", "The answer is ,."]


STEPS = [f for f in FORMS if "he answer is" in f]
FINAL = [f for f in FORMS if f.startswith("Final")]


def answers_of(rng, bench, target):
    """Some texts that a model may have said where `target` is right."""
    if bench.folder in ("human-eval", "mbpp"):
        return rng.choice([target, target.replace("+", "-"), target + "\nprint(1)", "  raise", "", target + "\n[DONE]\nx"])
    said = rng.choice(FORMS + STEPS * 12 if bench.folder in ("gsm8k", "bbh") else FORMS + FINAL * 8 if bench.task.startswith("minerva") else
                      FORMS).replace("{}", str(target))
    return rng.choice([said] * 4 + [said.upper(), said.lower(), text(rng), said.replace("1", "2"), said.replace(" ", "  "), said + " #### 12"])


def right_text(bench, row):
    """What is right, as a text: a number, not the steps to it; of several one."""
    if bench.folder == "gsm8k":
        return row["answer"].split("#### ")[-1]
    if bench.folder in ("human-eval", "mbpp"):
        return row.get("canonical_solution") or row["code"]
    if bench.folder == "MATH":
        return re.findall(r"boxed\{(.*)\}", row["solution"])[-1]
    right = row["Answer"]["Aliases"] if "Answer" in row else row["answer"] if "answer" in row else row["target"]
    return right[-1] if isinstance(right, list) else right


def run_and_export(args, name, folder, model, shots):
    db = folder / "db"
    common = ["--data", str(folder), "--db", str(db)]
    for words in (["run", "-q", "-m", model, "-t", name, "--shots", str(shots), "--truncation", "left", *common],
                  ["export", "1", "--format", "lm-eval", "-o", str(folder / "out"), *common]):
        ran = subprocess.run([args.carat, *words], capture_output=True, text=True, timeout=600)
        if ran.returncode:
            return None, None, ran.stderr.strip().split("\n")[0]
    out = next((folder / "out").glob("**/results_*.json"))
    samples = [json.loads(x) for x in next(out.parent.glob("samples_*.jsonl")).read_text().split("\n") if x]
    return json.loads(out.read_text())["results"], samples, None


NOT_TOLD = ("math_verify",)  # a parser of its own, which carat has not


def first_difference(results, samples, values, numbers):
    for (metric, name), expected in values.items():
        got = [s[metric] for s in sorted((s for s in samples if s["filter"] == name), key=lambda s: s["doc_id"]) if metric in s]
        if metric not in NOT_TOLD and [float(g) for g in got] != [float(e) for e in expected]:
            at = next((i for i, (g, e) in enumerate(zip(got, expected)) if float(g) != float(e)), len(got))
            sample = [s for s in samples if s["doc_id"] == at and s["filter"] == name]
            return f"item {at}, {metric}, {name}: {got[at:at + 1]} is not {expected[at:at + 1]}: {sample[:1]}"
    for key, value in numbers.items():
        if not key.startswith(NOT_TOLD) and compare_scores.differs(results.get(key, "missing"), value if isinstance(value, str) else float(value)):
            return f"{key}: {results.get(key)!r} is not {value!r}"
    return None


def compare_scored(args, server, bench, tables, rng, counts, failures):
    tables = {s: rows[:args.limit] if s == bench.test and args.limit else rows for s, rows in tables.items()}
    task = reference(bench, hub_tables(bench, tables))
    shots = 1 if bench.folder == "bbh" else 0
    generates = task.OUTPUT_TYPE == "generate_until"
    with tempfile.TemporaryDirectory() as folder:
        write_files(bench, tables, Path(folder) / bench.folder, rng)
        if generates:
            rows = [r for r in tables["test"] if 11 <= r["task_id"] <= 510] if bench.task == "mbpp" else tables[bench.test]
            asked = [contexts[0] for contexts, _, _ in asked_of(task, shots, 1234)]
            compare_scores.Answers.answers = {a: [answers_of(rng, bench, right_text(bench, row)) for _ in range(5)] for a, row in zip(asked, rows, strict=True)}
        model = f"http://127.0.0.1:{server.server_port}/v1#made-up" if generates else "demo:late"
        results, samples, why = run_and_export(args, bench.task, Path(folder), model, shots)
    if not why:
        values, numbers = compare_scores.reference_scores(task, samples)
        why = first_difference(next(iter(results.values())), samples, values, numbers)
        counts["items"] += len(task.eval_docs)
        counts["right"] += sum(any(v[i] for (m, _), v in values.items() if m not in NOT_TOLD) for i in range(len(task.eval_docs)))
    counts["different" if why else "equal"] += 1
    if why:
        failures.append(f"{bench.task}, scored: {why}"[:2500])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--carat", default="./carat")
    parser.add_argument("--data", type=Path, help="a folder of official files, to be compared whole")
    parser.add_argument("--only", help="only benchmarks whose name begins so")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1234, 7, 2**31 + 5])
    parser.add_argument("--rows-seed", type=int, default=1, help="of the made-up rows")
    parser.add_argument("--scores", action="store_true", help="compare scores instead of prompts")
    parser.add_argument("--limit", type=int, help="with --scores: only so many items of each")
    args = parser.parse_args()
    has_sympy = provide_modules()
    server = ThreadingHTTPServer(("127.0.0.1", 0), compare_scores.Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    total, failures = collections.Counter(), []
    for bench in benches():
        if args.only and not bench.task.startswith(args.only):
            continue
        rng = random.Random(f"{args.rows_seed} {bench.task}")
        counts = collections.Counter()
        tables = real(bench, args.data, rng) if args.data else made_up(bench, rng)
        if tables is None:
            continue
        if not args.scores:
            compare_prompts(args, bench, tables, rng, counts, failures)
        elif has_sympy or not bench.task.startswith("minerva"):
            compare_scored(args, server, bench, tables, rng, counts, failures)
        print(f"{bench.task}: {counts['items']} items in {counts['equal'] + counts['different']} settings, {counts['different']} differ" +
              (f", {counts['right']} items right" if args.scores else ""), flush=True)
        total += counts
    print(f"{total['items']} items in {total['equal'] + total['different']} settings: {total['equal']} equal, {total['different']} differ")
    print("\n".join(failures))
    return 1 if failures or not total["equal"] else 0


if __name__ == "__main__":
    sys.exit(main())
