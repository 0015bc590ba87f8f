#!/usr/bin/env python3
"""carat beside other harnesses and engines on the same checkpoint and the same items, in turns, in one session.

    bench/peers.py WORK [--shapes 65m,gemma-2b] [--precisions f32,bf16] [--items 100,gsm8k=32] [--slots 8] [--repeat 3]
                   [--python PYTHON] [--llama FOLDER] [--gemma-cpp FOLDER] [--skip PEER,...] [--only KIND,...]

WORK is a folder for checkpoints, items and logs. PYTHON has lm_eval with torch and transformers; FOLDER has llama.cpp's
programs, and its source beside it (LLAMA_SOURCE), for the conversion to GGUF; --gemma-cpp has pygemma's module, of which decoding
and prompts at the 2B shape are timed beside Q8_0. bench/setup.sh makes all. Appends to
WORK/results.jsonl, one line a timing; bench/tables.py makes docs/performance.md's tables of it.

Each workload is first run by carat; the contexts and choices it asked are what the others are given, as text. The
log-probabilities of lm-eval at float32 are compared with carat's: the same work was done, or the timing says nothing.
"""
import argparse, json, math, os, shutil, struct, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
CARAT = os.path.join(HERE, "..", "build", "carat")
WORKLOADS = {"hellaswag": "hellaswag", "mmlu": "mmlu_astronomy", "gsm8k": "gsm8k"}
DTYPES = {"f32": "float32", "bf16": "bfloat16"}
THREADS = str(len(os.sched_getaffinity(0)))
ENV = dict(os.environ, OMP_NUM_THREADS=THREADS, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1",
           TOKENIZERS_PARALLELISM="false", HF_HUB_DISABLE_TELEMETRY="1")


def timed(command, log, env=ENV):
    """Wall and CPU seconds and peak memory of a command; its output goes to `log`."""
    with open(log, "wb") as out:
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)}\nfailed with {child.returncode}; see {log}")
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mib": usage.ru_maxrss / 1024}


