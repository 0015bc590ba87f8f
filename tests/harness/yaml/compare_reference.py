#!/usr/bin/env python3
"""Compares what carat asks for the reference harness's task files with what the reference asks.

    CARAT_REFERENCE_PYTHON tests/harness/yaml/compare_reference.py --carat ./carat [--sample 300] [--report out.json]

Runs under a Python that has lm-eval installed (0.4.13 is what carat follows). For each task of the installed release that
uses no `!function`, rows are made up whose fields have the types that the templates use them as (found by reading the
templates and by trial: rows count only when the reference itself takes them). The reference's contexts, continuations and
targets, shots included, are then compared byte by byte with those of `carat prompts`. Exit status 1 when fewer than
--share of the tasks are loaded and equal. Nothing of the reference is copied; rows live in a temporary folder.
"""
import argparse
import collections
import copy
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

logging.disable(logging.CRITICAL)
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import jinja2  # noqa: E402
from jinja2 import nodes  # noqa: E402
import lm_eval  # noqa: E402
from lm_eval import utils  # noqa: E402
from lm_eval.api import task as reference_task  # noqa: E402
from lm_eval.tasks import _yaml_loader  # noqa: E402

SEED = 1234
N_ROWS, N_POOL, TRIALS = 3, 6, 400


# ---- the tasks ---------------------------------------------------------------------------------


class Function(str):
    """A !function value, not resolved."""


def has_function(value):
    if isinstance(value, dict):
        return any(has_function(v) for v in value.values())
    if isinstance(value, list):
        return any(has_function(v) for v in value)
    return isinstance(value, Function)


def hooked_tasks(root):
    """(name, path, config, shape) of the tasks whose functions SHAPES has rows for, with the functions in place."""
    original = _yaml_loader._mk_function_ctor
    _yaml_loader._mk_function_ctor = lambda base, resolve: (
        original(base, resolve) if resolve else lambda loader, node: Function(loader.construct_scalar(node)))
    for path in sorted(root.glob("**/*.yaml"), key=lambda p: p.as_posix()):
        shape = next((s for prefix, s in SHAPES if path.relative_to(root).as_posix().startswith(prefix)), None)
        config = _yaml_loader.load_yaml(path, resolve_func=False) if shape else {}
        if "class" in config or "group" in config or not isinstance(config.get("task"), str):
            continue
        if has_function({k: v for k, v in config.items() if k not in NOT_PROMPTS}):
            yield config["task"], path, _yaml_loader.load_yaml(path, resolve_func=True), shape


def plain_tasks(root):
    """(name, path, config) of every task without a function."""
    _yaml_loader._mk_function_ctor = lambda base, resolve: (
        lambda loader, node: Function(loader.construct_scalar(node)))
    for path in sorted(root.glob("**/*.yaml"), key=lambda p: p.as_posix()):
        config = _yaml_loader.load_yaml(path, resolve_func=False)
        if "class" in config or "group" in config or not isinstance(config.get("task"), str):
            continue
        if not has_function(config):
            yield config["task"], path, config


# ---- what templates use their fields as ----------------------------------------------------------

STR_METHODS = {"strip", "lstrip", "rstrip", "split", "replace", "capitalize", "lower", "upper", "title", "startswith",
               "endswith", "format", "find", "isdigit"}
LIST_METHODS = {"index", "append"}
DICT_METHODS = {"keys", "values", "items", "get"}


class Use:
    """How one value is used: by a name of its own, as the elements of a list, as the keys of a mapping."""

    def __init__(self):
        self.flags, self.keys, self.indices, self.equal = set(), {}, {}, []
        self.element = None

    def key(self, name):
        return self.keys.setdefault(name, Use())

    def any_element(self):
        if self.element is None:
            self.element = Use()
        return self.element


