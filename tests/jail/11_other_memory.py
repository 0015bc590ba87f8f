# tries: the memory of its parent
# expect: failed
import os
for pid in (os.getppid(), 1):
    for name in ('mem', 'environ', 'maps', 'cwd/x', 'root/etc/passwd', 'fd/0'):
        try: print(open('/proc/%d/%s' % (pid, name), 'rb').read(100))
        except OSError: continue
        break
    else: continue
    break
else: assert False
