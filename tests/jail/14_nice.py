# tries: to be more important by nice
# expect: policy failed
import os
os.nice(-10)