class Reader:
    def __init__(self):
        self.root = Use()
        self.bound = {}
        self.index_links = []  # (list's Use, value's Use): value is one of the list's elements
        self.subscript_links = []  # (list's Use, index's Use)

    def use(self, node):
        """The Use behind an expression that is a path; None for others, whose parts are read."""
        if isinstance(node, nodes.Name):
            return self.bound.get(node.name) or self.root.key(node.name)
        if isinstance(node, nodes.Getattr):
            base = self.use(node.node)
            return base.key(node.attr) if base else None
        if isinstance(node, nodes.Getitem):
            base = self.use(node.node)
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                return base.key(node.arg.value) if base else None
            if isinstance(node.arg, nodes.Slice):
                for end in (node.arg.start, node.arg.stop, node.arg.step):
                    index = self.use(end) if end is not None else None
                    if index:
                        index.flags.add("int")
                if base:
                    base.flags.add("slice")
                return base
            if base:
                base.flags.add("list")
            if isinstance(node.arg, nodes.Const):
                if base:
                    return base.indices.setdefault(node.arg.value, Use())
                return None
            if isinstance(node.arg, nodes.Neg):
                return base.indices.setdefault(-1, Use()) if base else None
            index = self.use(node.arg)
            if index:
                index.flags.add("int")
                if base:
                    self.subscript_links.append((base, index))
            return base.any_element() if base else None
        self.read(node)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr in STR_METHODS:
            return self.use(node.node.node)
        return None

    def read(self, node):
        if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
            self.use(node)
            return
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            base = self.use(node.node.node)
            method = node.node.attr
            if isinstance(node.node.node, nodes.List) and method == "index" and node.args:
                found, begin = node.args[0], ""
                if isinstance(found, nodes.Add) and isinstance(found.left, nodes.Const):
                    found, begin = found.right, found.left.value
                value = self.use(found)
                if value:
                    value.equal += [i.value[len(begin):] if begin else i.value for i in node.node.node.items
                                    if isinstance(i, nodes.Const)]
                return
            if base:
                if method in STR_METHODS:
                    base.flags.add("str")
                elif method in LIST_METHODS:
                    base.flags.add("list")
                elif method in DICT_METHODS:
                    base.flags.add("dict")
            for arg in node.args:
                value = self.use(arg)
                if method == "index" and base and value:
                    self.index_links.append((base, value))
            return
        if isinstance(node, nodes.Call):  # range(...) and its like
            for arg in node.args:
                self.read(arg)
            return
        if isinstance(node, nodes.Filter):
            value = self.use(node.node) if node.node else None
            if value:
                if node.name in ("int", "float"):
                    value.flags.add("number")
                if node.name in ("join", "map", "list", "first", "last"):
                    value.flags.add("list")
                if node.name in ("trim", "capitalize", "lower", "upper", "replace", "regex_replace"):
                    value.flags.add("str")
                if node.name == "map":
                    for pair in node.kwargs:
                        if pair.key == "attribute":
                            value.any_element().key(pair.value.value)
                if node.name == "length":
                    value.flags.add("list")
            for arg in node.args:
                self.read(arg)
            return
        if isinstance(node, nodes.For):
            value = self.use(node.iter)
            if value:
                value.flags.add("list")
            if isinstance(node.target, nodes.Name):
                self.bound[node.target.name] = value.any_element() if value else Use()
            for child in node.body:
                self.read(child)
            return
        if isinstance(node, nodes.Assign):
            value = self.use(node.node)
            if isinstance(node.target, nodes.Name):
                self.bound[node.target.name] = value or Use()
            return
        if isinstance(node, nodes.Compare):
            left = self.use(node.expr)
            for operand in node.ops:
                right = self.use(operand.expr)
                consts = [o for o in (operand.expr, node.expr) if isinstance(o, nodes.Const)]
                for side in (left, right):
                    if side and consts:
                        side.equal += [c.value for c in consts]
                if operand.op == "in" and right and isinstance(node.expr, nodes.Const):
                    right.flags.add("str")
                if isinstance(operand.expr, nodes.List) and left:
                    left.equal += [i.value for i in operand.expr.items if isinstance(i, nodes.Const)]
            return
        if isinstance(node, (nodes.Sub, nodes.Mul, nodes.Add)):
            for side, other in ((node.left, node.right), (node.right, node.left)):
                value = self.use(side)
                if value:
                    text = isinstance(other, nodes.Const) and isinstance(other.value, str)
                    value.flags.add("str" if text else "number" if isinstance(other, nodes.Const) else "sum")
            return
        for child in node.iter_child_nodes():
            self.read(child)

    def template(self, text):
        self.read(utils.env.parse(text))


# ---- values --------------------------------------------------------------------------------------

