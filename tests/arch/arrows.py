"""The arrows of the architecture: reads the include lines of every source and the undefined symbols of librules.a.

Prints TAP, one test a rule.
"""
import os
import re
import subprocess
import sys

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('builddir', '.')

# What the files under a folder may include of ours (prefixes); longest folder wins. A folder may include itself.
MAY = {
    'rules/base': [],
    'rules/http': ['rules/base'],
    'rules/language': ['rules/base', 'rules/http', 'rules/filter', 'rules/html', 'rules/data', 'rules/consent/names.h',
                       'rules/consent/foreign/foreign.h'],
    'rules/filter': ['rules/base', 'rules/http'],
    'rules/data': ['rules/base'],
    'rules/consent': ['rules/base', 'rules/http', 'rules/language'],
    'rules/consent/foreign': ['rules/base'],
    'rules/html': ['rules/base', 'rules/http'],
    'rules/pages': ['rules/base', 'rules/http', 'rules/language', 'rules/consent'],
    'rules/decide': ['rules/base', 'rules/http', 'rules/filter', 'rules/html', 'rules/language', 'rules/consent',
                     'rules/pages'],
    'rules/harness': ['rules/'],
    'certs': ['rules/base', 'rules/http', 'rules/language/loader.h'],
    'proxy/h1': ['rules/base', 'rules/http'],
    'proxy/h2': ['rules/base', 'rules/http', 'proxy/h1/h1.h'],
    'proxy/coding': ['rules/base', 'rules/http'],
    'proxy/page': ['rules/', 'proxy/coding'],
    'proxy/io': ['rules/base', 'proxy/tls/tls.h'],
    'proxy/tls': ['rules/', 'certs', 'proxy/config/config.h'],
    'proxy/config': ['rules/', 'proxy/h1/h1.h', 'proxy/h2/h2.h'],
    'proxy/region': ['rules/base'],
    'proxy/upstream': ['rules/base', 'proxy/io', 'proxy/tls/tls.h', 'proxy/config/config.h'],
    'proxy/observe': ['rules/'],
    'proxy/exchange': ['rules/', 'proxy/h1', 'proxy/h2', 'proxy/coding', 'proxy/page', 'proxy/io', 'proxy/tls/tls.h',
                       'proxy/upstream', 'proxy/region', 'proxy/config/config.h', 'proxy/observe'],
    'proxy/process': ['rules/', 'certs', 'proxy/exchange/server.h', 'proxy/config', 'proxy/observe', 'proxy/tls',
                      'proxy/io', 'proxy/region'],
    'proxy/command': ['rules/', 'certs', 'proxy/'],
}
# Foreign headers and who alone may include them.
ONLY = {
    r'pcre2\.h': ['rules/base/pattern.c'],
    r'libpsl\.h': ['rules/http/host.c'],
    r'idn2\.h': ['rules/http/idna.c'],
    r'jansson\.h': ['rules/consent/foreign/'],
    r'isa-l/.*': ['proxy/coding/', 'rules/consent/foreign/inflate.c'],
    r'libdeflate\.h': ['proxy/coding/gzip.c'],
    r'brotli/.*': ['proxy/coding/br_decode.c'],
    r'zstd.*\.h': ['proxy/coding/zstd.c'],
    r'nghttp2/.*': ['proxy/h2/'],
    r'maxminddb\.h': ['proxy/region/'],
    r'openssl/.*': ['proxy/tls/', 'certs/', 'proxy/command/certs', 'proxy/command/peer', 'proxy/command/test_through'],
    r'event2/.*': ['proxy/io/', 'proxy/exchange/server.h', 'proxy/observe/', 'proxy/process/', 'proxy/command/'],
}
# What rules/ must not include, and must not call.
IMPURE_HEADERS = r'(sys/socket|netinet/.*|arpa/inet|netdb|unistd|fcntl|time|sys/time|pthread|event2/.*|openssl/.*|poll|signal)\.h'
PURE_SYMBOLS = re.compile(r'''^(
    mem(cpy|move|set|cmp|chr|rchr|mem)|str(len|n?cmp|n?casecmp|chr|rchr|str|spn|cspn|tol|toul|toull|error)|
    str(nlen|to[a-z]+)|isoc.*|__isoc.*|
    malloc|calloc|realloc|free|abort|qsort|bsearch|
    (v?sn?printf)|__(v?sn?printf|mem[a-z]+|str[a-z]+|fprintf|printf)_chk|__stack_chk_fail|
    pcre2_.*|psl_.*|idn2_.*|json_.*|isal_inflate.*|
    __(asan|ubsan|sanitizer|gcov|llvm|sancov)_.*|_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__start___sancov.*|__stop___sancov.*|
    __errno_location|__ctype_.*|__assert_fail
)$''', re.X)
# The harness reads test files; it may call stdio and dirent, nothing else.
HARNESS_SYMBOLS = re.compile(r'^(f(open|close|read|write|error|eof|seek|tell|printf|puts|putc|flush)|ferror|'
                             r'(open|close|read)dir|stat|l?stat64|stdout|stderr|scandir|alphasort|ftell|rewind|getc|'
                             r'putchar|puts)$')


