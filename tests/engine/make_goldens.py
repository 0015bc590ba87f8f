#!/usr/bin/env python3
"""Writes tests/goldens/engine: tiny random checkpoints of the families that the shared fixtures lack, and what
transformers computes with them.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0 gguf==0.19.0
    /tmp/v/bin/python tests/engine/make_goldens.py tests/goldens/engine

Everything is computed in float32 on one thread, with eager attention, no cache, a batch of one. A checkpoint is
NAME/ (config.json and safetensors) or NAME.gguf; its answers, in NAME.golden/, have the layout of the shared fixtures'
logits: cases.json with .npy files beside it, greedy.json. The folders hold no tokenizer: prompts are ids.

The functions serve comparisons at large as well: build(), save(), save_gguf(), answers().
"""
import json
import math
import os
import sys

import gguf
import numpy as np
import torch
import transformers
from safetensors.torch import save_file

torch.set_num_threads(1)

LENGTHS = [1, 2, 17, 64, 200]
TOP = 8
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


# ---- models --------------------------------------------------------------------------

def build(model_type, seed, dtype="float32", **settings):
    """A float32 model whose weights can be stored as `dtype` without loss: attention is peaked, each block changes the
    residual stream, the softmax of the logits is neither flat nor a spike."""
    config = transformers.AutoConfig.for_model(model_type, **settings)
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)
    fill(model, seed, dtype)
    return model.eval()


def fill(model, seed, dtype):
    generator = torch.Generator().manual_seed(seed)
    gemma = model.config.model_type.startswith("gemma")

    def normal(shape, std):
        return torch.randn(shape, generator=generator) * std

    for name, p in sorted(model.named_parameters()):
        word = name.split(".")[-2]
        if name.endswith(".bias"):
            value = normal(p.shape, 0.3)
        elif p.dim() == 1:
            value = normal(p.shape, 0.3) + (0.0 if gemma else 1.0)
        elif "embed" in word or word == "lm_head":
            value = normal(p.shape, 0.35 / math.sqrt(p.shape[1]) if gemma and "embed" in word else 0.4)
        else:
            gain = 1.8 if word in ("q_proj", "k_proj", "query_key_value") else 1.2
            value = normal(p.shape, gain / math.sqrt(p.shape[1]))
        with torch.no_grad():
            p.copy_(value.to(DTYPES[dtype]).float())
    if gemma:
        with torch.no_grad():
            for p in model.get_input_embeddings().parameters():
                p.mul_(3.0)
                p.copy_(p.to(DTYPES[dtype]).float())


def config_of(model, dtype, style):
    """config.json as transformers 4 or 5 writes it."""
    config = model.config.to_dict()
    config["architectures"] = [type(model).__name__]
    for key in ("dtype", "torch_dtype", "_name_or_path", "_attn_implementation"):
        config.pop(key, None)
    if style == 5:
        config["dtype"] = dtype
        return config
    config["torch_dtype"] = dtype
    ropes = config.pop("rope_parameters", None) or {}
    local = ropes.get("sliding_attention") if "full_attention" in ropes else None
    rope = dict(ropes.get("full_attention", ropes))
    if "rope_theta" in rope:
        config["rope_theta"] = rope.pop("rope_theta")
    if local:
        config["rope_local_base_freq"] = local["rope_theta"]
    config["rope_scaling"] = rope if rope.get("rope_type", "default") != "default" else None
    return config


def save(model, folder, dtype, style=5, shards=1, keep_head=False):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/config.json", "w") as f:
        json.dump(config_of(model, dtype, style), f, indent=1, sort_keys=True)
    tensors = {k: v.to(DTYPES[dtype]).contiguous().clone() for k, v in model.state_dict().items()}
    if model.config.tie_word_embeddings and not keep_head:
        tensors.pop("lm_head.weight", None)
    if shards == 1:
        save_file(tensors, f"{folder}/model.safetensors", {"format": "pt"})
        return
    names = [f"model-{i + 1:05}-of-{shards:05}.safetensors" for i in range(shards)]
    place = {k: names[i % shards] for i, k in enumerate(tensors)}
    for name in names:
        save_file({k: v for k, v in tensors.items() if place[k] == name}, f"{folder}/{name}", {"format": "pt"})
    with open(f"{folder}/model.safetensors.index.json", "w") as f:
        json.dump({"metadata": {}, "weight_map": place}, f, indent=1)


