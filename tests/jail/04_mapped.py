# tries: to write to the disk through memory
# expect: failed crashed memory
# second: policy
import mmap, os
for i in range(40):
    fd = os.open(str(i), os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, 8 << 20)
    m = mmap.mmap(fd, 8 << 20)
    m.write(b'x' * (8 << 20))
    os.close(fd)
assert False
