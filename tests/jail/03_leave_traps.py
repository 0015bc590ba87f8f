# tries: to leave what a clean-up trips over: links out, closed folders, odd names, depth
# expect: passed
# second: output policy
import os
os.symlink('@HOME@', 'link')
os.symlink('/', 'root')
os.mkdir('a\nb')
os.mkdir('closed')
open('closed/x', 'w').close()
for _ in range(300):
    os.mkdir('d' * 100)
    os.chdir('d' * 100)
os.chmod('/tmp/closed', 0)
