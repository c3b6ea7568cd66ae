"""HTTP/2: flow control, priorities, back-pressure, and streams that end before their time."""
import contextlib
import os
import select
import signal
import socket
import struct
import sys
import threading

import kit
from h2kit import (DATA, END_STREAM, H2, INTERNAL_ERROR, NO_ERROR, PRIORITY_UPDATE, PROTOCOL_ERROR,
                   Reset, RST_STREAM, WIDE, frame, memory, reset, settings, window_update)
from kit import Origin, Proxy, echo, reply, same, true


def octets(n):
    return lambda r, c: c.sendall(reply(bytes(n)))


# -- windows ----------------------------------------------------------------------------------------------------------


def test_tiny_window():
    """one octet at a time is sent if no more is allowed"""
    with Origin(lambda r, c: c.sendall(reply(bytes(range(100))))) as o, Proxy(o) as p, H2(p.port, 1, auto=False) as c:
        sid = c.request()
        s = c.streams[sid]
        for n in range(1, 100):
            c.until(lambda: len(s.body) >= n, 'an octet')
            c.send(window_update(sid, 1))
        r = c.response(sid)
        same([r.status, r.body], [200, bytes(range(100))])
        same(sum(x[0] == DATA for x in c.frames), 100)


def test_closed_window():
    """nothing is sent without a window, the head apart; it goes on when the window opens, by either way"""
    with Origin(octets(5000)) as o, Proxy(o) as p, H2(p.port, 0, auto=False) as c:
        first, second, empty = c.request(), c.request(), c.request('HEAD')
        same(c.response(empty).status, 200)
        c.until(lambda: c.streams[first].heads and c.streams[second].heads, 'the heads')
        c.ping()
        same([len(c.streams[x].body) for x in (first, second)], [0, 0])
        c.send(window_update(first, 1000))
        c.until(lambda: len(c.streams[first].body) >= 1000, 'what the window allows')
        c.send(settings(initial_window=2000))
        c.until(lambda: [len(c.streams[x].body) for x in (first, second)] == [3000, 2000], 'what the setting allows')
        c.send(settings(initial_window=0))  # now they are negative
        c.send(window_update(first, 1500))
        c.ping()
        c.ping()
        same([len(c.streams[x].body) for x in (first, second)], [3000, 2000])
        c.send(window_update(first, 2500) + window_update(second, 5000))
        same([len(c.response(x).body) for x in (first, second)], [5000, 5000])


def test_connection_window():
    """the connection's window holds all streams, and their order is kept"""
    with Origin(octets(50000)) as o, Proxy(o) as p, H2(p.port, connection_window=0, auto=False) as c:
        sids = [c.request() for _ in range(4)]

        def came():
            return sum(len(c.streams[x].body) for x in sids)
        c.until(lambda: came() == 65535 and all(c.streams[x].heads for x in sids), 'the first window')
        c.ping()
        same(came(), 65535)
        c.send(window_update(0, 1))
        c.until(lambda: came() == 65536, 'one octet more')
        c.send(window_update(0, 1 << 20))
        same([len(c.response(x).body) for x in sids], [50000] * 4)


def test_large_frames():
    """frames are as large as the visitor takes, no larger"""
    with Origin(octets(300000)) as o, Proxy(o) as p, H2(p.port, max_frame=1 << 20) as c:
        n, largest, handle = 0, [], c.handle

        def measured(kind, flags, sid, payload):
            largest.append(len(payload))
            handle(kind, flags, sid, payload)
        c.handle = measured
        same(len(c.get().body), 300000)
        true(n < max(largest) <= 1 << 20, str(max(largest)))


def test_larger_frames_cost_nothing():
    """a visitor that allows the largest frames, and then does not read, makes nothing larger"""
    def size():
        with open(f'/proc/{worker}/statm', encoding='ascii') as f:
            return int(f.read().split()[0]) * os.sysconf('SC_PAGE_SIZE')
    wide = (1 << 31) - 1
    with Origin(octets(300000)) as o, Proxy(o) as p, \
            H2(p.port, wide, wide, auto=False, received=4096, max_frame=(1 << 24) - 1) as c:
        worker, = p.workers()
        before = size()
        sids = [c.request() for _ in range(30)]
        kit.wait_for(lambda: len(o.requests) == 30, 'all requests')
        same([len(c.response(x).body) for x in sids], [300000] * 30)
        true(kit.sanitized() or size() - before < 12 << 20, f'it grew by {size() - before} octets')


# -- priorities (RFC 9218) --------------------------------------------------------------------------------------------


def order(c, sids):
    """In which order the streams ended."""
    for x in sids:
        c.response(x)
    return [x[2] for x in c.frames if x[0] == DATA and x[1] & END_STREAM and x[2] in sids]


