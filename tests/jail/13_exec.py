# tries: to become another program of the system
# expect: failed crashed
import os
os.execv('/bin/sh', ['sh', '-c', 'id > /tmp/id'])
