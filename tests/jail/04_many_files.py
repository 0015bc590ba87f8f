# tries: to use up inodes
# expect: timeout failed
# second: output timeout
n = 0
while True:
    open('f%d' % n, 'w').close()
    n += 1
