# tries: to fill the disk with files that have no name
# expect: failed
# second: output
import os
held = []
for i in range(40):
    f = open('x', 'wb')
    os.unlink('x')
    for _ in range(8): f.write(b'x' * (1 << 20))
    held.append(f)
assert False
