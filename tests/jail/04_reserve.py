# tries: to reserve the disk without writing
# expect: failed
# second: policy output
import os
for i in range(1000):
    fd = os.open(str(i), os.O_RDWR | os.O_CREAT)
    os.posix_fallocate(fd, 0, 32 << 20)
    os.close(fd)
