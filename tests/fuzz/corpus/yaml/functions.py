from functools import partial
LETTERS = ["A", "B"]
def helper(x, n=3):
    """Doc."""
    return LETTERS[x]  # a comment
def g(doc, subject=""):
    return f"{helper(0)} {doc['q']}"
f = partial(g, subject="x, y", n=(1, 2))
