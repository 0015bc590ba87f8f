#!/usr/bin/env python3
"""The tables of docs/performance.md from WORK/results.jsonl: bench/tables.py WORK [docs/performance.md]

Without a page they go to stdout; with one they replace what stands between its "peers" marks. Medians over rounds; ratios
are medians of each round's own ratio, since the machine is not the same from one minute to the next.
"""
import json, statistics, sys
from collections import defaultdict

BEGIN, END = "<!-- peers: bench/tables.py -->", "<!-- /peers -->"


def median(values):
    return statistics.median(values) if values else None


def load(path):
    sessions, rows = [], []
    for line in open(path):
        row = json.loads(line)
        (sessions if row["kind"] == "session" else rows).append(row)
    return sessions, rows


def by_round(rows, *keys):
    """{key: {peer: [row of each round, in order]}}"""
    out = defaultdict(lambda: defaultdict(list))
    for row in rows:
        out[tuple(row[k] for k in keys)][row["peer"]].append(row)
    return out


def ratios(ours, theirs, what):
    return median([b[what] / a[what] for a, b in zip(ours, theirs)])


def evaluations(rows):
    yield "| model | workload | precision | program | rounds | wall s | CPU s | peak MiB | carat's wall ratio | CPU ratio |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for (shape, precision, workload, n), peers in sorted(by_round(rows, "shape", "precision", "workload", "n").items()):
        for peer, list_ in sorted(peers.items()):
            ratio = ["", ""]
            if peer != "carat":
                ratio = [f"{ratios(peers['carat'], list_, w):.1f}" for w in ("wall_s", "cpu_s")]
            yield (f"| {shape} | {workload}-like x {n} | {precision} | {peer} | {len(list_)} | "
                   f"{median([r['wall_s'] for r in list_]):.1f} | {median([r['cpu_s'] for r in list_]):.1f} | "
                   f"{median([r['rss_mib'] for r in list_]):.0f} | {ratio[0]} | {ratio[1]} |")


def speeds(rows, kind, unit):
    yield f"| model | weights | precision | {unit} | program | rounds | tokens/s | carat's ratio | share of the limit |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    chosen = [r for r in rows if r["kind"] == kind]
    for (shape, weights, precision, n), peers in sorted(by_round(chosen, "shape", "weights", "precision", "n").items()):
        for peer, list_ in sorted(peers.items()):
            ratio = share = ""
            if peer == "carat":
                share = f"{100 * median([r['share'] for r in list_]):.0f} %"
            elif peers["carat"]:
                ratio = f"{1 / ratios(peers['carat'], list_, 'tokens_per_s'):.2f}"
            yield (f"| {shape} | {weights} | {precision} | {n} | {peer} | {len(list_)} | {median([r['tokens_per_s'] for r in list_]):.1f} | "
                   f"{ratio} | {share} |")


def text(sessions, rows):
    s = sessions[-1]
    loads = [r["load"] for r in rows]
    lines = [f"{s['cpu']}, {s['threads']} threads; {s['carat']}; lm_eval {s.get('lm_eval', '-')}, torch {s.get('torch', '-')}, "
             f"transformers {s.get('transformers', '-')}. Load average of the machine while it ran: {min(loads):.0f} to "
             f"{max(loads):.0f}.", ""]
    done = [r for r in rows if r["kind"] == "evaluate"]
    if done:
        lines += list(evaluations(done)) + [""]
        diffs = [r["max_diff"] for r in done if "max_diff" in r]
        if diffs:
            lines += [f"Largest difference of a log-probability between lm-eval and carat at f32: {max(diffs):.1e}.", ""]
    for kind, unit in (("prefill", "prompt"), ("decode", "sequences")):
        if any(r["kind"] == kind for r in rows):
            lines += list(speeds(rows, kind, unit)) + [""]
    return "\n".join(lines)


def main():
    made = text(*load(sys.argv[1] + "/results.jsonl"))
    if len(sys.argv) < 3:
        print(made)
        return
    page = open(sys.argv[2]).read()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    with open(sys.argv[2], "w") as out:
        out.write(before + BEGIN + "\n\n" + made + "\n" + END + after)


main()
