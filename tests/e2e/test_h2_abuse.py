"""HTTP/2: each known abuse meets its limit, is counted and costs little; who only has much to do meets none."""
import contextlib
import os
import select
import struct
import sys
import threading
import time

import kit
from h2kit import (CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, GoneAway, H2,
                   HEADERS, MAX_STREAMS, PING, PRIORITY, PRIORITY_UPDATE, Reset, SETTINGS,
                   STREAM_CLOSED, counted, frame, literal, memory, refused, reset, tool, window_update)
from kit import Nginx, Origin, Proxy, echo, reply, same, timeouts, true

USUAL = {'handshake-failed', 'idle', 'requests', 'malformed', 'streams-refused'}


def limits(**values):
    return 'limits {\n' + ''.join(f' {name.replace("_", "-")} {value}\n' for name, value in values.items()) + '}\n'


def plain_head(method='GET', path='/'):
    return b''.join(literal(n, v) for n, v in ((':method', method), (':scheme', 'https'), (':authority', 'localhost'),
                                               (':path', path)))


def cpu(p):
    """Seconds that the workers have worked."""
    total = 0
    for pid in p.workers():
        with open(f'/proc/{pid}/stat', encoding='ascii') as f:
            total += sum(map(int, f.read().rpartition(')')[2].split()[11:13]))
    return total / os.sysconf('SC_CLK_TCK')


def cheap(p, before, what, seconds=1.0, octets=4 << 20):
    """That not more than so much was used since `before`, which is (cpu(p), memory(p))."""
    if kit.sanitized():
        return
    true(cpu(p) - before[0] < seconds, f'{what} took {cpu(p) - before[0]} s of the processor')
    true(memory(p) - before[1] < octets, f'{what} took {memory(p) - before[1]} octets')


# -- floods: n of them pass, one more ends the connection -----------------------------------------------------------


def cancelled(c, n):
    """Streams that are begun and cancelled."""
    for _ in range(n):
        c.send(reset(c.request('GET', '/slow')))


def malformed(c, n):
    """Streams that must be reset."""
    for _ in range(n):
        sid = c.begin()
        c.send_head(sid, [(':method', 'GET'), ('Upper', 'x')], raw=True)


def overflown(c, n):
    """Streams whose window would grow beyond all (CVE-2025-8671)."""
    for _ in range(n):
        c.send(window_update(c.request('GET', '/slow'), 0x7fffffff))


def wrong_length(c, n):
    """Uploads of another length than announced."""
    for _ in range(n):
        sid = c.request('POST', '/', [('content-length', '1')], end=False)
        c.data(sid, b'xx')


def empty_data(c, n):
    sid = c.request('POST', '/', end=False)
    c.send(frame(DATA, 0, sid) * n)


def padded_data(c, n):
    """Frames that are nothing but padding."""
    sid = c.request('POST', '/', end=False)
    for _ in range(n):
        c.data(sid, b'', pad=9)


FLOODS = [
    ('resets', 'h2-resets', cancelled, 'rapid-reset'),
    ('malformed requests', 'h2-errors', malformed, 'made-you-reset'),
    ('overflown windows', 'h2-errors', overflown, 'made-you-reset'),
    ('uploads of a wrong length', 'h2-errors', wrong_length, 'made-you-reset'),
    ('SETTINGS', 'h2-settings', lambda c, n: c.send(frame(SETTINGS, 0, 0) * n), 'settings-flood'),
    ('PING', 'h2-pings', lambda c, n: c.send(frame(PING, 0, 0, bytes(8)) * n), 'ping-flood'),
    ('empty DATA', 'h2-empty-frames', empty_data, 'empty-data-flood'),
    ('padded DATA', 'h2-empty-frames', padded_data, 'empty-data-flood'),
    ('PRIORITY_UPDATE', 'h2-priorities',
     lambda c, n: c.send(frame(PRIORITY_UPDATE, 0, 0, struct.pack('>I', 1) + b'u=1') * n), 'priority-flood'),
    ('small WINDOW_UPDATE', 'h2-small-windows', lambda c, n: c.send(window_update(0, 1) * n), 'window-flood'),
]


def slow_or_echo(end):
    def handler(r, c):
        if r.target != '/slow':
            return echo(r, c)
        end.wait(kit.DEADLINE)
        return False
    return handler


