# tries: to leave a key behind, by the name that Python has for raw calls
# expect: policy failed
import ctypes
ctypes.CDLL(None).syscall(248, b'user', b'carat', b'x', 1, -3)
