"""WebSocket through crumbgate: which handshakes pass, and what becomes of the tunnel behind them."""
import asyncio
import json
import os
import re
import socket
import ssl
import sys
import threading
import time

import kit
import websocket
from kit import Client, Origin, Proxy, echo, reply, same, true
from websocket import Server, visit

MIB = 1024 * 1024
SWITCH = b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'


def upgrading(r, c):
    """An origin that switches where it is asked to and then echoes; else it shows what it saw."""
    if not r.get('upgrade'):
        return echo(r, c)
    c.sendall(SWITCH)
    while True:
        data = c.recv(65536)
        if not data:
            return False
        c.sendall(data)


def memory(p):
    with open(f'/proc/{p.workers()[0]}/smaps_rollup') as f:
        return int(re.search(r'^Pss:\s+(\d+)', f.read(), re.M).group(1))


def logged(p):
    """The line of the tunnel that has ended."""
    return kit.wait_for(lambda: [x for x in p.log_lines() if x['status'] == 101], 'the line in the log')[-1]


def closes(o, n):
    """How n connections ended, as the origin saw it."""
    return kit.wait_for(lambda: len(o.closes) == n and o.closes, 'the origin to see the end')


# -- a real client and a real server ----------------------------------------------------------------------------------


def test_echo():
    """text, binary, empty and fragmented messages pass both ways, and pings are answered"""
    async def story(c):
        for message in ('hello', b'\x00\xff' * 1000, '', 'ü' * 70000):
            await c.send(message)
            same(await c.recv(), message)
        await c.send(['in ', 'three ', 'frames'])
        same(await c.recv(), 'in three frames')
        await asyncio.wait_for(await c.ping(b'there?'), kit.DEADLINE)
    with Server(websocket.echo) as o, Proxy(o) as p:
        visit(p, story)
        visit(p, story, compression=None)
        same(closes(o, 2), [(1000, '')] * 2)
        same(logged(p).get('error'), None)


def test_tls_origin():
    """the same to an origin that speaks TLS"""
    async def story(c):
        for message in ('hello', os.urandom(3 * MIB)):
            await c.send(message)
            same(await c.recv(), message)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(kit.certs() + '/localhost.pem', kit.certs() + '/localhost.key')
    with Server(websocket.echo, tls=context) as o:
        with Proxy(f'https://localhost:{o.port} ca {kit.certs()}/ca.pem') as p:
            visit(p, story)
            same(closes(o, 1), [(1000, '')])


def test_big_messages():
    """16 MiB pass in one frame and in many, back and forth, in flat memory"""
    async def story(c):
        for message in (big, [big[i:i + 10007] for i in range(0, len(big), 10007)]):
            await c.send(message)
            true(await c.recv() == big, 'another message')
    big = os.urandom(16 * MIB)
    with Server(websocket.echo, compression=None) as o, Proxy(o) as p:
        p.get('/')
        before = memory(p)
        visit(p, story, compression=None)
        line = logged(p)
        if not kit.sanitized():
            true(memory(p) - before < 4096, f'the worker grew by {memory(p) - before} KiB')
        true(line['received'] > 2 * len(big) and line['sent'] > 2 * len(big), str(line))


def test_handshake():
    """a handshake is a request: cookies, parameters and paths go by consent; what WebSocket needs passes"""
    async def story(c):
        await c.send('hi')
        return await c.recv()

    def cookies(granted):
        fields = {'Cookie': 'PHPSESSID=1; _ga=2; lang=de' + granted, 'X-Forwarded-For': '192.0.2.1'}
        visit(p, story, '/chat?room=1&gclid=2', extra_headers=fields, subprotocols=['soap', 'wamp'])
        return o.seen[-1]

    with Server(websocket.echo, subprotocols=['wamp']) as o, Proxy(o) as p:
        seen = cookies('')
        same(seen.request_headers['Cookie'], 'PHPSESSID=1')
        same((seen.path, seen.subprotocol), ('/chat?room=1', 'wamp'))
        same(seen.request_headers['Origin'], f'https://localhost:{p.port}')
        same(seen.request_headers['Sec-WebSocket-Version'], '13')
        true('permessage-deflate' in seen.request_headers['Sec-WebSocket-Extensions'], str(seen.request_headers))
        same(seen.request_headers.get_all('X-Forwarded-For'), ['127.0.0.1'])
        seen = cookies('; __Host-crumb-consent=' + p.token('analytics'))
        same(seen.request_headers['Cookie'], 'PHPSESSID=1; _ga=2')
        true('granted=(analytics)' in seen.request_headers['Crumbgate-Consent'], str(seen.request_headers))
        with p.client() as c:
            c.request('GET', '/collect', *kit.WEBSOCKET)
            same(c.response().status, 204)
        same(len(o.seen), 2)