def test_priority():
    """an urgent stream overtakes, by its header or by PRIORITY_UPDATE; who says nothing is in the middle"""
    with Origin(octets(50000)) as o, Proxy(o) as p, H2(p.port, connection_window=0, auto=False) as c:
        def ask(*priorities):
            """Streams whose content waits behind a closed connection window."""
            sids = [c.request('GET', '/', [('priority', x)] if x else []) for x in priorities]
            for x in sids:
                c.until(lambda: c.streams[x].heads, 'a head')
            c.ping()
            return sids
        ask('u=0', 'u=0')  # they use up the window
        c.until(lambda: sum(len(s.body) for s in c.streams.values()) == 65535, 'the first window')
        late, urgent, middle = ask('u=7', 'u=0', None)
        c.send(window_update(0, 200000))
        same(order(c, [late, urgent, middle]), [urgent, middle, late])

        ask('u=0', 'u=0', 'u=0', 'u=0')
        c.until(lambda: sum(len(s.body) for s in c.streams.values()) == 265535, 'the second window')
        first, second = ask('u=6', 'u=7')
        c.send(frame(PRIORITY_UPDATE, 0, 0, struct.pack('>I', second) + b'u=1'))
        c.send(window_update(0, 1 << 20))
        same(order(c, [first, second]), [second, first])


def test_incremental():
    """incremental streams share, others come one behind the other"""
    with Origin(octets(60000)) as o, Proxy(o) as p:
        for priority, shared in (('u=3, i', True), ('u=3', False)):
            with H2(p.port, connection_window=0, auto=False) as c:
                c.response(c.request('GET', '/', [('priority', 'u=0')]))
                c.until(lambda: c.request('GET', '/', [('priority', 'u=0')]), 'x')
                blocked = c.next - 2
                c.until(lambda: len(c.streams[blocked].body) == 5535, 'the window to be used up')
                sids = [c.request('GET', '/', [('priority', priority)]) for _ in range(2)]
                c.until(lambda: all(c.streams[x].heads for x in sids), 'the heads')
                c.ping()
                n = len(c.frames)
                c.send(window_update(0, 1 << 20))
                for x in sids:
                    same(len(c.response(x).body), 60000)
                owners = [x[2] for x in c.frames[n:] if x[0] == DATA and x[2] in sids]
                changes = sum(a != b for a, b in zip(owners, owners[1:]))
                same([priority, changes > 1], [priority, shared])


# -- back-pressure ----------------------------------------------------------------------------------------------------

LARGE = 200 << 20


class Source:
    """An origin with a response that nobody can hold in memory; it counts what it got rid of."""

    def __init__(self):
        self.sent = 0

    def __call__(self, r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % LARGE)
        piece = bytes(1 << 16)
        for _ in range(LARGE >> 16):
            c.sendall(piece)
            self.sent += len(piece)


def test_slow_visitor():
    """a visitor that opens no window, or does not read at all, stops the origin; memory stays flat"""
    for reads in (True, False):
        source = Source()
        with Origin(source) as o, Proxy(o) as p, \
                H2(p.port, 100000 if reads else WIDE, auto=False, received=0 if reads else 65536) as c:
            c.ping()
            before = memory(p)
            sids = [c.request() for _ in range(4)]
            if reads:
                c.until(lambda: all(len(c.streams[x].body) == 100000 for x in sids), 'what the windows allow')
            kit.wait_for(lambda: source.sent, 'the origin to begin')
            sent = kit.settled(lambda: source.sent)
            true(sent < LARGE / 4, f'the origin sent {sent} octets')
            grown = memory(p) - before
            true(kit.sanitized() or grown < 3 << 20, f'the worker grew by {grown} octets')
            if reads:
                c.send(b''.join(window_update(x, 200000) for x in sids))
                c.until(lambda: all(len(c.streams[x].body) == 300000 for x in sids), 'more')


def test_urgent_behind_others():
    """what is urgent does not wait for megabytes of others' content that the kernel took before"""
    source, answered = Source(), threading.Event()

    def origin(r, c):
        if r.target == '/large':
            return source(r, c)
        c.sendall(reply(bytes(100000 if r.target == '/urgent' else 1)))
        if r.target == '/urgent':
            answered.set()
        return None
    with Origin(origin) as o, Proxy(o) as p, H2(p.port) as other, H2(p.port, window=1 << 28, received=65536) as c:
        sids = [c.request('GET', '/large', [('priority', 'u=5')]) for _ in range(4)]

        def taken():
            return sum(len(c.streams[x].body) for x in sids)
        c.until(lambda: taken() > 2 << 20, 'some content')
        before = taken()
        urgent = c.request('GET', '/urgent', [('priority', 'u=0')])
        kit.wait_for(answered.is_set, 'the answer of the origin')
        other.get()  # the worker has read it since
        c.response(urgent)
        true(taken() - before < 1 << 20, f'it waited for {taken() - before} octets')


