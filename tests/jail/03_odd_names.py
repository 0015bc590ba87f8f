# tries: file names that a report or a clean-up trips over
# expect: passed
import os
for name in ('a\nb', '-rf', '\x1b[2J', 'x' * 255, b'\xff\xfe', '"; rm -rf ~; "', '..\\..', ' '):
    os.mkdir(name)
