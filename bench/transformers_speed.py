#!/usr/bin/env python3
"""Transformers' prompt and decoding speeds on a checkpoint: transformers_speed.py FOLDER float32|bfloat16

Prompts with the last row's logits alone; decoding of one sequence with its cache. One JSON list on the last line.
"""
import json, os, sys, time

import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(len(os.sched_getaffinity(0)))
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=getattr(torch, sys.argv[2])).eval()
rates = []
with torch.inference_mode():
    for n in (64, 512):
        ids = torch.arange(n)[None] % 1000 + 4
        model(ids[:, :8], logits_to_keep=1)
        began = time.monotonic()
        times = 0
        while times < 1 or time.monotonic() - began < 1:
            model(ids, logits_to_keep=1)
            times += 1
        rates.append({"kind": "prefill", "n": n, "tokens_per_s": times * n / (time.monotonic() - began)})
    ids = torch.arange(64)[None] % 1000 + 4
    out = model(ids, use_cache=True, logits_to_keep=1)
    began = time.monotonic()
    steps = 0
    while steps < 8 or (steps < 64 and time.monotonic() - began < 2):
        out = model(out.logits[:, -1:].argmax(-1), past_key_values=out.past_key_values, use_cache=True)
        steps += 1
    rates.append({"kind": "decode", "n": 1, "tokens_per_s": steps / (time.monotonic() - began)})
print(json.dumps(rates))
