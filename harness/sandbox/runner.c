/* runner.c - the Python side of a run: how the end of a program is told from everything
 * that only looks like it.
 *
 * The program and its tests share one interpreter, so "it reached its last line" must be said
 * from inside, in a way that the program cannot say itself. carat sends the runner a random token
 * and the program's text; the token coming back is the one thing that means "passed". Exit codes,
 * printed words and every other message can only make a program fail.
 *
 *     deque(map(methodcaller('__call__'), (partial(exec, code, {}), flush, partial(write, 3, token))), 0)
 *
 * Everything between the runner's one Python frame and the program is C: deque() draws from map(),
 * map() calls exec on the program's code and, only when that returned without an exception, the
 * call that writes the token. An exception, SystemExit included, ends the map, and its steps are
 * freed unused; os._exit(), a signal or an endless loop never come back to it. The token sits in a
 * bytes object inside a partial inside a tuple inside the map, which the frame holds on its
 * value stack: no name, no local, no module, no file, no descriptor leads there.
 *
 * What leads to an object without a name is the collector (gc.get_objects, get_referrers, get_referents:
 * the last one walks a frame's value stack) and raw memory: ctypes and _ctypes (a union of a number and a pointer reads
 * any address), CPython's own test modules, native code that the program brings (an extension module, an SQLite extension,
 * an OpenSSL provider named in the environment), /proc/self/mem. What leads past a test is stepping over its line
 * (sys.settrace lets a frame jump). An audit hook refuses all of it; /proc is not in the jail. The hook reads neither globals nor
 * closures nor built-ins by name (a program may change them all: what it needs are the defaults of its
 * parameters), cannot be removed, and its function is reachable from nothing that the program can name.
 * Where the hook itself fails (recursion limit, memory), the action is refused too.
 *
 * Not stopped here: byte code made by hand that corrupts the interpreter's memory (a
 * program written against CPython's insides, of this version), and changing what the tests see without
 * ending early, such as a result equal to everything. docs/jail.md says so.
 *
 * The runner reads its orders from descriptor 3: one line "TOKEN CANARY AS CPU FSIZE NOFILE NPROC STACK LENGTH" (0: no such limit),
 * then LENGTH bytes of source. With a CANARY other than "-", each "assert a == b" becomes one that neither a nor b equals that
 * word or a number made of it: a result that equals everything fails there, with the word as its message. It answers "R" when it stands in the jail, then
 * "P" TOKEN, or "F\n" TYPE "\n" LINE "\n" ERRNO "\n" MESSAGE.
 *
 * The program runs in an empty namespace as with exec(program, {}): so do the reference harnesses, and
 * `if __name__ == "__main__":` is false there as here.
 */
#include "runner.h"

const char *const runner_survey =
    "import os, sys, struct\n"
    "for name in 'zlib _bz2 _lzma _ssl _hashlib _sqlite3 _decimal _uuid math'.split():\n"
    "    try: __import__(name)\n" /* so that the libraries they need are mapped, and seen below */
    "    except ImportError: pass\n"
    "real = os.path.realpath\n"
    "exe = real(sys.executable)\n"
    "binds = {exe: exe}\n"
    "for path in sys.path:\n"
    "    if os.path.isdir(path): binds[path] = real(path)\n"
    "with open('/proc/self/maps') as maps:\n"
    "    for line in maps:\n"
    "        path = line.rstrip('\\n').split(None, 5)[-1]\n"
    "        if path.startswith('/') and '.so' in os.path.basename(path):\n"
    "            folder = os.path.dirname(real(path))\n"
    "            binds[folder] = folder\n"
    "with open(exe, 'rb') as f:\n"
    "    head = f.read(64)\n"
    "    if head[:5] == b'\\x7fELF\\x02':\n" /* 64 bits: find the loader, PT_INTERP */
    "        offset, = struct.unpack_from('<Q', head, 32)\n"
    "        size, count = struct.unpack_from('<HH', head, 54)\n"
    "        for i in range(count):\n"
    "            f.seek(offset + i * size)\n"
    "            kind, _, at, _, _, length = struct.unpack('<IIQQQQ', f.read(40))\n"
    "            if kind == 3:\n"
    "                f.seek(at)\n"
    "                loader = f.read(length).rstrip(b'\\0').decode()\n"
    "                folder = real(os.path.dirname(loader))\n"
    "                binds[os.path.join(folder, os.path.basename(loader))] = real(loader)\n"
    "fields = ['%d.%d' % sys.version_info[:2], exe]\n"
    "above = None\n"
    "for path in sorted(binds):\n"
    "    if above and path.startswith(above + '/'): continue\n"
    "    if path in ('/', '/usr', '/home', '/root', os.path.expanduser('~')):\n"
    "        sys.exit('the interpreter keeps its libraries in ' + path)\n"
    "    above = path\n"
    "    fields += ['B', path, binds[path]]\n"
    "for path in '/lib /lib32 /lib64 /libx32'.split():\n"
    "    if os.path.islink(path): fields += ['L', path, os.readlink(path).lstrip('/')]\n"
    "sys.stdout.buffer.write(b''.join(os.fsencode(f) + b'\\0' for f in fields))\n";

