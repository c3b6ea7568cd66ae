"""Peers that do not read, read slowly, or end early: memory stays bounded, nobody is cut off or kept for ever."""
import concurrent.futures
import contextlib
import fcntl
import functools
import os
import socket
import ssl
import struct
import subprocess
import sys
import termios
import threading
import time

import kit
from kit import Client, Origin, Proxy, echo, reply, same, timeouts, true


class Slow(Client):
    """A client without TLS and with a small receive buffer."""

    def __init__(self, port, octets=4096):
        super().__init__(port, tls=False, received=octets)


class TlsOrigin(Origin):
    """An origin that speaks TLS with the test's certificate."""

    def _serve(self, c):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(kit.certs() + '/localhost.pem', kit.certs() + '/localhost.key')
        try:
            tls = ctx.wrap_socket(c, server_side=True)
        except (OSError, ValueError):
            self.ended += 1
            return
        super()._serve(tls)

    def url(self):
        return f'https://localhost:{self.port} ca {kit.certs()}/ca.pem'


def test_pipelining_without_reading():
    """whoever pipelines requests and reads no answer is not served further than buffers reach"""
    body, n = b'x' * 60000, 1000
    with Origin(lambda r, c: c.sendall(reply(body))) as o, Proxy(o) as p, Slow(p.plain_port) as c:
        threading.Thread(target=c.send, args=('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' * n,), daemon=True).start()
        kit.wait_for(lambda: o.requests, 'the first request')
        served = kit.settled(lambda: len(o.requests))
        true(served < n / 2, f'{served} answers of {len(body)} octets were made for a visitor who reads none')
        c.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for i in range(n):
            same(len(c.response().body), len(body), f'answer {i}')


def unread(c):
    return struct.unpack('i', fcntl.ioctl(c, termios.FIONREAD, bytes(4)))[0]


def test_upload_after_a_pause():
    """an origin that does not read until all windows and buffers are full still gets the whole of an upload"""
    size = 32 << 20

    def handler(r, c):
        kit.settled(lambda: unread(c))
        c.sendall(reply(str(len(r.body())).encode()))
    with Origin(handler) as o, Proxy(o) as p, kit.scratch() as d:
        name = os.path.join(d, 'big')
        with open(name, 'wb') as f:
            f.truncate(size)
        for version in ('--http1.1', '--http2'):
            r = subprocess.run(['curl', '-sS', '-k', version, '-T', name, f'https://localhost:{p.port}/'],
                               capture_output=True, text=True)
            same((r.stdout, r.stderr), (str(size), ''), version)


def test_slow_but_alive():
    """a visitor that reads slowly, but goes on reading, gets the whole response"""
    body = os.urandom(800000)
    with Origin(lambda r, c: c.sendall(reply(body))) as o, Proxy(o, extra=timeouts(body='3s')) as p, \
            Slow(p.plain_port) as c:
        c.request('GET', '/')
        got = b''
        end = time.monotonic() + 4
        while time.monotonic() < end:
            got += c.s.recv(2048)
            time.sleep(0.02)
        while len(got) < len(body):
            part = c.s.recv(65536)
            true(part, f'cut off after {len(got)} octets')
            got += part
        true(got.endswith(body[-1000:]), 'the content came back changed')


def test_silent_reader():
    """a visitor that stops reading is cut off"""
    with Origin(lambda r, c: c.sendall(reply(b'x' * 30000000))) as o, Proxy(o, extra=timeouts(body='700ms')) as p:
        with Slow(p.plain_port) as c:
            c.request('GET', '/')
            kit.wait_for(lambda: o.ended, 'the end of the exchange')


def test_trickled_head_of_the_origin():
    """an origin that sends its head octet by octet has one deadline for it"""
    def handler(r, c):
        for x in b'HTTP/1.1 200 OK\r\nX-Slow: ' + b'y' * 1000:
            c.sendall(bytes([x]))
            time.sleep(0.05)
    with Origin(handler) as o, Proxy(o, extra=timeouts(response='700ms')) as p:
        same(p.get('/').status, 504)  # long before the head would be complete, or the client would give up


