"""Random pipelines of well-formed and malformed requests, cut at random places, against a model of the answers.

The seed is printed and taken from CRUMBGATE_SEED; CRUMBGATE_RANDOM_SECONDS and CRUMBGATE_RANDOM_REQUESTS bound the run.
"""
import os
import random
import sys
import time

import kit
from kit import Client, Origin, Proxy, reply, same, true

SEED = int(os.environ.get('CRUMBGATE_SEED', random.randrange(1 << 32)))
SECONDS = float(os.environ.get('CRUMBGATE_RANDOM_SECONDS', '20'))
REQUESTS = int(os.environ.get('CRUMBGATE_RANDOM_REQUESTS', '2000'))

# What ends a connection: raw bytes, and the status of the answer. Each is refused by its head.
MALFORMED = [
    (b'GET /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx', 400),
    (b'POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400),
    (b'GET /%s HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n', 400),
    (b'GET /%s HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n', 400),
    (b'GET /%s HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n', 400),
    (b'GET /%s HTTP/1.1\r\n\r\n', 400),
    (b'GET /%s HTTP/3.1\r\nHost: localhost\r\n\r\n', 505),
    (b'TRACE /%s HTTP/1.1\r\nHost: localhost\r\n\r\n', 405),
    (b'POST /%s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n', 501),
    (b'GET /%s HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n', 417),
    (b'\x16\x03\x01\x02\x00%s', 400),
]
# Bodies that break behind a head that is in order.
BROKEN = [b'x\r\n', b'5\r\nhelloX', b'3;' + b'e' * 5000 + b'\r\n', b'0\r\nX : y\r\n\r\n', b'fffffffffffffffff\r\n']


class Wanted:
    """One expected answer. `body`: exactly; None: any."""

    def __init__(self, status, body=None, method='GET', last=False):
        self.status, self.body, self.method, self.last = status, body, method, last


def pieces(rng, body):
    while body:
        n = rng.randint(1, max(1, len(body)))
        yield body[:n]
        body = body[n:]


def framed(rng, body):
    """Fields and octets of a body in one of both framings."""
    if rng.random() < 0.5:
        return b'Content-Length: %d\r\n' % len(body), body
    out = b''
    for p in pieces(rng, body):
        out += b'%x%s\r\n%s\r\n' % (len(p), rng.choice([b'', b';a=b']), p)
    return b'Transfer-Encoding: chunked\r\n', out + b'0\r\n' + rng.choice([b'', b'X-Sum: 1\r\n']) + b'\r\n'


def good(rng, n):
    """A request that is answered, and what the answer must be."""
    kind = rng.choice(['get', 'get', 'get', 'head', 'post', 'post', 'block', 'block-post', 'options', 'elsewhere'])
    large = rng.random() < 0.1
    target = b'/%s/%d' % (rng.choice([b'length', b'chunked', b'no-content', b'not-modified'] if kind == 'get'
                                     else [b'length', b'chunked']), n)
    host = b'Host: localhost\r\n'
    body = rng.randbytes(rng.choice([1, 10, 1000, 70000 if large else 200]))
    start = b'\r\n' * rng.choice([0, 0, 0, 1, 2])
    if kind == 'get':
        status = 204 if b'no-content' in target else 304 if b'not-modified' in target else 200
        return (start + b'GET %s HTTP/1.1\r\n%s\r\n' % (target, host),
                Wanted(status, b'GET %s ' % target if status == 200 else b''))
    if kind == 'head':
        return start + b'HEAD %s HTTP/1.1\r\n%s\r\n' % (target, host), Wanted(200, b'', 'HEAD')
    if kind == 'post':
        fields, octets = framed(rng, body)
        return start + b'POST %s HTTP/1.1\r\n%s%s\r\n' % (target, host, fields) + octets, Wanted(200, b'POST %s ' % target + body)
    if kind == 'block':
        return b'GET /collect?%d HTTP/1.1\r\n%s\r\n' % (n, host), Wanted(204, b'')
    if kind == 'block-post':
        fields, octets = framed(rng, body[:30000])
        return b'POST /collect HTTP/1.1\r\n%s%s\r\n' % (host, fields) + octets, Wanted(204, b'')
    if kind == 'options':
        return b'OPTIONS * HTTP/1.1\r\n%sMax-Forwards: 0\r\n\r\n' % host, Wanted(204, b'')
    return b'GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n', Wanted(421)


def bad(rng, n):
    """A request that ends the connection."""
    if rng.random() < 0.3:
        head = b'POST /length/%d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n' % n
        return head + b'2\r\nhi\r\n' + rng.choice(BROKEN), Wanted(400, last=True)
    if rng.random() < 0.2:
        return b'GET /length/%d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' % n, \
            Wanted(200, b'GET /length/%d ' % n, last=True)
    raw, status = rng.choice(MALFORMED)
    return raw.replace(b'%s', b'%d' % n), Wanted(status, last=True)


def origin(r, c):
    """Says what it saw, in the framing that the target names."""
    seen = f'{r.method} {r.target} '.encode() + r.body()
    if r.target.startswith('/no-content'):
        c.sendall(b'HTTP/1.1 204 No Content\r\n\r\n')
    elif r.target.startswith('/not-modified'):
        c.sendall(b'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n')
    elif r.target.startswith('/chunked'):
        c.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        if r.method != 'HEAD':
            for i in range(0, len(seen), 5000):
                part = seen[i:i + 5000]
                c.sendall(b'%x\r\n%s\r\n' % (len(part), part))
            c.sendall(b'0\r\n\r\n')
    else:
        c.sendall(reply(seen) if r.method != 'HEAD' else b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n')


def send_cut(rng, c, data):
    """In pieces of random sizes; what the proxy does not want any more after an error is left."""
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.choice([0, 0, 1, 3, 20])))
    for a, b in zip([0] + cuts, cuts + [len(data)]):
        try:
            c.send(data[a:b])
        except OSError:
            return
        if rng.random() < 0.1:
            time.sleep(0.001)


