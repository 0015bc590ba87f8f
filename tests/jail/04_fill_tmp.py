# tries: to fill the disk with files
# expect: failed
# second: output
n = 0
while True:
    with open('f%d' % n, 'wb') as f:
        f.write(bytes(8 << 20))
    n += 1
