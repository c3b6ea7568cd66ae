"""Who asks too much, or sends or takes too slowly, is refused or cut, and counted; who is only slow is neither."""
import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time

import kit
from kit import Client, Origin, Proxy, echo, reply, same, true

TICK = 0.02


def timeouts(**ms):
    return 'timeouts {\n' + ''.join(f' {name} {value}ms\n' for name, value in ms.items()) + '}\n'


def limits(**values):
    return 'limits {\n' + ''.join(f' {name.replace("_", "-")} {value}\n' for name, value in values.items()) + '}\n'


def counted(p, **wanted):
    """Waits until exactly that was counted since the start."""
    wanted = {name.replace('_', '-'): n for name, n in wanted.items()}
    seen = {}

    def reached():
        seen.clear()
        seen.update(p.counters())
        return all(seen.get(name, 0) >= n for name, n in wanted.items())
    with contextlib.suppress(AssertionError):
        kit.wait_for(reached, 'the counters')
    same(seen, wanted)


def trickle(c, data, every=TICK):
    """Sends octet by octet, without TLS, until all is sent or something comes back: how many seconds it took."""
    began = time.monotonic()
    for x in data:
        if select.select([c.s], [], [], every)[0]:
            break
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            c.s.sendall(bytes([x]))
    return time.monotonic() - began


def ended(c):
    """True once the peer has closed, whatever it said before."""
    with contextlib.suppress(OSError):
        while c.s.recv(65536):
            pass
    return True


class Reader(Client):
    """A client without TLS that takes little in advance."""

    def __init__(self, port):
        super().__init__(port, tls=False, received=4096)

    def read_for(self, seconds, octets):
        """Reads `octets` each tick; False if it was cut off before the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if not self.s.recv(octets):
                    return False
            except OSError:
                return False
            time.sleep(TICK)
        return True


def large(r, c):
    c.sendall(reply(bytes(30000000)))


# -- connections ----------------------------------------------------------------------------------------------------


def client_hello():
    ctx, out = kit.client_context(), kit.ssl.MemoryBIO()
    tls = ctx.wrap_bio(kit.ssl.MemoryBIO(), out, server_hostname='localhost')
    with contextlib.suppress(kit.ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def test_slow_handshake():
    """a handshake has one deadline, whether nothing or octet by octet comes"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(handshake=300)) as p:
        with Client(p.port, tls=False) as c:
            true(c.closed(), 'something came')
        with Client(p.port, tls=False) as c:
            true(trickle(c, client_hello()) < 3, 'still open')
            true(ended(c), 'still open')
        counted(p, handshake_slow=2)


def test_failed_handshake():
    """a handshake that is none is counted"""
    with Origin(echo) as o, Proxy(o) as p:
        with Client(p.port, tls=False) as c:
            c.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
            true(ended(c), 'still open')
        counted(p, handshake_failed=1)


