# tries: to send to a name from a socket that was born connected
# expect: policy
import socket
a, b = socket.socketpair(type=socket.SOCK_DGRAM)
a.sendto(b'x', '\0@ABSTRACT@')
a.sendto(b'x', '/dev/log')
