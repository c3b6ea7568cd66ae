"""What an exchange costs, held to budgets.txt: system calls, allocations, TLS records, instructions.

A real crumbgate with the recipe of the bench (crumbgate.conf.in), nginx behind it, h2load in front. What a tool counts
is taken from the difference between N and 2 N exchanges, so that start, handshakes and end cancel out. To add a row:
a line in budgets.txt, and if it is of a new exchange a line in EXCHANGES.
"""
import os
import re
import subprocess
import sys

os.environ.setdefault('CRUMBGATE_TEST_DEADLINE', '120')  # valgrind is slow
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))
import kit  # noqa: E402
from counters import Allocations, Instructions, RecordSocket, SystemCalls, missing  # noqa: E402

BUDGETS = os.path.join(HERE, 'budgets.txt')
ATTEMPTS = 3  # others' load can only add: the least counts

H1 = ('--h1', '-c32')
COOKIES = 'Cookie: PHPSESSID=6f1c0a9be2d94d3f8a; _ga=GA1.1.1717171717.1700000000; _fbp=fb.1.1700000000000.98; optout=1'
# Name: path, request fields, options of h2load.
EXCHANGES = {
    'small': ('/1k.txt', (), H1),
    'small-h2': ('/1k.txt', (), ('-c4', '-m10')),
    'connection': ('/1k.txt', ('Connection: close',), ('--h1', '-c8')),
    'cookie': ('/cookie/1k.txt', (COOKIES,), H1),
    'page': ('/page.html', (), H1),
    'large': ('/10m.bin', (), H1),
}

ORIGIN_COOKIES = '''location /cookie/ {
      add_header Set-Cookie "PHPSESSID=abc; Path=/; HttpOnly";
      add_header Set-Cookie "_ga=GA1.1.2.3; Path=/; Max-Age=63072000";
      add_header Set-Cookie "_fbp=fb.1.2; Path=/; Max-Age=7776000";
    }'''


def page(size):
    head = (b'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Offers</title>'
            b'<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script></head><body>\n')
    card = (b'<section class="card"><h2>An offer</h2><a href="/product/1?a=1&amp;b=2"><img src="/1.jpg" alt=""></a><p>'
            + b'offer brand story product secure simple growth ' * 6 + b'</p></section>\n')
    return (head + card * (size // len(card))).ljust(size) + b'</body></html>\n'


def origin():
    small = b'x' * 1024
    return kit.Nginx({'1k.txt': small, 'cookie/1k.txt': small, 'page.html': page(60000), '10m.bin': bytes(10 << 20)},
                     ORIGIN_COOKIES)


def recipe(folder, known):
    """Writes the files of crumbgate.conf.in, with what it leaves open."""
    with open(os.path.join(HERE, 'crumbgate.conf.in'), encoding='utf-8') as f:
        parts = re.split(r'^#@ file +(\S+)\n', f.read(), flags=re.M)
    for name, text in zip(parts[1::2], parts[2::2]):
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
            f.write(re.sub(r'@(\w+)@', lambda m: str(known[m.group(1)]), text))


def proxy(under=()):
    p = kit.Proxy(ORIGIN, start=False, under=under)
    recipe(p.dir, {'PORT': p.port, 'WORKERS': 1, 'ORIGIN': f'127.0.0.1:{ORIGIN.port}',
                   'CERT': kit.certs() + '/localhost.pem', 'KEY': kit.certs() + '/localhost.key'})
    try:
        p.start()
    except AssertionError:
        p.stop()
        raise
    return p


def visit(p, exchange, n):
    path, fields, options = EXCHANGES[exchange]
    command = ['h2load', '-t1', f'-n{n}', *options, *(f'-H{x}' for x in fields), f'https://127.0.0.1:{p.port}{path}']
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    kit.true(f' {n} succeeded, 0 failed' in out, out)


def count(tool, exchange, n):
    with kit.scratch() as folder:
        t = tool(folder)
        with proxy(t.under) as p:
            visit(p, exchange, n)
        counts = t.read()
    kit.true(counts, f'{tool.__name__}: nothing was counted')
    return counts


def per_exchange(tool, exchange, n):
    """The counts by name, or kit.Skip."""
    why_not = missing('h2load', 'nghttp2-client') or tool.why_not()
    if why_not:
        raise kit.Skip(why_not)
    once, twice = count(tool, exchange, n), count(tool, exchange, 2 * n)
    return {name: (twice[name] - once[name]) / n for name in twice}


LIBRARIES = {'libssl': 'OpenSSL', 'libcrypto': 'OpenSSL', 'libnghttp2': 'nghttp2'}


def allocations(exchange, library=None):
    """Those that a library makes on its own account; without one, all others."""
    counts = per_exchange(Allocations, exchange, 1280)
    return {k: v for k, v in counts.items() if LIBRARIES.get(k.partition('.')[0]) == library}


def tls_records(exchange):
    """The least of several responses: a pause of the origin ends a record early."""
    path, fields, _ = EXCHANGES[exchange]
    with proxy() as p, kit.Client(p.port, tls=False) as c:
        c.s = RecordSocket(c.s, kit.client_context())
        counts = []
        for _ in range(10):
            before = c.s.records
            c.request('GET', path, *fields)
            kit.same(c.response().status, 200)
            counts.append(c.s.records - before)
    return {'records': min(counts)}


# The units of budgets.txt: each gives what one exchange costs, by what it is made of.
UNITS = {
    'system calls': lambda exchange: per_exchange(SystemCalls, exchange, 1280),
    'allocations': allocations,
    'allocations of OpenSSL': lambda exchange: allocations(exchange, 'OpenSSL'),
    'allocations of nghttp2': lambda exchange: allocations(exchange, 'nghttp2'),
    'TLS records': tls_records,
    'instructions': lambda exchange: per_exchange(Instructions, exchange, 320),
}


def rows():
    with open(BUDGETS, encoding='utf-8') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                exchange, budget, unit = re.split(r' {2,}', line.strip())[:3]
                yield exchange, float(budget), unit


def hold(exchange, budget, unit):
    """Fails if the exchange needs more, to a tenth."""
    for _ in range(ATTEMPTS):
        costs = UNITS[unit](exchange)
        spent = round(sum(costs.values()), 1)
        if spent <= budget:
            break
    parts = sorted(((v, k) for k, v in costs.items() if round(v, 2)), reverse=True)
    told = f'{exchange} exchange: {spent:g} {unit}, budget {budget:g}'
    print(f'# {told}; ' + ', '.join(f'{k} {v:.2f}' for v, k in parts))
    kit.true(spent <= budget, told + ': a change that needs more must raise the budget in tests/bench/budgets.txt and '
                                     'say why')


def row_test(exchange, budget, unit):
    def test():
        hold(exchange, budget, unit)
    test.__doc__ = f'{exchange}: at most {budget:g} {unit}'
    return test


for row in rows():
    globals()['test_' + re.sub(r'\W', '_', row[0] + '_' + row[2])] = row_test(*row)

if __name__ == '__main__':
    with origin() as ORIGIN:
        kit.run(sys.modules[__name__])
