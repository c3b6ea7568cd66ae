"""Origins that are down, slow, dying, lying or hostile."""
import socket
import struct
import sys
import threading
import time

import kit
from kit import Origin, Proxy, Client, echo, reply, same, timeouts, true



def says_nothing_more(r, c):
    time.sleep(kit.DEADLINE)


def cut(p, path='/', **how):
    """The exception or response that a visitor gets."""
    with p.client(**how) as c:
        c.request('GET', path)
        try:
            return c.response()
        except EOFError as e:
            return e


def test_origin_down():
    """a refused connection is a 502 page, and the site works again once the origin is back"""
    port = kit.free_port()
    with Proxy(f'http://127.0.0.1:{port}') as p:
        r = p.get('/')
        same((r.status, r.get('content-type'), r.get('cache-control')), (502, 'text/html; charset=utf-8', 'no-store'))
        true(f'origin 127.0.0.1:{port} of site localhost: no connection to the origin: Connection refused' in p.stderr(),
             p.stderr())
        kit.wait_for(p.log_lines, 'a line in the log')
        true('Connection refused' in p.log_lines()[0]['error'], str(p.log_lines()))
        true(b'Bad Gateway' in r.body and str(port).encode() not in r.body, 'the page tells too much or too little')


def test_recovers():
    """an origin that was down serves again without waiting"""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
    with Proxy(f'http://127.0.0.1:{port}') as p:
        same(p.get('/').status, 502)
        s.listen(5)

        def answer():
            c, _ = s.accept()
            c.recv(65536)
            c.sendall(reply(b'back'))
            c.close()
        threading.Thread(target=answer, daemon=True).start()
        same(p.get('/').body, b'back')
    s.close()


def test_second_origin():
    """with one of two origins down every request is served"""
    dead = kit.free_port()
    with Origin(echo) as o:
        site = f'upstream http://127.0.0.1:{o.port}'
        with Proxy(f'http://127.0.0.1:{dead}', site=site) as p:
            same([p.get('/').status for _ in range(6)], [200] * 6)


def test_slow_head():
    """an origin that says nothing is a 504"""
    with Origin(says_nothing_more) as o, Proxy(o, extra=timeouts(response='700ms')) as p:
        same(p.get('/').status, 504)


def test_blackhole():
    """a connection that is never accepted is a 504"""
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen(0)
        fill = []
        for _ in range(8):  # fill the queue of the listener, so that further SYNs are dropped
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(('127.0.0.1', s.getsockname()[1]))
            fill.append(c)
        with Proxy(f'http://127.0.0.1:{s.getsockname()[1]}', extra=timeouts(connect='500ms')) as p:
            same(p.get('/').status, 504)
        for c in fill:
            c.close()


def dying(head, body):
    def handler(r, c):
        c.sendall(head + body)
        return False
    return handler


