"""Conversations as the reference harness asks them, for tests/e2e/test_chat_run.c and tests/harness/protocol/test_conversation.c.

    python make_chat_goldens.py SHARED RUNS.jsonl PREFIXED.jsonl

Needs lm_eval 0.4.13 with its Hugging Face backend. SHARED holds fixtures/. One line a document:

    {"model", "template", "task", "shots", "multiturn", "system", "prefix", "doc_id", "contexts": [text, ...] (one, or one a choice),
     "continuations": [...], "loglikelihoods": [...], "generated": text}
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import lm_eval  # noqa: E402
from lm_eval.models.huggingface import HFLM  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402

SHARED, OUT, OUT_PREFIXED = sys.argv[1:]
FIXTURES = os.path.join(SHARED, "fixtures")
DATA = os.path.join(FIXTURES, "lmeval", "datasets")
LIMIT = 3

# model, template, task, data, shots, shots as turns, system text, gen_prefix
SYSTEM = "Answer briefly."
RUNS = [
    ("gemma", "gemma", "mmlu_anatomy", "mmlu_anatomy", 2, True, None, None),
    ("gemma", "gemma", "mmlu_anatomy", "mmlu_anatomy", 2, False, SYSTEM, None),
    ("gemma", "gemma3", "mmlu_anatomy", "mmlu_anatomy", 2, True, None, None),
    ("gemma", "gemma3", "mmlu_anatomy", "mmlu_anatomy", 2, True, SYSTEM, None),
    ("gemma", "gemma3", "mmlu_anatomy", "mmlu_anatomy", 1, False, SYSTEM + "\n", None),
    ("gemma", "gemma3", "hellaswag", "hellaswag", 2, False, None, None),
    ("gemma", "gemma3", "winogrande", "winogrande", 2, True, SYSTEM, None),
    ("gemma", "gemma", "winogrande", "winogrande", 2, False, None, None),
    ("gemma", "gemma3", "nq_open", "nq_open", 2, True, SYSTEM, None),
    ("gemma", "gemma3", "nq_open", "nq_open", 2, False, None, None),
    ("gemma", None, "boolq", "boolq", 1, True, SYSTEM, None),
    ("gemma", None, "mmlu_anatomy", "mmlu_anatomy", 1, True, SYSTEM, None),
    ("llama", "llama2", "boolq", "boolq", 2, True, SYSTEM, None),
    ("llama", "llama2", "boolq", "boolq", 2, False, SYSTEM, None),
    ("llama", "llama2", "gsm8k", "gsm8k", 2, True, None, None),
    ("llama", "llama2", "mmlu_anatomy", "mmlu_anatomy", 2, True, None, None),
    ("llama", "llama2", "winogrande", "winogrande", 1, True, None, None),
    ("llama", "llama2", "arc_easy", "arc_easy", 1, True, None, None),
    ("llama", "mistral-v1", "piqa", "piqa", 2, True, None, None),
    ("llama", "mistral-v1", "mmlu_anatomy", "mmlu_anatomy", 2, True, SYSTEM, None),
    ("llama", "mistral-v3", "triviaqa", "triviaqa", 2, True, SYSTEM, None),
    ("llama", "mistral-v3", "commonsense_qa", "commonsense_qa", 2, False, None, None),
]
# Answers that begin with a prefix; tests/harness/protocol/test_conversation.c
PREFIXED = [
    ("gemma", "gemma3", "boolq", "boolq", 1, True, None, "The answer is"),
    ("gemma", "gemma", "boolq", "boolq", 1, False, SYSTEM, "The answer is "),
    ("gemma", "gemma3", "gsm8k", "gsm8k", 1, True, SYSTEM, "So"),
    ("gemma", "gemma", "winogrande", "winogrande", 1, False, None, "It is:"),
    ("llama", "llama2", "boolq", "boolq", 1, False, None, "The answer is"),
    ("llama", None, "boolq", "boolq", 1, True, SYSTEM, "The answer is"),
    ("llama", None, "gsm8k", "gsm8k", 1, True, None, " So"),
    ("llama", None, "winogrande", "winogrande", 1, True, None, "It is:"),
]


def load_task(manager, name, data, prefix):
    """The installed task with its data from here."""
    folder = os.path.join(DATA, data)
    files = {f[:-len(".jsonl")]: os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.endswith(".jsonl")}
    changes = {"dataset_path": "json", "dataset_name": None, "dataset_kwargs": {"data_files": files}}
    if prefix:
        changes["gen_prefix"] = prefix
    return manager._factory.build(manager._entry(name), overrides=changes, registry=manager._index)


def open_model(name, template):
    lm = HFLM(os.path.join(FIXTURES, "lmeval", "models", name), dtype="float32", device="cpu", batch_size=1)
    if template:
        with open(os.path.join(FIXTURES, "chat", template + ".jinja"), encoding="utf-8") as f:
            lm.tokenizer.chat_template = f.read()
    return lm


def lines(run, samples):
    """One a document: a task's filters repeat them."""
    model, template, task, _, shots, multiturn, system, prefix = run
    seen = set()
    for sample in samples:
        if sample["doc_id"] in seen:
            continue
        seen.add(sample["doc_id"])
        line = {"model": model, "template": template, "task": task, "shots": shots, "multiturn": multiturn,
                "system": system, "prefix": prefix, "doc_id": sample["doc_id"]}
        arguments = [sample["arguments"][k] for k in sorted(sample["arguments"], key=lambda k: int(k.rsplit("_", 1)[1]))] \
            if isinstance(sample["arguments"], dict) else [{"arg_0": a[0], "arg_1": a[1]} for a in sample["arguments"]]
        contexts = [a["arg_0"] for a in arguments]
        line["contexts"] = contexts if len(set(contexts)) > 1 else contexts[:1]
        if isinstance(arguments[0]["arg_1"], str):
            line["continuations"] = [a["arg_1"] for a in arguments]
            line["loglikelihoods"] = [float(r[0][0]) for r in sample["resps"]]
        else:
            line["generated"] = sample["resps"][0][0]
        yield line


def write(manager, runs, path):
    with open(path, "w", encoding="utf-8") as out:
        for run in runs:
            model, template, task, data, shots, multiturn, system, prefix = run
            result = lm_eval.simple_evaluate(
                model=open_model(model, template), tasks=[load_task(manager, task, data, prefix)], num_fewshot=shots, limit=LIMIT,
                apply_chat_template=bool(template), fewshot_as_multiturn=bool(template) and multiturn,
                system_instruction=system, task_manager=manager, bootstrap_iters=0)
            for line in lines(run, result["samples"][task]):
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
            print(*run, flush=True)


MANAGER = TaskManager()
write(MANAGER, RUNS, OUT)
write(MANAGER, PREFIXED, OUT_PREFIXED)