def test_cookies_of_the_answer():
    """a 101 sets no cookie of a denied purpose"""
    def origin(r, c):
        c.sendall(SWITCH[:-2] + b'Set-Cookie: _ga=1\r\nSet-Cookie: PHPSESSID=2\r\nAlt-Svc: h3=":443"\r\n\r\n')
        return False
    with Origin(origin) as o, Proxy(o) as p, p.client() as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        r = c.response()
        same((r.status, r.get('upgrade'), r.get('connection').lower()), (101, 'websocket', 'upgrade'))
        same((r.set_cookies()[0], r.get('alt-svc')), (['PHPSESSID=2'], None))


def test_closing():
    """either side closes with its code, and the other learns it"""
    async def closing(c):
        async for message in c:
            await c.close(4001, message)

    async def by_visitor(c):
        await c.close(3000, 'bye')

    async def by_origin(c):
        await c.send('enough')
        await c.wait_closed()
        return c.close_code, c.close_reason
    with Server(closing) as o, Proxy(o) as p:
        visit(p, by_visitor)
        same(visit(p, by_origin), (4001, 'enough'))
        same(closes(o, 2), [(3000, 'bye'), (4001, 'enough')])
        kit.wait_for(lambda: len(p.log_lines()) == 2, 'the log')
        same([(x['status'], x.get('error')) for x in p.log_lines()], [(101, None)] * 2)


def test_idle():
    """a tunnel that is silent for longer than its limit ends on both sides; pings keep it alive"""
    async def silent(c):
        await asyncio.wait_for(c.wait_closed(), kit.DEADLINE)
        return c.close_code

    async def pinging(c):
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            await asyncio.wait_for(await c.ping(), kit.DEADLINE)
            await asyncio.sleep(0.1)
        await c.send('still here')
        return await c.recv()
    with Server(websocket.echo) as o, Proxy(o, extra='timeouts {\n tunnel 600ms\n}') as p:
        same(visit(p, silent), 1006)
        same(logged(p)['error'], 'the tunnel was silent for too long')
        same(visit(p, pinging), 'still here')
        same([code for code, _ in closes(o, 2)], [1006, 1000])


def test_idle_is_not_that_of_requests():
    """the limits of requests and bodies do not end a tunnel"""
    async def story(c):
        await asyncio.sleep(1)
        await c.send('still here')
        return await c.recv()
    with Server(websocket.echo) as o:
        with Proxy(o, extra='timeouts {\n idle 200ms\n body 200ms\n response 200ms\n head 200ms\n}') as p:
            same(visit(p, story), 'still here')


# -- back-pressure ----------------------------------------------------------------------------------------------------


def stalls(count):
    """count() once it has stopped to change."""
    last, since = count(), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(0.02)
        if count() != last:
            last, since = count(), time.monotonic()
    return last


def test_slow_visitor():
    """what a visitor does not read stays with the origin, and comes when it reads"""
    total, sent, chunk = 96 * MIB, [0], b'0123456789abcdef' * 4096

    def pouring(r, c):
        c.sendall(SWITCH)
        while sent[0] < total:
            c.sendall(chunk)
            sent[0] += len(chunk)
        return False
    with Origin(pouring) as o, Proxy(o) as p, p.client() as c:
        before = memory(p)
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.head().status, 101)
        stalled = stalls(lambda: sent[0])
        true(0 < stalled < 32 * MIB, f'{stalled} octets were taken from the origin')
        if not kit.sanitized():
            true(memory(p) - before < 2048, f'the worker grew by {memory(p) - before} KiB')
        got = len(c.buffer)
        while got < total:
            data = c.s.recv(16384)
            true(data, f'closed after {got} octets')
            true(data == chunk[got % 16:got % 16 + len(data)], 'other octets')
            got += len(data)
        same(got, total)
        true(not c.s.recv(1), 'still open')
        c.close()
        same(logged(p)['sent'], total)