def read_answer(c, wanted, what):
    r = c.response(wanted.method)
    same(r.status, wanted.status, what)
    if wanted.body is not None:
        true(r.body == wanted.body, f'{what}: body {r.body[:60]!r}, expected {wanted.body[:60]!r}')
    return r


def converse(rng, p, n):
    """One connection; the number of requests made."""
    count = rng.randint(1, 12)
    made = [good(rng, n + i) for i in range(count)]
    if rng.random() < 0.5:
        made.append(bad(rng, n + count))
    data = b''.join(raw for raw, _ in made)
    if made[-1][1].last and rng.random() < 0.5:
        data += b'GET /length/never HTTP/1.1\r\nHost: localhost\r\n\r\n'
    tls = rng.random() < 0.3
    with Client(p.port if tls else p.plain_port, tls=tls) as c:
        send_cut(rng, c, data)
        half_closed = not tls and not made[-1][1].last and rng.random() < 0.3
        if half_closed:
            c.s.shutdown(1)
        for i, (raw, wanted) in enumerate(made):
            what = f'seed {SEED}, request {n + i} ({raw[:40]!r}), {i + 1} of {len(made)}'
            try:
                r = read_answer(c, wanted, what)
            except (EOFError, OSError, ValueError, IndexError) as e:
                raise AssertionError(f'{what}: {e!r}') from e
            if not wanted.last and not half_closed:
                same(r.get('connection'), None, what)
        if made[-1][1].last or half_closed:
            true(c.closed(), f'{what}: something follows the last answer: {c.buffer[:80]!r}')
    return len(made)


def test_random():
    """random pipelines are answered as the model says"""
    print(f'# CRUMBGATE_SEED={SEED}', flush=True)
    rng = random.Random(SEED)
    end = time.monotonic() + SECONDS
    n = 0
    with Origin(origin) as o, Proxy(o) as p:
        while n < REQUESTS and time.monotonic() < end:
            n += converse(rng, p, n)
        true(not any('never' in r.target for r in o.requests), 'a request behind an error reached the origin')
    print(f'# {n} requests', flush=True)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