WORDS = ["apple", "Berlin", "été", "naïve", "it's", '"quoted"', "3.5", "日本", "Ñandú", "x_y", "a\tb", "two  blanks", "end.",
         "C#", "50%", "<b>", "&", "{brace}", "back\\slash", "(A)", "q?", "ß", "İ", "🙂"]


def text(rng, kind=None):
    kind = kind or rng.choice(["plain"] * 6 + ["edges", "lines", "word"])
    words = [rng.choice(WORDS) for _ in range(rng.randint(1, 6))]
    if kind == "edges":
        return "  " + " ".join(words) + " \n"
    if kind == "lines":
        return "\n".join(words)
    return words[0] if kind == "word" else " ".join(words)


class Rows:
    """Makes rows of one shape: the types that a use leaves open are drawn once, values anew for each row."""

    def __init__(self, reader, rng):
        self.reader, self.rng, self.shape = reader, rng, {}

    def type_of(self, use):
        if id(use) in self.shape:
            return self.shape[id(use)]
        rng = self.rng
        keys = set(use.keys) - STR_METHODS - LIST_METHODS - DICT_METHODS
        if keys or "dict" in use.flags:
            kind = "dict"
        elif use.indices or use.element or "list" in use.flags:
            # a list, mostly; text is also subscripted, and lists are written as text
            kind = "str" if "str" in use.flags else rng.choice(["list"] * 8 + ["str", "ints"])
        elif "int" in use.flags or "number" in use.flags:
            kind = rng.choice(["int"] * 4 + ["digits"])
        elif use.equal:
            kind = "equal"
        elif "str" in use.flags:
            kind = "str"
        elif "slice" in use.flags:
            kind = rng.choice(["str", "list"])
        else:
            kind = rng.choice(["str"] * 5 + ["int"] * 2 + ["letter", "list", "none", "bool", "float", "digits"])
        self.shape[id(use)] = kind
        return kind

    def length_of(self, use):
        key = ("n", id(use))
        if key not in self.shape:
            top = max([i for i in use.indices if i >= 0], default=-1) + 1
            self.shape[key] = max(top, self.rng.choice([2, 4, 4, 5]))
        return self.shape[key]

    def value(self, use):
        rng, kind = self.rng, self.type_of(use)
        if kind == "dict":
            return {k: self.value(u) for k, u in use.keys.items()}
        if kind == "list":
            children = [use.indices.get(i) or use.element for i in range(self.length_of(use))]
            return [self.value(c) if c else text(rng) + str(i) for i, c in enumerate(children)]
        if kind == "ints":
            return [rng.randint(0, 9) for _ in range(self.length_of(use))]
        if kind == "equal":
            return rng.choice(use.equal + [use.equal[0]])
        if kind == "int":
            return rng.randint(0, 3) if "number" not in use.flags else rng.randint(1, 2)
        if kind == "digits":
            return str(rng.randint(1, 2))
        return {"letter": lambda: rng.choice("ABCD"), "none": lambda: None, "bool": lambda: rng.random() < 0.5,
                "float": lambda: rng.choice([0.5, 1.0, 12.25, 1e-7, 3e20])}.get(kind, lambda: text(rng))()

    def row(self):
        values = {}
        row = {}
        for name, use in self.reader.root.keys.items():
            row[name] = self.value(use)
            values[id(use)] = (row, name)
        self.track(self.reader.root, row, values)
        for container, index in self.reader.subscript_links:
            self.put(values, index, lambda old, c=container: self.index_into(values, c, old))
        for container, member in self.reader.index_links:
            elements = self.get(values, container)
            if elements:
                self.put(values, member, lambda old, e=elements: self.rng.choice(e))
        return row

    def track(self, use, value, values):
        if isinstance(value, dict):
            for name, child in use.keys.items():
                if name in value:
                    values[id(child)] = (value, name)
                    self.track(child, value[name], values)

    def get(self, values, use):
        where = values.get(id(use))
        found = where[0][where[1]] if where else None
        return found if isinstance(found, list) else None

    def put(self, values, use, make):
        where = values.get(id(use))
        if where:
            where[0][where[1]] = make(where[0][where[1]])

    def index_into(self, values, container, old):
        elements = self.get(values, container)
        return self.rng.randrange(len(elements)) if elements else old


# ---- the reference ----------------------------------------------------------------------------------


