"""WebSockets over HTTP/2: extended CONNECT (RFC 8441) becomes an upgrade to the origin, and its streams a tunnel."""
import re
import socket
import struct
import sys
import time

import kit
from h2kit import CANCEL, H2, INTERNAL_ERROR, NO_ERROR, Reset, refused, reset
from kit import Origin, Proxy, echo, reply, same, timeouts, true

SWITCH = b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'


def shout(r, c):
    """Switches protocols, greets, and sends back what comes in upper case; it closes when nothing more comes."""
    c.sendall(SWITCH + b'Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\nSet-Cookie: _ga=1\r\n\r\nwelcome')
    while True:
        data = c.recv(65536)
        if not data:
            return False
        c.sendall(data.upper())


def open_tunnel(c, path='/', fields=(), end=False, **pseudo):
    pseudo = {'protocol': 'websocket', **pseudo}
    fields = [('sec-websocket-version', '13'), ('origin', 'https://localhost'), *fields]
    return c.request('CONNECT', path, fields, end=end, **pseudo)


def said(c, sid, n):
    """The first n octets of content."""
    s = c.streams[sid]
    c.until(lambda: len(s.body) >= n or s.ended or s.reset is not None, 'content')
    return s.body[:n]


def test_tunnel():
    """a tunnel carries both ways, any amount, and what the origin sees is an upgrade of HTTP/1.1"""
    with Origin(shout) as o, Proxy(o) as p, H2(p.port) as c:
        sid = open_tunnel(c, '/chat?gclid=1&a=2', [('sec-websocket-protocol', 'chat'), ('cookie', '_ga=1; PHPSESSID=2'),
                                                   ('sec-websocket-key', 'mine')])
        same(said(c, sid, 7), b'welcome')
        head = dict(c.streams[sid].heads[0])
        same([head[':status'], head.get('sec-websocket-protocol')], ['200', 'chat'])
        same([x for x in head if x in ('upgrade', 'connection', 'sec-websocket-accept', 'content-length')], [])
        true(all('Max-Age=0' in v for n, v in c.streams[sid].heads[0] if n == 'set-cookie'), 'a cookie was set')
        r = o.requests[0]
        same([r.method, r.target, r.version], ['GET', '/chat?a=2', 'HTTP/1.1'])
        same([r.all('upgrade'), r.all('host'), r.all('cookie'), r.all('sec-websocket-version')],
             [['websocket'], ['localhost'], ['PHPSESSID=2'], ['13']])
        same([r.all('connection')[0].lower(), r.all('content-length'), r.all('transfer-encoding')], ['upgrade', [], []])
        true(re.fullmatch(r'[A-Za-z0-9+/]{22}==', r.get('sec-websocket-key')), str(r.all('sec-websocket-key')))
        same(len(r.all('sec-websocket-key')), 1)
        c.data(sid, b'hello')
        same(said(c, sid, 12), b'welcomeHELLO')
        other = c.request('GET', '/.crumbgate/preferences')
        big = b'a' * 3000000
        c.upload(sid, big, end=False)
        same(said(c, sid, 12 + len(big))[12:] == big.upper(), True)
        same(c.response(other).status, 200)
        c.data(sid, b'', True)
        same(len(c.response(sid).body), 12 + len(big))
        kit.wait_for(lambda: o.ended, 'the origin\'s end')
        same([c.streams[sid].reset, c.goaways], [None, []])


def test_early_content():
    """what is sent before the tunnel stands gets there"""
    with Origin(shout) as o, Proxy(o) as p, H2(p.port) as c:
        sid = open_tunnel(c)
        c.data(sid, b'early ')
        c.data(sid, b'bird', True)
        same(c.response(sid).body, b'welcomeEARLY BIRD')
        sid = open_tunnel(c, end=True)
        same(c.response(sid).body, b'welcome')


