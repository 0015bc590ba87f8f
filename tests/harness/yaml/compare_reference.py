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
import importlib.util
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import types
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


def stand_in_for_squad_metrics():
    """Newer releases of transformers lack the module, and pip's lm_eval all of it: task files that score by it ask without it."""
    names = ["transformers", "transformers.data", "transformers.data.metrics", "transformers.data.metrics.squad_metrics"]
    for name in names[0 if importlib.util.find_spec(names[0]) is None else 2:]:
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = []


stand_in_for_squad_metrics()

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


def hooked_tasks(root, only="", scored=False):
    """(name, path, config, shape) of the tasks whose functions SHAPES has rows for, with the functions in place.

    scored: those whose functions only score, too."""
    original = _yaml_loader._mk_function_ctor
    _yaml_loader._mk_function_ctor = lambda base, resolve: (
        original(base, resolve) if resolve else lambda loader, node: Function(loader.construct_scalar(node)))
    for path in sorted(root.glob("**/*.yaml"), key=lambda p: p.as_posix()):
        shape = next((s for prefix, s in SHAPES if path.relative_to(root).as_posix().startswith(prefix)), None)
        config = _yaml_loader.load_yaml(path, resolve_func=False) if shape else {}
        if "class" in config or "group" in config or not isinstance(config.get("task"), str):
            continue
        if only not in config["task"]:
            continue
        if has_function({k: v for k, v in config.items() if scored or k not in NOT_PROMPTS}):
            try:
                yield config["task"], path, _yaml_loader.load_yaml(path, resolve_func=True), shape
            except (ImportError, OSError):  # what its Python wants is neither installed nor can be had
                continue


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
        return Table([{**row, **function(copy.deepcopy(row))} for row in self])

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


def marked_row(rng):
    n = rng.randint(1, 3)
    return {"question": text(rng), "mc2_targets": {"choices": choices(rng, 4), "labels": [1] * n + [0] * (4 - n)},
            "mc1_targets": {"choices": choices(rng, 4), "labels": [1, 0, 0, 0]}}


def math_row(rng):
    answer = rng.choice(["3", "\\frac{1}{2}", "x=4", "10\\text{ cm}", "1{,}000", "\\sqrt2", "0.5", "5\\%", "(1,2)"])
    return {"problem": text(rng), "solution": f"So ${answer}$ is \\boxed{{{answer}}}.", "level": "Level 5", "type": "x"}


def copa_row(rng):
    return {"premise": text(rng), "choice1": text(rng, "plain"), "choice2": text(rng, "plain"),
            "question": rng.choice(["cause", "effect"]), "label": rng.randint(0, 1)}


def nli_row(rng):
    return {"premise": text(rng, "plain") + rng.choice(".,!?x"), "hypothesis": "( a ) n't" + text(rng, "plain") + rng.choice([".", " .", ""]),
            "label": rng.randint(0, 2)}


def paws_row(rng):
    return {"sentence1": rng.choice(["", None] + 4 * [text(rng, "plain") + rng.choice(".,;x")]), "sentence2": "A ( b ) , 'c" + text(rng),
            "label": rng.randint(0, 1)}


def truthful_row(rng):
    return {"question": text(rng), "correct_answers": choices(rng) + ["", " x. ", "I have no comment."][:rng.randint(0, 3)],
            "incorrect_answers": choices(rng), "best_answer": text(rng), "category": text(rng)}


def basque_row(rng):
    n = rng.randint(2, 4)
    return {"context": text(rng), "question": text(rng), "candidates": choices(rng, n), "answer": rng.randint(0, 1)}


def moral_row(rng):
    return {k: text(rng) for k in ("norm", "situation", "intention", "moral_action", "immoral_action")}


def wiki_text(rng):
    odd = [" @-@ ", " @,@ ", "( a )", "[ b ]", "{ c }", '" d "', "' e '", " , ", " . ", "s '", "= = =", " N ", " \u00b0 ", " 's", " \n ",
           " n't", "`` ", "''", " ?", " '"]
    return "".join(text(rng, "plain") + rng.choice(odd) + rng.choice(odd) for _ in range(4))


