# tries: the system's sockets that have a path
# expect: policy failed
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b'x', '/run/systemd/journal/socket')
