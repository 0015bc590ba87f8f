#!/usr/bin/env python3
"""gemma.cpp's prompt and decoding speed at the 2B shape, from the release that the package index has (pygemma).

    bench/gemma_cpp.py WORK FOLDER THREADS [--tokens 16] [--prompt 64]

WORK gets random weights in gemma.cpp's container, once (3.3 GB: 8-bit "SFP" matrices, bf16 embeddings and norms, keys and values
for each of the eight heads, as that release has them), and a tokenizer of 256,128 words. FOLDER has the unpacked wheel. The
program writes each token as it comes, so tokens are timed where they arrive: from the first to the last of `--tokens` is
decoding, from "loaded" to the first is the prompt. Prints one JSON line.

The layout: "SBS\\n", count, size of the file, 16-byte names, then offset and size of each, blobs aligned to 256 bytes
(google/gemma.cpp, compression/blob_store.cc and gemma.cc of March 2024). Needs numpy and sentencepiece.
"""
import argparse, json, os, struct, subprocess, sys, time

VOCAB, HIDDEN, INTER, HEADS, HEAD_DIM, LAYERS = 256128, 2048, 16384, 8, 256, 18
ALIGN = 256
SFP, BF16, NORM = "$", "B", "N"

# The release runs one thread on a machine of two cores, since it leaves two to others; no option of the module says otherwise.
SHIM = "int get_nprocs(void) { return %d; }\nint get_nprocs_conf(void) { return %d; }\n"

CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import pygemma
gemma = pygemma.Gemma()
gemma.load_model(sys.argv[2], sys.argv[3], "2b-pt")
print("LOADED", flush=True)
gemma.completion(sys.argv[4])
"""


def tensors():
    """(kind, name, elements) in no order that matters."""
    yield BF16, "c_embedding", VOCAB * HIDDEN
    yield NORM, "c_final_norm", HIDDEN
    for i in range(LAYERS):
        yield NORM, f"pre_ff_ns_{i}", HIDDEN
        yield SFP, f"gating_ein_{i}", 2 * INTER * HIDDEN
        yield SFP, f"linear_w_{i}", INTER * HIDDEN
        yield SFP, f"qkv_ein_{i}", 3 * HEADS * HEAD_DIM * HIDDEN
        yield SFP, f"att_ein_{i}", HEADS * HEAD_DIM * HIDDEN
        yield NORM, f"pre_att_ns_{i}", HIDDEN


def aligned(n):
    return (n + ALIGN - 1) // ALIGN * ALIGN


def filler(kind, rng):
    """Bytes to repeat: small 8-bit floats without the reserved code 0x80, bf16 of N(0, 0.02), zero norms (a factor of one)."""
    import numpy as np
    if kind == SFP:
        return (rng.integers(1, 64, 1 << 24, dtype=np.uint8) | rng.integers(0, 2, 1 << 24, dtype=np.uint8) << 7).tobytes()
    if kind == BF16:
        drawn = (rng.standard_normal(1 << 22) * 0.02).astype(np.float32).view(np.uint32)
        return (drawn >> 16).astype(np.uint16).tobytes()
    return bytes(2 * HIDDEN)


def write_weights(path):
    import numpy as np
    rng = np.random.default_rng(1)
    fill = {kind: filler(kind, rng) for kind in (SFP, BF16, NORM)}
    blobs = [((BF16 if kind == NORM else kind) + name, kind, n * (1 if kind == SFP else 2)) for kind, name, n in tensors()]
    at = start = aligned(16 + 32 * len(blobs))
    places = b""
    for _, _, size in blobs:
        places += struct.pack("<QQ", at, size)
        at += aligned(size)
    names = b"".join(name.encode().ljust(16, b"\0") for name, _, _ in blobs)
    with open(path + ".part", "wb") as out:
        out.write((b"SBS\n" + struct.pack("<IQ", len(blobs), at) + names + places).ljust(start, b"\0"))
        for _, kind, size in blobs:
            for done in range(0, size, len(fill[kind])):
                out.write(fill[kind][:size - done])
            out.write(bytes(aligned(size) - size))
    os.rename(path + ".part", path)


def write_tokenizer(path):
    """One word an id, so that a text of n words is n tokens and each token that comes shows."""
    from sentencepiece import sentencepiece_model_pb2 as pb
    model = pb.ModelProto()
    model.trainer_spec.model_type = pb.TrainerSpec.UNIGRAM
    model.trainer_spec.vocab_size = VOCAB
    model.trainer_spec.pad_id, model.trainer_spec.eos_id, model.trainer_spec.bos_id, model.trainer_spec.unk_id = 0, 1, 2, 3
    for piece, kind in (("<pad>", 3), ("<eos>", 3), ("<bos>", 3), ("<unk>", 2)):
        model.pieces.add(piece=piece, score=0, type=kind)
    for i in range(4, VOCAB):
        model.pieces.add(piece="\u2581t%06d" % i, score=-i, type=1)
    model.normalizer_spec.name = "identity"
    with open(path, "wb") as out:
        out.write(model.SerializeToString())


def made(path, make):
    if not os.path.exists(path):
        make(path)
    return path


def shim(folder, threads):
    source, library = os.path.join(folder, "nprocs.c"), os.path.join(folder, "nprocs.so")
    with open(source, "w") as out:
        out.write(SHIM % (threads + 2, threads + 2))
    subprocess.check_call(["cc", "-shared", "-fPIC", "-O2", "-o", library, source])
    return library


def arrivals(child, tokens):
    """When the weights were there, and when each of the first `tokens` tokens came."""
    seen, loaded, times = b"", None, []
    while len(times) < tokens:
        piece = os.read(child.stdout.fileno(), 1 << 16)
        now = time.monotonic()
        if not piece:
            raise SystemExit(f"gemma.cpp ended: {seen[-300:].decode(errors='replace')}")
        seen += piece
        if loaded is not None:
            times.append(now)  # each token is written and flushed by itself
        elif b"LOADED\n" in seen:
            loaded = now
    return loaded, times


def main():
    p = argparse.ArgumentParser()
    p.add_argument("work")
    p.add_argument("folder")
    p.add_argument("threads", type=int)
    p.add_argument("--tokens", type=int, default=17)
    p.add_argument("--prompt", type=int, default=64)
    o = p.parse_args()
    weights = made(os.path.join(o.work, "gemma-2b.sbs"), write_weights)
    words = made(os.path.join(o.work, "gemma-2b.spm"), write_tokenizer)
    env = dict(os.environ, LD_PRELOAD=shim(o.work, o.threads), LD_LIBRARY_PATH=o.folder)
    prompt = " ".join("t%06d" % (1000 + i) for i in range(o.prompt - 1))  # and the beginning-of-text token
    child = subprocess.Popen([sys.executable, "-c", CHILD, o.folder, words, weights, prompt], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=env)
    try:
        loaded, times = arrivals(child, o.tokens)
    finally:
        child.kill()
        child.wait()
    print(json.dumps({"prefill": {"n": o.prompt, "tokens_per_s": o.prompt / (times[0] - loaded)},
                      "decode": {"n": 1, "tokens_per_s": (o.tokens - 1) / (times[-1] - times[0])}}))


main()
