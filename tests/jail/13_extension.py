# tries: an extension module that it wrote
# expect: policy
# second: failed
import importlib.machinery, importlib.util
open('/tmp/x.so', 'wb').write(b'\x7fELF')
loader = importlib.machinery.ExtensionFileLoader('x', '/tmp/x.so')
importlib.util.module_from_spec(importlib.util.spec_from_loader('x', loader))
