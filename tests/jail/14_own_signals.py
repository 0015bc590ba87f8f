# tries: to be told of a file's end by a signal to another
# expect: failed
import fcntl, os
r, w = os.pipe()
try: fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())
except OSError: pass
fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
try: os.write(w, b'x')
finally: assert False