def test_ends():
    """each side may end first, and what was said before arrives; whoever resets cuts the other side off"""
    def handler(r, c):
        c.sendall(SWITCH + b'\r\n')
        if r.target == '/origin-first':
            c.sendall(b'o' * 3000000)
            c.shutdown(socket.SHUT_WR)
            seen.append(len(r.stream.read()))
        elif r.target == '/visitor-first':
            seen.append(len(r.stream.read()))
            c.sendall(b'o' * 3000000)
        elif r.target == '/origin-resets':
            c.sendall(b'o' * 1000)
            c.recv(1)
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            r.stream.close()  # or it holds the socket open
            c.close()
        else:
            seen.append(len(r.stream.read()))
        return False
    seen = []
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        sid = open_tunnel(c, '/origin-first')
        same(len(c.response(sid).body), 3000000)
        c.upload(sid, b'v' * 100000)  # it reads on
        kit.wait_for(lambda: seen, 'the origin to see the end')
        sid = open_tunnel(c, '/visitor-first')
        c.upload(sid, b'v' * 3000000)
        same(len(c.response(sid).body), 3000000)
        same(seen, [100000, 3000000])
        sid = open_tunnel(c, '/origin-resets')
        same(said(c, sid, 1000), b'o' * 1000)
        c.data(sid, b'x')
        try:
            c.response(sid)
            true(False, 'a tunnel that was cut off ended cleanly')
        except Reset as e:
            true(e.code in (INTERNAL_ERROR, CANCEL), f'reset with {e.code}')
        sid = open_tunnel(c, '/visitor-resets')
        c.until(lambda: c.streams[sid].heads, 'the tunnel')
        c.data(sid, b'x' * 500)
        ended = o.ended
        c.send(reset(sid))
        kit.wait_for(lambda: o.ended > ended, 'the origin to see the end')
        same(c.get('/.crumbgate/preferences').status, 200)


def test_refused():
    """what is no tunnel for WebSocket is refused, never with a success, and never gets to the origin"""
    cases = [
        ('another protocol', {'protocol': 'connect-udp'}, (), 501),
        ('h2c', {'protocol': 'h2c'}, (), 501),
        ('an empty protocol', {'protocol': ''}, (), 'protocol error'),
        ('two protocols', {'protocol': 'websocket, h2c'}, (), 400),
        ('a protocol with CRLF', {'protocol': 'websocket\r\nx: y'}, (), 'protocol error'),
        ('a blocked path', {'path': '/collect'}, (), 403),
        ('one of our own pages', {'path': '/.crumbgate/preferences'}, (), 403),
        ('no path', {'path': None}, (), 'protocol error'),
        ('no authority', {'authority': None}, (), 'protocol error'),
        ('http', {'scheme': 'http'}, (), 400),
        ('another site', {'authority': 'other.example'}, (), 421),
        ('content with a length', {}, (('content-length', '5'),), 400),
        ('an upgrade in a field', {}, (('upgrade', 'websocket'),), 'protocol error'),
        ('another method', {'method': 'GET'}, (), 'protocol error'),
    ]
    wrong = []
    with Origin(shout) as o, Proxy(o) as p:
        for what, pseudo, fields, expected in cases:
            with H2(p.port) as c:
                pseudo = {'protocol': 'websocket', 'path': '/', 'method': 'CONNECT', **pseudo}
                sid = c.request(pseudo.pop('method'), pseudo.pop('path'), fields, end=False, raw=True, **pseudo)
                got = refused(c, sid)
                if got != expected or o.requests:
                    wrong.append(f'{what}: {got} instead of {expected}, {len(o.requests)} requests')
                o.requests.clear()
    same('\n'.join(wrong), '')