# ---- GGUF ----------------------------------------------------------------------------

LAYER_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
    "self_attention.query_key_value": "attn_qkv", "self_attention.dense": "attn_output", "ln_attn": "attn_norm_2",
    "ln_mlp": "attn_norm", "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
}
TOP_NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "transformer.word_embeddings": "token_embd", "transformer.ln_f": "output_norm",
}


def gguf_name(model, name):
    stem, kind = name.rsplit(".", 1)
    if stem in TOP_NAMES:
        return f"{TOP_NAMES[stem]}.{kind}"
    parts = stem.split(".")
    at = next(i for i, p in enumerate(parts) if p.isdigit())
    rest = ".".join(parts[at + 1:])
    if rest == "post_attention_layernorm":
        own = "post_attention_norm" if model.config.model_type in ("gemma2", "gemma3_text") else "ffn_norm"
    else:
        own = LAYER_NAMES[rest]
    return f"blk.{parts[at]}.{own}.{kind}"


def neighbours(x, heads):
    """Rows of a head in the order in which neighbours turn together."""
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def split_groups(x, heads, groups):
    """Falcon's rows, by key-value head, as all queries, all keys, all values."""
    per = heads // groups
    y = x.reshape(groups, per + 2, -1, *x.shape[1:])
    return np.concatenate([y[:, :per].reshape(-1, *x.shape[1:]), y[:, per].reshape(-1, *x.shape[1:]),
                           y[:, per + 1].reshape(-1, *x.shape[1:])])


def join_groups(x, heads, groups, hd):
    per = heads // groups
    q, k, v = np.split(x, [heads * hd, (heads + groups) * hd])
    return np.concatenate([q.reshape(groups, per, hd, *x.shape[1:]), k.reshape(groups, 1, hd, *x.shape[1:]),
                           v.reshape(groups, 1, hd, *x.shape[1:])], axis=1).reshape(x.shape)