def test_half_closed_pipeline():
    """what was pipelined before the visitor ended its side is answered"""
    with Origin(echo) as o, Proxy(o) as p, Client(p.plain_port, tls=False) as c:
        c.send(''.join(f'GET /{i} HTTP/1.1\r\nHost: localhost\r\n\r\n' for i in range(5)))
        c.s.shutdown(socket.SHUT_WR)
        same([c.response().json()['target'] for _ in range(5)], [f'/{i}' for i in range(5)])
        true(c.closed(), 'still open')


def test_head_without_memory():
    """the error answer to a HEAD has no body, even when the exchange's memory was used up"""
    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\n' + b''.join(b'X-%d: %s\r\n' % (i, b'y' * 590) for i in range(105)) + b'\r\n')
    with Origin(handler) as o, Proxy(o, extra='limits {\n exchange-memory 128k\n}') as p, p.client() as c:
        c.request('HEAD', '/', *(f'X-{i}: ' + 'y' * 590 for i in range(105)))
        r = c.response('HEAD')
        same(r.status, 502)
        if r.get('connection') != 'close':
            c.request('OPTIONS', '*', 'Max-Forwards: 0')
            same(c.response().status, 204)
        else:
            true(c.closed(), 'octets behind the answer to a HEAD: %r' % c.buffer[:100])


