"""HTTP/2 at random: streams, windows, resets, uploads and origins of all kinds at once; each stream gets its own, or an error.

The seed is printed and taken from CRUMBGATE_SEED; CRUMBGATE_RANDOM_ROUNDS makes more of it.
"""
import contextlib
import os
import random
import re
import signal
import socket
import struct
import sys
import threading

import kit
from h2kit import GoneAway, H2, INITIAL_WINDOW, PRIORITY_UPDATE, Reset, frame, reset, settings, window_update
from kit import Origin, Proxy, same, true

ROUNDS = int(os.environ.get('CRUMBGATE_RANDOM_ROUNDS', '25'))
TAG = b'<script src="https://tracker.example/t.js"></script>'
GOOD = ('length', 'chunked', 'close', 'page', 'early', 'interim', 'trailers')
BAD = ('cut', 'cut-chunks', 'nothing')
BUDGETS = ('resets', 'errors', 'small-windows', 'pings', 'settings', 'priorities')  # not what is tested here


def content(n, seed):
    """n octets that no other stream has."""
    return (b'%d,' % seed * (n // 2 + 1))[:n]


def pieces(data, rng):
    while data:
        n = rng.choice((1, 100, 5000, 30000, 100000))
        yield data[:n]
        data = data[n:]


def answer(r, c):
    """/KIND/SIZE/SEED"""
    kind, size, seed = r.target[1:].split('/')
    body, rng = content(int(size), int(seed)), random.Random(seed)
    if kind != 'early':
        r.content = r.body()
    head = b'HTTP/1.1 200 OK\r\nContent-Type: %s\r\n' % (b'text/html' if kind == 'page' else b'image/png')
    if kind == 'nothing':
        return False
    if kind == 'interim':
        c.sendall(b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n')
    if kind == 'page':
        body = b'<!doctype html><html><head>' + TAG + b'</head><body>' + body + TAG
    if kind in ('chunked', 'cut-chunks', 'trailers'):
        c.sendall(head + b'Transfer-Encoding: chunked\r\n\r\n')
        for x in pieces(body, rng):
            c.sendall(b'%x\r\n%s\r\n' % (len(x), x))
        if kind == 'cut-chunks':
            return False
        c.sendall(b'0\r\n' + (b'X-Sum: 1\r\n' if kind == 'trailers' else b'') + b'\r\n')
        return True
    if kind in ('close', 'early'):
        head += b'Connection: close\r\n'
    if kind == 'close':
        head += b'\r\n'
    else:
        head += b'Content-Length: %d\r\n\r\n' % (len(body) + (5 if kind == 'cut' else 0))
    c.sendall(head)
    for x in pieces(body, rng):
        c.sendall(x)
    if kind == 'early':  # to close what has not been read would destroy what was said
        c.shutdown(socket.SHUT_WR)
        r.stream.read()
    return kind not in ('close', 'cut', 'early')


class Visitor:
    """A connection that does things at random, and knows what must come of them."""

    def __init__(self, p, rng):
        self.rng = rng
        self.c = H2(p.port, rng.choice((0, 1000, 65535, 1 << 24)), rng.choice((65535, 1 << 20, 1 << 30)), auto=False)
        self.c.until(lambda: INITIAL_WINDOW in self.c.peer, 'the settings')
        self.c.send(frame(4, 1, 0))
        self.wanted = {}  # stream: (kind, size, seed)
        self.uploads = {}  # stream: octets still to send
        self.gone = set()  # those that were reset

    def begin(self):
        rng, c = self.rng, self.c
        want = (rng.choice(GOOD * 2 + BAD), rng.choice((0, 1, 500, 20000, 100000, 400000)), rng.randrange(1 << 30))
        upload = rng.choice((None, None, 0, 10, 60000, 300000))
        path = '/%s/%d/%d' % want
        fields = [('te', 'trailers')] if rng.random() < .5 else []
        if rng.random() < .3:
            fields.append(('priority', f'u={rng.randrange(8)}' + rng.choice(('', ', i'))))
        if upload is not None and rng.random() < .5:
            fields.append(('content-length', str(upload)))
        sid = c.request('GET' if upload is None else 'POST', path, fields, end=upload is None, pieces=rng.choice((1, 1, 3)))
        self.wanted[sid] = want
        if upload is not None:
            self.uploads[sid] = upload
        return sid

    def push(self):
        """Something of an upload, as far as the windows allow."""
        c, rng = self.c, self.rng
        if not self.uploads:
            return
        sid = rng.choice(list(self.uploads))
        s, left = c.streams[sid], self.uploads[sid]
        n = max(min(s.window, c.window, left, rng.choice((1, 1000, 16000))), 0)
        if s.reset is not None or sid in self.gone:
            del self.uploads[sid]
            return
        self.uploads[sid] = left - n
        if n == left:
            del self.uploads[sid]
        if n or not left:
            c.data(sid, bytes(n), n == left, pad=None)

    def give(self):
        c, rng = self.c, self.rng
        n = rng.choice((1, 999, 50000, 1 << 20))
        out = window_update(0, n)
        for sid in rng.sample(list(self.wanted), min(len(self.wanted), 5)):
            out += window_update(sid, n)
        if c.goaways or len(c.frames) > 100000:
            return
        c.send(out)

    def cancel(self):
        sid = self.rng.choice(list(self.wanted))
        self.gone.add(sid)
        self.c.send(self.rng.choice((reset(sid), window_update(sid, 0x7fffffff) * 2)))  # or it makes us do it

    def odd(self):
        c, rng = self.c, self.rng
        sid = rng.choice(list(self.wanted))
        c.send(rng.choice((frame(6, 0, 0, bytes(8)), settings(initial_window=rng.choice((100, 1 << 20))),
                           frame(PRIORITY_UPDATE, 0, 0, struct.pack('>I', sid) + b'u=%d' % rng.randrange(8)))))

    def read(self):
        c = self.c
        c.s.settimeout(0.001)
        with contextlib.suppress(TimeoutError):
            for _ in range(50):
                if not c.pump():
                    break
        c.s.settimeout(kit.DEADLINE)

    def act(self):
        what = [self.begin] * 3 + [self.push] * 8 + [self.give] * 4 + [self.read] * 6 + [self.odd] + [self.cancel]
        if len(self.wanted) < 3:
            what = [self.begin]
        if len(self.wanted) >= 40:
            what = what[3:]
        self.rng.choice(what)()

    def finish(self):
        """Opens everything, completes what was begun, and looks at each response."""
        c = self.c
        c.auto = True
        out = settings(initial_window=1 << 20) + window_update(0, (1 << 29))
        for sid in self.wanted:
            if not c.streams[sid].ended:
                out += window_update(sid, 1 << 24)
        c.send(out)
        for sid, left in list(self.uploads.items()):
            with contextlib.suppress(Reset):
                if sid not in self.gone and c.streams[sid].reset is None:
                    c.upload(sid, bytes(left))
        for sid, want in self.wanted.items():
            if sid not in self.gone:
                self.check(sid, want)

    def check(self, sid, want):
        kind, size, seed = want
        try:
            r = self.c.response(sid)
        except Reset:
            true(kind in BAD, f'stream {sid}, {want}, was reset')
            return
        if kind == 'nothing' or (kind in BAD and r.status == 502):
            same([want, r.status], [want, 502])
            return
        true(kind in GOOD, f'stream {sid}, {want}, ended cleanly')
        same([want, r.status], [want, 200])
        body = re.sub(rb'<script.*?</script>|<!doctype html><html><head>|</head><body>', b'', r.body)
        same([want, len(body), body == content(size, seed)], [want, size, True])


def play(p, rng):
    visitors = [Visitor(p, rng) for _ in range(3)]
    worker, = p.workers()
    for _ in range(250):
        v = rng.choice(visitors)
        if rng.random() < .03:  # much comes in one turn of the loop
            os.kill(worker, signal.SIGSTOP)
            try:
                for _ in range(10):
                    rng.choice(visitors).act()
            finally:
                os.kill(worker, signal.SIGCONT)
        v.act()
    leaver = visitors.pop() if rng.random() < .5 else None
    if leaver:
        leaver.c.close()
    for v in visitors:
        try:
            v.finish()
        except GoneAway as e:
            true(False, f'{e}: {v.c.goaways}')
        v.c.close()
    same(p.workers(), [worker], 'the worker')


def test_random():
    """whatever happens at once, each stream gets its own response, whole, or an error"""
    seed = os.environ.get('CRUMBGATE_SEED') or str(random.randrange(1 << 32))
    print('# seed', seed, flush=True)
    rules = kit.RULES + 'beacon ||tracker.example^ is analytics removed\npages {\n guard off\n}\n'
    budgets = ''.join(f' h2-{x} 100000\n' for x in BUDGETS)
    with Origin(answer) as o, Proxy(o, rules=rules, extra='limits {\n' + budgets + '}') as p:
        for i in range(ROUNDS):
            play(p, random.Random(f'{seed} {i}'))
        kit.wait_for(lambda: o.connections - o.ended <= 64, 'the end of what was begun')
        alive = threading.active_count()
        true(alive < 100, f'{alive} threads of the origin wait')


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