class Table(list):
    """As much of a dataset as the reference's tasks use."""

    def map(self, function):
        return Table([{**row, **function(row)} for row in self])

    def filter(self, function):
        return Table([row for row in self if function(row)])

    @property
    def features(self):
        return dict.fromkeys(self[0]) if self else {}


# All that decides what is asked of given rows; a description is text, and stands for any other.
ASKING = ("doc_to_text", "doc_to_target", "doc_to_choice", "gen_prefix", "fewshot_config", "num_fewshot", "output_type",
          "target_delimiter", "fewshot_delimiter", "process_docs", "training_split", "validation_split", "test_split",
          "fewshot_split")
NOT_PROMPTS = ("tag", "group", "task_list", "metric_list", "filter_list", "process_results")


def templates_of(config):
    shots = config.get("fewshot_config") or {}
    for source in (config, shots):
        for key in ("doc_to_text", "doc_to_target", "doc_to_choice", "description", "gen_prefix"):
            value = source.get(key)
            if isinstance(value, str):
                yield key, value


def reader_of(config):
    reader = Reader()
    for key, value in templates_of(config):
        is_name = "{" not in value and value.strip() == value and len(value) < 60 and "\n" not in value
        if is_name and key.startswith("doc_to") and value and (value.isidentifier() or "_" in value):
            use = reader.root.key(value)
            if key == "doc_to_text":
                use.flags.add("str")
            if key == "doc_to_choice":
                use.flags.add("list")
        else:
            reader.template(value)
            if key == "doc_to_target":
                name_a_choice(reader, value, config.get("doc_to_choice"))
    return reader


def name_a_choice(reader, template, choices):
    """A target that is nothing but a text of the row is one of the choices where those are the file's own."""
    body = utils.env.parse(template).body
    if not isinstance(choices, list) or len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return
    use = reader.use(body[0].nodes[0])
    if use and "str" in use.flags:
        use.equal += [c for c in choices if isinstance(c, str)]


def splits_of(config):
    names = [config.get(k) for k in ("training_split", "validation_split", "test_split", "fewshot_split")]
    shots = config.get("fewshot_config") or {}
    return {n for n in names + [shots.get("split")] if n}


def shots_of(config):
    own = config.get("num_fewshot")
    return 2 if own is None else own


def ask(config, tables):
    """What the reference asks: a list of (contexts, continuations, target)."""
    shots = shots_of(config)
    original = reference_task.datasets.load_dataset
    reference_task.datasets.load_dataset = lambda **kwargs: tables
    try:
        task = reference_task.ConfigurableTask(config=copy.deepcopy((
            {k: v for k, v in config.items() if k not in NOT_PROMPTS})))
    finally:
        reference_task.datasets.load_dataset = original
    task.set_fewshot_seed(SEED)
    asked = []
    for doc in task.eval_docs:
        context = task.fewshot_context(doc, shots, gen_prefix=task.doc_to_prefix(doc))
        requests = task.construct_requests(doc, context, metadata=(None, None, None))
        requests = requests if isinstance(requests, list) else [requests]
        kind = task.OUTPUT_TYPE
        if kind == "loglikelihood_rolling":
            contexts, continuations = [""], [requests[0].arguments[0]]
        elif kind == "generate_until":
            contexts, continuations = [requests[0].arguments[0]], None
        else:
            contexts = [r.arguments[0] for r in requests]
            continuations = [r.arguments[1] for r in requests]
        if not all(isinstance(c, str) for c in contexts + (continuations or [])):
            raise TypeError("a request is no text")
        if kind == "multiple_choice" and not (isinstance(task.doc_to_choice(doc), list) and all(
                isinstance(c, str) and c for c in task.doc_to_choice(doc))):
            raise TypeError("a choice is no text")
        if kind == "multiple_choice" and not task.multiple_input:
            gold = task.doc_to_target(doc)
            n = len(task.doc_to_choice(doc))
            if not (gold in task.doc_to_choice(doc) if isinstance(gold, str) else
                    all(isinstance(g, int) and 0 <= g < n for g in (gold if isinstance(gold, list) else [gold]))):
                raise ValueError("the right choice is none")
        if kind == "generate_until" and config.get("doc_to_choice") is not None:
            task.doc_to_choice(doc)[task.doc_to_target(doc)]
        if kind == "generate_until" and isinstance(task.doc_to_target(doc), list) and not all(
                isinstance(t, str) for t in task.doc_to_target(doc)):
            raise TypeError("a target is no text")
        asked.append((contexts, continuations, str(task.doc_to_target(doc))))
    return asked


