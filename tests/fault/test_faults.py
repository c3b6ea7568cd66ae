"""Every kind of call that can fail is made to fail, at one point after another, while requests of all kinds are served.

Whatever fails, the worker lives on and the next request on a new connection is answered. CRUMBGATE_FAULT_POINTS sets
how many points at most are tried for each scenario and failure.
"""
import contextlib
import ctypes
import errno
import gzip
import mmap
import os
import signal
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import kit  # noqa: E402
from h2kit import H2, reset  # noqa: E402
from kit import Client, Origin, Proxy, echo, reply, same, true  # noqa: E402
from test_pressure import TlsOrigin  # noqa: E402

BUILD = os.environ.get('builddir', '.')
SHIM = os.path.join(BUILD, 'tests', 'fault', 'faults.so')
POINTS = int(os.environ.get('CRUMBGATE_FAULT_POINTS', '100'))
ALLOC_POINTS = POINTS * 4
HANG = 30  # seconds: more than the timeouts below, which a busy machine must not reach by itself

CALLS = {'alloc': 1, 'read': 2, 'write': 3, 'accept': 4, 'epoll_ctl': 5, 'connect': 6, 'socket': 7}
ERRORS = {
    'alloc': [errno.ENOMEM],
    'read': [errno.EINTR, errno.EAGAIN, errno.ECONNRESET, errno.ENOMEM],
    'write': [errno.EINTR, errno.EAGAIN, errno.ECONNRESET, errno.EPIPE, errno.ENOBUFS],
    'accept': [errno.EINTR, errno.ECONNABORTED, errno.EMFILE, errno.ENOBUFS],
    'epoll_ctl': [errno.ENOMEM, errno.ENOSPC],
    'connect': [errno.EINTR, errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.ENETUNREACH],
    'socket': [errno.EMFILE, errno.ENOBUFS],
}
EXTRA = '''timeouts {
 handshake 5s
 head 5s
 body 5s
 connect 5s
 response 5s
 idle 5s
 tunnel 5s
 drain 5s
}'''


RULES = kit.RULES + 'beacon ||tracker.example^ is analytics\n'
HTML = gzip.compress(b'<!doctype html><head><script src="https://tracker.example/t.js"></script></head>' +
                     b'<p>some text</p>\n' * 3000)


class Page:
    """What faults.c shares with the test."""

    def __init__(self):
        fd, self.path = tempfile.mkstemp(prefix='crumbgate-faults-')
        os.chmod(self.path, 0o666)
        os.ftruncate(fd, 4096)
        self.map = mmap.mmap(fd, 4096)
        os.close(fd)
        self.call = ctypes.c_int32.from_buffer(self.map, 0)
        self.error = ctypes.c_int32.from_buffer(self.map, 4)
        self.countdown = ctypes.c_int64.from_buffer(self.map, 8)
        self.starts = ctypes.c_int64.from_buffer(self.map, 16)

    def arm(self, call, error, n):
        self.call.value, self.error.value, self.countdown.value = 0, error, n
        self.call.value = CALLS[call]

    def disarm(self):
        """True if the point was reached."""
        self.call.value = 0
        return self.countdown.value <= 0

    def close(self):
        os.unlink(self.path)


# -- scenarios --------------------------------------------------------------------------------------------------------


def answer(r, c):
    """An origin of many kinds."""
    if r.target == '/large':
        c.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        for _ in range(20):
            c.sendall(b'4000\r\n' + b'x' * 0x4000 + b'\r\n')
        c.sendall(b'0\r\n\r\n')
    elif r.get('upgrade'):
        c.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
        while True:
            data = c.recv(65536)
            if not data:
                return False
            c.sendall(data)
    elif r.target == '/interim':
        c.sendall(b'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload, <//tracker.example>; rel=preconnect\r\n\r\n'
                  b'HTTP/1.1 100 Continue\r\n\r\n')
        c.sendall(reply(r.body()))
    elif r.target == '/page':
        c.sendall(reply(HTML, '200 OK', 'Content-Type: text/html', 'Content-Encoding: gzip'))
    elif r.target == '/cookies':
        c.sendall(reply(r.body(), '200 OK', 'Set-Cookie: _ga=1; Path=/', 'Set-Cookie: PHPSESSID=2; Path=/'))
    else:
        echo(r, c)
    return True


