"""HTTP/2: how connections end: stop, reload, limits and timeouts."""
import contextlib
import signal
import socket
import ssl
import sys
import threading
import time

import kit
from h2kit import (END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GoneAway, H2, HEADERS, NO_ERROR, PREFACE, PROTOCOL_ERROR,
                   counted, frame, literal, refused, reset, settings,
                   window_update)
from kit import Origin, Proxy, echo, reply, same, timeouts, true

LAST = (1 << 31) - 1


def slowly(go):
    """An origin that ends its answers when it is told to."""
    def handler(r, c):
        if r.target != '/slow':
            return echo(r, c)
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello')
        go.wait(kit.DEADLINE)
        c.sendall(b'world')
        return True
    return handler


def dripping(end):
    """An origin that takes 1.6 seconds for its answers, unless it is told to end them."""
    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\n')
        for _ in range(16):
            c.sendall(b'x')
            end.wait(0.1)
    return handler


def begin_slow(c):
    sid = c.request('GET', '/slow')
    c.until(lambda: c.streams[sid].body == b'hello', 'the beginning')
    return sid


def test_drain():
    """on SIGTERM a notice comes first, then the last stream's number; what is in flight is completed, then it ends"""
    go = threading.Event()
    with Origin(slowly(go)) as o, Proxy(o, extra=timeouts(drain='15s')) as p:
        with H2(p.port) as busy, H2(p.port) as idle:
            idle.get()
            sid = begin_slow(busy)
            p.process.send_signal(signal.SIGTERM)
            busy.until(lambda: busy.goaways, 'the notice')
            same(busy.goaways, [(LAST, NO_ERROR)])
            late = busy.request('GET', '/late')  # was on its way
            same(busy.response(late).status, 200)
            busy.until(lambda: len(busy.goaways) == 2, 'the farewell')
            same(busy.goaways[1], (late, NO_ERROR))
            ignored = busy.request('GET', '/too-late')
            same(idle.end(), NO_ERROR)
            same(idle.goaways[0], (LAST, NO_ERROR))
            busy.ping()
            go.set()
            same(busy.response(sid).body, b'helloworld')
            same(busy.end(), NO_ERROR)
            same([len(busy.streams[ignored].heads), [r.target for r in o.requests if 'too' in r.target]], [0, []])
        same(p.process.wait(kit.DEADLINE), 0)


