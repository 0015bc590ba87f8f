# tries: a well-formed verdict with a token of its own
# expect: failed
import os
os.write(3, b'P' + b'0' * 32)
os.write(3, b'F\nNone\n0\n0\npassed')
assert False