class Bench:
    def __init__(self, o):
        self.o, self.work = o, os.path.abspath(o.work)
        self.results = open(os.path.join(self.work, "results.jsonl"), "a")
        self.env = dict(ENV, XDG_CACHE_HOME=os.path.join(self.work, "cache"), HF_HOME=os.path.join(self.work, "hf"))

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def note(self, **row):
        row["at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        row["load"] = os.getloadavg()[0]
        self.results.write(json.dumps(row) + "\n")
        self.results.flush()
        print(" ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)

    # ---- what is asked ------------------------------------------------------------------

    def count(self, workload):
        return self.o.items.get(workload, self.o.items[""])

    def items_path(self, shape, workload):
        return self.path(f"items-{shape}-{workload}-{self.count(workload)}.jsonl")

    def checkpoint(self, shape):
        folder = self.path(shape)
        if not os.path.exists(os.path.join(folder, "model.safetensors")):
            subprocess.check_call([self.o.python, os.path.join(HERE, "make_checkpoint.py"), shape, folder])
        return folder

    def gguf(self, shape):
        path = self.path(f"{shape}-bf16.gguf")
        if not os.path.exists(path):
            source = os.environ["LLAMA_SOURCE"]
            subprocess.check_call([self.o.python, os.path.join(source, "convert_hf_to_gguf.py"), self.checkpoint(shape),
                                   "--outtype", "bf16", "--outfile", path],
                                  env=dict(ENV, PYTHONPATH=os.path.join(source, "gguf-py")))
        return path

    def quantised(self, shape, weights):
        """The GGUF of that type that both engines read; "bf16": as the checkpoint."""
        path = self.path(f"{shape}-{weights}.gguf")
        if not os.path.exists(path):
            subprocess.check_call([os.path.join(self.o.llama, "llama-quantize"), self.gguf(shape), path, weights, THREADS],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return path

    def data(self):
        folder = self.path("data")
        if not os.path.exists(folder):
            subprocess.check_call([sys.executable, os.path.join(HERE, "make_workload.py"), folder, "200"])
        return folder

    def carat_command(self, shape, workload, precision, db):
        n = self.count(workload)
        return [CARAT, "run", "-m", self.checkpoint(shape), "-t", WORKLOADS[workload], "--data", self.data(), "--limit", str(n),
                "--db", db, "--fresh", "--threads", THREADS, "--precision", precision]

    def ask(self, shape, workload):
        """Runs carat once at f32 and writes down what it asked; returns the items."""
        path, db = self.items_path(shape, workload), self.path("ask.db")
        if not os.path.exists(path):
            for suffix in ("", "-wal", "-shm"):
                if os.path.exists(db + suffix):
                    os.remove(db + suffix)
            timed(self.carat_command(shape, workload, "f32", db), self.path("ask.log"), self.env)
            shown = subprocess.check_output([CARAT, "show", "1", WORKLOADS[workload], "--db", db, "--json", "--limit", "100000"])
            items = [json.loads(line) for line in shown.splitlines()]
            with open(path, "w") as out:
                for item in items:
                    out.write(json.dumps({"query": item["context"], "gold": max(item.get("gold", 0), 0),
                                          "choices": [c["continuation"] for c in item["choices"]] or [""],
                                          "logprobs": [c["logprob"] for c in item["choices"]]}) + "\n")
        return [json.loads(line) for line in open(path)]

    # ---- the peers ----------------------------------------------------------------------

    def run_carat(self, shape, workload, precision):
        db = self.path("run.db")
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(db + suffix):
                os.remove(db + suffix)
        return timed(self.carat_command(shape, workload, precision, db), self.path("carat.log"), self.env)

    def lm_eval_task(self, shape, workload):
        folder = self.path(f"tasks-{shape}-{workload}-{self.count(workload)}")
        os.makedirs(folder, exist_ok=True)
        items = self.items_path(shape, workload)
        common = (f"task: bench_{workload}\ndataset_path: json\ndataset_kwargs:\n  data_files:\n    test: {items}\n"
                  "test_split: test\nnum_fewshot: 0\ndoc_to_text: query\ntarget_delimiter: ''\n")
        if workload == "gsm8k":
            kind = ("output_type: generate_until\ndoc_to_target: gold\ngeneration_kwargs:\n  until: ['Question:', '</s>', "
                    "'<|im_end|>']\n  do_sample: false\n  max_gen_toks: 256\n"
                    "metric_list:\n  - metric: exact_match\n    aggregation: mean\n    higher_is_better: true\n")
        else:
            kind = ("output_type: multiple_choice\ndoc_to_choice: choices\ndoc_to_target: gold\n"
                    "metric_list:\n  - metric: acc\n    aggregation: mean\n    higher_is_better: true\n")
        with open(os.path.join(folder, "task.yaml"), "w") as out:
            out.write(common + kind)
        return folder

    def run_lm_eval(self, shape, workload, precision):
        out = self.path("lm-eval-out")
        shutil.rmtree(out, ignore_errors=True)
        took = timed([self.o.python, "-m", "lm_eval", "--model", "hf", "--model_args",
                      f"pretrained={self.checkpoint(shape)},dtype={DTYPES[precision]}", "--tasks", f"bench_{workload}",
                      "--include_path", self.lm_eval_task(shape, workload), "--batch_size", "8", "--device", "cpu",
                      "--output_path", out, "--log_samples"], self.path("lm-eval.log"), self.env)
        if precision == "f32" and workload != "gsm8k":
            took["max_diff"] = self.compare(shape, workload, out)
        return took

    def compare(self, shape, workload, out):
        stored = [item["logprobs"] for item in self.ask(shape, workload)]
        most = 0.0
        for folder, _, files in os.walk(out):
            for name in files:
                if name.startswith("samples"):
                    for line in open(os.path.join(folder, name)):
                        sample = json.loads(line)
                        theirs = [float(r[0][0] if isinstance(r[0], list) else r[0]) for r in sample["resps"]]
                        most = max([most] + [abs(a - b) for a, b in zip(theirs, stored[sample["doc_id"]])])
        return most

    def llama_file(self, shape, workload):
        """The --multiple-choice format: offsets, then question, answers and labels of each task."""
        path = self.path(f"{shape}-{workload}.bin")
        tasks = []
        for item in self.ask(shape, workload):
            def text(s):
                s = s.encode()
                return struct.pack("<I", len(s)) + s
            answers = [c.lstrip() for c in item["choices"]]
            labels = [int(i == item["gold"]) for i in range(len(answers))]
            tasks.append(text(item["query"]) + struct.pack("<I", len(answers)) + b"".join(map(text, answers)) +
                         struct.pack(f"<{len(labels)}i", *labels) + struct.pack("<I", 0))
        with open(path, "wb") as out:
            out.write(struct.pack("<I", len(tasks)))
            at = 0
            for t in tasks:
                out.write(struct.pack("<I", at))
                at += len(t)
            out.write(b"".join(tasks))
        return path

    def run_llama(self, shape, workload, _):
        return timed([os.path.join(self.o.llama, "llama-perplexity"), "-m", self.gguf(shape), "-t", THREADS, "-c", "4096", "-b",
                      "512", "--multiple-choice", "--multiple-choice-tasks", str(self.count(workload)), "-bf",
                      self.llama_file(shape, workload)], self.path("llama.log"), self.env)

    def run_llama_server(self, shape, workload, _):
        """The prompts of a generation task to the server's parallel slots, all at once, start-up included."""
        sys.path.insert(0, HERE)
        import llama_server
        prompts = [item["query"] for item in self.ask(shape, workload)]
        server = [os.path.join(self.o.llama, "llama-server"), "-m", self.gguf(shape), "-t", THREADS, "--parallel", str(self.o.slots),
                  "-c", str(self.o.slots * 2048), "-b", "512", "--port", "8177", "--no-webui"]
        return llama_server.answer(server, 8177, prompts, ["Question:", "</s>", "<|im_end|>"], 256, self.path("server.log"), self.env)

    # ---- rounds -------------------------------------------------------------------------

    def evaluate(self, shape, precision):
        for workload in self.o.workloads:
            n = len(self.ask(shape, workload))
            peers = {"carat": self.run_carat, "lm-eval": self.run_lm_eval}
            if workload != "gsm8k" and precision == "bf16":
                peers["llama-perplexity"] = self.run_llama
            if workload == "gsm8k" and precision == "bf16":
                peers["llama-server"] = self.run_llama_server
            for i in range(self.o.repeat):
                for name, run in peers.items():
                    if name not in self.o.skip and (self.o.llama or not name.startswith("llama")):
                        self.note(kind="evaluate", shape=shape, workload=workload, n=n, precision=precision, peer=name, round=i,
                                  **run(shape, workload, precision))

    def carat_speed(self, model, i, shape, precision, weights):
        log = self.path("bench.log")
        timed([CARAT, "bench", "-m", model, "--precision", precision, "--repeat", "1", "--threads", THREADS, "--sequences", "1,16",
               "--json"], log, self.env)
        report = json.loads(open(log).read().splitlines()[-1])
        common = {"shape": shape, "precision": precision, "weights": weights, "peer": "carat", "round": i}
        for rate in report["prefill"]:
            self.note(kind="prefill", **common, n=rate["tokens"], tokens_per_s=rate["tokens_per_s"], share=rate["share"],
                      gops=rate["compute_gops"])
        for rate in report["decode"]:
            self.note(kind="decode", **common, n=rate["sequences"], tokens_per_s=rate["tokens_per_s"], share=rate["share"],
                      read_gbps=rate["read_gbps"])

    def llama_speed(self, model, i, shape, precision, weights):
        log = self.path("bench.log")
        timed([os.path.join(self.o.llama, "llama-bench"), "-m", model, "-t", THREADS, "-p", "64,512", "-n", "16", "-r", "1", "-o",
               "json"], log, self.env)
        text = open(log).read()
        for row in json.loads(text[text.index("["):text.rindex("]") + 1]):
            self.note(kind="prefill" if row["n_prompt"] else "decode", shape=shape, precision=precision, weights=weights,
                      peer="llama-bench", round=i, n=row["n_prompt"] or 1, tokens_per_s=row["avg_ts"])

    def transformers_speed(self, i, shape, precision):
        log = self.path("bench.log")
        timed([self.o.python, os.path.join(HERE, "transformers_speed.py"), self.checkpoint(shape), DTYPES[precision]], log, self.env)
        for rate in json.loads(open(log).read().splitlines()[-1]):
            self.note(shape=shape, precision=precision, weights="bf16", peer="transformers", round=i, **rate)

    def speeds(self, shape, precision):
        """Prompts and decoding: carat bench, llama-bench and Transformers by turns."""
        for i in range(self.o.repeat):
            self.carat_speed(self.checkpoint(shape), i, shape, precision, "bf16")
            if "transformers" not in self.o.skip:
                self.transformers_speed(i, shape, precision)
            if precision == "bf16" and self.o.llama and "llama-bench" not in self.o.skip:
                self.llama_speed(self.gguf(shape), i, shape, precision, "bf16")

    def gemma_cpp_speed(self, i):
        """Its 8-bit floats beside Q8_0: the weights have as many bits, the arithmetic is another."""
        for prompt in (64, 512):
            log = self.path("bench.log")
            timed([self.o.python, os.path.join(HERE, "gemma_cpp.py"), self.work, self.o.gemma_cpp, THREADS, "--prompt", str(prompt)],
                  log, self.env)
            report = json.loads(open(log).read().splitlines()[-1])
            for kind in ("prefill",) if prompt > 64 else ("prefill", "decode"):
                self.note(kind=kind, shape="gemma-2b", precision="int8", weights="q8_0", peer="gemma.cpp (SFP)", round=i, **report[kind])

    def quantised_speeds(self, shape):
        """The same files with 8 and 4 bits a weight, int8 activations in both programs."""
        for weights in self.o.quants if self.o.llama else ():
            for i in range(self.o.repeat):
                self.carat_speed(self.quantised(shape, weights), i, shape, "int8", weights)
                self.llama_speed(self.quantised(shape, weights), i, shape, "int8", weights)
                if weights == "q8_0" and shape == "gemma-2b" and self.o.gemma_cpp:
                    self.gemma_cpp_speed(i)


def counts(text):
    """"100,gsm8k=32": how many items, of all workloads and of those named."""
    return {name: int(n) for name, _, n in (w.rpartition("=") for w in text.split(","))}


def versions(o):
    found = {"carat": subprocess.check_output([CARAT, "--version"], text=True).strip()}
    code = "import lm_eval, torch, transformers; print(lm_eval.__version__, torch.__version__, transformers.__version__)"
    try:
        words = subprocess.check_output([o.python, "-c", code], text=True).split()
        found.update(zip(("lm_eval", "torch", "transformers"), words[-3:]))
    except subprocess.CalledProcessError:
        pass
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            found["cpu"] = line.split(":")[1].strip()
            break
    return found


def main():
    p = argparse.ArgumentParser()
    p.add_argument("work")
    for name, default in (("shapes", "65m"), ("precisions", "f32,bf16"), ("workloads", "hellaswag,mmlu,gsm8k"), ("skip", ""), ("quants", "q8_0,q4_0"),
                          ("only", "evaluate,speeds")):
        p.add_argument("--" + name, default=default, type=lambda s: [w for w in s.split(",") if w])
    p.add_argument("--items", type=counts, default="100,gsm8k=32")
    p.add_argument("--slots", type=int, default=8)
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--llama", default="")
    p.add_argument("--gemma-cpp", default=os.environ.get("GEMMA_CPP", ""))
    o = p.parse_args()
    for name in ("shapes", "precisions", "workloads", "skip", "quants", "only"):
        if isinstance(getattr(o, name), str):
            setattr(o, name, [w for w in getattr(o, name).split(",") if w])
    os.makedirs(o.work, exist_ok=True)
    bench = Bench(o)
    bench.note(kind="session", threads=int(THREADS), **versions(o))
    for shape in o.shapes:
        for precision in o.precisions:
            if "evaluate" in o.only:
                bench.evaluate(shape, precision)
            if "speeds" in o.only:
                bench.speeds(shape, precision)
        if "speeds" in o.only:
            bench.quantised_speeds(shape)


main()
