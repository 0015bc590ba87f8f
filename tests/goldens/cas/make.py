"""Makes pairs.tsv: made-up pairs of answers in LaTeX and whether lm-evaluation-harness 0.4.13 takes them for equal.

    python make.py [N [SEED]] > pairs.tsv    (needs lm_eval with sympy and antlr4 4.11)

A line: 1 or 0 (is_equiv of minerva_math), the two texts, with tabs between. Half of the pairs are one value written twice.
"""
import random, sys, types
sys.modules["math_verify"] = types.SimpleNamespace(parse=None, verify=None)  # asked for by the module, not by is_equiv
from lm_eval.tasks.minerva_math.utils import is_equiv

rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
pick, some = rng.choice, rng.randrange

def integer(): return str(some(1, 60))
def frac(p, q): return pick(["\\frac{%s}{%s}", "\\dfrac{%s}{%s}", "\\tfrac{%s}{%s}", "%s/%s"]) % (p, q)
def signed(s): return pick(["", "", "-"]) + s

def rational():
    p, q, k = some(1, 30), some(2, 20), some(2, 6)
    a = pick(["", "-"])
    return a + frac(p, q), a + frac(p * k, q * k)
def decimal():
    q = pick([2, 4, 5, 8, 10, 20, 25, 50])
    p = some(1, 90)
    return frac(p, q), ("%.4f" % (p / q)).rstrip("0").rstrip(".")
def root():
    a, b, c = some(1, 9), some(2, 8), some(2, 9)
    return pick([("%d\\sqrt{%d}" % (a * b, c), "%d\\sqrt{%d}" % (a, b * b * c)),
                 ("\\frac{%d}{\\sqrt{%d}}" % (a, c), "\\frac{%d\\sqrt{%d}}{%d}" % (a, c, c)),
                 ("\\sqrt{\\frac{%d}{%d}}" % (a, c), "\\frac{\\sqrt{%d}}{%d}" % (a * c, c)),
                 ("\\sqrt{%d}\\sqrt{%d}" % (b, c), "\\sqrt{%d}" % (b * c)),
                 ("\\sqrt[3]{%d}" % (b ** 3 * c), "%d\\sqrt[3]{%d}" % (b, c)),
                 ("%d^{1/2}" % c, "\\sqrt{%d}" % c),
                 ("\\frac{%d}{%d+\\sqrt{%d}}" % (a * (b * b - 2), b, 2), "%d(%d-\\sqrt{%d})" % (a, b, 2)),
                 ("%d+\\sqrt{%d}" % (a, c), "\\sqrt{%d}+%d" % (c, a)),
                 ("\\frac{%d+%d\\sqrt{%d}}{%d}" % (a * b, b, c, b), "%d+\\sqrt{%d}" % (a, c)),
                 ("\\sqrt{%d}" % (c * c), "%d" % c), ("(%d+\\sqrt{%d})^2" % (a, c), "%d+%d\\sqrt{%d}" % (a * a + c, 2 * a, c))])
def polynomial():
    x, a, b, c = pick("xyzntab"), some(1, 9), some(1, 9), some(2, 9)
    return pick([("(%s+%d)(%s+%d)" % (x, a, x, b), "%s^2+%d%s+%d" % (x, a + b, x, a * b)),
                 ("%d%s^2-%d%s" % (c * a, x, c * b, x), "%d%s\\cdot(%d%s-%d)" % (c, x, a, x, b)),
                 ("%s^3-%d" % (x, a ** 3), "(%s-%d)(%s^2+%d%s+%d)" % (x, a, x, a, x, a * a)),
                 ("\\frac{%s^2-%d}{%s-%d}" % (x, a * a, x, a), "%s+%d" % (x, a)),
                 ("\\frac{1}{%s}+\\frac{1}{%d}" % (x, a), "\\frac{%s+%d}{%d%s}" % (x, a, a, x)),
                 ("%d%s-%d" % (a, x, b), "-%d+%d%s" % (b, a, x)), ("%d-%s" % (a, x), "-(%s-%d)" % (x, a)),
                 ("%d(%s+%d)" % (a, x, b), "%d%s+%d" % (a, x, a * b)), ("%s(%s+%d)" % (x, x, a), "%s^2+%d%s" % (x, a, x)),
                 ("(%s+%d)%s" % (x, a, x), "%s^2+%d%s" % (x, a, x)), ("\\frac{%s}{%d}" % (x, c), "\\frac{1}{%d}%s" % (c, x))])