def test_drain_at_once():
    """a worker with nothing in flight does not wait long, whatever state its connections are in"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(drain='15s', head='2s')) as p:
        fresh, used, partial = H2(p.port), H2(p.port), H2(p.port)
        used.get()
        fresh.until(lambda: fresh.settled, 'SETTINGS')
        partial.get()
        partial.send(b'\0\0\10\1\4\0\0\0\3abc')  # a head that does not go on
        began = time.monotonic()
        p.process.send_signal(signal.SIGTERM)
        same([c.end() for c in (fresh, used, partial)], [NO_ERROR, NO_ERROR, ENHANCE_YOUR_CALM])
        for c in (fresh, used, partial):
            c.close()
        same(p.process.wait(kit.DEADLINE), 0)
        true(time.monotonic() - began < 8, 'it took too long')


def test_handshake_while_draining():
    """a connection whose handshake ends behind SIGTERM is told, too, and its request served"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(drain='15s')) as p:
        ctx = kit.client_context()
        ctx.set_alpn_protocols(['h2'])
        s = socket.create_connection(('127.0.0.1', p.port), kit.DEADLINE)
        came, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = ctx.wrap_bio(came, out, server_hostname='localhost')
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = out.read()
        s.sendall(hello[:100])
        same(p.get('/').status, 200)  # so the worker has accepted what came before
        began = time.monotonic()
        p.process.send_signal(signal.SIGTERM)
        kit.wait_for(lambda: 'in flight' in p.stderr(), 'the signal to be taken')
        s.sendall(hello[100:])
        done = False
        while not done:
            came.write(s.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                done = True
            s.sendall(out.read())

        class Wrapped:
            """The socket as H2 wants it."""

            def sendall(self, data):
                tls.write(data)
                s.sendall(out.read())

            def recv(self, n):
                while True:
                    try:
                        return tls.read(n)
                    except ssl.SSLWantReadError:
                        data = s.recv(n)
                        came.write(data) if data else came.write_eof()

            def close(self):
                s.close()
        c = H2(over=Wrapped(), greet=False)
        c.send(PREFACE + settings())
        same(c.get().status, 200)
        same(c.end(), NO_ERROR)
        c.close()
        same(p.process.wait(kit.DEADLINE), 0)
        true(time.monotonic() - began < 8, 'it took too long')


def test_reload():
    """a reload lets connections finish, and new ones meet the new rules"""
    go = threading.Event()
    with Origin(slowly(go)) as o, Proxy(o) as p, H2(p.port) as old:
        sid = begin_slow(old)
        same(old.get('/', [('cookie', 'lang=de; PHPSESSID=1')]).seen('cookie'), ['PHPSESSID=1'])
        p.write_rules(kit.RULES.replace('cookie lang is preferences', 'cookie lang is necessary'))
        before = p.workers()
        p.process.send_signal(signal.SIGHUP)
        old.until(lambda: old.goaways, 'the notice')

        def changed():
            with H2(p.port) as c:
                return c.get('/', [('cookie', 'lang=de; PHPSESSID=1')]).seen('cookie') == ['lang=de; PHPSESSID=1']
        kit.wait_for(changed, 'the new rules')
        go.set()
        same(old.response(sid).body, b'helloworld')
        same(old.end(), NO_ERROR)
        old.close()
        kit.wait_for(lambda: not set(before) & set(p.workers()), 'the old worker to end')


def test_requests():
    """behind the limit of requests the connection goes away, with all that it took answered"""
    with Origin(echo) as o, Proxy(o, extra='limits {\n requests 5\n}') as p:
        with H2(p.port) as c:
            for _ in range(4):
                same(c.get().status, 200)
            same(c.goaways, [])
            same(c.get().status, 200)
            same([c.end(), c.goaways[-1]], [NO_ERROR, (9, NO_ERROR)])
        with H2(p.port) as c:
            sids = [c.request() for _ in range(20)]
            last = None
            for x in sids:
                with contextlib.suppress(GoneAway):
                    if not last or x <= last:
                        same(c.response(x).status, 200)
                        last = c.goaways[-1][0] if c.goaways else None
            c.end()
            last, code = c.goaways[-1]
            same([code, last >= 9], [NO_ERROR, True])
            same([x for x in sids if c.streams[x].ended], [x for x in sids if x <= last])
        counted(p, 'requests', 2)


def a_while(seconds):
    end = time.monotonic() + seconds
    kit.wait_for(lambda: time.monotonic() > end, 'a while')


def pinging(c):
    """The code with which the connection ends although there are pings."""
    end = time.monotonic() + kit.DEADLINE
    with contextlib.suppress(GoneAway):
        while time.monotonic() < end:
            c.ping()
            a_while(0.03)
    return c.goaways[-1][1] if c.goaways else None


def test_room_for_others():
    """an idle connection that is closed for a new one is told which stream was its last"""
    with Origin(echo) as o, Proxy(o, extra='limits {\n connections 2\n}') as p, H2(p.port) as idle, H2(p.port) as c:
        same([idle.get().status, c.get().status], [200, 200])
        last = idle.next - 2
        with H2(p.port) as new:
            same(new.get().status, 200)
            same([idle.end(), idle.goaways], [NO_ERROR, [(last, NO_ERROR)]])
        counted(p, 'made-room')


def test_requests_behind_a_full_socket():
    """what comes while GOAWAY waits for the socket is not handled: the visitor is told that it may say it again"""
    def handler(r, c):
        with contextlib.suppress(OSError):
            c.sendall(reply(bytes(8 << 20) if r.target == '/large' else b'small'))
    with Origin(handler) as o, Proxy(o, extra='limits {\n requests 3\n}') as p, \
            H2(p.port, LAST, LAST, auto=False, received=4096) as c:
        c.ping()
        large = [c.request('GET', '/large') for _ in range(2)]
        kit.wait_for(lambda: len(o.requests) == 2, 'the first requests')
        last = c.request('GET', '/last')
        kit.wait_for(lambda: len(o.requests) == 3, 'the last request')
        late = c.request('POST', '/late', [('content-length', '0')])
        same([len(c.response(x).body) for x in large + [last]], [8 << 20, 8 << 20, 5])
        true(refused(c, late) in ('refused stream', 'gone: 0'), 'it was handled')
        c.end()
        same([c.goaways[-1], [r.target for r in o.requests]], [(last, NO_ERROR), ['/large', '/large', '/last']])


def test_idle():
    """an idle connection ends after its time, one that is used does not, whatever answers it gets"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(idle='1500ms')) as p:
        with H2(p.port) as c:
            c.get()
            for path in ('/collect', '/.crumbgate/nothing') * 5:  # which are answered in the very turn
                c.get(path)
                a_while(0.3)
            same(c.goaways, [])
            began = time.monotonic()
            same([c.end(), 0.5 < time.monotonic() - began < 15], [NO_ERROR, True])
        counted(p, 'idle')
        with H2(p.port) as c:
            c.get()
            same(pinging(c), NO_ERROR)


def test_silence():
    """who says nothing is idle; who stops within a head is slow"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(head='300ms')) as p:
        with H2(p.port, greet=False, auto=False) as c:
            same(c.end(), NO_ERROR)
        with H2(p.port) as c:
            same(c.end(), NO_ERROR)
        counted(p, 'idle', 2)
        with H2(p.port) as c:
            c.get()
            c.send(b'\0\0\1\1\1\0\0\0\3\x82')  # HEADERS without END_HEADERS
            same(c.end(), ENHANCE_YOUR_CALM)
        with H2(p.port, auto=False) as c:
            c.send(b'\0\0\40\1\5\0\0\0\1\x82')  # a frame that is not complete
            same(c.end(), ENHANCE_YOUR_CALM)
        counted(p, 'head-slow', 2)
        same(p.counters()['idle'], 2)


def test_malformed_is_not_slow():
    """a request that was refused leaves no head that is waited for"""
    end = threading.Event()
    with Origin(dripping(end)) as o, Proxy(o, extra=timeouts(head='500ms')) as p, H2(p.port) as c:
        sid = c.request()
        for fields in ([('Upper', 'x')], [('connection', 'close')]):
            same(refused(c, c.request('GET', '/', fields, raw=True)), 'protocol error')
        same(c.response(sid).body, b'x' * 16)
        same(c.goaways, [])
        end.set()


def test_trailers_of_nobody():
    """trailers whose stream ends while they come leave no head that is waited for"""
    def handler(r, c):
        if r.method == 'GET':
            return drip(r, c)
        enough.wait(kit.DEADLINE)
        c.sendall(reply(b'no', '413 Content Too Large'))
        return False
    enough, end = threading.Event(), threading.Event()
    drip = dripping(end)
    with Origin(handler) as o, Proxy(o, extra=timeouts(head='500ms')) as p, H2(p.port) as c:
        other = c.request()
        sid = c.request('POST', '/', [('content-length', '1000')], end=False)
        trailers = frame(HEADERS, END_STREAM | END_HEADERS, sid, literal('x-trailer', 'y' * 100))
        c.data(sid, bytes(1000))
        c.ping()  # nothing else is said in between
        c.send(trailers[:50])
        enough.set()
        same(c.reset_code(sid), NO_ERROR)
        c.send(trailers[50:])
        same(c.response(other).body, b'x' * 16)
        same(c.goaways, [])
        end.set()


def test_slow_body():
    """an upload that stops is 408, a response that nobody takes is cut, and the others go on"""
    with Origin(lambda r, c: c.sendall(reply(bytes(300000))) if r.target == '/large' else echo(r, c)) as o, \
            Proxy(o, extra=timeouts(body='400ms')) as p:
        with H2(p.port, 1000, auto=False) as c:
            upload = c.request('POST', '/', [('content-length', '10')], end=False)
            c.data(upload, b'abc')
            r = c.response(upload)
            same([r.status, c.reset_code(upload)], [408, NO_ERROR])
            stalled = c.request('GET', '/large')
            small = c.request('GET', '/collect')
            same(c.response(small).status, 204)
            true(c.reset_code(stalled) != NO_ERROR, 'it ended without an error')
            same(len(c.streams[stalled].body), 1000)
            same(c.response(c.request('HEAD', '/')).status, 200)


def test_stalled_small():
    """a response that is complete here, but not taken, is cut, too"""
    with Origin(lambda r, c: c.sendall(reply(bytes(3000)))) as o, Proxy(o, extra=timeouts(body='300ms')) as p:
        with H2(p.port, 1000, auto=False) as c:
            sid = c.request()
            true(c.reset_code(sid) != NO_ERROR, 'it ended without an error')
            same(len(c.streams[sid].body), 1000)
        counted(p, 'window-stall')
        with H2(p.port, 0, auto=False) as c:  # slow is not stalled: 4k within each time are enough
            sid = c.request()
            s = c.streams[sid]
            while not s.ended and s.reset is None:
                c.send(window_update(sid, 100))
                n = len(s.body)
                c.until(lambda: len(s.body) > n or s.ended or s.reset is not None, 'content')
            same([s.reset, len(s.body)], [None, 3000])


def test_behind_another():
    """who waits behind a more urgent stream of the same connection is not taken for one who takes nothing"""
    def handler(r, c):
        if r.target != '/large':
            c.sendall(reply(bytes(500)))
            return True
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n' % (1 << 40))
        with contextlib.suppress(OSError):
            while True:
                c.sendall(bytes(1 << 16))
        return False
    with Origin(handler) as o, Proxy(o, extra=timeouts(body='300ms')) as p, \
            H2(p.port, connection_window=65535, auto=False) as c:
        large = c.request('GET', '/large', [('priority', 'u=0')])
        c.until(lambda: len(c.streams[large].body) == 65535, 'the first window')
        small = c.request('GET', '/small', [('priority', 'u=7')])
        c.until(lambda: c.streams[small].heads, 'the head')
        end, total = time.monotonic() + 1.2, 65535
        while time.monotonic() < end:
            total += 10000
            c.send(window_update(0, 10000))
            c.until(lambda: len(c.streams[large].body) == total or c.streams[small].reset, 'the next window')
            same([c.streams[small].reset, len(c.streams[small].body)], [None, 0])
        c.send(reset(large) + window_update(0, 1 << 20))
        same(len(c.response(small).body), 500)
        with H2(p.port, connection_window=65535, auto=False) as other:  # but if nothing moves both are
            sids = [other.request('GET', '/large', [('priority', f'u={x}')]) for x in (0, 7)]
            for x in sids:
                true(other.reset_code(x) != NO_ERROR, 'it ended without an error')


def test_reader_that_never_reads():
    """a socket that is never read from is cut, and the origin with it"""
    with Origin(lambda r, c: c.sendall(reply(bytes(30 << 20)))) as o, Proxy(o, extra=timeouts(body='400ms')) as p:
        with H2(p.port, received=4096, auto=False) as c:
            c.request()
            kit.wait_for(lambda: o.connections, 'the request')
            kit.wait_for(lambda: o.ended == o.connections, 'the end of the exchange')
            counted(p, 'reader-slow')


def test_not_http2():
    """what is no preface, or no frame, ends the connection with an error"""
    with Origin(echo) as o, Proxy(o) as p:
        for first in (b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', PREFACE[:-1] + b'x',
                      PREFACE + b'\0\0\0\0\0\0\0\0\1'):
            with H2(p.port, greet=False) as c:
                c.send(first)
                same([first, c.end() in (PROTOCOL_ERROR, None), len(o.requests)], [first, True, 0])
        with kit.Client(p.plain_port, tls=False) as c:
            c.send(PREFACE + settings())  # and there is none of it without TLS
            same(c.response().status, 505)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