def test_floods():
    """as many as the limit allows are nothing, one more ends the connection, is counted, and hurts no other"""
    end = threading.Event()
    most = 20
    with Origin(slow_or_echo(end)) as o:
        for what, limit, send, counter in FLOODS:
            with Proxy(o, extra=limits(**{limit: most})) as p, H2(p.port) as other:
                other.get()
                with H2(p.port) as c:
                    c.get()  # and its own SETTINGS were one
                    n = most - 1 if counter == 'settings-flood' else most
                    send(c, n)
                    same([what, c.alive(), c.goaways], [what, True, []])
                    same([what, p.counters().get(counter)], [what, None])
                    with contextlib.suppress(OSError):
                        send(c, 1)
                    same([what, c.end()], [what, ENHANCE_YOUR_CALM])
                counted(p, counter)
                same([what, other.alive()], [what, True])
        end.set()


def test_defaults():
    """without any limit being set the floods end as well, soon, and cost little"""
    end = threading.Event()
    with Origin(slow_or_echo(end)) as o, Proxy(o) as p:
        for what, _, send, counter in FLOODS:
            with H2(p.port) as c:
                c.get()
                before = (cpu(p), memory(p))
                with contextlib.suppress(OSError, GoneAway):
                    for _ in range(60):
                        send(c, 25)
                        c.get()  # so that none of these streams is open any more: too many at once are another error
                same([what, c.end()], [what, ENHANCE_YOUR_CALM])
                cheap(p, before, what)
        end.set()
        counts = p.counters()
        true(all(counts.get(x[3], 0) >= 1 for x in FLOODS), str(counts))
        same(p.get('/').status, 200)


def test_priority_frames():
    """PRIORITY of the older kind is nothing here, and costs nothing"""
    with Origin(echo) as o, Proxy(o) as p, H2(p.port) as c:
        before = (cpu(p), memory(p))
        for i in range(20):
            c.send(b''.join(frame(PRIORITY, 0, 2 * k + 1, struct.pack('>IB', 0, 9)) for k in range(i, 5000, 20)))
        cheap(p, before, 'PRIORITY')
        true(c.alive() or c.goaways, 'neither served nor told')


# -- heads ----------------------------------------------------------------------------------------------------------


def test_continuations():
    """a head in more pieces than any needs ends the connection, whatever is in them"""
    with Origin(echo) as o, Proxy(o) as p:
        for pieces, good in ((9, True), (10, False), (10000, False)):
            with H2(p.port) as c:
                head = plain_head()
                sid = c.begin()
                out = frame(HEADERS, END_STREAM, sid, head) + frame(CONTINUATION, 0, sid) * (pieces - 2)
                c.try_send(out + frame(CONTINUATION, END_HEADERS, sid))
                same([pieces, refused(c, sid)], [pieces, None if good else 'gone: calm'])
        counted(p, 'continuation-flood', 2)


def bomb(c, times, name=b'x', value=b'y' * 4000, entries=1):
    """A request whose head refers so often to what stands in the table."""
    sid = c.begin()
    head = plain_head()
    if entries:
        c.send_block(sid, head + (b'\x40' + literal(name, value)[1:]) * entries)
        c.response(sid)
        sid = c.begin()
    c.send_block(sid, head + b'\xbe' * times)
    return sid


def test_bomb():
    """few octets that stand for very many are refused, or end the connection, at once and for next to nothing"""
    with Origin(echo) as o, Proxy(o) as p:
        with H2(p.port) as c:
            c.get()
        before = (cpu(p), memory(p))
        with H2(p.port) as c:
            same(refused(c, bomb(c, 3)), None)
            for _ in range(50):
                same(refused(c, bomb(c, 20, entries=0)), 431)  # 80k
            same(refused(c, bomb(c, 1, entries=0)), None)
        for _ in range(20):
            with H2(p.port) as c, contextlib.suppress(OSError):
                same(refused(c, bomb(c, 130000)), 'gone: calm')
        for _ in range(20):  # empty ones cost octets, too
            with H2(p.port) as c, contextlib.suppress(OSError):
                got = refused(c, bomb(c, 130000, b'x', b''))
                true(got in ('gone: calm', 431), str(got))
        cheap(p, before, 'bombs')
        counted(p, 'head-size', 50)
        counts = p.counters()
        same(counts['header-bomb'] + counts.get('head-fields', 0), 40)
        true(counts['header-bomb'] >= 20, str(counts))
        same(len([r for r in o.requests if len(r.head) > 70000]), 0)


def test_crumbs():
    """very many crumbs of cookies cost as much as they have octets, no more"""
    with Origin(echo) as o, Proxy(o, extra=limits(field='64k')) as p:
        before = (cpu(p), memory(p))
        with H2(p.port) as c:
            c.response(bomb(c, 1, b'cookie', b''))
            for _ in range(20):
                sid = bomb(c, 6000, entries=0)
                c.until(lambda: c.streams[sid].ended or c.streams[sid].reset is not None, 'an answer')
            same(refused(c, bomb(c, 8000, entries=0)), 431)
            same(refused(c, bomb(c, 1, entries=0)), None)
        cheap(p, before, 'crumbs', seconds=2)


