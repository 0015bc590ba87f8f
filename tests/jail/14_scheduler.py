# tries: to be a real-time process
# expect: policy
import os
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