def test_slow_origin():
    """an origin that takes nothing stops the visitor, who gets no window beyond what is kept"""
    def handler(r, c):
        go.wait(kit.DEADLINE)
        n = 0
        while n < size:
            n += len(r.stream.read(min(1 << 16, size - n)))
        c.sendall(reply(b'%d' % n))
    go, size = threading.Event(), 64 << 20
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        c.ping()
        before = memory(p)
        sid = c.request('POST', '/', [('content-length', str(size))], end=False)
        s, sent = c.streams[sid], 0

        def window():
            return min(s.window, c.window)

        def push(most):
            nonlocal sent
            while window() > 0 and sent < most:
                n = min(window(), 16384, most - sent)
                sent += n
                c.data(sid, bytes(n), sent == size)
        while sent < size:
            push(size)
            if not c.buffer and not c.s.pending() and not select.select([c.s], [], [], 0.4)[0]:
                break
            c.pump()
        true(sent < size / 2, f'{sent} octets were taken for an origin that takes none')
        grown = memory(p) - before
        true(kit.sanitized() or grown < 2 << 20, f'the worker grew by {grown} octets')
        with_others = c.request('GET', '/', end=True)  # the connection's window is not all used up by one stream
        true(c.window > 0, 'one upload blocks all others')
        go.set()
        while sent < size:
            push(size)
            if sent < size:
                c.pump()
        same(c.response(sid).body, b'%d' % size)
        c.send(reset(with_others))


# -- ends -------------------------------------------------------------------------------------------------------------


def test_visitor_resets():
    """a stream that the visitor resets ends the origin's work, before and behind the head, and no other stream's"""
    def handler(r, c):
        if r.target == '/late':
            started.set()
            c.recv(1)
            return False
        return source(r, c) if r.target == '/large' else echo(r, c)
    started, source = threading.Event(), Source()
    with Origin(handler) as o, Proxy(o) as p, H2(p.port, 100000, auto=False) as c:
        for path in ('/large', '/late'):
            ended = o.ended
            sid = c.request('GET', path)
            if path == '/large':
                c.until(lambda: len(c.streams[sid].body) == 100000, 'content')
            else:
                true(started.wait(kit.DEADLINE), 'the origin did not start')
            other = c.request('GET', '/other')
            c.send(reset(sid))
            kit.wait_for(lambda: o.ended > ended, 'the end of the origin\'s connection')
            same(c.response(other).status, 200)
        upload = c.request('POST', '/up', [('content-length', '1000')], end=False)
        c.data(upload, b'x' * 999)
        kit.wait_for(lambda: o.requests[-1].target == '/up', 'the upload to arrive')
        ended = o.ended
        c.send(reset(upload))
        kit.wait_for(lambda: o.ended > ended, 'the end of the upload')
        true(c.alive(), 'the connection does not live on')
        c.ping()
        true(not any(x[0] == RST_STREAM for x in c.frames), 'a stream was reset by us')
    # and whoever resets everything at once leaves nothing behind
    with Origin(handler) as o, Proxy(o) as p, H2(p.port, 100000, auto=False) as c:
        sids = [c.request('GET', '/large') for _ in range(50)]
        c.send(b''.join(reset(x) for x in sids))
        true(c.alive(), 'the connection does not live on')
        kit.wait_for(lambda: o.ended >= o.connections - 1, 'the end of all but the last connection')


def test_origin_fails():
    """content that the origin does not complete never ends cleanly"""
    answers = {
        '/length': b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello',
        '/chunks': b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
        '/garbage': b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n'
                    b'5\r\nhello\r\nzz\r\n',
        '/page': b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n<p>' + b'hello' * 9000,
        '/empty': b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n',
        '/stalled': b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello',
    }

    def handler(r, c):
        c.sendall(answers[r.target])
        if r.target == '/stalled':
            c.recv(1)
        return False
    with Origin(handler) as o, Proxy(o, extra='timeouts {\n body 300ms\n}') as p, H2(p.port) as c:
        for path in answers:
            sid = c.request('GET', path)
            try:
                r = c.response(sid)
                true(False, f'{path}: {r.status} with {r.body} ended cleanly')
            except Reset as e:
                same([path, e.code], [path, INTERNAL_ERROR])
                same(dict(e.stream.final() or {':status': '200'})[':status'], '200')


