"""HTTP/1.1 over real sockets: what is passed on, what is refused, and that nothing gets out of step."""
import os
import signal
import sys
import threading

import kit
from kit import Origin, Proxy, Client, echo, reply, same, true


def test_keep_alive_and_reuse():
    """two requests on one connection use one connection to the origin"""
    with Origin(echo) as o, Proxy(o) as p, p.client() as c:
        for path in ('/a', '/b?x=1'):
            c.request('GET', path)
            same(c.response().json()['target'], path)
        same(o.connections, 1, 'connections to the origin')


def test_pipelining():
    """pipelined requests are answered in order"""
    with Origin(echo) as o, Proxy(o) as p, p.client() as c:
        n = 20
        c.send(''.join(f'GET /{i} HTTP/1.1\r\nHost: localhost\r\n\r\n' for i in range(n)))
        for i in range(n):
            same(c.response().json()['target'], f'/{i}')


def test_pipelining_with_bodies():
    """pipelined requests with bodies of both framings stay in step"""
    with Origin(echo) as o, Proxy(o) as p, p.client() as c:
        c.send('POST /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nfirst'
               'POST /2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n'
               '0\r\nX-Trailer: 1\r\n\r\nGET /3 HTTP/1.1\r\nHost: localhost\r\n\r\n')
        same([c.response().json()['body'] for _ in range(3)], ['first', 'abcdefg', ''])


def test_octet_by_octet():
    """a request that comes one octet at a time is understood"""
    with Origin(echo) as o, Proxy(o) as p, p.client() as c:
        for x in b'POST /slow HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n':
            c.send(bytes([x]))
        same(c.response().json()['body'], 'abc')


def test_forwarding_fields():
    """forwarding fields are set, a visitor's own are dropped, hop-by-hop fields are removed"""
    with Origin(echo) as o, Proxy(o) as p, p.client() as c:
        c.request('GET', '/', 'X-Forwarded-For: 1.2.3.4', 'Forwarded: for=1.2.3.4', 'Via: 1.1 evil',
                  'X-Real-IP: 1.2.3.4', 'Connection: keep-alive, X-Private', 'X-Private: 1', 'TE: trailers',
                  'Keep-Alive: 5', 'X-Kept: 2')
        r = c.response()
        same(r.seen('x-forwarded-for'), ['127.0.0.1'])
        same(r.seen('x-forwarded-proto'), ['https'])
        same(r.seen('x-forwarded-host'), ['localhost'])
        same(r.seen('via'), ['1.1 crumbgate'])
        same(r.seen('forwarded'), ['for=127.0.0.1;host="localhost";proto=https'])
        same(r.seen('host'), ['localhost'])
        for gone in ('x-private', 'keep-alive', 'x-real-ip'):
            same(r.seen(gone), [], gone)
        same(r.seen('x-kept'), ['2'])


def test_trusted_proxy():
    """what a trusted proxy says in front of us is kept and extended"""
    with Origin(echo) as o, Proxy(o, extra='trusted-proxy 127.0.0.0/8') as p:
        r = p.get('/', 'X-Forwarded-For: 203.0.113.7', 'X-Forwarded-Proto: https')
        same(r.seen('x-forwarded-for'), ['203.0.113.7, 127.0.0.1'])