def test_trailers_without_end():
    """trailers are bounded as heads are"""
    with Origin(echo) as o, Proxy(o) as p:
        before = (cpu(p), memory(p))
        for _ in range(10):
            with H2(p.port) as c:
                sid = c.request('POST', '/', end=False)
                c.data(sid, b'x')
                with contextlib.suppress(OSError):
                    c.send_block(sid, b'\x40' + literal(b'x', b'y' * 4000)[1:] + b'\xbe' * 100000)
                    same(c.end(), ENHANCE_YOUR_CALM)
        cheap(p, before, 'trailers')
        true(all(len(r.head) < 2000 for r in o.requests), 'more than a head reached the origin')


def trickle(c, data, every=0.02):
    """Sends octet by octet until all is sent or something comes back: how many seconds it took."""
    began = time.monotonic()
    for x in data:
        if c.s.pending() or select.select([c.s], [], [], every)[0] or not c.try_send(bytes([x])):
            break
    return time.monotonic() - began


def test_trickles():
    """heads and bodies that come octet by octet have one deadline, windows that open octet by octet another"""
    with Origin(lambda r, c: c.sendall(reply(bytes(200000))) if r.target == '/large' else echo(r, c)) as o, \
            Proxy(o, extra=timeouts(head='500ms', body='700ms')) as p:
        with H2(p.port) as c:
            c.get()
            trickle(c, frame(HEADERS, 5, 3, plain_head() + literal('x', 'y' * 9000)))
            same(c.end(), ENHANCE_YOUR_CALM)
        counted(p, 'head-slow')
        with H2(p.port) as c:
            sid = c.request('POST', '/', [('content-length', '900')], end=False)
            c.until(lambda: c.settled, 'SETTINGS')
            trickle(c, b''.join(frame(DATA, 0, sid, b'x') for _ in range(900)))
            same(c.response(sid).status, 408)
        counted(p, 'body-slow')
        with H2(p.port, 0, auto=False) as c:
            sid = c.request('GET', '/large')
            s = c.streams[sid]
            while s.reset is None and not s.ended:
                c.send(window_update(sid, 1))
                n = len(s.body)
                c.until(lambda: len(s.body) > n or s.reset is not None, 'an octet')
                end = time.monotonic() + 0.01
                kit.wait_for(lambda: time.monotonic() > end, 'a moment')
            true(s.reset is not None and len(s.body) < 4096, f'{len(s.body)} octets')
        counted(p, 'window-stall')


# -- streams --------------------------------------------------------------------------------------------------------


def test_too_many_streams():
    """streams beyond what is allowed are refused, whoever has been told; the others are served"""
    end = threading.Event()

    def handler(r, c):
        end.wait(kit.DEADLINE)
        c.sendall(reply())
    with Origin(handler) as o, Proxy(o, extra=limits(h2_streams=10)) as p:
        with H2(p.port, auto=False) as c:  # it never acknowledged the setting
            sids = [c.request() for _ in range(15)]
            same([refused(c, x) for x in sids[10:]], ['refused stream'] * 5)
            end.set()
            same([c.response(x).status for x in sids[:10]], [200] * 10)
            end.clear()
        counted(p, 'streams-refused', 5)
        with H2(p.port) as c:
            c.until(lambda: c.settled and MAX_STREAMS in c.peer, 'the settings')
            c.ping()
            sids = [c.request() for _ in range(11)]
            with contextlib.suppress(GoneAway, Reset):
                c.response(sids[10])
                true(False, 'one more was served')
            end.set()
        same(p.get('/').status, 200)


def test_half_closed():
    """DATA behind the end of a stream, or for one that never was, ends the connection"""
    end = threading.Event()
    with Origin(slow_or_echo(end)) as o, Proxy(o) as p:
        for stream in (1, 5):
            with H2(p.port) as c:
                sid = c.request('GET', '/slow')
                c.ping()
                c.send(frame(DATA, 0, stream, b'x'))
                true(c.end() in (STREAM_CLOSED, 1), f'ended with {c.goaways}')
                true(sid and not c.streams[sid].heads, 'it was answered')
        end.set()