def test_slow_origin():
    """what an origin does not read stays with the visitor, and comes when it reads"""
    total, go, got = 64 * MIB, threading.Event(), [0]

    def waiting(r, c):
        c.sendall(SWITCH)
        go.wait(kit.DEADLINE)
        while True:
            data = r.stream.read1(MIB)
            if not data:
                return False
            got[0] += len(data)
    with Origin(waiting) as o, Proxy(o) as p, Client(p.plain_port, tls=False) as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.head().status, 101)
        before, sent, chunk = memory(p), [0], bytes(65536)

        def send():
            while sent[0] < total:
                c.s.sendall(chunk)
                sent[0] += len(chunk)
            c.s.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        stalled = stalls(lambda: sent[0])
        true(0 < stalled < 32 * MIB, f'{stalled} octets were taken from the visitor')
        if not kit.sanitized():
            true(memory(p) - before < 2048, f'the worker grew by {memory(p) - before} KiB')
        go.set()
        thread.join(kit.DEADLINE)
        kit.wait_for(lambda: got[0] == total, 'the origin to get it all')
        true(c.closed(), 'still open')
        same(logged(p)['received'], total)


# -- ends -------------------------------------------------------------------------------------------------------------


def test_half_close():
    """each side of a tunnel may end first, and both get what was said before and after"""
    big = 3000000

    def origin_first(r, c):
        c.sendall(SWITCH + b'o' * big)
        c.shutdown(socket.SHUT_WR)
        seen.append(len(r.stream.read()))
        return False

    def visitor_first(r, c):
        c.sendall(SWITCH)
        seen.append(len(r.stream.read()))
        c.sendall(b'o' * big)
        return False
    for handler in (origin_first, visitor_first):
        seen = []
        with Origin(handler) as o, Proxy(o) as p, Client(p.plain_port, tls=False) as c:
            c.request('GET', '/', *kit.WEBSOCKET)
            same(c.response().status, 101)
            if handler is origin_first:
                same(len(c.take(big)), big)
                true(c.closed(), 'the visitor does not see the end')
                c.send(b'v' * big)
                c.s.shutdown(socket.SHUT_WR)
            else:
                c.send(b'v' * big)
                c.s.shutdown(socket.SHUT_WR)
                same(len(c.take(big)), big)
                true(c.closed(), 'still open')
            kit.wait_for(lambda: seen, 'the origin to see the end')
            same(seen, [big], handler.__name__)
            line = logged(p)
            same((line['received'], line['sent'], line.get('error')), (big, big, None))


def test_ends_in_a_row():
    """an origin that says its last to a visitor who is slow is not cut off"""
    big = 8 * MIB

    def ending(r, c):
        c.sendall(SWITCH + b'o' * big)
        return False
    with Origin(ending) as o, Proxy(o) as p, p.client() as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.head().status, 101)
        kit.wait_for(lambda: o.ended == 1 or stalls(lambda: o.ended) == 0, 'the origin to be done or to wait')
        same(len(c.take(big)), big)
        true(c.closed(), 'still open')


def test_a_visitor_who_never_ends_its_side():
    """when the origin has ended, a visitor who does not is let go by the limit of bodies"""
    def ending(r, c):
        c.sendall(SWITCH + b'bye')
        return False
    with Origin(ending) as o, Proxy(o, extra='timeouts {\n body 400ms\n}') as p, Client(p.plain_port, tls=False) as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.head().status, 101)
        same(c.take(3), b'bye')
        true(c.closed(), 'the visitor does not see the end')
        same(logged(p)['status'], 101)


def test_reset():
    """a reset of either side ends the other"""
    for who in ('visitor', 'origin'):
        began, seen = threading.Event(), []

        def handler(r, c):
            c.sendall(SWITCH)
            if who == 'origin':
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
                r.stream.close()
                c.close()
                return False
            began.set()
            try:
                seen.append(r.stream.read())
            except OSError:
                seen.append(b'')
            return False
        with Origin(handler) as o, Proxy(o) as p, Client(p.plain_port, tls=False) as c:
            c.request('GET', '/', *kit.WEBSOCKET)
            same(c.head().status, 101)
            if who == 'visitor':
                began.wait(kit.DEADLINE)
                c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
                c.close()
                kit.wait_for(lambda: seen, 'the origin to see the end')
            else:
                true(c.closed(), 'still open')
            true(logged(p)['error'], 'no error in the log')