REFUSED = [
    ('length and chunked', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400),
    ('two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello', 400),
    ('a list of lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\nhello', 400),
    ('a signed length', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nhello', 400),
    ('an empty length', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length:\r\n\r\nhello', 400),
    ('an obscured coding', 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', 501),
    ('chunked twice', 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n', (400, 501)),
    ('chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400),
    ('a bare LF', 'GET / HTTP/1.1\nHost: localhost\n\n', 400),
    ('a bare CR', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n', 400),
    ('a NUL', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n', 400),
    ('a folded line', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n', 400),
    ('a blank before the colon', 'GET / HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n', 400),
    ('no host', 'GET / HTTP/1.1\r\n\r\n', 400),
    ('two hosts', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n', 400),
    ('an invalid host', 'GET / HTTP/1.1\r\nHost: local host\r\n\r\n', 400),
    ('userinfo in the host', 'GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n', 400),
    ('a target of another host', 'GET http://other.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n', 400),
    ('CONNECT', 'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n', 405),
    ('TRACE', 'TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n', 405),
    ('another version', 'GET / HTTP/2.0\r\nHost: localhost\r\n\r\n', 505),
    ('an unknown expectation', 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n', 417),
    ('a fragment', 'GET /#x HTTP/1.1\r\nHost: localhost\r\n\r\n', 400),
    ('too many fields', 'GET / HTTP/1.1\r\nHost: localhost\r\n' + 'X: y\r\n' * 500 + '\r\n', 431),
    ('a field too long', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' + 'y' * 70000 + '\r\n\r\n', 431),
    ('a target too long', 'GET /' + 'y' * 70000 + ' HTTP/1.1\r\nHost: localhost\r\n\r\n', 414),
    ('a site that is not here', 'GET / HTTP/1.1\r\nHost: nowhere.example\r\n\r\n', 421),
]


def test_refusals():
    """ambiguous and invalid requests are refused and never reach the origin"""
    with Origin(echo) as o, Proxy(o) as p:
        for what, raw, status in REFUSED:
            with p.client() as c:
                c.send(raw)
                r = c.response()
                true(r.status in (status if isinstance(status, tuple) else (status,)), f'{what}: {r.status}')
                if r.status != 421:
                    same(r.get('connection'), 'close', what)
                    true(c.closed(), what + ': still open')
                true(b'crumbgate' not in r.body.lower(), 'the page names the product')
        same(len(o.requests), 0, 'requests at the origin')


BAD_BODIES = [
    ('a size that is no number', b'xyz\r\nabc\r\n'),
    ('a size too large', b'ffffffffffffffffff\r\nabc\r\n'),
    ('a blank behind the size', b'3 \r\nabc\r\n'),
    ('LF behind the size', b'3\nabc\r\n'),
    ('content longer than its size', b'3\r\nabcd\r\n0\r\n\r\n'),
    ('an endless extension', b'3;' + b'x' * 9000 + b'\r\nabc\r\n'),
    ('a broken trailer', b'3\r\nabc\r\n0\r\nX : y\r\n\r\n'),
]


def test_bad_bodies():
    """when a visitor's body is broken the origin's connection is closed unfinished"""
    for what, raw in BAD_BODIES:
        ends = []

        def handler(r, c, ends=ends):
            try:
                ends.append(r.body())
            except Exception as e:
                ends.append(e)
            return False
        with Origin(handler) as o, Proxy(o) as p, p.client() as c:
            c.send(b'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n' + raw)
            same(c.response().status, 400, what)
            kit.wait_for(lambda: o.ended, 'the origin to see the end')
            true(all(isinstance(x, Exception) for x in ends), f'{what}: the origin took {ends!r} for a whole body')


def test_chunked_both_ways():
    """a chunked upload is answered by a chunked download of the same content"""
    def handler(r, c):
        body = r.body()
        c.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        for i in range(0, len(body), 777):
            part = body[i:i + 777]
            c.sendall(b'%x\r\n%s\r\n' % (len(part), part))
        c.sendall(b'0\r\n\r\n')
    data = bytes(range(256)) * 2000
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for _ in range(2):
            c.send('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
            for i in range(0, len(data), 5000):
                part = data[i:i + 5000]
                c.send(b'%x\r\n%s\r\n' % (len(part), part))
            c.send('0\r\n\r\n')
            true(c.response().body == data, 'the content came back changed')


def test_close_delimited():
    """a response delimited by the close becomes chunked, and stays so for HTTP/1.0"""
    def handler(r, c):
        c.sendall(b'HTTP/1.0 200 OK\r\n\r\n' + b'x' * 100000)
        return False
    with Origin(handler) as o, Proxy(o) as p:
        with p.client() as c:
            c.request('GET', '/')
            r = c.response()
            same((r.get('transfer-encoding'), len(r.body)), ('chunked', 100000))
        with p.client() as c:
            c.send('GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
            r = c.response()
            same((r.get('transfer-encoding'), r.get('content-length'), len(r.body)), (None, None, 100000))


def test_head_204_304():
    """HEAD, 204 and 304 have no body, keep their fields, and leave the connection usable"""
    def handler(r, c):
        status = r.target[1:] or '200'
        c.sendall(f'HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nETag: "a"\r\n'.encode() +
                  (b'' if status == '204' else b'Content-Length: 5\r\n') + b'\r\n' +
                  (b'hello' if status == '200' and r.method == 'GET' else b''))
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for method, path, length in (('HEAD', '/200', '5'), ('GET', '/304', '5'), ('GET', '/204', None),
                                     ('GET', '/200', '5')):
            c.request(method, path)
            r = c.response(method)
            same((r.get('content-length'), r.get('etag')), (length, '"a"'), method + path)
        same(r.body, b'hello')
        same(o.connections, 1)


def test_trailers():
    """trailers reach those who asked for them, without forbidden fields"""
    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n'
                  b'2\r\nhi\r\n0\r\nX-Sum: 1\r\n'
                  b'Set-Cookie: _ga=1\r\nContent-Length: 9\r\n\r\n')
    with Origin(handler) as o, Proxy(o) as p:
        for fields, wanted in ((('TE: trailers', 'Connection: TE'), b'0\r\nX-Sum: 1\r\n\r\n'), ((), b'0\r\n\r\n')):
            with p.client() as c:
                c.request('GET', '/', *fields)
                c.head()
                c.line()
                c.take(4)
                while not c.buffer.endswith(b'\r\n\r\n'):
                    true(c.more(), 'closed early')
                same(c.buffer, wanted)


def test_half_close():
    """a visitor that ends its side after the request still gets the answer"""
    with Origin(echo) as o, Proxy(o) as p:
        with Client(p.plain_port, tls=False) as c:
            c.request('POST', '/', body=b'x' * 1000)
            c.s.shutdown(1)
            same(len(c.response().json()['body']), 1000)
            true(c.closed(), 'still open')


def test_said_behind_the_last_request():
    """what comes behind a visitor's last request, while the answer leaves, does not cost it the answer"""
    def handler(r, c):
        asked.set()
        answer.wait(kit.DEADLINE)
        c.sendall(reply(b'answer'))
        answered.set()
    asked, answer, answered = threading.Event(), threading.Event(), threading.Event()
    with Origin(handler) as o, Proxy(o) as p:
        worker, = p.workers()
        for tls in (False, True):
            for event in (asked, answer, answered):
                event.clear()
            with Client(p.port if tls else p.plain_port, tls=tls) as c:
                c.request('GET', '/', 'Connection: close')
                asked.wait(kit.DEADLINE)
                os.kill(worker, signal.SIGSTOP)  # so that both are there when it goes on, the answer first
                try:
                    answer.set()
                    answered.wait(kit.DEADLINE)
                    c.send('\r\n')
                finally:
                    os.kill(worker, signal.SIGCONT)
                same(c.response().body, b'answer')
                true(c.closed(), 'something follows the answer')


def test_absolute_form_and_options():
    """absolute-form is accepted for the same host; OPTIONS with Max-Forwards 0 is answered here"""
    with Origin(echo) as o, Proxy(o) as p, p.client() as c:
        c.request('GET', 'https://localhost/x?y=1')
        same(c.response().json()['target'], '/x?y=1')
        c.request('OPTIONS', '*', 'Max-Forwards: 0')
        same(c.response().status, 204)
        c.request('OPTIONS', '/', 'Max-Forwards: 2')
        same(c.response().seen('max-forwards'), ['1'])


def test_body_limit():
    """a body above the limit is refused by its length, and cut when it was not announced"""
    with Origin(echo) as o, Proxy(o, extra='limits {\n body 1k\n}') as p:
        with p.client() as c:
            c.request('POST', '/', 'Content-Length: 2000')
            same(c.response().status, 413)
        with p.client() as c:
            c.send('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
            c.send(b'800\r\n' + b'x' * 2048 + b'\r\n')
            same(c.response().status, 413)


def test_plain_on_tls():
    """who speaks HTTP without TLS to a port for TLS is told so"""
    with Origin(echo) as o, Proxy(o) as p:
        for request in ('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'POST /x HTTP/1.0\r\n\r\n'):
            with p.client(tls=False) as c:
                c.send(request)
                r = c.response()
                same([r.status, r.get('connection')], [400, 'close'])
                true('https://' in r.body.decode(), r.body)
                true(c.closed(), 'still open')
        with p.client(tls=False) as c:
            c.send('SSH-2.0-OpenSSH_9.2\r\n')
            true(c.closed(), 'still open')
        same(p.counters()['handshake-failed'], 3)


def test_redirect_listener():
    """the redirecting listener sends known sites to https and nothing else"""
    with Origin(echo) as o, Proxy(o) as p:
        with Client(p.http_port, tls=False) as c:
            c.request('GET', '/a?b=c', host=f'localhost:{p.http_port}')
            r = c.response()
            same((r.status, r.get('location')), (308, f'https://localhost:{p.port}/a?b=c'))
            c.request('OPTIONS', '*', host='localhost')
            r = c.response()
            same((r.status, r.get('location')), (308, f'https://localhost:{p.port}'))
            c.request('GET', '/', host='evil.example')
            same(c.response().status, 421)
        same(len(o.requests), 0)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
