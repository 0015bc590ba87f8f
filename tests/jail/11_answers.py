# tries: to read the benchmark's solutions where a runner may have left them
# expect: failed
import glob, linecache, sys
found = [linecache.getlines('<program>')]
found += [open(p).read() for p in glob.glob('/proc/self/cmdline')]
found += [a for a in sys.orig_argv + sys.argv if 'assert found' in a]
found += glob.glob('/home/**/*.jsonl', recursive=True) + glob.glob('@HOME@/*')
assert any(found)