def test_drain():
    """SIGTERM lets a tunnel work until the time to drain is over; then it ends, and is in the log"""
    with Origin(upgrading) as o, Proxy(o, extra='timeouts {\n drain 1200ms\n}') as p, p.client() as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.head().status, 101)
        began = time.monotonic()
        p.process.terminate()
        while time.monotonic() - began < 0.6:
            c.send('x')
            same(c.take(1), b'x')
            time.sleep(0.02)
        true(c.closed(), 'still open')
        took = time.monotonic() - began
        true(1 < took < 6, f'the tunnel ended after {took:.1f} s')
        same(p.process.wait(kit.DEADLINE), 0)
        line = p.log_lines()[-1]
        same((line['status'], line['error']), (101, 'the worker ends'))
        true(line['sent'] == line['received'] > 5, str(line))


def test_reload():
    """a reload leaves tunnels to the old workers until they end, and new ones are made by the new"""
    with Origin(upgrading) as o, Proxy(o) as p, p.client() as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.head().status, 101)
        old = p.workers()
        p.process.send_signal(1)
        kit.wait_for(lambda: set(p.workers()) - set(old), 'a new worker')
        kit.wait_for(lambda: p.get('/').status == 200, 'the new worker to serve')
        c.send('x')
        same(c.take(1), b'x')
        c.close()
        kit.wait_for(lambda: not set(p.workers()) & set(old), 'the old worker to leave')


def test_dead_peers_are_looked_for():
    """the kernel asks silent peers of a tunnel whether they are there, on both sides"""
    with Origin(upgrading) as o, Proxy(o) as p, Client(p.plain_port, tls=False) as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.head().status, 101)
        wanted = {(p.plain_port, c.s.getsockname()[1]), (o.open[0].getpeername()[1], o.port)}

        def alive():
            found = set()
            with open('/proc/net/tcp') as f:
                for line in f.readlines()[1:]:
                    x = line.split()
                    if x[5].startswith('02:'):  # the timer that runs is keepalive's
                        found.add((int(x[1].split(':')[1], 16), int(x[2].split(':')[1], 16)))
            return wanted <= found
        kit.wait_for(alive, 'keep-alive on both connections')


# -- which upgrades pass ----------------------------------------------------------------------------------------------


def seen(p, fields, target='/', method='GET', body=b''):
    """What the origin saw of the request's upgrade: None if it went on without."""
    with p.client() as c:
        c.request(method, target, *fields, body=body)
        r = c.response()
        if r.status == 101:
            return 'websocket'
        got = {n.lower(): v for n, v in r.json()['fields']}
        true('connection' not in got and 'upgrade' not in got, str(got))
        true('http2-settings' not in got, str(got))
        return None


def without(name):
    return [x for x in kit.WEBSOCKET if not x.startswith(name)]