class Shaped:
    """Rows of the shape that a function of a task reads."""

    def __init__(self, shape, rng):
        self.shape, self.rng = shape, rng

    def row(self):
        return self.shape(self.rng)


def lettered(rng, letters="ABCD", **more):
    return {**{x: text(rng) for x in letters}, "question": text(rng), "answer": rng.choice(letters), **more}


def choices(rng, n=None):
    return [text(rng, "plain") for _ in range(n or rng.randint(2, 4))]


def hellaswag_row(rng):
    odd = ["", " [title] Header", "a [x] b", "two  blanks   three", "[open", "[a\nb]"]
    return {"activity_label": text(rng) + rng.choice(odd), "ctx_a": text(rng), "ctx_b": text(rng) + rng.choice(odd),
            "ctx": text(rng), "endings": [text(rng) + rng.choice(odd) for _ in range(4)], "label": str(rng.randint(0, 3))}


def context_row(subject):
    return lambda rng: {subject: text(rng), "question": text(rng), "context": rng.choice(["", text(rng)]),
                        "choices": choices(rng), "answer": rng.randint(0, 1)}


def arabic_row(rng):
    n = rng.randint(2, 5)
    return {"Level": rng.choice(["Primary", "Univ", None, ""]), "Country": rng.choice([None, text(rng)]),
            "Subject": text(rng), "Question": text(rng), "Context": rng.choice([None, "", text(rng)]),
            "Answer Key": "AB"[rng.randint(0, 1)],
            **{f"Option {i + 1}": text(rng, "plain") if i < n else None for i in range(5)}}


CATEGORIES = ["Business", "Humanities", "Medical", "Other", "STEM", "Social Sciences"]
PRO = ["biology", "business", "chemistry", "computer science", "economics", "engineering", "health", "history", "law", "math",
       "other", "philosophy", "physics", "psychology"]
SUBJECTS = ["anatomy", "astronomy", "marketing", "virology"]
DOMAINS = ["Applied Science", "Arts & Humanities", "Business & Commerce", "STEM", "Social Science", "Driving License",
           "General knowledge", "Health oriented education", "Marine License", "Medical License", "Professional certification"]
