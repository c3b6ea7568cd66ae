"""HTTP/2 in volume: gigabytes through flat memory, a thousand streams at once, very many idle connections."""
import contextlib
import os
import resource
import sys

import kit
from h2kit import DATA, END_STREAM, H2, curl, memory, window_update
from kit import Nginx, Origin, Proxy, same, true

BIG = (64 if kit.sanitized() else 1024) << 20
IDLE = int(os.environ.get('CRUMBGATE_TEST_IDLE', '2000'))  # the connections of test_idle_connections


def flat(p, before, what):
    grown = memory(p) - before
    true(kit.sanitized() or grown < 4 << 20, f'{what}: the worker grew by {grown} octets')


def test_download():
    """a large download passes with flat memory"""
    with Nginx() as o, Proxy(o) as p:
        with open(os.path.join(o.root, 'big'), 'wb') as f:
            f.truncate(BIG)
        url = f'https://localhost:{p.port}/big'
        how = ('-o', '/dev/null', '-w', '%{size_download} %{http_code} %{http_version}')
        curl('-r', '0-100', *how, url)
        before = memory(p)
        same(curl(*how, url), f'{BIG} 200 2')
        flat(p, before, 'download')


def test_upload():
    """a large upload passes with flat memory, by length and without"""
    with Origin(kit.count) as o, Proxy(o) as p, kit.scratch() as d:
        name = os.path.join(d, 'big')
        with open(name, 'wb') as f:
            f.truncate(BIG)
        url = f'https://localhost:{p.port}/'
        same(curl('-d', 'x', url), '1')
        before = memory(p)
        same(curl('-T', name, url), str(BIG))
        flat(p, before, 'upload by length')
        os.truncate(name, BIG // 8)
        same(curl('-T', name, '-H', 'Content-Length:', url), str(BIG // 8))
        flat(p, before, 'upload without length')
        same([framing(r) for r in o.requests[1:]], [(str(BIG), None), (None, 'chunked')])


def framing(r):
    return r.get('content-length'), r.get('transfer-encoding')


def test_thousand_streams():
    """a thousand streams at once are all answered, each with its own"""
    n = 1000
    extra = f'limits {{\n h2-streams {n}\n upstream {n}\n}}'
    with Nginx({f'{i}.txt': b'%d ' % i * 200 for i in range(n)}) as o, Proxy(o, extra=extra) as p, \
            H2(p.port, 0, auto=False) as c:
        c.until(lambda: c.settled, 'the settings')
        sids = [c.request('GET', f'/{i}.txt') for i in range(n)]
        for x in sids:
            c.until(lambda: c.streams[x].heads, 'a head')
        true(not any(c.streams[x].ended for x in sids), 'one ended without a window')
        for x in reversed(sids):
            c.send(window_update(x, 100000))
        for i, x in enumerate(sids):
            r = c.response(x)
            same([r.status, r.body == b'%d ' % i * 200], [200, True], f'stream {x}')
        same(sum(bool(f[1] & END_STREAM) for f in c.frames if f[0] == DATA), n)
        same(c.goaways, [])


def test_streams_that_wait():
    """as many streams as a visitor may have, all with much to send and no window, hold a few megabytes"""
    n = 128
    with Nginx({'x': b'hello'}) as o, Proxy(o) as p:
        with open(os.path.join(o.root, 'big'), 'wb') as f:
            f.truncate(BIG)
        with H2(p.port) as c:
            c.get('/x')
        before = kit.settled(lambda: memory(p))
        with H2(p.port, 0, auto=False) as c:
            c.until(lambda: c.settled, 'the settings')
            sids = [c.request('GET', '/big') for _ in range(n)]
            for x in sids:
                c.until(lambda: c.streams[x].heads, 'a head')
            grown = kit.settled(lambda: memory(p)) - before
            print(f'# {n} streams that wait: {grown / 1024:.0f} KiB', flush=True)
            true(kit.sanitized() or grown < 6 << 20, f'{grown} octets')
            # None of them is forgotten: each goes on when it may.
            c.send(window_update(0, 100 << 20))
            for x in reversed(sids):
                c.send(window_update(x, 400000))
                c.until(lambda: len(c.streams[x].body) >= 400000, f'what stream {x} may send')


class H1(kit.Client):
    """As H2, as far as is needed here."""

    def __init__(self, port):
        super().__init__(port, context=context())

    def get(self, path='/'):
        super().request('GET', path)
        return self.response()


_context = []


def context():
    if not _context:
        _context.append(kit.client_context())
    return _context[0]


def test_idle_connections():
    """very many connections are kept by one worker for little memory, and each is served again"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(hard, 3 * IDLE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except ValueError:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        most = hard
    n = min(300 if kit.sanitized() else IDLE, (most - 200) // 2)
    extra = f'timeouts {{\n idle 600s\n}}\nlimits {{\n connections {n + 100}\n connections-per-address 0\n}}'
    with Nginx({'x': b'hello'}) as o:
        for name, kind, many in (('1.1', H1, n // 4), ('2', H2, n)):
            with Proxy(o, extra=extra) as p, contextlib.ExitStack() as stack:
                with kind(p.port) as c:
                    c.get('/x')
                before = memory(p)
                clients = []
                for _ in range(many):
                    clients.append(stack.enter_context(kind(p.port)))
                    same(clients[-1].get('/x').body, b'hello')
                each = (memory(p) - before) / many
                print(f'# HTTP/{name}: {many} idle connections, {each / 1024:.1f} KiB each', flush=True)
                true(kit.sanitized() or each < 40 << 10, f'{each} octets each')
                for c in clients[::max(many // 500, 1)]:
                    same(c.get('/x').body, b'hello')
                same({k: v for k, v in p.counters().items() if k != 'handshake-failed'}, {})


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