def pi():
    a, b = some(1, 30), some(2, 12)
    return pick([("\\frac{%d\\pi}{%d}" % (a, b), "\\frac{%d}{%d}\\pi" % (a, b)), ("%d\\pi" % a, "\\pi\\cdot %d" % a),
                 ("%d\\pi+%d" % (a, b), "%d+%d\\pi" % (b, a)), ("%d-%d\\pi" % (a * b, b), "%d(%d-\\pi)" % (b, a)),
                 ("\\pi(%d)" % a, "%d\\pi" % a), ("\\frac{\\pi}{%d}" % b, "\\pi/%d" % b)])
def power():
    a, b, n = some(2, 7), some(2, 9), some(2, 9)
    return pick([("%d^%d" % (a, n), str(a ** n)), ("%d^{-%d}" % (a, n), "\\frac{1}{%d}" % a ** n),
                 ("%d\\times10^%d" % (b, n), str(b * 10 ** n)), ("%d\\cdot10^{%d}" % (b, n), "%de%d" % (b, n)),
                 ("2^{%d+n}" % n, "%d\\cdot2^n" % 2 ** n), ("(x^%d)^%d" % (a, b), "x^{%d}" % (a * b)), ("%d^n" % (a * a), "%d^{2n}" % a),
                 ("x^{%d}x^{%d}" % (a, b), "x^{%d}" % (a + b)), ("\\sqrt{x^%d}" % (2 * a), "x^{%d}" % a), ("%d!" % n, str(__import__("math").factorial(n))),
                 ("\\binom{%d}{%d}" % (n, min(a, n)), str(__import__("math").comb(n, min(a, n)))), ("2^{100}", str(2 ** 100)), ("x^-%d" % a, "x")])
def complex_():
    a, b = some(1, 9), some(1, 9)
    return pick([("%d+%di" % (a, b), "%di+%d" % (b, a)), ("%d-i" % a, "-i+%d" % a), ("\\sqrt{-%d}" % (a * a), "%d\\sqrt{-1}" % a), ("i^2", "-1"),
                 ("\\frac{%d+%di}{2}" % (a, b), "\\frac{%d}{2}+\\frac{%d}{2}i" % (a, b)), ("(1+i)(1-i)", "2")])
def thousands():
    n = some(1000, 3000000)
    return pick([("{:,}".format(n), str(n)), (str(n), "{:,}".format(n).replace(",", "\\,")), ("%d,%d" % (n, some(9)), str(n))])
def words():
    w = pick(["even", "odd", "Evelyn", "yes", "no", "infinitelymany", "A", "C", "neither", "Monday", "decreasing", "blue", "east"])
    return pick([(w, w[::-1]), (w, "(%s)" % w), ("\\text{%s}" % w, w), (w, pick(["even", "odd", "A", "B"])), (w + "_8", w)])