def test_early_answer():
    """an answer before the upload's end is complete, then the rest of the upload is stopped without an error"""
    def handler(r, c):
        c.sendall({'/content': reply(b'too big', '413 Content Too Large'),
                   '/none': b'HTTP/1.1 204 No Content\r\n\r\n',
                   '/trailers': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
                   '/large': reply(bytes(1 << 20))}[r.target])
        with contextlib.suppress(OSError):
            while c.recv(65536):
                pass
        return False
    with Origin(handler) as o, Proxy(o, extra='limits {\n body 1m\n}') as p, H2(p.port) as c:
        for path, length, expected in (('/content', 7, 413), ('/none', 0, 204), ('/trailers', 3, 200),
                                       ('/large', 1 << 20, 200), ('/collect', 0, 204)):
            sid = c.request('POST', path, [('te', 'trailers'), ('content-length', '900000')], end=False)
            c.data(sid, b'x' * 1000)
            r = c.response(sid)
            same([path, r.status, len(r.body), r.trailers],
                 [path, expected, length, [('x-t', '1')] if path == '/trailers' else []])
            same([path, c.reset_code(sid)], [path, NO_ERROR])
            c.data(sid, b'x' * 1000)  # was on its way
        sid = c.request('POST', '/', [('content-length', '2000000')], end=False)
        same([c.response(sid).status, c.reset_code(sid)], [413, NO_ERROR])
        same(c.get('/collect').status, 204)  # and what had ended is not reset
        c.ping()
        same([x for x in c.frames if x[0] == RST_STREAM and x[2] == c.next - 2], [])


def test_wrong_length():
    """content of another length than announced is an error, and the origin never takes it for complete"""
    complete = []

    def handler(r, c):
        n = int(r.get('content-length', '0'))
        if r.method == 'POST' and len(r.stream.read(n)) == n:
            complete.append(n)
        return echo(r, c) if r.method == 'GET' else c.sendall(reply())
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        for length, pieces in ((10, [b'x' * 9]), (10, [b'x' * 4, b'x' * 5]), (10, [b'']), (3, [b'x' * 4]),
                               (20000, [b'x' * 16000, b'x' * 4001])):
            sid = c.request('POST', '/', [('content-length', str(length))], end=False)
            for i, piece in enumerate(pieces):
                c.data(sid, piece, i == len(pieces) - 1)
            same([length, c.reset_code(sid)], [length, PROTOCOL_ERROR])
            same([length, c.streams[sid].ended], [length, False])
        sid = c.request('POST', '/', [('content-length', '0')], end=False)
        c.data(sid, b'x', True)  # perhaps behind the answer
        true(c.reset_code(sid) in (PROTOCOL_ERROR, NO_ERROR), 'content was taken where none was announced')
        sid = c.request('POST', '/', [('content-length', '5')])  # which ends with its head
        same(c.reset_code(sid), PROTOCOL_ERROR)
        sid = c.request('POST', '/', [('content-length', '5')], end=False)
        c.data(sid, b'hell')
        c.send_head(sid, [('x-trailer', '1')])
        same(c.reset_code(sid), PROTOCOL_ERROR)
        true(c.alive(), 'the connection does not live on')
        kit.wait_for(lambda: o.ended >= o.connections - 1, 'the end of all uploads')
        same([n for n in complete if n], [])  # of nothing nothing is missing


def test_reset_while_content_comes():
    """a stream that must be reset in the very turn in which its content comes ends quietly"""
    def handler(r, c):
        held.append(c)
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000000\r\n\r\n' + bytes(1000))
        end.wait(kit.DEADLINE)
    held, end = [], threading.Event()
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        worker, = p.workers()
        sid = c.request()
        c.until(lambda: len(c.streams[sid].body) == 1000, 'the first octets')
        os.kill(worker, signal.SIGSTOP)  # both events are there when it goes on
        try:
            c.send(window_update(sid, 0x7fffffff))
            held[0].sendall(bytes(60000))
        finally:
            os.kill(worker, signal.SIGCONT)
        c.reset_code(sid)
        c.ping()
        same(p.workers(), [worker])
        end.set()


def test_visitor_leaves():
    """a visitor that closes, resets the connection or, behind its answer, says GOAWAY, frees everything"""
    source = Source()
    with Origin(lambda r, c: source(r, c) if r.target == '/large' else echo(r, c)) as o, Proxy(o) as p:
        for how in ('close', 'reset'):
            c = H2(p.port, 100000, auto=False)
            sids = [c.request('GET', '/large') for _ in range(3)]
            c.until(lambda: all(c.streams[x].body for x in sids), 'content')
            if how == 'reset':
                c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            c.close()
            kit.wait_for(lambda: o.ended == o.connections, f'the end of the origin\'s connections after {how}')
        with H2(p.port) as c:
            sid = c.request('GET', '/last')
            c.send(frame(7, 0, 0, struct.pack('>II', 0, NO_ERROR)))
            same(c.response(sid).status, 200)
            c.end()


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