def test_beacons_keep_the_connection():
    """a beacon that is posted and blocked costs no connection; a large one may"""
    with Origin(echo) as o, Proxy(o) as p:
        with p.client() as c:
            c.request('POST', '/collect', body=b'x' * 3000)
            r = c.response()
            same((r.status, r.get('connection')), (204, None))
            c.send('POST /collect HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
            r = c.response()
            same((r.status, r.get('connection')), (204, None))
            c.request('POST', '/collect', 'Content-Length: 0')
            same(c.response().status, 204)
            c.request('GET', '/')
            same(c.response().json()['target'], '/')
        with p.client() as c:
            c.request('POST', '/collect', 'Content-Length: 1000000')
            r = c.response()
            same((r.status, r.get('connection')), (204, 'close'))
        with p.client() as c:
            c.send('POST /collect HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n' +
                   ('1000\r\n' + 'x' * 4096 + '\r\n') * 20)
            r = c.response()
            same((r.status, r.get('connection')), (204, 'close'))
        same(len(o.requests), 1)


def test_beacon_that_stops():
    """a blocked beacon whose body never comes is a 408"""
    with Origin(echo) as o, Proxy(o, extra=timeouts(body='700ms')) as p, p.client() as c:
        c.request('POST', '/collect', 'Content-Length: 10')
        same(c.response().status, 408)


def test_origin_down_keeps_the_connection():
    """error pages leave the visitor's connection usable"""
    with Proxy(f'http://127.0.0.1:{kit.free_port()}') as p, p.client() as c:
        for _ in range(3):
            c.request('GET', '/')
            r = c.response()
            same((r.status, r.get('connection')), (502, None))


def test_second_origin_after_a_blackhole():
    """an origin that does not accept costs time, not answers, while another one is there"""
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen(0)
        fill = [socket.socket() for _ in range(8)]
        for c in fill:
            c.setblocking(False)
            c.connect_ex(('127.0.0.1', s.getsockname()[1]))
        with Origin(echo) as o:
            with Proxy(f'http://127.0.0.1:{s.getsockname()[1]}', site=f'upstream http://127.0.0.1:{o.port}',
                       extra=timeouts(connect='500ms')) as p:
                same([p.get('/').status for _ in range(4)], [200] * 4)
        for c in fill:
            c.close()


def test_early_answer_over_tls():
    """an answer before the end of the upload reaches the visitor although the TLS origin has reset the connection"""
    def handler(r, c):
        c.sendall(reply(b'too big', '413 Content Too Large', 'Connection: close'))
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        return False
    with TlsOrigin(handler) as o, Proxy(o.url()) as p:
        for _ in range(5):
            with p.client() as c:
                c.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n')
                with contextlib.suppress(OSError):
                    for _ in range(50):
                        c.send('x' * 100000)
                same(c.response().status, 413)


def test_tls_origin_is_reused():
    """a TLS origin's session tickets do not end its connection"""
    with TlsOrigin(echo) as o, Proxy(o.url()) as p, p.client() as c:
        for i in range(5):
            c.request('GET', f'/{i}')
            same(c.response().json()['target'], f'/{i}')
            time.sleep(0.02)
        same(o.connections, 1)


def echo_tunnel(r, c):
    """An origin that upgrades, and otherwise says nothing."""
    if not r.get('upgrade'):
        time.sleep(kit.DEADLINE)
        return False
    c.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    while True:
        data = c.recv(65536)
        if not data:
            return False
        c.sendall(data)


def upgrade(c):
    c.request('GET', '/', *kit.WEBSOCKET)
    same(c.response().status, 101)


def test_every_state_has_a_deadline():
    """whatever a visitor waits for, the connection ends by itself"""
    names = ('handshake', 'head', 'idle', 'body', 'connect', 'response', 'tunnel')
    # Long enough to bring a connection into its state on a busy machine, so all of them are waited for at once.
    short = timeouts(**dict.fromkeys(names, '3s')) + '\nlimits {\n upstream 4\n}'

    def silent_tls(p):
        return Client(p.port, tls=False)

    def silent(p):
        return p.client()

    def part_of_a_head(p):
        c = p.client()
        c.send('GET / HTTP/1.1\r\nHo')
        return c

    def part_of_the_second_head(p):
        c = p.client()
        c.request('OPTIONS', '*', 'Max-Forwards: 0')
        c.response()
        c.send('GET')
        return c

    def idle(p):
        c = p.client()
        c.request('OPTIONS', '*', 'Max-Forwards: 0')
        c.response()
        return c

    def waiting_for_an_answer(p):
        c = p.client()
        c.request('GET', '/')
        return c

    def in_a_body(p):
        c = p.client()
        c.request('POST', '/', 'Content-Length: 10')
        return c

    def quiet_tunnel(p):
        c = p.client()
        upgrade(c)
        return c

    def half_closed_tunnel(p):
        c = Client(p.plain_port, tls=False)
        upgrade(c)
        c.send('x')
        c.take(1)
        c.s.shutdown(socket.SHUT_WR)
        return c

    def lingering(p):
        c = p.client()
        c.send('BAD\r\n\r\n')
        return c

    def ends(p, begin):
        """None, or that it does not; a silent connection is an error of its own after kit.DEADLINE."""
        with begin(p) as c:
            try:
                while c.s.recv(65536):
                    pass
            except TimeoutError:
                return begin.__name__ + ' is still open'
            except OSError:
                pass
        return None

    states = (silent_tls, silent, part_of_a_head, part_of_the_second_head, idle, waiting_for_an_answer, in_a_body,
              quiet_tunnel, half_closed_tunnel, lingering)
    with Origin(echo_tunnel) as o, Proxy(o, extra=short) as p:
        with concurrent.futures.ThreadPoolExecutor(len(states)) as pool:
            same([x for x in pool.map(functools.partial(ends, p), states) if x], [])
        with p.client() as c:
            upgrade(c)  # the four that had all connections to the origin have given them up


def test_queue_for_the_origin():
    """visitors wait for one of the origin's connections in turn; who leaves meanwhile is forgotten"""
    go = threading.Event()

    def handler(r, c):
        if r.target == '/first':
            go.wait(kit.DEADLINE)
        c.sendall(reply(r.target.encode()))
    with Origin(handler) as o, Proxy(o, extra='limits {\n upstream 1\n}') as p:
        clients = []
        for name in ('first', 'second', 'left', 'third'):
            c = p.client()
            c.request('GET', '/' + name)
            clients.append(c)
            time.sleep(0.05)
        clients[2].leave()
        time.sleep(0.05)
        go.set()
        for c, name in zip(clients, ('/first', '/second', None, '/third')):
            if name:
                same(c.response().body, name.encode())
            c.close()
        same([r.target for r in o.requests], ['/first', '/second', '/third'])
        same(o.connections, 1)


def test_end_with_everything_in_flight():
    """when the time to drain is over, connections in every state end with the worker"""
    def handler(r, c):
        if r.target == '/large':
            c.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
            while True:
                c.sendall(b'4000\r\n' + b'x' * 0x4000 + b'\r\n')
        return echo_tunnel(r, c)
    with Origin(handler) as o, Proxy(o, extra='timeouts {\n drain 500ms\n}\nlimits {\n upstream 6\n}') as p:
        clients = [p.client() for _ in range(8)] + [Client(p.port, tls=False), Slow(p.plain_port)]
        clients[0].send('GET / HT')
        upgrade(clients[1])
        for c in clients[2:4] + clients[9:]:
            c.request('GET', '/large')
        clients[4].request('POST', '/', 'Content-Length: 10000000', body=b'')
        clients[4].send(b'x' * 300000)
        for c in clients[5:8]:
            c.request('GET', '/')  # the last one waits in the queue
        kit.wait_for(lambda: len(o.requests) >= 6, 'the requests')
        time.sleep(0.2)
        p.process.terminate()
        same(p.process.wait(kit.DEADLINE), 0)
        for c in clients:
            c.close()


def test_head_and_body_in_one_write():
    """a small body that came with its head leaves with it, on a new connection and on a used one"""
    segments = []

    def handler(c):
        for _ in range(2):
            data = b''
            while not data.endswith(b'hello'):
                data += c.recv(65536)
            info = c.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            segments.append(struct.unpack_from('I', info, 152)[0])  # tcpi_data_segs_in
            c.sendall(reply())
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen(5)
        threading.Thread(target=lambda: handler(s.accept()[0]), daemon=True).start()
        with Proxy(f'http://127.0.0.1:{s.getsockname()[1]}') as p, Client(p.plain_port, tls=False) as c:
            for _ in range(2):
                c.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello')
                same(c.response().status, 200)
    same(segments, [1, 2], 'segments after each request')


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat') as f:
        return sum(int(x) for x in f.read().rpartition(')')[2].split()[11:13]) / os.sysconf('SC_CLK_TCK')


@contextlib.contextmanager
def limited(limit):
    """Proxies started meanwhile run under this limit of the shell's ulimit."""
    real = kit.CRUMBGATE
    kit.sanitized()  # looks at the program itself
    with kit.scratch() as d:
        kit.CRUMBGATE = os.path.join(d, 'crumbgate')
        with open(kit.CRUMBGATE, 'w') as f:
            f.write(f'#!/bin/sh\nulimit {limit}\nexec {real} "$@"\n')
        os.chmod(kit.CRUMBGATE, 0o755)
        try:
            yield
        finally:
            kit.CRUMBGATE = real


def test_out_of_descriptors():
    """a worker without descriptors waits without spinning, answers what it has, and recovers"""
    with Origin(echo) as o, limited('-n 40'), Proxy(o) as p:
        worker = p.workers()[0]
        true('raise the limit of open files' in p.stderr(), p.stderr())
        clients = [Client(p.plain_port, tls=False) for _ in range(60)]
        for c in clients:
            c.request('GET', '/')
        time.sleep(0.2)
        before = cpu_seconds(worker)
        time.sleep(1)
        true(cpu_seconds(worker) - before < 0.3, 'the worker spins')
        for c in clients:  # all of them are served, as those before them leave
            same(c.response().status, 200)
            c.close()
        kit.wait_for(lambda: p.get('/').status == 200, 'the worker to recover')
        same(p.workers(), [worker])


def test_drain_after_a_slow_answer():
    """a connection whose answer was still on its way when draining began is closed behind it"""
    body = b'x' * 3000000
    with Origin(lambda r, c: c.sendall(reply(body))) as o, Proxy(o) as p, Slow(p.plain_port) as c:
        c.request('GET', '/')
        kit.wait_for(lambda: o.requests, 'the request')
        time.sleep(0.3)
        p.process.terminate()
        time.sleep(0.2)
        c.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        same(len(c.response().body), len(body))
        true(c.closed(), 'still open')
        same(p.process.wait(kit.DEADLINE), 0)  # less than the time to drain: it does not wait for what is done


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