class World:
    """A proxy under the shim with a plain origin, a TLS origin and one that is down."""

    def __init__(self, stack, pooled=True):
        self.page = Page()
        stack.callback(self.page.close)
        self.plain = stack.enter_context(Origin(answer))
        self.tls = stack.enter_context(TlsOrigin(answer))
        c = kit.certs()
        common = f'certificate {c}/localhost.pem key {c}/localhost.key\n rules site.rules\n'
        more = (f'site tls.example {{\n {common} upstream {self.tls.url()}\n}}\n'
                f'site down.example {{\n {common} upstream http://127.0.0.1:{kit.free_port()}\n}}\n')
        limits = '' if pooled else '\nlimits {\n upstream-idle 0\n}'
        os.environ['CRUMBGATE_PRELOAD'], os.environ['CRUMBGATE_FAULTS'] = kit.preload(SHIM), self.page.path
        try:
            self.proxy = stack.enter_context(Proxy(self.plain, RULES, extra=EXTRA + limits, more=more))
        finally:
            del os.environ['CRUMBGATE_PRELOAD'], os.environ['CRUMBGATE_FAULTS']
        self.context = kit.client_context()

    def connect(self, tls=False):
        return Client(self.proxy.port if tls else self.proxy.plain_port, tls=tls, timeout=HANG, context=self.context)

    def ask(self, c, *request, status=200, **how):
        c.request(*request, **how)
        same(c.response().status, status)


def get(w):
    with w.connect() as c:
        w.ask(c, 'GET', '/a?gclid=1&b=2', 'Cookie: PHPSESSID=1; _ga=2')
        w.ask(c, 'GET', '/cookies', 'Cookie: _ga=2; lang=de')


def get_once(w):
    with w.connect() as c:
        w.ask(c, 'GET', '/')


def get_tls(w):
    with w.connect(tls=True) as c:
        w.ask(c, 'GET', '/')
        w.ask(c, 'GET', '/b')


def post(w):
    with w.connect() as c:
        c.send('POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n' +
               ('1000\r\n' + 'x' * 4096 + '\r\n') * 8)
        c.send('5;e=1\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n')
        same(c.response().status, 200)


def pipeline(w):
    with w.connect() as c:
        c.send('GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n'
               'abcPOST /collect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhiGET /4 HTTP/1.1\r\n')
        c.send('Host: localhost\r\nConnection: close\r\n\r\n')
        same([c.response().status for _ in range(4)], [200, 200, 204, 200])


def error_pages(w):
    with w.connect() as c:
        w.ask(c, 'GET', '/', host='down.example', status=502)
        w.ask(c, 'GET', '/', host='nowhere.example', status=421)
        c.send('GET / HTTP/1.1\r\nHost : localhost\r\n\r\n')
        same(c.response().status, 400)


def tunnel(w):
    with w.connect() as c:
        w.ask(c, 'GET', '/', *kit.WEBSOCKET, status=101)
        c.send(b'x' * 30000)
        same(len(c.take(30000)), 30000)
        c.s.shutdown(socket.SHUT_WR)
        true(c.closed(), 'still open')


def interim(w):
    for target, status, tls in (('/interim', 200, False), ('/.crumbgate/decision', 403, True)):
        with w.connect(tls=tls) as c:
            c.send(f'POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n'
                   'Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n')
            while c.response(interim=True).status != 100:
                pass
            c.send('body')
            same(c.response().status, status)


def large(w):
    with w.connect(tls=True) as c:
        w.ask(c, 'GET', '/large')


def page(w):
    with w.connect(tls=True) as c:
        for accept in ('gzip', 'br', 'zstd', 'identity'):
            w.ask(c, 'GET', '/page', 'Accept-Encoding: ' + accept)


def upload(w):
    with w.connect() as c:
        c.request('POST', '/up', body=b'x' * 300000)
        same(c.response().status, 200)


def tls_origin(w):
    with w.connect() as c:
        w.ask(c, 'GET', '/', host='tls.example')
        w.ask(c, 'POST', '/', body=b'x' * 50000, host='tls.example')
    with w.connect() as c:  # on a connection of its own, beside the idle one
        w.ask(c, 'GET', '/', *kit.WEBSOCKET, host='tls.example', status=101)


def left_early(w):
    c = w.connect()
    c.request('GET', '/large')
    c.head()
    c.close()
    c = w.connect()
    c.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc')
    c.close()