def metabench_row(rng):
    row = {"question": text(rng), "choices": rng.choice([choices(rng, 4)]), "answer": rng.choice("12"), "subject": "a_b", "sentence": "a _ b",
           "option1": "x", "option2": text(rng), "ctx_a": text(rng), "ctx_b": text(rng), "ctx": "c", "activity_label": text(rng),
           "endings": choices(rng, 4), "label": str(rng.randint(0, 3)), "answerKey": "A", "alltwentyfiveshot_longprompt": "",
           "allfiveshot_longprompt": "", "alltenshot_longprompt": "", "mc1_targets": {"choices": choices(rng, 4), "labels": [1, 0, 0, 0]}}
    for i in range(1, 26):  # the table's mapping has them all
        row.update({f"arc_question_shot_{i}": text(rng), f"arc_answerKey_shot_{i}": rng.choice("AB"), f"arc_idx_shot_{i}": 0,
                    f"arc_choices_shot_{i}": {"label": ["A", "B"], "text": choices(rng, 2)}})
    for i in range(1, 11):
        row.update({f"hellaswag_{k}_shot_{i}": text(rng) for k in ("ctx_a", "ctx_b", "ctx", "activity_labels", "ind", "source_id", "split",
                                                                   "split_type")})
        row.update({f"hellaswag_endings_shot_{i}": choices(rng, 4), f"hellaswag_label_shot_{i}": str(rng.randint(0, 3))})
    for i in range(1, 6):
        row.update({f"gsm8k_{k}_shot_{i}": text(rng) for k in ("prompt", "answer", "idx")})
        row.update({f"mmlu_question_shot_{i}": text(rng), f"mmlu_answers_shot_{i}": rng.randint(0, 3), f"mmlu_ind_shot_{i}": 0,
                    f"mmlu_choices_shot_{i}": choices(rng, 4), f"winogrande_answer_shot_{i}": rng.choice("12"),
                    f"winogrande_prompt_shot_{i}": "a _ b" + text(rng), f"winogrande_idx_shot_{i}": 0,
                    f"winogrande_option1_shot_{i}": text(rng), f"winogrande_option2_shot_{i}": text(rng)})
    return row


CATEGORIES = ["Business", "Humanities", "Medical", "Other", "STEM", "Social Sciences"]
PRO = ["biology", "business", "chemistry", "computer science", "economics", "engineering", "health", "history", "law", "math",
       "other", "philosophy", "physics", "psychology"]
SUBJECTS = ["anatomy", "astronomy", "marketing", "virology"]
DOMAINS = ["Applied Science", "Arts & Humanities", "Business & Commerce", "STEM", "Social Science", "Driving License",
           "General knowledge", "Health oriented education", "Marine License", "Medical License", "Professional certification"]