PROX_BEGINS = ["A: Let's think step by step. ", "A: ", ""]
SHAPES = [  # rows for functions that carat has in C, by the place of their task files
    ("hellaswag/", hellaswag_row),
    ("okapi/hellaswag", hellaswag_row),
    ("french_bench/french_bench_hellaswag", hellaswag_row),
    ("winogrande/", lambda rng: {"sentence": text(rng, "plain") + " _ " + text(rng), "option1": text(rng, "word"),
                                 "option2": text(rng, "word"), "answer": rng.choice("12")}),
    ("global_mmlu/default/ar", lambda rng: {
        **{f"option_{x}": text(rng, "plain") for x in "abcd"}, "question": text(rng), "answer": rng.choice("ABCD"),
        "subject_category": rng.choice(CATEGORIES)}),
    ("mmlu_pro/", lambda rng: {"question": text(rng), "options": choices(rng), "answer": "A", "category": rng.choice(PRO),
                               "cot_content": "A: Let's think step by step. " + text(rng)}),
    ("bigbench/multiple_choice", lambda rng: (lambda c: {
        "inputs": text(rng), "multiple_choice_targets": c, "targets": [rng.choice(c)] if c else ["x"],
        "multiple_choice_scores": [1] + [0] * (len(c) - 1) if c else []})(rng.choice([choices(rng), choices(rng), []]))),
    ("eus_exams/", lambda rng: {"question": text(rng), "id": 1, "answer": rng.choice([0, 1, 2, 3, 3, None]),
                                "candidates": rng.choice([choices(rng, 4)] * 4 + [[""] * 4])}),
    ("okapi/arc", lambda rng: {"id": "x", "instruction": text(rng), "answer": rng.choice("AB"),
                               **{f"option_{x}": text(rng) for x in "abcd"}, "option_e": rng.choice([None, text(rng)])}),
    ("okapi/truthfulqa", lambda rng: (lambda c: {
        "question": rng.choice([text(rng)] * 4 + [None]), "mc1_targets_choices": c, "mc1_targets_labels": [1] + [0] * (len(c) - 1),
        "mc2_targets_choices": c, "mc2_targets_labels": [1] + [0] * (len(c) - 1)})(choices(rng))),
    ("tmmluplus/", lettered),
    ("tmlu/", lambda rng: lettered(rng, E=rng.choice([None, text(rng)]))),
    ("mmlusr/", lambda rng: {"question": text(rng), "answer": rng.choice([" A", "B ", "C"]),
                             **{f"choice{i}": rng.choice([text(rng)] * 5 + [None]) for i in range(1, 5)}}),
    ("darijammlu/", context_row("subject_darija")),
    ("egymmlu/", context_row("egy_subject")),
    ("greekmmlu/", lambda rng: {"subject": rng.choice(["Law", "Education", "Other"]), "question": text(rng),
                                "choices": choices(rng), "answer": rng.randint(0, 1)}),
    ("arabicmmlu/", arabic_row),
    ("mmlu_prox/", lambda rng: {
        "question": text(rng), "category": rng.choice(PRO), "answer": "A", "cot_content": rng.choice(PROX_BEGINS) + text(rng),
        **{f"option_{i}": text(rng, "plain") if i < 3 else rng.choice([None, text(rng)]) for i in range(10)}}),
    ("openai-mmmlu/", lambda rng: {**{x: text(rng, "plain") for x in "ABCD"}, "Question": text(rng), "Answer": rng.choice("ABCD"),
                                   "Subject": rng.choice(SUBJECTS + rng.wanted) + rng.choice(["", "_test.csv_sw-KE.csv", "_test-x"])}),
    ("include/", lambda rng: {**{f"option_{x}": text(rng, "plain") for x in "abcd"}, "question": text(rng),
                              "answer": rng.randint(0, 3), "domain": rng.choice(DOMAINS + rng.wanted), "subject": text(rng)}),
    ("llama3/instruct/mmlu_", lambda rng: {
        "input_question": text(rng), "input_choice_list": {x: text(rng, "plain") for x in "ABCD"},
        "input_correct_responses": [rng.choice("ABCD")],
        "subtask_name": "mmlu_" + rng.choice(["de", "es", "fr", "hi", "it", "pt", "th"]) + "_chat." + rng.choice(SUBJECTS + rng.wanted)}),
    ("afrimmlu/", lambda rng: {"subject": text(rng, "plain"), "question": text(rng), "answer": rng.choice("ABCD"),
                               "choices": repr(choices(rng, 4))}),
    ("arabic_leaderboard_complete/arabic_leaderboard_avca", lambda rng: {"question": text(rng), "answer": rng.choice(["صح", "خطأ"])}),
    ("arabic_leaderboard_complete/arabic_leaderboard_arabic_mmlu/", lambda rng: lettered(rng, subject=rng.choice(["a_b c", "x"]))),
    *[(f"afrobench/mafand/{x}/", lambda rng: {"translation": {  # the release's other prompts are tuples, which it refuses itself
        rng.choice(["hau", "yor", "zul"]): text(rng), rng.choice(["en", "en", "fr"]): text(rng)}})
      for x in ("prompt_1/african-english", "prompt_1/english-african", "prompt_3/english-african")],
    ("afrixnli/", lambda rng: {"premise": text(rng), "hypothesis": text(rng), "label": rng.randint(0, 2)}),
]


def find_rows(name, config, shape=None):
    """Rows that the reference takes, and what it asks of them; (None, last error) when trials are used up."""
    rng = random.Random(f"{SEED} {name}")
    reader, why = None if shape else reader_of(config), None
    rng.wanted = 3 * list(getattr(config.get("process_docs"), "keywords", {}).values())  # what a partial() keeps rows by
    n_rows = 60 if shape else N_ROWS  # filters leave few
    for _ in range(TRIALS):
        rows = Shaped(shape, rng) if shape else Rows(reader, rng)
        try:
            tables = {s: Table(json.loads(json.dumps([rows.row() for _ in range(N_POOL if s != (
                config.get("test_split") or config.get("validation_split")) else max(n_rows, 2 + shots_of(config)))])))
                for s in sorted(splits_of(config))}
            for table in tables.values():
                while len(table) < (shots_of(config) + 1) * (20 if shape else 1):
                    table.append(json.loads(json.dumps(rows.row())))
            return tables, ask(config, tables)
        except Exception as e:  # whatever the reference makes of wrong rows
            why = f"{type(e).__name__}: {e}"
    return None, why


