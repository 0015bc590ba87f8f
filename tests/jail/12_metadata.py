# tries: a cloud's metadata address
# expect: failed policy
import urllib.request
urllib.request.urlopen('http://169.254.169.254/latest/meta-data/', timeout=2).read()