def test_address():
    """one address has so many connections; others, and the address itself later, are not hurt"""
    with Origin(echo) as o, Proxy(o, extra=limits(connections_per_address=3)) as p:
        held = [Client(p.plain_port, tls=False), p.client(), p.client()]
        for c in held:
            c.request('GET', '/')
            same(c.response().status, 200)
        for port in (p.plain_port, p.port):
            with Client(port, tls=False) as c:
                true(ended(c), 'still open')
        counted(p, address_full=2)
        kit.wait_for(lambda: 'refused, as its address in 127.0.0.0/24 has 3 already' in p.stderr(), 'the log')
        with socket.create_connection(('127.0.0.1', p.plain_port), kit.DEADLINE, ('127.0.0.2', 0)) as s:
            s.sendall(b'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
            true(s.recv(100).startswith(b'HTTP/1.1 200'), 'another address was refused')
        held.pop().close()

        def admitted():
            with contextlib.suppress(OSError, EOFError):
                return p.get('/').status == 200
        kit.wait_for(admitted, 'room for the address')
        for c in held:
            c.request('GET', '/')
            same(c.response().status, 200)
            c.close()


def test_address_of_a_trusted_proxy():
    """a trusted proxy has as many connections as it likes; so has everybody without that limit"""
    for extra in ('trusted-proxy 127.0.0.0/8\n' + limits(connections_per_address=2), limits(connections_per_address=0)):
        with Origin(echo) as o, Proxy(o, extra=extra) as p:
            held = [Client(p.plain_port, tls=False) for _ in range(8)]
            for c in held:
                c.request('GET', '/')
                same(c.response().status, 200)
                c.close()
            counted(p)


def test_room():
    """at the limit of connections the oldest idle one is closed, or accepting pauses"""
    go = threading.Event()

    def handler(r, c):
        if r.target == '/wait':
            go.wait(kit.DEADLINE)
        c.sendall(reply())
    with Origin(handler) as o, Proxy(o, extra=limits(connections=2)) as p:
        busy = Client(p.plain_port, tls=False)
        busy.request('GET', '/wait')
        idle = Client(p.plain_port, tls=False)
        idle.request('GET', '/')
        same(idle.response().status, 200)
        late = Client(p.plain_port, tls=False)
        true(ended(idle), 'still open')
        late.request('GET', '/wait')
        counted(p, made_room=1, accept_paused=2)  # once as the second had not asked yet
        go.set()
        for c in (busy, late):
            same(c.response().status, 200)
            c.close()


def one_octet(port):
    """Who says nothing at all is kept by the kernel for a second; who has said this is in."""
    c = Client(port, tls=False)
    c.send('G')
    return c


def test_waiting():
    """those who never finish asking keep nobody out: the oldest of them make room"""
    with Origin(echo) as o, Proxy(o, extra=limits(connections=128)) as p:
        asked = Client(p.plain_port, tls=False)
        asked.request('GET', '/')
        same(asked.response().status, 200)
        begun = Client(p.plain_port, tls=False)
        begun.request('GET', '/')
        same(begun.response().status, 200)
        begun.send('GET / HT')
        silent = [one_octet(port) for port in [p.plain_port, p.port] * 31]
        slow = one_octet(p.plain_port)
        same(p.counters(), {})
        with p.client() as c:
            true(ended(begun), 'still open')
            c.request('GET', '/')
            same(c.response().status, 200)
            late = [one_octet(p.plain_port) for _ in range(2)]
            true(ended(silent[0]), 'still open')
            c.request('GET', '/')
            same(c.response().status, 200)
        counted(p, waiting_full=2)
        for c in (asked, slow):
            c.send('ET / HTTP/1.1\r\nHost: localhost\r\n\r\n' if c is slow else 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
            same(c.response().status, 200)
        for c in [asked, begun, slow] + silent + late:
            c.close()


def test_idle():
    """a connection ends after so long without a request, or without a first one"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(idle=300, head=400)) as p:
        with p.client() as c:
            c.request('GET', '/')
            same(c.response().status, 200)
            true(c.closed(), 'something came')
        counted(p, idle=1)
        with p.client() as c:
            true(c.closed(), 'something came')
        counted(p, idle=2)


def test_requests():
    """a connection ends after so many requests"""
    with Origin(echo) as o, Proxy(o, extra=limits(requests=3)) as p:
        with p.client() as c:
            for connection in (None, None, 'close'):
                c.request('GET', '/')
                r = c.response()
                same((r.status, r.get('connection')), (200, connection))
            true(c.closed(), 'still open')
        counted(p, requests=1)


def test_last_output():
    """who does not take the last of a response does not hold its connection"""
    with Origin(lambda r, c: c.sendall(reply(bytes(3000000)))) as o, Proxy(o, extra=timeouts(body=300)) as p:
        with Reader(p.plain_port) as c:
            c.request('GET', '/', 'Connection: close')
            kit.wait_for(lambda: p.counters().get('reader-slow'), 'the end')
        counted(p, reader_slow=1)


# -- heads ----------------------------------------------------------------------------------------------------------


def test_slow_head():
    """a head has one deadline however steadily it comes, the first one and later ones"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(head=300)) as p:
        for before in (0, 1):
            with Client(p.plain_port, tls=False) as c:
                for _ in range(before):
                    c.request('GET', '/')
                    same(c.response().status, 200)
                took = trickle(c, b'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ' + b'y' * 1000)
                true(took < 3, f'open for {took} s')
                same(c.response().status, 408)
                true(ended(c), 'still open')
            counted(p, head_slow=before + 1)


def test_large_heads():
    """heads that are too large in one way or another are refused and told apart"""
    small = limits(line=256, field=512, head=1024, fields=8)
    with Origin(echo) as o, Proxy(o, extra=small) as p:
        for target, fields, status, counter in (
                ('/' + 'x' * 300, [], 414, 'head_line'),
                ('/', ['X: ' + 'y' * 600], 431, 'head_line'),
                ('/', [f'X-{i}: {"y" * 400}' for i in range(3)], 431, 'head_size'),
                ('/', [f'X-{i}: y' for i in range(8)], 431, 'head_fields')):
            before = p.counters()
            with p.client() as c:
                c.request('GET', target, *fields)
                same(c.response().status, status)
                true(ended(c), 'still open')
            name = counter.replace('_', '-')
            before[name] = before.get(name, 0) + 1
            counted(p, **{k.replace('-', '_'): n for k, n in before.items()})
        same(o.requests, [])


def test_malformed():
    """what is no HTTP is refused and counted, heads and bodies alike"""
    with Origin(echo) as o, Proxy(o) as p:
        for data in ('GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\nHost: localhost\r\n\r\n',
                     'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
                     'POST /collect HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'):
            with p.client() as c:
                c.send(data)
                same(c.response().status, 400)
        counted(p, malformed=4)


def test_memory():
    """an exchange that needs more memory than it may have is counted once"""
    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\n' + b''.join(b'X-%d: %s\r\n' % (i, b'y' * 590) for i in range(105)) + b'\r\n')
    with Origin(handler) as o, Proxy(o, extra=limits(exchange_memory='128k')) as p, p.client() as c:
        c.request('GET', '/', *(f'X-{i}: ' + 'y' * 590 for i in range(105)))
        same(c.response().status, 502)
        counted(p, memory=1)


# -- bodies ---------------------------------------------------------------------------------------------------------

POST = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n'


def test_slow_body():
    """a body that comes too slowly is given up, for the origin too, although octets come all the time"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(body=300)) as p:
        with Client(p.plain_port, tls=False) as c:
            c.send(POST % 10000)
            took = trickle(c, bytes(10000))
            true(took < 5, f'open for {took} s')
            same(c.response().status, 408)
        kit.wait_for(lambda: o.ended, 'the end of the request at the origin')
        counted(p, body_slow=1)


def test_slow_form():
    """so are bodies that crumbgate reads itself"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(body=300)) as p:
        with Client(p.plain_port, tls=False) as c:
            c.send(POST.replace('/', '/collect', 1) % 10000)
            took = trickle(c, bytes(10000))
            true(took < 5, f'open for {took} s')
            same(c.response().status, 408)
        counted(p, body_slow=1)


def test_slow_body_allowed():
    """the progress that is asked for can be set"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(body=400) + limits(upload_progress=1)) as p:
        with Client(p.plain_port, tls=False) as c:
            c.send(POST % 60)
            true(trickle(c, b'x' * 60) > 1, 'it was too fast to tell')
            same(c.response().json()['body'], 'x' * 60)
        counted(p)


def test_large_body():
    """a body that is too large, said or not, is refused"""
    with Origin(echo) as o, Proxy(o, extra=limits(body='1k')) as p:
        for data in (POST % 2000, 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n' +
                     '400\r\n' + 'x' * 1024 + '\r\n1\r\ny\r\n'):
            with p.client() as c:
                c.send(data)
                same(c.response().status, 413)
        counted(p, body_size=2)


# -- readers --------------------------------------------------------------------------------------------------------


def test_silent_reader():
    """who takes nothing is cut off, with TLS and without"""
    with Origin(large) as o, Proxy(o, extra=timeouts(body=300)) as p:
        for n, c in enumerate((Reader(p.plain_port), p.client())):
            with c:
                c.request('GET', '/')
                counted(p, reader_slow=n + 1)
        kit.wait_for(lambda: len(p.log_lines()) == 2, 'the log')
        same({x['error'] for x in p.log_lines()}, {'the visitor took the response too slowly'})


def test_slow_reader():
    """who takes some, but less than is asked for, is cut off"""
    with Origin(large) as o, Proxy(o, extra=timeouts(body=300) + limits(download_progress='1m')) as p:
        with Reader(p.plain_port) as c:
            c.request('GET', '/')
            true(not c.read_for(5, 2000), 'still open')
        counted(p, reader_slow=1)


def test_slow_reader_allowed():
    """who goes on reading is not cut off, although the kernel takes nothing more from us for long"""
    with Origin(large) as o, Proxy(o, extra=timeouts(body=1500)) as p:
        with Reader(p.plain_port) as c:
            c.request('GET', '/')
            true(c.read_for(4, 2000), 'cut off')
            counted(p)


def test_event_stream():
    """a response of which nothing waits may be as slow as it likes"""
    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
        for _ in range(25):
            c.sendall(b'9\r\ndata: x\n\n\r\n')
            time.sleep(0.1)
        c.sendall(b'0\r\n\r\n')
    with Origin(handler) as o, Proxy(o, extra=timeouts(body=1500) + limits(download_progress='1g')) as p:
        same(p.get('/').body, b'data: x\n\n' * 25)
        counted(p)


def test_reader_of_a_tunnel():
    """a tunnel whose visitor takes nothing ends; one in which nothing is said is idle"""
    def handler(r, c):
        c.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
        if r.target == '/large':
            c.sendall(bytes(30000000))
        r.stream.read()
    for target, limit, counts in (('/large', {'body': 300}, {'reader_slow': 1}), ('/silent', {'tunnel': 300}, {'idle': 1})):
        with Origin(handler) as o, Proxy(o, extra=timeouts(**limit)) as p, Reader(p.plain_port) as c:
            c.request('GET', target, *kit.WEBSOCKET)
            same(c.head().status, 101)
            counted(p, **counts)
            true(ended(c), 'still open')


def crawl(c, upload, stop):
    """Sends or takes a few octets now and then, until told to stop or cut."""
    with contextlib.suppress(OSError):
        while not stop.wait(TICK):
            if not upload:
                c.s.recv(30)
            elif select.select([c.s], [], [], 0)[0]:
                return
            else:
                c.s.sendall(b'x')


def test_slow_visitors_give_way():
    """who waits for a connection to the origin gets that of a slow visitor, and not one where the origin is slow"""
    answer = threading.Event()

    def handler(r, c):
        if r.target == '/large':
            c.sendall(reply(bytes(50000000)))
            return
        if r.target == '/poll':
            answer.wait(120)
        r.stream.read(int(r.get('content-length') or 0))
        c.sendall(reply(b'hello'))

    extra = timeouts(body=5000) + limits(upstream=2, upload_progress=1, download_progress=1)
    with Origin(handler) as o, Proxy(o, extra=extra) as p, p.client() as poll:
        poll.request('GET', '/poll')
        kit.wait_for(lambda: len(o.requests) == 1, 'the poll')
        for upload in (True, False):
            stop, seen = threading.Event(), len(o.requests)
            with Reader(p.plain_port) as c:
                if upload:
                    c.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n')
                else:
                    c.request('GET', '/large')
                crawling = threading.Thread(target=crawl, args=(c, upload, stop))
                crawling.start()
                kit.wait_for(lambda: len(o.requests) > seen, 'the slow request')
                same(p.get('/', timeout=120).body, b'hello')
                counted(p, gave_way=2 - upload)
                stop.set()
                crawling.join()
                if upload:
                    same(c.response().status, 408)
                true(ended(c), 'still open')
        answer.set()
        same(poll.response().body, b'hello')
        counted(p, gave_way=2)


# -- the counters themselves ----------------------------------------------------------------------------------------


def malformed(p):
    with Client(p.plain_port, tls=False) as c:
        c.send('BAD\r\n\r\n')
        return c.response().status


def test_nothing_is_lost():
    """counters go on over workers that crash, reloads and several workers, and are told at the end"""
    with Origin(echo) as o, Proxy(o, workers=2) as p:
        same(p.counters(), {})
        for _ in range(8):
            same(malformed(p), 400)
        counted(p, malformed=8)
        for pid in p.workers():
            os.kill(pid, signal.SIGKILL)
        kit.wait_for(lambda: p.stderr().count('was started again') == 2, 'the next workers')
        same(malformed(p), 400)
        counted(p, malformed=9)
        before = set(p.workers())
        p.process.send_signal(signal.SIGHUP)
        kit.wait_for(lambda: len(p.workers()) == 2 and not before & set(p.workers()), 'the next generation')
        same(malformed(p), 400)
        counted(p, malformed=10)
        same(malformed(p), 400)
        p.process.terminate()
        same(p.process.wait(kit.DEADLINE), 0)
        true(p.stderr().rstrip().endswith('refused or cut: malformed 11 (+1)'), p.stderr())


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