def test_origin_refuses():
    """an origin's refusal is one; a success that is no switch of protocols is never taken for a tunnel"""
    answers = {
        '/403': (reply(b'no', '403 Forbidden'), 403),
        '/404': (b'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', 404),
        '/302': (reply(b'', '302 Found', 'Location: /'), 302),
        '/200': (reply(b'secret'), 502),
        '/204': (b'HTTP/1.1 204 No Content\r\n\r\n', 502),
        '/h2c': (b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n', 502),
        '/bare': (b'HTTP/1.1 101 Switching Protocols\r\n\r\n', 502),
        '/garbage': (b'SSH-2.0-OpenSSH\r\n', 502),
    }

    def handler(r, c):
        c.sendall(answers[r.target][0])
        return r.target not in ('/garbage', '/bare')
    wrong = []
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        for path, (_, expected) in answers.items():
            sid = open_tunnel(c, path)
            c.data(sid, b'GET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n')
            r = c.response(sid)
            if r.status != expected or b'secret' in r.body:
                wrong.append(f'{path}: {r.status} instead of {expected}')
            same([path, c.reset_code(sid)], [path, NO_ERROR])
        same('\n'.join(wrong), '')
        same([r.target for r in o.requests], list(answers))


def test_silence():
    """a tunnel that is silent for too long is cut, one that talks is not"""
    with Origin(shout) as o, Proxy(o, extra=timeouts(tunnel='1s')) as p, H2(p.port) as c:
        silent, busy = open_tunnel(c), open_tunnel(c)
        n = 7
        while c.streams[silent].reset is None:
            c.data(busy, b'x')
            n += 1
            same(len(said(c, busy, n)), n)
        true(c.streams[silent].reset != NO_ERROR, 'it ended without an error')
        c.data(busy, b'', True)
        same(len(c.response(busy).body), n)


def test_silence_after_content():
    """what was sent last is no reason to hurry once it has left: the limit is that of tunnels, not of bodies"""
    with Origin(shout) as o, Proxy(o, extra=timeouts(body='300ms', tunnel='1200ms')) as p, H2(p.port) as c:
        sid = open_tunnel(c)
        c.data(sid, b'x' * 5000)
        same(len(said(c, sid, 5007)), 5007)
        began = time.monotonic()
        true(c.reset_code(sid) != NO_ERROR, 'it ended without an error')
        took = time.monotonic() - began
        true(took > 1, f'the tunnel ended after {took:.1f} s')
        line, = kit.wait_for(p.log_lines, 'the log')
        same((line['status'], line['error']), (101, 'the tunnel was silent for too long'))


def test_no_window():
    """what a stream's window does not let through stays with the origin, and a visitor who takes nothing is cut"""
    sent = [0]

    def pouring(r, c):
        c.sendall(SWITCH + b'\r\n')
        while True:
            c.sendall(bytes(65536))
            sent[0] += 65536
    with Origin(pouring) as o, Proxy(o, extra=timeouts(body='1s')) as p:
        with H2(p.port, window=65535, auto=False) as c:
            sid = open_tunnel(c)
            same(len(said(c, sid, 65535)), 65535)
            true(c.reset_code(sid) != NO_ERROR, 'it ended without an error')
            true(sent[0] < 16 << 20, f'{sent[0]} octets were taken from the origin')
            line, = kit.wait_for(p.log_lines, 'the log')
            same(line['error'], 'the visitor took the response too slowly')


def test_not_allowed_there():
    """where no WebSocket may be opened CONNECT is refused, and the origin asked for nothing"""
    with Origin(shout) as o, Proxy(o, site='upgrade websocket /chat') as p, H2(p.port) as c:
        for path, status in (('/', 403), ('/chatter', 403), ('/chat/../x', 403)):
            same([path, c.response(open_tunnel(c, path)).status], [path, status])
        same(said(c, open_tunnel(c, '/chat/room'), 7), b'welcome')
        same([r.target for r in o.requests], ['/chat/room'])


def test_many():
    """tunnels and requests share a connection"""
    with Origin(lambda r, c: shout(r, c) if r.get('upgrade') else echo(r, c)) as o, Proxy(o) as p, H2(p.port) as c:
        tunnels = [open_tunnel(c) for _ in range(40)]
        requests = [c.request('GET', f'/{i}') for i in range(40)]
        for i, x in enumerate(tunnels):
            c.data(x, b'x' * i, True)
        for i, (x, y) in enumerate(zip(tunnels, requests)):
            same(c.response(x).body, b'welcome' + b'X' * i)
            same(c.response(y).json()['target'], f'/{i}')


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
