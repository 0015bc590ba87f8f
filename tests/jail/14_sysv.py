# tries: to leave a semaphore behind
# expect: failed policy passed
# second: failed policy
import _multiprocessing
_multiprocessing.SemLock(1, 1, 1, '/carat-left', False)
