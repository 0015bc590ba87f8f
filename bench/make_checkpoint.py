#!/usr/bin/env python3
"""A checkpoint of Gemma's architecture with random weights, to measure speed with.

    bench/make_checkpoint.py 65m|gemma-2b FOLDER

Writes config.json, model.safetensors (bf16, as training starts: N(0, 0.02)) and the demo checkpoint's tokenizer,
whose ids are a part of the vocabulary. Needs numpy.
"""
import json, os, shutil, sys

import numpy as np

SHAPES = {  # layers, hidden, intermediate, heads, key-value heads, head_dim, vocabulary
    "65m": (7, 512, 4096, 4, 1, 128, 32000),
    "gemma-2b": (18, 2048, 16384, 8, 1, 256, 256000),
}


def tensors(shape):
    layers, hidden, inter, heads, kv, dim, vocab = shape
    yield "model.embed_tokens.weight", (vocab, hidden)
    for i in range(layers):
        for name, size in (("self_attn.q_proj", (heads * dim, hidden)), ("self_attn.k_proj", (kv * dim, hidden)),
                           ("self_attn.v_proj", (kv * dim, hidden)), ("self_attn.o_proj", (hidden, heads * dim)),
                           ("mlp.gate_proj", (inter, hidden)), ("mlp.up_proj", (inter, hidden)),
                           ("mlp.down_proj", (hidden, inter)), ("input_layernorm", (hidden,)),
                           ("post_attention_layernorm", (hidden,))):
            yield f"model.layers.{i}.{name}.weight", size
    yield "model.norm.weight", (hidden,)


def main():
    name, folder = sys.argv[1], sys.argv[2]
    shape = SHAPES[name]
    layers, hidden, inter, heads, kv, dim, vocab = shape
    demo = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo", "models", "late")
    os.makedirs(folder, exist_ok=True)
    for f in ("tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(os.path.join(demo, f), folder)
    json.dump({"architectures": ["GemmaForCausalLM"], "model_type": "gemma", "num_hidden_layers": layers,
               "hidden_size": hidden, "intermediate_size": inter, "num_attention_heads": heads,
               "num_key_value_heads": kv, "head_dim": dim, "vocab_size": vocab, "max_position_embeddings": 8192,
               "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-6,
               "rope_theta": 10000.0, "tie_word_embeddings": True, "attention_bias": False, "bos_token_id": 2,
               "eos_token_id": 1, "pad_token_id": 0, "torch_dtype": "bfloat16"},
              open(os.path.join(folder, "config.json"), "w"), indent=1)
    header, at = {}, 0
    for tensor, size in tensors(shape):
        n = 2 * int(np.prod(size))
        header[tensor] = {"dtype": "BF16", "shape": list(size), "data_offsets": [at, at + n]}
        at += n
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    rng = np.random.default_rng(1)
    with open(os.path.join(folder, "model.safetensors.new"), "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for tensor, size in tensors(shape):
            left = int(np.prod(size))
            while left:  # in pieces: memory stays small
                n = min(left, 1 << 24)
                if len(size) == 1:  # Gemma's gains are 1 + w
                    bits = np.zeros(n, np.uint16)
                else:
                    x = rng.standard_normal(n, np.float32) * np.float32(0.02)
                    bits = (x.view(np.uint32) >> 16).astype(np.uint16)
                out.write(bits.tobytes())
                left -= n
    os.replace(os.path.join(folder, "model.safetensors.new"), os.path.join(folder, "model.safetensors"))


main()
