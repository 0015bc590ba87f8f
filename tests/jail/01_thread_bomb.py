# tries: to start threads without end
# expect: failed memory timeout crashed
# second: policy failed memory
import threading, time
threading.stack_size(32768)
while True:
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
