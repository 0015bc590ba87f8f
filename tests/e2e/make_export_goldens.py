"""Writes tests/goldens/export/: results and samples as the reference harness logs them.

Usage: make_export_goldens.py FIXTURES OUT, with lm_eval 0.4.13 installed; FIXTURES is the folder fixtures/lmeval.
The tasks are the harness's own, with the place of the data replaced by the fixtures' files; the model is their tiny llama.
Only the first LIMIT documents of each task, which keeps the goldens small.
"""
import glob
import json
import os
import sys
import tempfile

from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

LIMIT = 3
TASKS = {  # task: (folder of the data, shots)
    "hellaswag": ("hellaswag", 0),
    "winogrande": ("winogrande", 0),
    "boolq": ("boolq", 0),
    "openbookqa": ("openbookqa", 0),
    "arc_easy": ("arc_easy", 0),
    "piqa": ("piqa", 0),
    "commonsense_qa": ("commonsense_qa", 0),
    "gsm8k": ("gsm8k", 2),
    "triviaqa": ("triviaqa", 4),
    "nq_open": ("nq_open", 4),
}
RESULTS_KEYS = ["results", "versions", "n-shot", "higher_is_better", "n-samples", "group_subtasks", "task_hashes", "max_length",
                "tokenizer_eos_token", "tokenizer_bos_token", "eot_token_id"]


def main(fixtures, out):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    folder = tempfile.mkdtemp()
    index = TaskManager().task_index
    for name, (data, shots) in TASKS.items():
        files = {os.path.basename(f)[:-6]: f for f in glob.glob(f"{fixtures}/datasets/{data}/*.jsonl")}
        with open(f"{folder}/{name}.yaml", "w") as out_file:
            out_file.write(f"include: {index[name].yaml_path}\ntask: {name}\ndataset_path: json\ndataset_name: null\n"
                           f"num_fewshot: {shots}\ndataset_kwargs: {json.dumps({'data_files': files})}\n")
    manager = TaskManager(include_path=folder, include_defaults=False)
    tracker = EvaluationTracker(output_path=out)
    model_args = f"pretrained={fixtures}/models/llama,dtype=float32,attn_implementation=eager"
    tracker.general_config_tracker.log_experiment_args("hf", model_args, None, None, None)
    results = simple_evaluate("hf", model_args=model_args, tasks=list(TASKS), batch_size=1, device="cpu", limit=LIMIT,
                              task_manager=manager, evaluation_tracker=tracker, log_samples=True)
    samples = results.pop("samples")
    work = tempfile.mkdtemp()
    tracker.output_path = work
    tracker.save_results_aggregated(results=results, samples=samples)
    for task in results["configs"]:
        tracker.save_results_samples(task_name=task, samples=samples[task])
    keep(glob.glob(f"{work}/*")[0], out)


def keep(folder, out):
    """The logs without the time in their names; of the results what does not speak of the machine."""
    os.makedirs(out, exist_ok=True)
    for path in glob.glob(f"{folder}/samples_*.jsonl"):
        task = os.path.basename(path)[len("samples_"):].rsplit("_", 1)[0]
        with open(path) as log, open(f"{out}/samples_{task}.jsonl", "w") as golden:
            golden.write(log.read())
    with open(glob.glob(f"{folder}/results_*.json")[0]) as log:
        results = json.load(log)
    kept = {key: results[key] for key in RESULTS_KEYS}
    kept["keys"] = list(results)
    with open(f"{out}/results.json", "w") as golden:
        json.dump(kept, golden, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
