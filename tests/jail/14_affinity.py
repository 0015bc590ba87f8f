# tries: to choose its CPUs
# expect: policy
import os
os.sched_setaffinity(0, {0})