def test_dies_mid_body():
    """a response that ends early is cut off for the visitor too, never completed"""
    for head in (b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
                 b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n'):
        with Origin(dying(head, b'x' * 500)) as o, Proxy(o) as p:
            true(isinstance(cut(p), EOFError), 'a broken body looks whole')


def test_reset_mid_body():
    """a response cut by a reset is cut for the visitor, also in HTTP/1.0"""
    seen = threading.Semaphore(0)

    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 500)
        seen.acquire(timeout=kit.DEADLINE)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        return False
    with Origin(handler) as o, Proxy(o) as p:
        with p.client() as c:
            c.request('GET', '/')
            head = c.head()
            seen.release()
            try:
                c.body(head)
                true(False, 'a broken body looks whole')
            except EOFError:
                pass
        with Client(p.plain_port, tls=False) as c:
            c.send('GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
            c.head()
            seen.release()
            try:
                while c.s.recv(65536):
                    pass
                true(False, 'the end looks clean')
            except ConnectionResetError:
                pass


def test_stalls_mid_body():
    """a response that stops coming is cut off after the deadline"""
    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n' + b'x' * 500)
        says_nothing_more(r, c)
    with Origin(handler) as o, Proxy(o, extra=timeouts(body='700ms')) as p:
        true(isinstance(cut(p), EOFError), 'a stalled body looks whole')


def test_longer_than_announced():
    """octets beyond the announced length never become another answer"""
    def handler(r, c):
        c.sendall(reply(b'right') + reply(b'poison', '200 OK', 'X-Poison: 1'))
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for _ in range(5):
            c.request('GET', '/')
            r = c.response()
            same((r.body, r.get('x-poison')), (b'right', None))


def test_speaks_unasked():
    """an answer to nobody on an idle connection is thrown away with the connection"""
    answered, poisoned = threading.Semaphore(0), threading.Semaphore(0)

    def handler(r, c):
        c.sendall(reply(b'right'))
        answered.acquire(timeout=kit.DEADLINE)
        c.sendall(reply(b'poison'))
        poisoned.release()
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for _ in range(5):
            c.request('GET', '/')
            same(c.response().body, b'right')
            answered.release()
            true(poisoned.acquire(timeout=kit.DEADLINE), 'the origin did not come to its second answer')


BAD_HEADS = [
    ('two lengths', b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'),
    ('no number', b'HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello'),
    ('length and chunked', b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    ('another coding', b'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello'),
    ('an unasked 101', b'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'),
    ('no status', b'HTTP/1.1 OK\r\n\r\n'),
    ('a bare LF', b'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'),
    ('a folded line', b'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n'),
    ('not HTTP', b'SSH-2.0-OpenSSH\r\n\r\n'),
    ('nothing', b''),
    ('an endless head', b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 100000 + b'\r\n'),
    ('an endless line', b'HTTP/1.1 200 OK\r\nX: ' + b'y' * 300000 + b'\r\n\r\n'),
]


def test_bad_heads():
    """an invalid head of the origin is a 502"""
    for what, raw in BAD_HEADS:
        with Origin(dying(raw, b'')) as o, Proxy(o) as p:
            same(getattr(cut(p), 'status', None), 502, what)


def test_stale_connection():
    """a pooled connection that the origin closed is replaced without the visitor noticing"""
    def handler(r, c):
        c.sendall(reply(b'ok'))
        return False  # closes without saying so
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for _ in range(20):
            c.request('GET', '/')
            same(c.response().status, 200)


def test_closes_on_use():
    """a GET on a connection that dies when used is tried again once; a POST is not"""
    def handler(r, c):
        if len([x for x in o.requests if x.target == r.target]) == 1 and r.target != '/first':
            return False
        c.sendall(reply(r.target.encode()))
    o = Origin(handler)
    with o, Proxy(o) as p, p.client() as c:
        c.request('GET', '/first')
        same(c.response().status, 200)
        c.request('GET', '/again')
        same(c.response().body, b'/again')
        c.request('POST', '/once', body=b'x')
        same(c.response().status, 502)
        same(len([x for x in o.requests if x.target == '/once']), 1)


def test_early_answer():
    """an answer before the end of the upload reaches the visitor"""
    def handler(r, c):
        c.sendall(reply(b'too big', '413 Content Too Large', 'Connection: close'))
        time.sleep(0.2)
        return False
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        c.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n' + 'x' * 100000)
        same(c.response().status, 413)


def test_slow_visitor():
    """a head that trickles is a 408, and a body that stops is too"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(head='1s')) as p, p.client() as c:
        c.send('GET / HTTP/1.1\r\nHost: loc')
        same(c.response().status, 408)
    with Origin(echo) as o, Proxy(o, extra=timeouts(body='700ms')) as p:
        with p.client() as c:
            c.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc')
            same(c.response().status, 408)


def test_origin_over_tls():
    """a TLS origin is verified by name and by issuer"""
    with Origin(echo) as o, Proxy(o) as inner:
        ca = kit.certs() + '/ca.pem'
        same(status_through(f'https://localhost:{inner.port} ca {ca}'), 200)
        same(status_through(f'https://localhost:{inner.port}', 'certificate verify failed'), 502)
        same(status_through(f'https://localhost:{inner.port} insecure'), 200)


def status_through(upstream, complaint=''):
    with Proxy(upstream) as p:
        status = p.get('/').status
        true(complaint in p.stderr(), p.stderr())
        return status


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
