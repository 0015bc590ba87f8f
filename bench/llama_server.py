"""Prompts to the parallel slots of a llama-server that is started for them: wall and CPU seconds, start-up included."""
import json, os, subprocess, time, urllib.request
from concurrent.futures import ThreadPoolExecutor


def post(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=3600) as reply:
        return json.load(reply)


def await_health(port, child, seconds=600):
    for _ in range(seconds * 10):
        if child.poll() is not None:
            raise SystemExit(f"llama-server ended with {child.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
                if reply.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("llama-server does not become healthy")


def answer(command, port, prompts, stops, max_tokens, log, env):
    began = time.monotonic()
    with open(log, "wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env)
        try:
            await_health(port, child)
            with ThreadPoolExecutor(len(prompts)) as pool:
                replies = list(pool.map(lambda p: post(port, "/completion", {"prompt": p, "n_predict": max_tokens, "stop": stops,
                                                                             "temperature": 0, "cache_prompt": True}), prompts))
            wall = time.monotonic() - began
        finally:
            child.terminate()
            _, _, usage = os.wait4(child.pid, 0)
            child.returncode = 0
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mib": usage.ru_maxrss / 1024,
            "tokens_out": sum(r["tokens_predicted"] for r in replies)}