def sources():
    for top in ('rules', 'proxy', 'certs'):
        for folder, _, names in os.walk(os.path.join(SRC, top)):
            for name in sorted(names):
                if name.endswith(('.c', '.h')):
                    yield os.path.relpath(os.path.join(folder, name), SRC)


def includes(path):
    with open(os.path.join(SRC, path), encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            m = re.match(r'\s*#\s*include\s+([<"])([^">]+)[">]', line)
            if m:
                yield number, m.group(1), m.group(2)


def folder_of(path):
    fits = [f for f in MAY if path.startswith(f + '/')]
    return max(fits, key=len) if fits else None


def wrong_arrows():
    for path in sources():
        folder = folder_of(path)
        if folder is None:
            yield f'{path}: no folder of the architecture'
            continue
        for number, kind, name in includes(path):
            if kind == '"' and re.match(r'(rules|proxy|certs)/', name):
                allowed = [folder + '/'] + MAY[folder]
                if not any(name.startswith(a) for a in allowed):
                    yield f'{path}:{number}: {folder} must not include {name}'


def wrong_libraries():
    for path in sources():
        for number, kind, name in includes(path):
            if kind != '<':
                continue
            for pattern, owners in ONLY.items():
                if re.fullmatch(pattern, name) and not any(path.startswith(o) for o in owners):
                    yield f'{path}:{number}: only {", ".join(owners)} may include {name}'


def impure_includes():
    for path in sources():
        if not path.startswith('rules/'):
            continue
        for number, kind, name in includes(path):
            if path.startswith('rules/harness/') and name in ('unistd.h', 'time.h', 'fcntl.h'):
                continue
            if kind == '<' and re.fullmatch(IMPURE_HEADERS, name):
                yield f'{path}:{number}: rules/ is pure and must not include {name}'


def impure_symbols():
    nm = os.environ.get('NM') or 'nm'
    library = os.path.join(BUILD, 'librules.a')
    out = subprocess.run([nm, '-A', library], capture_output=True, text=True, check=True).stdout
    defined = {m.group(1) for m in re.finditer(r' [A-TV-Zbdrtv] (\S+)$', out, re.M)}
    for line in out.splitlines():
        m = re.match(r'.*?:([^:]+):\s+[Uwv] (\S+)$', line)
        if not m or m.group(2) in defined:
            continue
        member, symbol = m.group(1), m.group(2).split('@')[0]
        if symbol.startswith('__real_') or PURE_SYMBOLS.match(symbol):
            continue
        if member.startswith('harness') and HARNESS_SYMBOLS.match(symbol):
            continue
        yield f'{member} calls {symbol}'


def writable_globals():
    """Pure code has no state of its own: no writable data in the decision library."""
    nm = os.environ.get('NM') or 'nm'
    out = subprocess.run([nm, '-A', '-f', 'sysv', os.path.join(BUILD, 'librules.a')], capture_output=True, text=True,
                         check=True).stdout
    if re.search(r'__(asan|gcov|sancov)', out):
        return  # instrumentation has counters of its own
    for line in out.splitlines():
        # Constants that hold addresses live in .data.rel.ro, which is read-only once the program runs.
        m = re.match(r'.*?:([^:]+):(\S+)\s*\|.*\|\.(data|bss|tdata|tbss)(?!\.rel\.ro)\S*$', line)
        if m:
            yield f'{m.group(1)} has the writable global {m.group(2)}'


def lengths():
    for path in sources():
        with open(os.path.join(SRC, path), encoding='utf-8') as f:
            n = sum(1 for _ in f)
        if n > 900:
            yield f'{path} has {n} lines: more than one concept?'


def function_lengths():
    for path in sources():
        if not path.endswith('.c'):
            continue
        start = None
        with open(os.path.join(SRC, path), encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                if line.startswith('{'):
                    start = number
                elif line.startswith('}') and start:
                    if number - start > 100:
                        yield f'{path}:{start}: a function of {number - start} lines'
                    start = None


TESTS = [
    ('includes follow the arrows', wrong_arrows),
    ('each foreign library stays behind its module', wrong_libraries),
    ('rules/ includes nothing impure', impure_includes),
    ('librules.a calls nothing impure', impure_symbols),
    ('librules.a has no writable globals', writable_globals),
    ('no file above 900 lines', lengths),
    ('no function above 100 lines', function_lengths),
]


def main():
    failed = 0
    print(f'1..{len(TESTS)}')
    for i, (name, find) in enumerate(TESTS, 1):
        found = list(find())
        failed += bool(found)
        print(f'{"not " if found else ""}ok {i} - {name}')
        for x in found:
            print('# ' + x)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
