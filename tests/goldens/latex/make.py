"""Made-up responses to made-up solutions, and what the reference makes of them: answers.jsonl beside this file.

    python tests/goldens/latex/make.py [SEED] > answers.jsonl     (wants lm-eval)
"""
import contextlib, io, json, random, sys

from lm_eval.tasks.agieval import utils as agieval
from lm_eval.tasks.hendrycks_math import utils as hendrycks

rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
pick = rng.choice

def number():
    return pick(["0.5", ".5", "7", "-3", "12", "01", "+4", "1_0", "0", "1{,}000", "3.50", "10\\%", "45^\\circ", "45^{\\circ}", "\\$8"])

def term(depth=0):
    if depth > 2:
        return number()
    a, b = term(depth + 1), term(depth + 1)
    return pick([number(), number(), "\\frac{%s}{%s}" % (a, b), "\\dfrac%s%s" % (pick("12x"), pick("34y")), "\\tfrac1{%s}" % a,
                 "%s/%s" % (a, b), "%s/%s" % (pick("123x"), pick("45y")), "\\sqrt%s" % pick("23x"), "\\sqrt{%s}" % a, "x=%s" % a,
                 "k = %s" % a, "abc=%s" % a, "%s \\text{ cm}" % a, "\\left(%s,%s\\right)" % (a, b), "%s+%s" % (a, b), "\\frac%s" % pick("1x"),
                 "%s \\text{ m} \\text{ s}" % a, "x\\!y", "%s \\\\ %s" % (a, b), "", "\\frac", "\\sqrt", "{.5}", "2 .5", "a=b=%s" % a])

def vary(t):
    """The same, or nearly."""
    for _ in range(rng.randrange(3)):
        t = pick([lambda s: s.replace("\\frac", "\\dfrac"), lambda s: s.replace(" ", ""), lambda s: " " + s, lambda s: s.replace("+", " + "),
                  lambda s: s.replace("{1}{2}", "12"), lambda s: "x=" + s, lambda s: s.replace("0.5", "\\frac{1}{2}"), lambda s: s + "\\%",
                  lambda s: s.replace("(", "\\left("), lambda s: s + " \\text{ units}", lambda s: s + "1", lambda s: s])(t)
    return t

def response(t):
    return pick([t, " $%s$" % t, "It is $%s$." % t, "$x$ so $%s$" % t, "\\boxed{%s}" % t, "so \\fbox{%s}" % t, "thus = %s." % t, "$%s" % t,
                 "The answer is %s" % t, "a \\boxed{1} b \\boxed{%s}." % t, "$1$\n$%s$" % t, "$$"])

def solution(t):
    return pick(["so \\boxed{%s}." % t, "$a$ and $\\boxed{%s}$" % t, "\\boxed{2} then \\boxed{%s}" % t, "it is $\\boxed %s$ there" % t])

def verdict(module, key, doc, text):
    with contextlib.redirect_stdout(io.StringIO()):
        return module.process_results(doc, [text])[key]

n = {"hendrycks_math": 0, "agieval_math": 0}
while min(n.values()) < 400:
    right = term()
    text = response(vary(right) if rng.random() < .7 else term())
    task = pick(list(n))
    if task == "hendrycks_math":
        doc = {"problem": "p", "solution": solution(right)}
        boxed = hendrycks.last_boxed_only_string(doc["solution"])
        try:
            hendrycks.remove_boxed(boxed)
        except (AssertionError, TypeError):
            continue  # there the reference ends the whole run, and carat refuses the row
        right = verdict(hendrycks, "exact_match", doc, text)
    else:
        doc = {"query": "q", "answer": pick([right, right, response(right)])}
        try:
            right = verdict(agieval, "acc", doc, text)
        except Exception:
            continue
    n[task] += 1
    print(json.dumps({"task": task, "row": doc, "text": text, "right": int(right)}, ensure_ascii=False))
