# tries: native code by way of OpenSSL's configuration
# expect: policy
# second: failed
import os
open('/tmp/o.cnf', 'w').write('openssl_conf = x')
os.environ['OPENSSL_CONF'] = '/tmp/o.cnf'
import ssl
