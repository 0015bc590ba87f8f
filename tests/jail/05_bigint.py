# tries: a number larger than any memory
# expect: memory timeout
x = 1 << 8000
while True: x *= x