def shapes():
    a, b = some(1, 9), some(1, 9)
    return pick([("(%d,%d)" % (a, b), "(%d,%d)" % (b, a)), ("[%d,%d]" % (a, b), "[%d,%d)" % (a, b)), ("%d,%d" % (a, b), "%d" % a), ("%d,%d" % (a, b), "%d,%d" % (b, a)),
                 ("\\{%d,%d\\}" % (a, b), "%d" % a), ("(-\\infty,%d)" % a, "(-\\infty,%d]" % a), ("\\infty", "-\\infty"), ("x\\in[%d,%d]" % (a, b), "x\\in(%d,%d)" % (a, b)),
                 ("x=%d" % a, "%d" % a), ("x<%d" % a, "%d>x" % a), ("%d\\%%" % a, "%d" % a), ("%d%%" % a, "%d" % a), ("\\begin{pmatrix}%d\\\\%d\\end{pmatrix}" % (a, b), "%d" % a),
                 ("%d\\pm%d" % (a, b), "%d\\pm%d" % (a, b + 1)), ("\\pm%d" % a, "-%d" % a), ("%d\\text{cm}" % a, "%d" % a), ("%d^\\circ" % a, "%d" % a), ("|%d|" % a, "|-%d|" % a),
                 ("|x-%d|" % a, "|%d-x|" % a), ("%d:%d" % (a, b), "\\frac{%d}{%d}" % (a, b)), ("%d\\frac{1}{%d}" % (a, b + 1), "\\frac{%d}{%d}" % (a, b + 1)), (".%d" % a, "0.%d" % a),
                 ("%d." % a, "%d" % a), ("%d_{%d}" % (a, b), "%d" % a), ("", "%d" % a), ("%d\\cdot" % a, "%d" % a), ("\\$%d" % a, "%d" % a), ("2x3", "6"), ("%dx%d" % (a, b), str(a * b)),
                 ("\\left(%d\\right)" % a, "%d" % a), ("\\sqrt%d" % a, "\\sqrt{%d}" % a), ("\\frac%d%d" % (a, b), "\\frac{%d}{%d}" % (a, b)), ("\\lfloor%d.5\\rfloor" % a, "%d" % a),
                 ("0.\\overline{%d}" % a, "\\frac{%d}{9}" % a), ("1/0", "1/0+1"), ("%d\\div%d" % (a, b), "%d/%d" % (a, b))])
def functions():
    a = some(2, 9)
    return pick([("\\sin(x)", "\\sin x"), ("\\sin x", "\\cos x"), ("\\log_2 %d" % 2 ** a, str(a)), ("\\ln %d" % a ** 2, "2\\ln %d" % a), ("\\sin^2x", "(\\sin x)^2"),
                 ("\\log(x)+\\log(y)", "\\log(xy)"), ("f(x)+%d" % a, "%d+f(x)" % a), ("e^x", "e^{x}"), ("\\cos(%d)" % a, "\\cos(%d)" % -a), ("\\sqrt{x+%d}" % a, "(x+%d)^{1/2}" % a),
                 ("\\sqrt{4x+%d}" % (4 * a), "2\\sqrt{x+%d}" % a), ("\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}"), ("\\frac{\\sqrt{x}}{x}", "\\frac{1}{\\sqrt{x}}"), ("\\sqrt{x}\\sqrt{x}", "x"),
                 ("x!/(x-1)!", "x"), ("\\tan x", "\\frac{\\sin x}{\\cos x}"), ("\\sqrt{xy}", "\\sqrt{x}\\sqrt{y}"), ("\\overline{z}", "z")])

KINDS = [rational, decimal, root, root, polynomial, polynomial, pi, power, complex_, thousands, words, shapes, shapes, functions]

def touched(s):
    """The same text with one number or sign changed."""
    places = [i for i, c in enumerate(s) if c.isdigit() or c in "+-"]
    if not places: return s + "1"
    i = pick(places)
    c = {"+": "-", "-": "+"}.get(s[i]) or str((int(s[i]) + some(1, 9)) % 10)
    return s[:i] + c + s[i + 1:]

for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1500):
    a, b = pick(KINDS)()
    if rng.random() < 0.3: b = touched(b)
    if rng.random() < 0.5: a, b = b, a
    if rng.random() < 0.1: a = pick(["%s+1", "\\left(%s\\right)", "-%s", "%s ", "2(%s)", "\\frac{%s}{2}"]) % a
    if a != b: print(int(bool(is_equiv(a, b))), a, b, sep="\t")