def http2(w):
    """Everything at once on one connection."""
    with H2(w.proxy.port) as c:
        wanted = [('/a', 'localhost', 200), ('/large', 'localhost', 200), ('/page', 'localhost', 200),
                  ('/collect', 'localhost', 204), ('/b', 'nowhere.example', 421), ('/c', 'user@localhost', 400)]
        asked = [c.request('GET', path, [('cookie', '_ga=1'), ('cookie', 'lang=de'), ('te', 'trailers')],
                           authority=host) for path, host, _ in wanted]
        upload = c.request('POST', '/up', end=False)
        ws = c.request('CONNECT', '/', end=False, protocol='websocket')
        cut = c.request('GET', '/large')
        c.upload(upload, b'x' * 100000, end=False)
        c.send_head(upload, [('x-trailer', '1')])
        c.upload(ws, b'y' * 30000)
        c.send(reset(cut))
        same([c.response(x).status for x in asked], [status for _, _, status in wanted])
        same([c.response(upload).status, len(c.response(ws).body)], [200, 30000])


SCENARIOS = [get, get_tls, post, pipeline, error_pages, tunnel, interim, large, page, upload, tls_origin,
             left_early, http2]


# -- running ----------------------------------------------------------------------------------------------------------


def attempt(w, scenario):
    """What went wrong for the client, or None; never longer than HANG."""
    try:
        scenario(w)
    except (OSError, EOFError, AssertionError, ValueError, IndexError) as e:
        return e


def points(total, most):
    step = max(1, -(-total // most))
    return range(1, total + 1, step)


def count(w, scenario, call):
    """How many calls of this kind the scenario makes."""
    far = 1 << 40
    w.page.arm(call, errno.EINTR, far)
    attempt(w, scenario)
    w.page.disarm()
    return far - w.page.countdown.value


def check_alive(w, what):
    for _ in range(2):
        e = attempt(w, get)
        if e is None:
            break
        time.sleep(0.15)  # accepting pauses for a moment when descriptors run out
    true(e is None, f'{what}: the next request failed: {e!r}')
    same(w.page.starts.value, w.starts, f'{what}: a worker ended; starts')


def strike(w, scenario, call, error, n):
    what = f'{scenario.__name__}: {call} {n} fails with {errno.errorcode[error]}'
    w.page.arm(call, error, n)
    began = time.monotonic()
    attempt(w, scenario)
    took = time.monotonic() - began
    reached = w.page.disarm()
    true(took < HANG, f'{what}: a peer was left waiting for {took:.1f} s')
    check_alive(w, what)
    return reached


def sweep(call):
    done = reached = 0
    with contextlib.ExitStack() as stack:
        w = World(stack, pooled=call in ('read', 'write', 'accept'))
        for s in SCENARIOS:
            e = attempt(w, s)
            true(e is None, f'{s.__name__} fails without faults: {e!r}')
        w.starts = w.page.starts.value
        for s in SCENARIOS:
            total = count(w, s, call)
            for error in ERRORS[call]:
                for n in points(total, ALLOC_POINTS if call == 'alloc' else POINTS):
                    reached += strike(w, s, call, error, n)
                    done += 1
    print(f'# {call}: {done} points', flush=True)
    true(reached > done / 2, f'only {reached} of {done} points were reached')


def make_test(call):
    def test():
        if call == 'alloc' and kit.sanitized():
            raise kit.Skip('allocations are those of AddressSanitizer')
        sweep(call)
    test.__doc__ = f'{call} fails while requests are served'
    return test


for name in CALLS:
    globals()['test_' + name] = make_test(name)


def test_reload():
    """an allocation fails while new workers start: the old ones go on, or a worker starts again"""
    if kit.sanitized():
        raise kit.Skip('allocations are those of AddressSanitizer')
    with contextlib.ExitStack() as stack:
        w = World(stack)
        for n in range(1, 4000, 4000 // min(POINTS, 12)):
            before = w.page.starts.value
            lines = w.proxy.stderr().count('\n')
            w.page.arm('alloc', errno.ENOMEM, n)
            w.proxy.process.send_signal(signal.SIGHUP)
            kit.wait_for(lambda: w.page.starts.value > before, 'a new worker')

            def settled():
                new = '\n'.join(w.proxy.stderr().split('\n')[lines:])
                return 'go on serving' in new or 'serving' in new
            kit.wait_for(settled, f'the end of the reload with failing allocation {n}')
            w.page.disarm()
            # One request alone: workers that go end what is idle, also while its next request is on its way.
            same(attempt(w, get_once), None, f'the next request, allocation {n}')
        true('killed by signal' not in w.proxy.stderr().replace('signal 9', ''), w.proxy.stderr())


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