def test_other_upgrades():
    """what is no good handshake goes on as a plain request, and so does every other protocol"""
    good = list(kit.WEBSOCKET)
    h2c = ['Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']
    with Origin(upgrading) as o, Proxy(o) as p:
        same(seen(p, good), 'websocket')
        same(seen(p, ['Upgrade: WebSocket'] + without('Upgrade')), 'websocket')
        same(seen(p, good + ['Content-Length: 0']), 'websocket')
        same(seen(p, ['Sec-WebSocket-Version: 99'] + without('Sec-WebSocket-Version')), 'websocket')
        for fields in (['Upgrade: h2c'] + h2c, ['Upgrade: h2c'] + h2c + without('Upgrade')[1:],
                       ['Upgrade: websocket, h2c'] + without('Upgrade'), good + ['Upgrade: h2c'] + h2c,
                       ['Upgrade: TLS/1.0', 'Connection: Upgrade'], ['Upgrade: TLS/1.0'] + without('Upgrade'),
                       ['Upgrade: HTTP/2.0'] + without('Upgrade'), without('Connection'), without('Upgrade'),
                       without('Sec-WebSocket-Key'), without('Sec-WebSocket-Key') + ['Sec-WebSocket-Key:'],
                       good + ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']):
            same([fields, seen(p, fields)], [fields, None])
        same(seen(p, good, method='POST'), None)
        same(seen(p, good, body=b'content'), None)
        with p.client() as c:
            c.send('GET / HTTP/1.0\r\nHost: localhost\r\n' + '\r\n'.join(good) + '\r\n\r\n')
            same(c.response().status, 200)
        for r in o.requests:
            true('http2-settings' not in str(r.head.lower()), str(r.head))


def test_preface():
    """HTTP/2 with prior knowledge is refused, in plain and over TLS without ALPN"""
    with Origin(echo) as o, Proxy(o) as p:
        for c in (Client(p.plain_port, tls=False), p.client()):
            with c:
                c.send(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0')
                same(c.response().status, 505)
                true(c.closed(), 'still open')
        same(o.requests, [])


def test_allowed_paths():
    """a site says where WebSockets may be opened, or that they may not"""
    site = 'upgrade websocket /chat "/live/"'
    with Origin(upgrading) as o, Proxy(o, site=site) as p:
        for target in ('/chat', '/chat?x', '/chat/room/1', '/%63hat', '/x/../chat', '//chat', '/live/', '/live/x',
                       '/chat/'):
            same([target, seen(p, kit.WEBSOCKET, target)], [target, 'websocket'])
        for target in ('/', '/chatter', '/Chat', '/chat/../admin', '/chat%2f../x', '/live', '/x?/chat'):
            same([target, seen(p, kit.WEBSOCKET, target)], [target, None])
    with Origin(upgrading) as o, Proxy(o, site='upgrade off') as p:
        same(seen(p, kit.WEBSOCKET), None)
        same(o.requests[0].get('sec-websocket-version'), '13')


def test_refused():
    """an origin that does not want to switch answers as to any request, and the connection lives on"""
    def refusing(r, c):
        c.sendall(reply(b'use a newer version', '426 Upgrade Required', 'Upgrade: websocket',
                        'Sec-WebSocket-Version: 13', 'Connection: Upgrade'))
    with Origin(refusing) as o, Proxy(o) as p, p.client() as c:
        for _ in range(2):
            c.request('GET', '/', *kit.WEBSOCKET)
            r = c.response()
            same((r.status, r.body, r.get('sec-websocket-version')), (426, b'use a newer version', '13'))
        same((o.connections, len(o.requests)), (1, 2))


def test_no_requests_behind_a_refusal():
    """what a visitor sent behind a handshake that was refused is read as requests, and judged as such"""
    def refusing(r, c):
        c.sendall(reply(json.dumps([r.target, r.get('cookie')]).encode(), '400 Bad Request'))
    with Origin(refusing) as o, Proxy(o) as p, p.client() as c:
        handshake = 'GET /ws HTTP/1.1\r\nHost: localhost\r\n' + '\r\n'.join(kit.WEBSOCKET) + '\r\n\r\n'
        c.send(handshake + 'GET /hidden HTTP/1.1\r\nHost: localhost\r\nCookie: _ga=1; PHPSESSID=2\r\n\r\n')
        same(c.response().json(), ['/ws', None])
        same(c.response().json(), ['/hidden', 'PHPSESSID=2'])


def test_another_protocol():
    """an origin that switches to what was not asked for is refused"""
    def switching(r, c):
        c.sendall(SWITCH.replace(b'websocket', b'h2c'))
        return False
    with Origin(switching) as o, Proxy(o) as p, p.client() as c:
        c.request('GET', '/', *kit.WEBSOCKET)
        same(c.response().status, 502)


def test_early_words():
    """what both sides said early, in the packets of the handshake, belongs to the tunnel"""
    def eager(r, c):
        c.sendall(SWITCH + b'welcome')
        c.sendall(r.stream.read(5).upper())
        return False
    with Origin(eager) as o, Proxy(o) as p, p.client() as c:
        c.send('GET / HTTP/1.1\r\nHost: localhost\r\n' + '\r\n'.join(kit.WEBSOCKET) + '\r\n\r\nhello')
        same(c.response().status, 101)
        same(c.take(12), b'welcomeHELLO')


def test_many():
    """three hundred quiet tunnels hold no buffers"""
    with Origin(upgrading) as o, Proxy(o) as p:
        clients = []
        for i in range(301):
            c = Client(p.plain_port, tls=False)
            c.request('GET', '/', *kit.WEBSOCKET)
            same(c.head().status, 101)
            c.send(b'x' * 20000)
            same(len(c.take(20000)), 20000)
            clients.append(c)
            if i == 0:
                before = memory(p)
        grown = memory(p) - before
        if not kit.sanitized():
            true(grown < 300 * 24, f'{grown / 300:.1f} KiB a tunnel')
        for c in clients:
            c.close()


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