# ---- carat ------------------------------------------------------------------------------------------------


def ask_carat(carat, path, config, tables):
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / config["dataset_path"].lstrip("/")
        if config.get("dataset_name"):
            base = base / config["dataset_name"]
        base.mkdir(parents=True)
        for split, table in tables.items():
            with open(base / f"{split}.jsonl", "w") as f:
                for row in table:
                    f.write(json.dumps(row, ensure_ascii=False) + "\n")
        words = [carat, "prompts", "-t", str(path), "--data", folder, "--json", "--shots", str(shots_of(config))]
        ran = subprocess.run(words, capture_output=True, text=True, timeout=60)
    if ran.returncode:
        return None, ran.stderr.replace(str(path), "FILE").strip().split("\n")[0]
    asked = []
    for line in ran.stdout.split("\n"):
        if line:
            item = json.loads(line)
            continuations = item.get("continuations")
            contexts = item.get("contexts") or [item["context"]] * (len(continuations) if continuations else 1)
            asked.append((contexts, continuations, item["target"]))
    return asked, None


def compare(args, name, path, config, tables, expected):
    got, why = ask_carat(args.carat, path, config, tables)
    if got is None:
        return name, "refused", why
    if got == expected:
        return name, "equal", None
    for i, (g, e) in enumerate(zip(got, expected)):
        for what, a, b in zip(("contexts", "continuations", "target"), g, e):
            if a != b:
                return name, "different", f"item {i}, {what}: {a!r} is not {b!r}"
    return name, "different", f"{len(got)} items, not {len(expected)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--carat", default="./carat")
    parser.add_argument("--sample", type=int, help="only so many tasks, drawn by --seed")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--distinct", action="store_true",
                        help="one task of each set that differs in names alone, which asks the same of the same rows")
    parser.add_argument("--only", help="only tasks whose name has this in it")
    parser.add_argument("--functions", action="store_true", help="the tasks with functions that carat has in C, instead")
    parser.add_argument("--share", type=float, default=0.99, help="of tasks that must be equal")
    parser.add_argument("--report", help="write every task that is not equal, with why, as JSON")
    args = parser.parse_args()
    root = Path(lm_eval.__file__).parent / "tasks"
    tasks = list(hooked_tasks(root)) if args.functions else [(*t, None) for t in plain_tasks(root)]
    total = len(tasks)
    if args.only:
        tasks = [t for t in tasks if args.only in t[0]]
    if args.distinct:
        kinds = {}
        for task in tasks:
            kinds.setdefault(json.dumps([task[2].get(k) for k in ASKING], default=str, sort_keys=True), task)
        tasks = list(kinds.values())
    if args.sample and args.sample < len(tasks):
        tasks = sorted(random.Random(args.seed).sample(tasks, args.sample), key=lambda t: t[0])
    counts, failures, results = collections.Counter(), [], []
    with ThreadPoolExecutor(2) as pool:
        for name, path, config, shape in tasks:
            tables, asked = find_rows(name, config, shape)
            if tables is None:
                counts["no rows"] += 1
                failures.append((name, "no rows", asked))
                continue
            results.append(pool.submit(compare, args, name, path, config, tables, asked))
        for result in results:
            name, verdict, why = result.result()
            counts[verdict] += 1
            if verdict != "equal":
                failures.append((name, verdict, why))
    print(f"lm-eval {getattr(lm_eval, '__version__', '?')}: {total} tasks with{'' if args.functions else 'out'} functions, {len(tasks)} asked: " +
          ", ".join(f"{n} {v}" for v, n in counts.most_common()))
    reasons = collections.Counter((v, (w or "")[:100]) for _, v, w in failures)
    for (verdict, why), n in reasons.most_common(25):
        print(f"  {n:5} {verdict}: {why}")
    if args.report:
        with open(args.report, "w") as f:
            json.dump(failures, f, indent=1, ensure_ascii=False)
    return 0 if tasks and counts["equal"] >= args.share * len(tasks) else 1


if __name__ == "__main__":
    sys.exit(main())