def test_window_overflow():
    """a stream's window that would grow beyond all ends the stream alone"""
    with Origin(lambda r, c: c.sendall(reply(bytes(100000)))) as o, Proxy(o) as p, H2(p.port, 10, auto=False) as c:
        sids = [c.request() for _ in range(2)]
        c.until(lambda: all(len(c.streams[x].body) == 10 for x in sids), 'the first octets')
        c.send(window_update(sids[0], 0x7fffffff) + window_update(sids[0], 1))
        same(c.reset_code(sids[0]), FLOW_CONTROL_ERROR)
        c.send(window_update(sids[1], 200000))
        same(len(c.response(sids[1]).body), 100000)


def test_replies_to_nobody():
    """who makes us say much and reads nothing is bounded in memory, and gone soon"""
    end = threading.Event()
    heads = plain_head('GET', '/slow')
    floods = {
        'refused streams': lambda c, n: b''.join(frame(HEADERS, 5, 2 * k + 1, heads) for k in range(n, n + 2000)),
        'PING': lambda c, n: frame(PING, 0, 0, bytes(8)) * 2000,
        'SETTINGS': lambda c, n: frame(SETTINGS, 0, 0) * 2000,
    }
    extra = limits(h2_pings=1000000, h2_settings=1000000) + timeouts(body='1s')
    with Origin(slow_or_echo(end)) as o, Proxy(o, extra=extra) as p:
        for what, make in floods.items():
            with H2(p.port, auto=False, received=4096) as c:
                before, n, began = memory(p), 0, time.monotonic()
                while c.try_send(make(c, n)):
                    n += 2000
                    true(time.monotonic() - began < kit.DEADLINE, f'{what}: {n} of them were taken')
                    true(kit.sanitized() or memory(p) - before < 4 << 20, f'{what}: {memory(p) - before} octets')
        end.set()
        same(p.get('/').status, 200)


def test_held_responses():
    """who asks for much and takes nothing holds no more than the streams may, and gives it back"""
    body = bytes(10 << 20)
    with Origin(lambda r, c: c.sendall(reply(body))) as o, Proxy(o, extra=timeouts(body='1s')) as p:
        before = memory(p)
        with H2(p.port, 0, auto=False) as c:
            sids = [c.request() for _ in range(100)]
            for x in sids:
                c.until(lambda: c.streams[x].heads or c.streams[x].reset is not None, 'a head')
            true(kit.sanitized() or memory(p) - before < 100 * 160 << 10, f'{memory(p) - before} octets are held')
            for x in sids:
                true(c.reset_code(x) != 0, 'it ended well')
            kit.wait_for(lambda: o.ended == o.connections, "the end of the origin's connections")
        true(p.counters()['window-stall'] >= 100, str(p.counters()))


# -- who means no harm ----------------------------------------------------------------------------------------------


def unusual(p):
    return {k: v for k, v in p.counters().items() if k not in USUAL}


def test_busy():
    """a busy client is served, however many streams it has"""
    with Nginx({'x': b'hello'}) as o, Proxy(o) as p:
        url = f'https://localhost:{p.port}/x'
        out = tool('h2load', '-n', '8000' if not kit.sanitized() else '800', '-c', '10', '-m', '100', url)
        true(' 0 failed, 0 errored' in out, out)
        out = tool('h2load', '-n', '1000', '-c', '3', '-m', '500', url)  # more than it may
        true(' 0 errored' in out or ' succeeded' in out, out)
        same(unusual(p), {})


def test_page_with_images():
    """a page with 100 images, of which the visitor cancels all, twice, and then takes all"""
    image = os.urandom(30000)

    def handler(r, c):
        c.sendall(reply(image, '200 OK', 'Content-Type: image/png'))
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        for _ in range(2):
            sids = [c.request('GET', f'/{i}.png', [('priority', 'u=5, i')]) for i in range(100)]
            c.response(sids[7])
            for x in sids:
                if not c.streams[x].ended:
                    c.send(reset(x))
            c.ping()
        sids = [c.request('GET', f'/{i}.png') for i in range(100)]
        for x in sids:
            c.send(frame(PRIORITY_UPDATE, 0, 0, struct.pack('>I', x) + b'u=4'))
        same([c.response(x).body == image for x in sids], [True] * 100)
        same([unusual(p), c.goaways], [{}, []])


def test_resets_behind_the_end():
    """whoever resets what is complete, as some clients do, cancels nothing"""
    with Origin(echo) as o, Proxy(o, extra=limits(h2_resets=20)) as p, H2(p.port) as c:
        for _ in range(20):
            sid = c.request()
            c.response(sid)
            c.send(reset(sid))
        same([c.alive(), unusual(p)], [True, {}])


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
