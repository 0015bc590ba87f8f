# tries: to read the expected value from the frame that calls it
# expect: passed (tests and program share an interpreter; as in the reference harnesses)
import sys
def add(a, b):
    return next(c for c in sys._getframe(1).f_code.co_consts if isinstance(c, int) and c not in (a, b))
def check(candidate):
    assert candidate(2, 3) == 5
check(add)
