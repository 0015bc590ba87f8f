# tries: to lock the caller out of its own files
# expect: failed policy
import os
errors = []
for path in ('@HOME@/canary', '@HOME@', os.__file__):
    for change in (lambda p: os.chmod(p, 0), lambda p: os.utime(p, (1, 1)), lambda p: os.chown(p, 1, 1)):
        try: change(path)
        except OSError as e: errors.append(e)
raise errors[0]
