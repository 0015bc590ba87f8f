# tries: to hide files from who counts them, by having them on the way
# expect: failed policy output memory timeout
import os, socket
pairs = []
while True:
    a, b = socket.socketpair()
    pairs.append((a, b))
    for _ in range(8):
        fd = os.open('hidden', os.O_RDWR | os.O_CREAT)
        os.unlink('hidden')
        os.write(fd, b'x' * (1 << 20))
        socket.send_fds(a, [b'x'], [fd])
        os.close(fd)
