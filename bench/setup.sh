#!/bin/bash
# What bench/peers.py compares carat with, into a folder: llama.cpp built from the source archive of llama-cpp-python,
# lm-eval with Transformers in a virtual environment, and gemma.cpp as pygemma's wheel has it (for Python 3.11 alone). Needs a
# C++ compiler, cmake, python3 and the Python package index.
#
#     bench/setup.sh WORK
set -euo pipefail
work=$(mkdir -p "$1" && cd "$1" && pwd)
llama=${LLAMA_CPP_PYTHON:-0.3.36}
venv=$work/venv
if [ ! -x "$venv/bin/lm_eval" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "lm_eval==${LM_EVAL:-0.4.13}" "transformers==${TRANSFORMERS:-5.23.0}" torch accelerate \
        sentencepiece protobuf numpy gguf
fi
if [ ! -d "$work/llama_cpp_python-$llama" ]; then
    "$venv/bin/pip" download --quiet --no-deps --no-binary :all: -d "$work" "llama-cpp-python==$llama"
    tar -xzf "$work/llama_cpp_python-$llama.tar.gz" -C "$work"
fi
source=$work/llama_cpp_python-$llama/vendor/llama.cpp
if [ ! -x "$work/llama-build/bin/llama-server" ]; then
    cmake -S "$source" -B "$work/llama-build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=ON \
        -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF
    cmake --build "$work/llama-build" -j "${JOBS:-$(nproc)}" --target llama-bench llama-perplexity llama-quantize llama-server
fi
gemma=$work/pygemma
if [ ! -d "$gemma" ]; then
    if "$venv/bin/pip" download --quiet --no-deps --only-binary :all: -d "$work" "pygemma==${PYGEMMA:-0.1.3.post3}"; then
        "$venv/bin/python" -m zipfile -e "$work"/pygemma-*.whl "$gemma.part" && mv "$gemma.part" "$gemma"
    else
        echo "setup.sh: no pygemma for this Python: gemma.cpp is not measured" >&2
    fi
fi
{
    echo "export LLAMA_SOURCE='$source'"
    [ ! -d "$gemma" ] || echo "export GEMMA_CPP='$gemma'"
} >"$work/env"
