# tries: to write through links, hard and soft
# expect: failed
import os
for link in (os.symlink, os.link):
    try:
        link('@HOME@/canary', 'here')
        open('here', 'w').write('mine')
    except OSError: pass
    try: os.unlink('here')
    except OSError: pass
os.rename('@HOME@/canary', 'here')
