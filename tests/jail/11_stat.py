# tries: to look around by names alone
# expect: failed
import os
os.listdir('/')
os.listdir('/home')
os.listdir('@HOME@')
