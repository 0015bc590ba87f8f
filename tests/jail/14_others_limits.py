# tries: to lower the limits of its parent
# expect: failed
import os, resource
for pid in (os.getppid(), 1):
    try: resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
    except (OSError, ValueError): pass
assert False