def k_block(kind, shape, rng):
    """Random blocks of a k-quant: sane scales, any bits. The package reads them but does not make them."""
    sizes = {"Q2_K": 84, "Q3_K": 110, "Q4_K": 144, "Q5_K": 176, "Q6_K": 210}
    scales = {"Q2_K": (80, 84), "Q3_K": (108, 110), "Q4_K": (0, 4), "Q5_K": (0, 4), "Q6_K": (208, 210)}
    unit = {"Q2_K": 0.012, "Q3_K": 0.0015, "Q4_K": 0.0004, "Q5_K": 0.0002, "Q6_K": 0.00006}[kind]
    n = shape[0] * shape[1] // 256
    data = rng.integers(0, 256, (n, sizes[kind]), dtype=np.uint8)
    first, end = scales[kind]
    halves = (rng.uniform(0.5, 1.5, (n, (end - first) // 2)) * unit * 24 / math.sqrt(shape[1])).astype(np.float16)
    if end - first == 4:
        halves[:, 1] *= np.float16({"Q2_K": 1.5, "Q4_K": 7.5, "Q5_K": 15.5}[kind])
    data[:, first:end] = halves.view(np.uint8).reshape(n, -1)
    return data.reshape(shape[0], -1)


def head_dim(config):
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def llama3_factors(config):
    rope = config.rope_parameters
    hd = head_dim(config)
    low, high, old = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    out = []
    for i in range(0, hd, 2):
        wave = 2 * math.pi * rope["rope_theta"] ** (i / hd)
        smooth = min(max((old / wave - low) / (high - low), 0), 1)
        out.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(out, dtype=np.float32)


def write_keys(w, config, arch):
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(config.hidden_size)
    w.add_block_count(config.num_hidden_layers)
    w.add_head_count(config.num_attention_heads)
    if arch == "falcon":
        w.add_tensor_data_layout("jploski")
        w.add_feed_forward_length(config.ffn_hidden_size)
        w.add_head_count_kv(config.num_kv_heads if config.new_decoder_architecture or not config.multi_query else 1)
        w.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    rope = config.rope_parameters.get("full_attention", config.rope_parameters)
    hd = head_dim(config)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count_kv(config.num_key_value_heads)
    w.add_layer_norm_rms_eps(config.rms_norm_eps)
    w.add_key_length(hd)
    w.add_value_length(hd)
    w.add_rope_freq_base(rope["rope_theta"])
    if arch == "llama":
        w.add_rope_dimension_count(hd)
    if rope["rope_type"] == "linear":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(rope["factor"])
    if arch in ("gemma2", "gemma3"):
        w.add_sliding_window(config.sliding_window)
    if arch == "gemma2":
        w.add_attn_logit_softcapping(config.attn_logit_softcapping)
        w.add_final_logit_softcapping(config.final_logit_softcapping)


def write_vocabulary(w, size, bos, eos):
    """A SentencePiece vocabulary of no use but to be read."""
    tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % i for i in range(256)]
    types = [2, 3, 3] + [6] * 256
    tokens += [b"w%d" % i for i in range(size - len(tokens))]
    types += [1] * (size - len(types))
    w.add_tokenizer_model("llama")
    w.add_token_list(tokens[:size])
    w.add_token_scores([-float(i) for i in range(size)])
    w.add_token_types(types[:size])
    w.add_bos_token_id(bos)
    w.add_eos_token_id(eos)


def save_gguf(model, path, kind="F32", version=3, seed=0, vocabulary=False):
    """Writes the file, and puts into the model what it holds (matrices, quantized and back)."""
    config, rng = model.config, np.random.default_rng(seed)
    arch = {"mistral": "llama", "gemma3_text": "gemma3"}.get(config.model_type, config.model_type)
    w = gguf.GGUFWriter(path, arch)
    write_keys(w, config, arch)
    if vocabulary:
        write_vocabulary(w, config.vocab_size, 1, 2)
    heads = config.num_attention_heads
    groups = getattr(config, "num_key_value_heads", 1)
    if arch == "falcon":
        groups = config.num_kv_heads if config.new_decoder_architecture or not config.multi_query else 1
    state = model.state_dict()
    for name, p in state.items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        x = p.numpy().astype(np.float32)
        qk = arch == "llama" and (".q_proj." in name or ".k_proj." in name)
        n = heads if ".q_proj." in name else groups
        fused = "query_key_value" in name
        x = neighbours(x, n) if qk else split_groups(x, heads, groups) if fused else x
        if arch.startswith("gemma") and x.ndim == 1 and name.endswith("norm.weight"):
            x = x + 1
        to = gguf_name(model, name)
        stored = kind if x.ndim == 2 else "F32"
        if stored.endswith("_K"):
            data = k_block(stored, x.shape, rng)
        else:
            data = gguf.quants.quantize(x, gguf.GGMLQuantizationType[stored])
        w.add_tensor(to, data, raw_dtype=gguf.GGMLQuantizationType[stored])
        if x.ndim == 2:
            y = gguf.quants.dequantize(data, gguf.GGMLQuantizationType[stored]).astype(np.float32)
            if qk:
                y = y.reshape(n, y.shape[0] // n // 2, 2, *y.shape[1:]).swapaxes(1, 2).reshape(y.shape)
            if fused:
                y = join_groups(y, heads, groups, config.hidden_size // heads)
            with torch.no_grad():
                p.copy_(torch.from_numpy(y.copy()))
    if arch != "falcon" and config.rope_parameters.get("rope_type") == "llama3":
        w.add_tensor("rope_freqs.weight", llama3_factors(config))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    if version != 3:
        with open(path, "r+b") as f:
            f.seek(4)
            f.write(version.to_bytes(4, "little"))


# ---- answers -------------------------------------------------------------------------

def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0].float().numpy()


def greedy(model, prompt, n):
    ids, gap = list(prompt), math.inf
    for _ in range(n):
        row = logits_of(model, ids)[-1]
        best = np.sort(row)[-2:]
        gap = min(gap, float(best[1] - best[0]))
        ids.append(int(row.argmax()))
    return ids[len(prompt):], gap


def answers(model, folder, seed, lengths=LENGTHS, n_prompts=3, n_new=24):
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(seed)
    vocab, bos = model.config.vocab_size, model.config.bos_token_id
    cases = []
    for length in lengths:
        ids = [bos] + [int(i) for i in rng.integers(3, vocab, length - 1)]
        x = logits_of(model, ids)
        lse = np.log(np.exp((x - x.max(1, keepdims=True)).astype(np.float64)).sum(1)) + x.max(1)
        top = np.argsort(-x, axis=1, kind="stable")[:, :TOP]
        arrays = {"top_ids": top.astype("<i4"), "top_logits": np.take_along_axis(x, top, 1), "lse": lse.astype("<f4"),
                  "last": x[-1]}
        if length <= 17:
            arrays["logits"] = x
        if length > 1:
            arrays["nll"] = (lse[:-1] - x[np.arange(length - 1), ids[1:]]).astype("<f4")
        files = {}
        for key, a in arrays.items():
            files[key] = f"len{length}.{key}.npy"
            np.save(f"{folder}/{files[key]}", np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")))
        p = np.exp(x - lse[:, None])
        cases.append({"name": f"len{length}", "ids": ids, "files": files,
                      "mean_entropy": round(float(-(p * (x - lse[:, None])).sum(1).mean()), 4)})
    texts = []
    while len(texts) < n_prompts:
        prompt = [bos] + [int(i) for i in rng.integers(3, vocab, int(rng.integers(3, 40)))]
        ids, gap = greedy(model, prompt, n_new)
        if gap > 5e-3:
            texts.append({"prompt_ids": prompt, "ids": ids, "min_gap": round(gap, 5)})
    for name, what in (("cases.json", cases), ("greedy.json", texts)):
        with open(f"{folder}/{name}", "w") as f:
            f.write("[\n" + ",\n".join(json.dumps(x) for x in what) + "\n]\n")
    return cases


# ---- what is committed ---------------------------------------------------------------

LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
SMALL = {"vocab_size": 300, "hidden_size": 48, "num_hidden_layers": 2, "max_position_embeddings": 512}
LLAMA = dict(SMALL, intermediate_size=96, num_attention_heads=6, num_key_value_heads=2, rms_norm_eps=1e-5)
FALCON = dict(SMALL, bos_token_id=11, eos_token_id=11)

CHECKPOINTS = {
    "llama3-tied-bf16": ("llama", "bfloat16", 4, 1, dict(LLAMA, head_dim=16, tie_word_embeddings=True, rope_parameters=LLAMA3)),
    "llama3-biases-f16-sharded": ("llama", "float16", 5, 2, dict(LLAMA, attention_bias=True, mlp_bias=True, rope_parameters=dict(
        LLAMA3, rope_theta=1e4, factor=4.0, original_max_position_embeddings=32))),
    "falcon-7b-bf16": ("falcon", "bfloat16", 4, 1, dict(FALCON, num_attention_heads=6)),
    "falcon-40b-f16": ("falcon", "float16", 5, 1, dict(FALCON, num_attention_heads=6, num_kv_heads=2, ffn_hidden_size=128,
                                                      new_decoder_architecture=True, bias=True)),
    "falcon-sequential-bf16": ("falcon", "bfloat16", 5, 1, dict(FALCON, num_attention_heads=4, multi_query=False, bias=True,
                                                                parallel_attn=False, ffn_hidden_size=96)),
}
GGUFS = {
    "llama3.q8_0": ("llama", "Q8_0", dict(LLAMA, hidden_size=64, num_attention_heads=8, tie_word_embeddings=True, rope_parameters=LLAMA3)),
    "falcon-7b.f32": ("falcon", "F32", dict(FALCON, hidden_size=32, num_attention_heads=4)),
    "falcon-40b.q8_0": ("falcon", "Q8_0", dict(FALCON, hidden_size=64, num_attention_heads=8, num_kv_heads=4, ffn_hidden_size=96,
                                              new_decoder_architecture=True)),
    "qwen2.q4_0": ("qwen2", "Q4_0", dict(LLAMA, hidden_size=64, num_attention_heads=4, bos_token_id=1, rope_parameters={
        "rope_type": "default", "rope_theta": 1e6})),
}


def main(out):
    seed = 0
    for name, (model_type, dtype, style, shards, settings) in CHECKPOINTS.items():
        seed += 1
        model = build(model_type, seed, dtype, **settings)
        save(model, f"{out}/{name}", dtype, style, shards)
        cases = answers(model, f"{out}/{name}.golden", seed)
        print(name, [c["mean_entropy"] for c in cases])
    for name, (model_type, kind, settings) in GGUFS.items():
        seed += 1
        model = build(model_type, seed, **settings)
        save_gguf(model, f"{out}/{name}.gguf", kind)
        cases = answers(model, f"{out}/{name}.golden", seed)
        print(name, [c["mean_entropy"] for c in cases])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