PROX_BEGINS = ["A: Let's think step by step. ", "A: ", ""]
SHAPES = [  # rows for functions that carat has in C, by the place of their task files
    ("mmlu-pro-plus/", lambda rng: {"question": text(rng), "options": choices(rng), "answer": "A", "category": rng.choice(PRO),
                                   "cot_content": "A: Let's think step by step. " + text(rng)}),
    ("llama3/instruct/mmlu_pro/", lambda rng: {
        "question": text(rng), "options": choices(rng, 10), "answer": "A", "category": rng.choice(PRO), "answer_index": 0,
        "cot_content": rng.choice(PROX_BEGINS) + text(rng) + rng.choice(["", " The answer is (B). "])}),
    ("llama3/instruct/arc_challenge", lambda rng: (lambda n: {
        "question": text(rng), "choices": {"text": choices(rng, n), "label": list("ABCDE")[:n]},
        "answerKey": rng.choice(["A", "B", "1", "4"])})(rng.choice([4, 4, 3]))),
    ("afrobench/masakhapos/", lambda rng: {"tokens": choices(rng), "upos": [rng.randint(0, 17) for _ in range(4)]}),
    ("mlqa/", lambda rng: {"context": text(rng), "question": text(rng), "answers": {"text": choices(rng), "answer_start": [1]}}),
    ("aradice/ArabicMMLU/", lambda rng: {
        "Subject": rng.choice(["History", "Law", "Math"]), "Level": rng.choice(["Primary", "Univ", None, ""]),
        "Country": rng.choice(["UAE", "Egypt", None, ""]), "context": rng.choice(["", None, text(rng)]), "question": text(rng),
        "options": {x: None if x > rng.choice("CDE") else text(rng, "plain") for x in "ABCDE"}, "Answer Key": rng.choice("ABC")}),
    ("aradice/cultural", lambda rng: {"Question": text(rng), "Final Answer": "A", "Option A": "a", "Option B": text(rng),
                                      "Option C": text(rng)}),
    ("aradice/openbookqa", lambda rng: {"question": {"stem": text(rng), "choices": [{"text": t, "label": x} for t, x in zip(
        choices(rng, 4), "ABCD")]}, "answerKey": rng.choice(["A", " B", "D"])}),
    ("arabic_leaderboard_complete/arabic_leaderboard_alghafa", lambda rng: {
        "query": text(rng), "label": str(rng.randint(0, 1)), "sol1": text(rng), "sol2": text(rng)}),
    ("arabic_leaderboard_light/arabic_leaderboard_alghafa", lambda rng: {
        "query": text(rng), "label": str(rng.randint(0, 1)), "sol1": text(rng), "sol2": text(rng), "sol3": text(rng)}),
    ("arabic_leaderboard_complete/arabic_leaderboard_arabic_exams", lambda rng: lettered(rng, subject=rng.choice(["a_b c", "x"]))),
    ("arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_boolq", lambda rng: {
        "question": text(rng), "passage": text(rng), "answer": rng.random() < 0.5}),
    ("arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_copa", lambda rng: {
        "premise": text(rng), "choice1": text(rng), "choice2": text(rng), "question": rng.choice(["cause", "effect"]),
        "label": rng.randint(0, 1)}),
    ("arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_hellaswag", lambda rng: {
        "ctx": text(rng) + "[x] y", "endings": repr([text(rng) + "[a]" for _ in range(4)]), "label": rng.randint(0, 3)}),
    ("arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_toxigen", lambda rng: {
        "text": text(rng), "toxicity_ai": rng.choice([1.0, 3.0, 5.0]), "toxicity_human": rng.choice([1.0, 2.5, 2.6])}),
    ("arithmetic/", lambda rng: {"context": "  Q: x\n\nA:" + text(rng), "completion": text(rng)}),
    ("darijahellaswag/", hellaswag_row), ("egyhellaswag/", hellaswag_row),
    ("crows_pairs/", lambda rng: {"sent_more": text(rng), "sent_less": text(rng), "bias_type": rng.choice([
        "age", "autre", "disability", "gender", "nationality", "physical-appearance", "race-color", "religion",
        "sexual-orientation-gender-identity", "socioeconomic"])}),
    ("copal_id/", copa_row), ("xcopa/", copa_row), ("super_glue/copa", copa_row), ("basque_bench/xcopa", copa_row),
    ("catalan_bench/copa", copa_row), ("spanish_bench/copa", copa_row),
    ("xwinograd/", lambda rng: {"sentence": text(rng, "plain") + " _ " + text(rng), "option1": text(rng, "word"),
                                "option2": text(rng, "word"), "answer": rng.choice("12")}),
    ("click/", lambda rng: (lambda c: {
        "id": rng.choice(["economy_1", "Geography_x", "KHB_1", "PSAT_2", "Popular_1", "law_2", "politics_1", "society_1", "history",
                          "tradition_3", "CSAT_korean_18_9", "CSAT_korean_20_14", "CSAT_korean_22_40", "CSAT_korean_23_33", "TK_4",
                          "TK_5", "Kedu_16_x", "Kedu_1_x", "PSE_korean_1"]),
        "paragraph": rng.choice(["", text(rng)]), "question": text(rng) + rng.choice(["", "\ub300\ud654"]), "choices": c,
        "answer": rng.choice(c[:4])})(choices(rng, 5))),
    ("paloma/", lambda rng: {"text": text(rng)}),
    ("uncheatable_eval/", lambda rng: {"content": text(rng), "category": rng.choice([
        "ao3_english", "ao3_nonenglish", "arxiv_cs", "arxiv_math", "arxiv_other", "arxiv_physics", "bbc_news", "biorxiv_all",
        "github_cpp", "github_javascript", "github_markdown", "github_other", "github_python", "wikipedia_english",
        "wikipedia_nonenglish"])}),
    ("arab_culture", lambda rng: {
        "country": rng.choice(["Egypt", None]), "region": "Gulf", "first_statement": text(rng),
        "options": {"arabic_keys": list("xyz"), "english_keys": list("ABC"), "text": choices(rng, 3)},
        "answer_key": {"arabic_answer_key": "x", "english_answer_key": rng.choice("ABC")}}),
    ("tydiqa/", lambda rng: {
        "id": rng.choice(["arabic", "bengali", "english", "finnish", "indonesian", "korean", "russian", "swahili", "telugu"]) + "-1",
        "title": text(rng), "context": text(rng), "question": text(rng), "answers": {"text": choices(rng)}}),
    ("noreval/noropenbookqa", lambda rng: {
        "fact": rng.choice(["", text(rng)]), "question_stem": text(rng), "choices": {"text": choices(rng, 4), "label": list("ABCD")},
        "answer": rng.choice("ABCD")}),
    ("noreval/nortruthfulqa/generation", truthful_row), ("truthfulqa/truthfulqa_gen", truthful_row),
    ("noreval/nortruthfulqa/multiple", lambda rng: {
        "question": text(rng), "mc1_targets": {"choices": choices(rng), "labels": [1, 0, 0, 0]}}),
    ("noreval/nrk_quiz_qa", lambda rng: (lambda n: {
        "question": text(rng), "choices": {"text": choices(rng, n), "label": list("ABCD")[:n]}, "answer": "A"})(rng.choice([2, 4]))),
    ("noreval/norquad", lambda rng: {"context": text(rng) + "\n" + text(rng), "question": text(rng),
                                     "answers": {"text": choices(rng), "answer_start": [0]}}),
    ("catalan_bench/teca", nli_row), ("catalan_bench/xnli", nli_row), ("spanish_bench/xnli", nli_row),
    ("galician_bench/xnli", lambda rng: {
        "sentence1": text(rng, "plain") + rng.choice(".,!?x"), "sentence2": text(rng, "plain") + rng.choice(".x"),
        "gold_label": rng.choice(["entailment", "neutral", "contradiction"])}),
    ("paws-x/", paws_row), ("catalan_bench/paws", paws_row), ("catalan_bench/parafraseja", paws_row), ("spanish_bench/paws", paws_row),
    ("galician_bench/paws", paws_row), ("basque_bench/paws", paws_row),
    ("galician_bench/parafrases", lambda rng: {"Frase": text(rng, "plain") + rng.choice(".,;x"), "Par\u00e1frase": text(rng, "plain"),
                                               "Avaliaci\u00f3n": rng.randint(0, 1)}),
    ("spanish_bench/xlsum", lambda rng: {"text": text(rng) + "  x", "summary": text(rng) + "   y"}),
    ("galician_bench/summarization", lambda rng: {"text": text(rng) + "  x", "summary": text(rng) + "   y"}),
    ("catalan_bench/cabreu", lambda rng: {"content": text(rng) + "   x", "summaries": {
        k: {a: text(rng) for a in ("a1", "a2", "a3")} for k in ("abstractive", "extractive", "extreme")}}),
    ("csatqa/", lambda rng: {"context": text(rng), "question": text(rng), "gold": rng.randint(1, 5),
                             **{f"option#{i}": text(rng) for i in range(1, 6)}}),
    ("glianorex/", lambda rng: {"language": rng.choice(["en", "fr"]), "question": text(rng), "answer_idx": "A",
                                "options": dict(zip("ABCD", choices(rng, 4)))}),
    ("winogender/", lambda rng: {"gender": rng.choice(["male", "female", "neutral"]), "sentence": text(rng), "pronoun": text(rng),
                                 "occupation": text(rng), "participant": text(rng), "target": text(rng), "label": rng.randint(0, 1)}),
    ("glue/mnli", nli_row),
    ("kobest/", lambda rng: {
        "premise": text(rng), "question": rng.choice(["\uc6d0\uc778", "\uacb0\uacfc "]), "alternative_1": text(rng),
        "alternative_2": text(rng), "label": rng.randint(0, 1), "context": text(rng), "sentence": text(rng), "word": text(rng, "word"),
        "context_1": text(rng), "context_2": text(rng), "paragraph": text(rng), **{f"ending_{i}": text(rng) for i in range(1, 5)}}),
    ("logiqa2/", lambda rng: {"text": text(rng), "question": text(rng), "options": choices(rng, 4), "answer": rng.randint(0, 3)}),
    ("logiqa/", lambda rng: {"context": text(rng), "question": text(rng), "options": choices(rng, 4), "label": rng.choice(["a", " d"])}),
    ("mathqa/", lambda rng: {"Problem": text(rng), "correct": rng.choice("abcde"),
                             "options": "a ) 12 , b ) 1,5 m , c ) x , d ) 7 , e ) none of these"}),
    ("medmcqa/", lambda rng: {"question": text(rng), "cop": rng.randint(0, 3), **{f"op{x}": text(rng) for x in "abcd"}}),
    ("medqa/", lambda rng: {"sent1": text(rng), "label": rng.randint(0, 3), **{f"ending{i}": text(rng) for i in range(4)}}),
    ("eus_reading/", basque_row), ("eus_trivia/", basque_row),
    ("leaderboard/mmlu_pro", lambda rng: {"question": text(rng), "options": choices(rng, 10), "answer": "B", "answer_index": 1}),
    ("leaderboard/musr", lambda rng: (lambda c: {
        "narrative": text(rng), "question": text(rng), "choices": repr(c), "answer_choice": rng.choice(c),
        "answer_index": 0})(choices(rng))),
    ("pubmedqa/", lambda rng: {"CONTEXTS": choices(rng), "QUESTION": text(rng), "final_decision": rng.choice(["yes", "no", "maybe"])}),
    ("race/", lambda rng: {"article": text(rng), "problems": repr([
        {"question": text(rng) + rng.choice(["", "  _  ."]), "answer": rng.choice("ABCD"), "options": choices(rng, 4)}
        for _ in range(3)])}),
    ("super_glue/record/default", lambda rng: (lambda e: {
        "passage": text(rng) + "\n@highlight\n" + text(rng, "word"), "query": text(rng) + " @placeholder x", "entities": e + e[:1],
        "answers": [e[0], e[0]]})(choices(rng, 4))),
    ("super_glue/wsc/default", lambda rng: {
        "text": "it  ( was ) n't a , b .", "span2_index": rng.randint(0, 2), "span2_text": "was", "span1_text": text(rng), "label": 0}),
    ("wikitext/", lambda rng: {"page": wiki_text(rng)}), ("c4/", lambda rng: {"text": wiki_text(rng)}),
    ("french_bench/french_bench_wikitext", lambda rng: {"paragraph": wiki_text(rng)}),
    ("mutual/", lambda rng: {"article": wiki_text(rng), "options": [wiki_text(rng) for _ in range(4)], "answers": rng.choice("ABCD")}),
    ("histoires_morales/", moral_row), ("moral_stories/", moral_row),
    ("physics_gre/", lambda rng: {"has_image": rng.random() < 0.2, "input": text(rng), "target_scores": rng.choice([
        None, {"a": 0, "b": 0}, {"a": 0, "b": 1}, {"x": 1, "y": 0, "z": 0}])}),
    ("japanese_leaderboard/ja_leaderboard_jcommonsenseqa", lambda rng: {
        "question": text(rng), "label": rng.randint(0, 4), **{f"choice{i}": text(rng) for i in range(5)}}),
    ("japanese_leaderboard/ja_leaderboard_xwinograd", lambda rng: {"sentence1": text(rng), "sentence2": text(rng), "answer": rng.choice("12")}),
    ("icelandic_winogrande/", lambda rng: {"sentence": text(rng, "plain") + " _" + rng.choice([".", " x "]), "option1": "a",
                                           "option2": text(rng, "word"), "answer": rng.choice("12")}),
    ("coqa/", lambda rng: {"story": text(rng), "questions": {"input_text": choices(rng, 3)}, "answers": {"input_text": choices(rng, 3)},
                           "additional_answers": {"0": {"input_text": choices(rng, 3)}, "1": {"input_text": ["x", "y", "Yes"]}}}),
    ("darija_bench/", lambda rng: {
        "messages": [{"content": text(rng) + "-\u0633\u0644\u0628\u064a"}, {"content": rng.choice(["\u0627\u064a\u062c\u0627\u0628\u064a", "\u0633\u0644\u0628\u064a"])}],
        "direction": rng.choice(["dr_en", "dr_msa", "en_dr", "msa_dr", "dr_fr", "fr_dr", "ar_dr", "dr_ar"])}),
    ("evalita_llm/_evalita-mp_sa", lambda rng: {
        "text": text(rng), "context": text(rng), "opos": rng.choice("01"), "oneg": rng.choice("01"), "correct_answer": rng.choice("ABCD"),
        "question": text(rng), "A": "a", "B": "b", "C": "c", "D": "d", "relations": [["a", "b"]] * rng.randint(0, 2),
        "entities": [{"entity_text": text(rng), "type": "PER"}] * rng.randint(0, 2), "word": text(rng, "word"),
        "answers": [{"word": text(rng)} for _ in range(rng.randint(0, 2))]}),
    ("code_x_glue/", lambda rng: {"code_tokens": choices(rng) + ["a\nb"], "docstring_tokens": choices(rng) + ["c\nd"]}),
    ("metabench/metabench_arc.yaml", lambda rng: {**metabench_row(rng), "choices": {"label": list("ABCD"), "text": choices(rng, 4)}}),
    ("metabench/metabench_mmlu.yaml", lambda rng: {**metabench_row(rng), "answer": rng.randint(0, 3)}),
    ("metabench/metabench_gsm8k.yaml", metabench_row), ("metabench/metabench_hellaswag.yaml", metabench_row),
    ("metabench/metabench_winogrande.yaml", metabench_row), ("metabench/metabench_truthfulqa.yaml", metabench_row),
    ("truthfulqa/truthfulqa_mc2", marked_row), ("galician_bench/truthfulqa_gl_mc2", marked_row),
    ("bbh/", lambda rng: {"input": text(rng) + "\\nOptions:\\n" + "".join(f"({x}) {text(rng, 'plain')}\\n" for x in "ABC"), "target": rng.choice(["(A)", "(B)"])}),
    ("minerva_math/", math_row), ("hendrycks_math/", math_row),
    ("agieval/gaokao-mathcloze", lambda rng: {"query": text(rng), "answer": rng.choice(["3", "\\boxed{4}", "x=5", "$6$"])}),
    ("agieval/math", lambda rng: {"query": text(rng), "answer": rng.choice(["3", "\\boxed{4}", "x=5", "$6$"])}),
    ("xquad/", lambda rng: {"context": text(rng), "question": text(rng), "answers": {"text": [rng.choice(["The cat, a dog!", text(rng)])]}}),
    ("mbpp/", lambda rng: {"text": text(rng), "prompt": text(rng), "test_list": choices(rng, 3), "code": text(rng)}),
    ("humaneval/", lambda rng: {"prompt": text(rng), "test": text(rng), "entry_point": "f", "canonical_solution": text(rng)}),
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
    tasks = list(hooked_tasks(root, args.only or "")) if args.functions else [(*t, None) for t in plain_tasks(root)]
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
