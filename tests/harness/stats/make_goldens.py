#!/usr/bin/env python3
"""Writes tests/goldens/stats/*.json: what SciPy, statsmodels and Python say.

    python3 -m venv /tmp/venv-stats && /tmp/venv-stats/bin/pip install scipy statsmodels lm_eval==0.4.13
    /tmp/venv-stats/bin/python tests/harness/stats/make_goldens.py

Each file is a list of [arguments, expected]. Where neither library has the thing, the expected value comes
from another road than the C code takes: Tango's interval from a numerical search for the constrained maximum of
the likelihood, detectable differences from a root of Connor's formula, the bootstrap from random.Random.
"""
import json
import math
import os
import random

import numpy as np
import scipy.optimize as opt
import scipy.special as sp
import scipy.stats as st
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from lm_eval.api.metrics import mean_stderr, pooled_sample_stderr
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "goldens", "stats")


def write(name, rows):
    with open(os.path.join(OUT, name + ".json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
    print(f"{name}: {len(rows)}")


def distributions():
    ps = [1e-300, 1e-20, 1e-9, 0.001, 0.01, 0.025, 0.2, 0.4, 0.49, 0.51, 0.8, 0.9, 0.975, 0.995, 0.9999]
    write("normal_quantile", [[[p], st.norm.ppf(p)] for p in ps])
    dfs = [1, 2, 3, 4, 7.5, 10, 29, 56, 100, 1318, 14041, 1e6]
    write("t_quantile", [[[p, d], st.t.ppf(p, d)] for d in dfs for p in [1e-6, 0.0025, 0.025, 0.3, 0.9, 0.975, 0.9995]])
    write("t_p", [[[t, d], 2 * st.t.sf(abs(t), d)] for d in dfs for t in [0.001, 0.5, -1.0, 1.96, 3.3, -8.0, 25.0]])
    ab = [0.5, 1, 2.5, 8, 30, 150.5, 4000, 50000]
    rows = [[[a, b, x], sp.betainc(a, b, x)] for a in ab for b in ab for x in [1e-6, 0.03, 0.5, 0.9, a / (a + b)]]
    write("beta", [r for r in rows if r[1] > 1e-290])
    rows = []
    for n in [1, 2, 7, 15, 16, 40, 164, 1319, 14042, 1000000]:
        for k in sorted({0, 1, n // 7, n // 3, n // 2 - 1, n // 2, n // 2 + 1, 3 * n // 4, n - 1, n}):
            for p in [0.5, 0.25, 0.013]:
                if 0 <= k <= n:
                    rows.append([[k, n, p], [float(st.binom.pmf(k, n, p)), float(st.binom.cdf(k, n, p))]])
    write("binomial", [r for r in rows if min(r[1]) > 1e-290])


def score_tango(both, only_a, only_b, neither, delta):
    """The score statistic with the constrained maximum found numerically."""
    n = both + only_a + only_b + neither
    same = both + neither

    low, high = max(0.0, -delta), (1 - delta) / 2

    def slope(q):  # of the log-likelihood in q = P(only A), P(only B) = q + delta; it is concave
        total = 0.0
        if only_a:
            total += only_a / q
        if only_b:
            total += only_b / (q + delta)
        if same:
            total -= 2 * same / (1 - 2 * q - delta)
        return total

    eps = 1e-15
    if slope(low + eps) <= 0:
        q = low
    elif slope(high - eps) >= 0:
        q = high
    else:
        q = opt.brentq(slope, low + eps, high - eps, xtol=1e-16, rtol=1e-14)
    distance, variance = only_b - only_a - n * delta, n * (2 * q + delta * (1 - delta))
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(1e9, distance) if distance else 0.0


def tango(both, only_a, only_b, neither, level):
    n = both + only_a + only_b + neither
    z = st.norm.ppf((1 + level) / 2)
    seen = (only_b - only_a) / n
    f = lambda d, want: score_tango(both, only_a, only_b, neither, d) - want
    low = opt.brentq(f, -1 + 1e-9, seen, args=(z,), xtol=1e-15, rtol=1e-13) if seen > -1 else -1
    high = opt.brentq(f, seen, 1 - 1e-9, args=(-z,), xtol=1e-15, rtol=1e-13) if seen < 1 else 1
    return [low, high]


def intervals():
    counts = [(0, 1), (1, 1), (0, 10), (10, 10), (3, 10), (81, 164), (164, 164), (807, 1319), (1319, 1319), (9000, 14042)]
    write("wilson", [[[k, n, c], list(proportion_confint(k, n, alpha=1 - c, method="wilson"))]
                     for k, n in counts for c in (0.8, 0.95, 0.99)])
    tables = [(794, 150, 86, 570), (43, 0, 1, 0), (10, 0, 0, 5), (1, 0, 0, 0), (0, 7, 0, 0), (0, 0, 7, 0),
              (5, 1, 9, 3), (53, 16, 8, 9), (500, 120, 161, 538), (7000, 900, 1100, 5042), (0, 3, 4, 0)]
    write("tango", [[[*t, c], tango(*t, c)] for t in tables for c in (0.9, 0.95, 0.995)])


def tests():
    pairs = [(0, 0), (0, 1), (1, 0), (5, 0), (4, 4), (10, 3), (9, 25), (150, 86), (161, 120), (900, 1100), (3, 700), (7000, 7100)]
    rows = []
    for b, c in pairs:
        p = float(mcnemar([[0, b], [c, 0]], exact=True).pvalue) if b + c else 1.0
        k, n = min(b, c), b + c
        mid = 1.0 if n == 0 else (1 - st.binom.pmf(k, n, 0.5) / 2 if b == c
                                  else 2 * st.binom.cdf(k, n, 0.5) - st.binom.pmf(k, n, 0.5))
        assert n == 0 or abs(p - st.binomtest(k, n, 0.5).pvalue) <= 1e-12
        rows.append([[b, c], [min(1.0, p), float(mid)]])
    write("mcnemar", rows)
    families = [[0.04], [0.01, 0.04, 0.03], [0.5, 0.5, 0.5], [1, 0, 1e-12, 0.2, 0.05, 0.05, 0.0499],
                [0.003, 0.6, 0.012, 0.012, 0.04, 0.9, 1e-5]]
    write("holm", [[f, list(multipletests(f, method="holm")[1])] for f in families])


def paired():
    """Scores of two models, 0/1 and not, in groups of unequal size; OLS on a constant for the clustered error."""
    rows = []
    rng = random.Random(7)
    for n, groups, binary in [(9, 2, True), (12, 3, True), (60, 5, False), (240, 11, True), (240, 57, False), (400, 40, True)]:
        cluster = [min(int(rng.random() ** 1.6 * groups), groups - 1) for _ in range(n)]
        cluster[:2] = [0, 1]
        effect = [rng.gauss(0, 0.15) for _ in range(groups)]
        draw = (lambda p: float(rng.random() < p)) if binary else (lambda p: round(min(1, max(0, rng.gauss(p, 0.3))), 3))
        a = [draw(0.45) for _ in range(n)]
        b = [x if rng.random() < 0.6 else draw(0.55 + effect[g]) for x, g in zip(a, cluster)]
        d = np.array(b) - np.array(a)
        names = {g: i for i, g in enumerate(sorted(set(cluster)))}
        fit = sm.OLS(d, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": np.array([names[g] for g in cluster])}, use_t=True)
        assert fit.bse[0] > 1e-6  # else rounding errors would be compared
        t = st.ttest_rel(b, a)
        sd = float(np.std(d, ddof=1))
        half = st.t.ppf(0.975, len(names) - 1) * fit.bse[0]
        rows.append([[a, b, cluster, groups], {
            "difference": float(d.mean()), "sd": sd, "se": sd / math.sqrt(n), "p_t": float(t.pvalue),
            "n_clusters": len(names), "cluster_se": float(fit.bse[0]), "p_cluster": float(fit.pvalues[0]),
            "cluster_interval": [float(d.mean() - half), float(d.mean() + half)],
            "t_interval": [float(x) for x in t.confidence_interval(0.95)],
            "bootstrap": [bootstrap(list(d), None, 1234), bootstrap(list(d), cluster, 99)]}])
    write("paired", rows)


def ols_on_a_constant(values, cluster):
    """Mean, cluster-robust error (CR1) and 95 % interval by t with G - 1 degrees."""
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": np.array(cluster)}, use_t=True)
    return float(fit.params[0]), float(fit.bse[0]), [float(x) for x in fit.conf_int()[0]]


def one_score():
    """One score of items in groups; the errors of both averages by w' S w, weights and covariance of the groups' means."""
    rows = []
    rng = random.Random(11)
    for n, groups, binary in [(8, 2, True), (40, 4, False), (120, 7, True), (300, 57, True), (500, 21, False)]:
        cluster = list(range(groups)) * 2 + [min(int(rng.random() ** 1.4 * groups), groups - 1) for _ in range(n - 2 * groups)]
        level = [rng.uniform(0.2, 0.8) for _ in range(groups)]
        values = [float(rng.random() < level[g]) if binary else round(rng.uniform(0, 1), 3) for g in cluster]
        mean, se, interval = ols_on_a_constant(np.array(values), cluster)
        assert se > 1e-6
        leaves = [[v for v, c in zip(values, cluster) if c == g] for g in range(groups)]
        sizes = np.array([len(x) for x in leaves], float)
        means, errors = np.array([np.mean(x) for x in leaves]), np.array([st.sem(x) for x in leaves])
        covariance = np.diag(errors ** 2)
        by_size, each = sizes / sizes.sum(), np.full(groups, 1 / groups)
        rows.append([[values, cluster, groups], {
            "over_items": mean, "stderr": float(mean_stderr(values)), "cluster_se": se, "cluster_interval": interval,
            "pooled_stderr": float(pooled_sample_stderr(list(errors), [len(x) for x in leaves])),
            "over_items_se": float(np.sqrt(by_size @ covariance @ by_size)),
            "over_parts": float(each @ means), "over_parts_se": float(np.sqrt(each @ covariance @ each))}])
    write("one_score", rows)


def groups():
    rows = []
    for a, n, b, m in [(8, 10, 3, 9), (0, 10, 0, 20), (164, 164, 12, 164), (500, 1000, 620, 1000), (1, 1, 1, 1), (9000, 14042, 30, 40)]:
        low, high = confint_proportions_2indep(a, n, b, m, method="newcomb")
        rows.append([[a, n, b, m], [a / n - b / m, float(low), float(high)]])
    write("mover", rows)
    rows = []
    for counts in [[(8, 10)], [(0, 10), (20, 20)], [(164, 164)] * 3, [(700, 1267), (800, 1838), (55, 164), (1, 500), (1319, 1319)]]:
        p = np.array([k / n for k, n in counts])
        low, high = np.array([proportion_confint(k, n, method="wilson") for k, n in counts]).T
        rows.append([[list(c) for c in counts], [float(p.mean()), float(p.mean() - np.linalg.norm(p - np.clip(low, 0, 1)) / len(p)),
                                                 float(p.mean() + np.linalg.norm(np.clip(high, 0, 1) - p) / len(p))]])
    write("group", rows)


def bootstrap(d, cluster, seed, resamples=999, level=0.95):
    rng = random.Random(seed)
    if cluster is None:
        units = [([x]) for x in d]
    else:
        units = [[x for x, g in zip(d, cluster) if g == want] for want in sorted(set(cluster))]
    units = [(total(u), len(u)) for u in units]
    means = []
    for _ in range(resamples):
        drawn = [units[rng.randrange(len(units))] for _ in units]
        means.append(total(s for s, _ in drawn) / total(n for _, n in drawn))
    means.sort()
    k = round((resamples + 1) * (1 - level) / 2)
    return [means[k - 1], means[-k]]


def total(values):
    s = 0.0
    for x in values:
        s += x
    return float(s)


def power():
    def needed(diff, disc, alpha, pw):
        za, zb = st.norm.isf(alpha / 2), st.norm.ppf(pw)
        return (za * math.sqrt(disc) + zb * math.sqrt(disc - diff * diff)) ** 2 / diff ** 2

    rows = [[[d, s, al, pw], needed(d, s, al, pw)] for d in (0.005, 0.02, -0.1, 0.3) for s in (0.3, 0.45, 1.0)
            for al, pw in ((0.05, 0.8), (0.05 / 17, 0.9))]
    write("items_needed", rows)
    rows = []
    for n, s in ((100, 0.3), (164, 0.25), (1319, 0.2), (10042, 0.12), (14042, 0.31)):
        root = opt.brentq(lambda d: needed(d, s, 0.05, 0.8) - n, 1e-6, s, xtol=1e-16, rtol=1e-14)
        rows.append([[n, s, 0.05, 0.8], root])
    for n, s in ((100, 0.01), (40, 0.0), (1000, 0.003)):  # too few differ: what if all that differ were on one side
        rows.append([[n, s, 0.05, 0.8], opt.brentq(lambda d: needed(d, d, 0.05, 0.8) - n, 1e-9, 1, xtol=1e-16, rtol=1e-14)])
    write("detectable", rows)
    # The other road for scores that are not 0/1: the power function itself, its far tail left out.
    rows = []
    for d, sd, al, pw in ((0.02, 0.5, 0.05, 0.8), (-0.01, 0.3, 0.01, 0.9), (0.1, 0.45, 0.05, 0.8)):
        f = lambda n: st.norm.cdf(abs(d) / sd * math.sqrt(n) - st.norm.isf(al / 2)) - pw
        rows.append([[d, sd, al, pw], opt.brentq(f, 1, 1e7, xtol=1e-12, rtol=1e-15)])
    write("items_needed_sd", rows)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    distributions()
    intervals()
    tests()
    paired()
    one_score()
    groups()
    power()