const char *const runner_text =
    "import sys, posix, resource\n"
    "from _functools import partial\n"
    "from _operator import methodcaller\n"
    "from _collections import deque\n"
    "FD = 3\n"
    "DENIED = frozenset(('gc.get_objects', 'gc.get_referrers', 'gc.get_referents', 'sys._current_frames',\n"
    "    'sys._current_exceptions', 'sys.settrace', 'sys.setprofile', 'sys.monitoring.register_callback',\n"
    "    'sys.remote_exec', 'sqlite3.enable_load_extension', 'sqlite3.load_extension'))\n"
    "def make_hook():\n"
    "    def hook(event, args, denied=DENIED, prefixes=tuple(p + '/' for p in sys.path if p[:1] == '/'),\n"
    "             bad=('/..', '/_ctypes', '/_test', '/_xx', '/_interp'), loaders=(b'OPENSSL', b'GCONV'),\n"
    "             error=PermissionError, kind=type, text=str, starts=str.startswith, has=str.__contains__, bstarts=bytes.startswith):\n"
    "        if event in denied or starts(event, 'ctypes.'):\n"
    "            raise error(2000, event + ' is forbidden in the jail')\n"
    "        if event == 'import' and args[1] is not None:\n" /* an extension module's file */
    "            path = args[1]\n"
    "            ok = kind(path) is text and starts(path, prefixes)\n"
    "            if ok:\n"
    "                for part in bad:\n"
    "                    if has(path, part): ok = False\n"
    "            if not ok:\n"
    "                raise error(2000, 'importing this extension module is forbidden in the jail')\n"
    "        if event == 'os.putenv' and bstarts(args[0], loaders):\n" /* libraries load what these name */
    "            raise error(2000, 'setting this environment variable is forbidden in the jail')\n"
    "    return hook\n"
    "def make_flush():\n"
    "    def flush(out=sys.stdout, err=sys.stderr, anything=BaseException):\n"
    "        try: out.flush()\n"
    "        except anything: pass\n"
    "        try: err.flush()\n"
    "        except anything: pass\n"
    "    return flush\n"
    "def fail(error):\n"
    "    try:\n"
    "        name, line, number, text = type(error).__name__, 0, 0, ''\n"
    "        if isinstance(error, SyntaxError) and error.filename == '<program>':\n"
    "            line, text = error.lineno or 0, error.msg\n"
    "        else:\n"
    "            trace = error.__traceback__\n"
    "            while trace:\n"
    "                if trace.tb_frame.f_code.co_filename == '<program>': line = trace.tb_lineno\n"
    "                trace = trace.tb_next\n"
    "            if isinstance(error, OSError): number = error.errno or 0\n"
    "            text = error.strerror if number >= 2000 else str(error)\n"
    "        make_flush()()\n"
    "        body = 'F\\n%s\\n%d\\n%d\\n%s' % (name, line, number, text[:4000])\n"
    "        posix.write(FD, body.encode('utf-8', 'replace'))\n"
    "    except BaseException:\n"
    "        posix.write(FD, ('F\\n%s\\n0\\n0\\n' % type(error).__name__).encode('utf-8', 'replace'))\n"
    "    finally:\n"
    "        posix._exit(1)\n"
    "def receive(n, until=None):\n"
    "    parts = []\n"
    "    while n and not (until and parts and parts[-1] == until):\n"
    "        part = posix.read(FD, 1 if until else min(n, 1 << 20))\n"
    "        if not part: posix._exit(1)\n" /* carat is gone */
    "        parts.append(part)\n"
    "        n -= len(part)\n"
    "    return b''.join(parts)\n"
    "def with_canary(source, word):\n"
    "    import ast\n"
    "    class Canary(ast.NodeTransformer):\n"
    "        def visit_Assert(self, node):\n"
    "            test = node.test\n"
    "            if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq): return node\n"
    "            new = ast.parse('assert not ((%s_a := 0) == %r or %s_a == %d or (%s_b := 0) == %r or %s_b == %d), %r'\n"
    "                % (word, word, word, int(word[1:], 16), word, word, word, int(word[1:], 16), word)).body[0]\n"
    "            parts = new.test.operand.values\n"
    "            parts[0].left.value, parts[2].left.value = test.left, test.comparators[0]\n"
    "            return ast.fix_missing_locations(ast.copy_location(new, node))\n"
    "    return Canary().visit(ast.parse(source, '<program>'))\n"
    "def prepare():\n"
    "    posix.closerange(FD + 1, 256)\n"
    "    posix.write(FD, b'R')\n"
    "    token, canary, *numbers = receive(256, b'\\n').split()\n"
    "    *limits, length = map(int, numbers)\n"
    "    for name, limit in zip('AS CPU FSIZE NOFILE NPROC STACK'.split(), limits):\n"
    "        which = getattr(resource, 'RLIMIT_' + name)\n"
    "        hard = resource.getrlimit(which)[1]\n"
    "        if hard != resource.RLIM_INFINITY: limit = min(limit or hard, hard)\n"
    "        if limit: resource.setrlimit(which, (limit, limit))\n"
    "    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    "    source = receive(length).decode('utf-8')\n"
    "    if canary != b'-': source = with_canary(source, canary.decode())\n"
    "    code = compile(source, '<program>', 'exec', 0, True)\n"
    "    return partial(exec, code, {}), make_flush(), partial(posix.write, FD, b'P' + token)\n"
    "def main():\n"
    "    keep = sys.modules['__main__']\n"
    "    sys.modules['__main__'] = type(sys)('__main__')\n"
    "    try:\n"
    "        deque(map(methodcaller('__call__'), arm(prepare())), 0)\n"
    "    except BaseException as error:\n"
    "        fail(error)\n"
    "    finally:\n"
    "        posix._exit(0)\n"
    "def arm(steps):\n"
    "    sys.addaudithook(make_hook())\n"
    "    return steps\n"
    "main()\n";
