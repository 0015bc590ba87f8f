#!/usr/bin/env python3
"""Writes tests/goldens/yaml/*.jsonl: what the reference harness asks for the task files beside them.

    CARAT_REFERENCE_PYTHON tests/harness/yaml/make_goldens.py

The files and rows are carat's own; the expected lines are those of `carat prompts --json`.
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import compare_reference as compare  # noqa: E402

folder = Path(__file__).parent.parent.parent / "goldens/yaml"
for path in sorted(folder.glob("[a-z]*.yaml")):
    config = compare._yaml_loader.load_yaml(path, resolve_func=False)
    tables = {}
    for file in (folder / "data" / config["dataset_path"]).glob("*.jsonl"):
        tables[file.stem] = compare.Table(json.loads(line) for line in file.read_text().split("\n") if line)
    with open(path.with_suffix(".jsonl"), "w") as out:
        for i, (contexts, continuations, target) in enumerate(compare.ask(config, tables)):
            several = len(set(contexts)) > 1
            item = {"task": config["task"], "index": i}
            item.update({"contexts": contexts} if several else {"context": contexts[0]})
            if continuations:
                item["continuations"] = continuations
            out.write(json.dumps({**item, "target": target}, ensure_ascii=False) + "\n")
    print(path.name, i + 1)
