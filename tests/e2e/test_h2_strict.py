"""HTTP/2: no request that an HTTP/1.1 origin could read in another way gets there; what does is compared by octets."""
import os
import random
import re
import struct
import sys

import kit
from h2kit import (CONTINUATION, DATA, END_HEADERS, END_STREAM, H2, HEADERS, PADDED, PRIORITY, PRIORITY_UPDATE,
                   PUSH_PROMISE, frame, literal, refused, reset, settings, window_update)
from kit import Origin, Proxy, echo, same, true

PE = 'protocol error'  # a reset of the stream


def fields(*more, method='GET', scheme='https', authority='localhost', path='/'):
    """Fields of a request: pseudo-header fields unless they are None, and more."""
    pseudo = ((':method', method), (':scheme', scheme), (':authority', authority), (':path', path))
    return [x for x in pseudo if x[1] is not None] + list(more)


PSEUDO = [
    ('no method', fields(method=None), PE),
    ('no scheme', fields(scheme=None), PE),
    ('no path', fields(path=None), PE),
    ('neither authority nor host', fields(authority=None), PE),
    ('two methods', fields((':method', 'GET')), PE),
    ('two paths', fields((':path', '/other')), PE),
    ('two schemes', fields((':scheme', 'https')), PE),
    ('two authorities', fields((':authority', 'localhost')), PE),
    ('a pseudo-header field behind others', fields(('x', '1'), path=None) + [(':path', '/')], PE),
    ('an unknown pseudo-header field', fields((':host', 'localhost')), PE),
    ('a pseudo-header field of responses', fields((':status', '200')), PE),
    ('a protocol without CONNECT', fields((':protocol', 'websocket')), PE),
    ('an upper case pseudo-header field', [(':Method', 'GET')] + fields(method=None), PE),
]

METHODS = [
    ('an empty method', fields(method=''), PE),
    ('a method with a blank', fields(method='GET /x'), PE),
    ('a method with CRLF', fields(method='GET\r\nX: y'), PE),
    ('a method with octets that no token has', fields(method='GE(T'), PE),
    ('CONNECT', fields(method='CONNECT', scheme=None, path=None), 405),
    ('CONNECT with a path', fields(method='CONNECT'), PE),
    ('TRACE', fields(method='TRACE'), 405),
    ('connect in lower case', fields(method='connect'), 405),
    ('a method that is too long', fields(method='A' * 33), 501),
]

PATHS = [
    ('an empty path', fields(path=''), PE),
    ('a path without slash', fields(path='x'), PE),
    ('an absolute path', fields(path='https://localhost/'), PE),
    ('an absolute path of another host', fields(path='http://other.example/'), PE),
    ('a path with a blank', fields(path='/ HTTP/1.1'), PE),
    ('a path with a tab', fields(path='/\tx'), PE),
    ('a path with CRLF', fields(path='/ HTTP/1.1\r\nX: y'), PE),
    ('a path with LF', fields(path='/\nx'), PE),
    ('a path with CR', fields(path='/\rx'), PE),
    ('a path with NUL', fields(path='/\0x'), PE),
    ('a path with DEL', fields(path='/\x7fx'), PE),
    ('a path with a fragment', fields(path='/x#y'), 400),
    ('an asterisk with GET', fields(path='*'), PE),
    ('an asterisk and more with OPTIONS', fields(method='OPTIONS', path='*/x'), PE),
    ('a path that is too long', fields(path='/' + 'x' * 9000), 414),
]

AUTHORITIES = [
    ('another host field', fields(('host', 'other.example')), 400),
    ('another port in the host field', fields(('host', 'localhost:1')), 400),
    ('two host fields', fields(('host', 'localhost'), ('host', 'localhost'), authority=None), PE),
    ('two host fields that differ', fields(('host', 'localhost'), ('host', 'other.example')), PE),
    ('userinfo', fields(authority='user@localhost'), 400),
    ('userinfo with a password', fields(authority='localhost:x@other.example'), 400),
    ('an empty authority', fields(authority=''), PE),
    ('an empty authority and a host field', fields(('host', 'localhost'), authority=''), PE),
    ('an empty host field', fields(('host', ''), authority=None), PE),
    ('an authority with a blank', fields(authority='localhost x'), PE),
    ('an authority with CRLF', fields(authority='localhost\r\nX: y'), PE),
    ('an authority with a path', fields(authority='localhost/x'), PE),
    ('an authority with a comma', fields(authority='localhost,other.example'), 400),
    ('an authority with a port that is none', fields(authority='localhost:x'), 400),
    ('an authority with octets beyond ASCII', fields(authority='loc\xe4lhost'), PE),
    ('a host that is not here', fields(authority='nowhere.example'), 421),
    ('a host field with a blank', fields(('host', 'local host'), authority=None), PE),
]

SCHEMES = [
    ('http', fields(scheme='http'), 400),
    ('an unknown scheme', fields(scheme='gopher'), 400),
    ('an empty scheme', fields(scheme=''), PE),
    ('a scheme with a blank', fields(scheme='https x'), PE),
]

NAMES = [(f'a name with {what}', fields((name, 'x')), PE) for what, name in (
    ('upper case', 'Cookie'), ('one upper case letter', 'cookiE'), ('a colon', 'x:y'), ('a blank', 'x y'),
    ('a blank at its end', 'cookie '), ('a blank at its begin', ' cookie'), ('a tab', 'x\ty'), ('CRLF', 'x\r\ny'),
    ('LF', 'x\ny'), ('CR', 'x\ry'), ('NUL', 'x\0y'), ('a parenthesis', 'x(y'), ('an octet beyond ASCII', 'x\xe4'),
    ('CRLF and another line', 'x: 1\r\ny'), ('nothing in it', ''), ('nothing but a colon', ':'))]

VALUES = [(f'a value with {what}', fields((name, value)), PE) for name in ('x', 'cookie', 'user-agent')
          for what, value in (
    ('CRLF', 'a\r\nX-Evil: 1'), ('LF', 'a\nX-Evil: 1'), ('CR', 'a\rb'), ('NUL', 'a\0b'), ('a control octet', 'a\x01b'),
    ('DEL', 'a\x7fb'), ('CRLF at its end', 'a\r\n'), ('LF at its begin', '\na'), ('two lines', '1\r\n\r\nGET /evil'))]

CONNECTION = [(f'the field {name}', fields((name, value)), PE) for name, value in (
    ('connection', 'close'), ('connection', 'x'), ('keep-alive', '1'), ('proxy-connection', 'close'),
    ('transfer-encoding', 'chunked'), ('transfer-encoding', 'identity'), ('upgrade', 'websocket'), ('te', 'gzip'),
    ('te', 'trailers, deflate'), ('te', ''))]

LENGTHS = [(f'the length {value!r}', fields(('content-length', value), method='POST'), PE) for value in (
    '1', '0, 0', '0,0', '+0', '-1', '0x0', '', ' ', '00 ', '1e1', '18446744073709551616', '99999999999999999999')]
LENGTHS += [
    ('two lengths', fields(('content-length', '0'), ('content-length', '0'), method='POST'), PE),
    ('two lengths that differ', fields(('content-length', '0'), ('content-length', '5'), method='POST'), PE),
]

LOOKALIKES = [(f'the field {name}', fields((name, '1')), 400) for name in (
    'x_forwarded_for', 'crumbgate_consent', 'content_length', 'transfer_encoding', 'x-forwarded_proto')]

SIZES = [
    ('too many fields', fields(*((f'x{i}', '1') for i in range(200))), 431),
    ('a field that is too long', fields(('x', 'y' * 17000)), 431),
    ('crumbs that are too long together', fields(*(('cookie', 'a=' + 'y' * 1000) for _ in range(20))), 431),
    ('a head that is too large', fields(*((f'x{i}', 'y' * 1000) for i in range(70))), 431),
    ('an expectation that is unknown', fields(('expect', 'x')), 417),
]

ALL = PSEUDO + METHODS + PATHS + AUTHORITIES + SCHEMES + NAMES + VALUES + CONNECTION + LENGTHS + LOOKALIKES + SIZES


def test_refusals():
    """whatever is malformed or ambiguous is refused, and never reaches the origin"""
    wrong = []
    with Origin(echo) as o, Proxy(o) as p:
        for what, head, expected in ALL:
            with H2(p.port) as c:
                sid = c.begin()
                c.send_head(sid, head, raw=True)
                got = refused(c, sid)
                if got != expected or o.requests or not c.alive():
                    wrong.append(f'{what}: {got} instead of {expected}, {[r.head for r in o.requests]}')
                o.requests.clear()
    same('\n'.join(wrong), '')


def test_with_content():
    """the same is refused when content follows"""
    wrong = []
    with Origin(echo) as o, Proxy(o) as p:
        for what, head, expected in ALL:
            if not dict(head).get(':method') in ('GET', 'OPTIONS'):
                continue
            with H2(p.port) as c:
                sid = c.begin()
                c.send_head(sid, [(n, 'POST' if n == ':method' else v) for n, v in head], False, raw=True)
                c.data(sid, b'GET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n', True)
                got = refused(c, sid)
                if got != expected or o.requests:
                    wrong.append(f'{what}: {got} instead of {expected}, {[r.head for r in o.requests]}')
                o.requests.clear()
    same('\n'.join(wrong), '')


OURS = ('Crumbgate-Consent: granted=(), decided=?0, source=default', 'X-Forwarded-For: 127.0.0.1',
        'Forwarded: for=127.0.0.1;host="localhost";proto=https', 'Via: 2.0 crumbgate', 'X-Forwarded-Proto: https',
        'X-Forwarded-Host: localhost')

PASSED = [
    (fields(), 'GET / HTTP/1.1', []),
    (fields(('host', 'localhost')), 'GET / HTTP/1.1', []),
    (fields(('host', 'localhost'), authority=None), 'GET / HTTP/1.1', []),
    (fields(('host', 'LOCALHOST')), 'GET / HTTP/1.1', []),
    (fields(scheme='HTTPS'), 'GET / HTTP/1.1', []),
    (fields(method='M-SEARCH', path='/a?b=c&d'), 'M-SEARCH /a?b=c&d HTTP/1.1', []),
    (fields(path='/%00%0d%0a{}|"\xff'), 'GET /%00%0d%0a{}|"\xff HTTP/1.1', []),
    (fields(path='//evil.example/../x'), 'GET //evil.example/../x HTTP/1.1', []),
    (fields(method='OPTIONS', path='*'), 'OPTIONS * HTTP/1.1', []),
    (fields(('te', 'trailers')), 'GET / HTTP/1.1', []),
    (fields(('te', 'TRAILERS')), 'GET / HTTP/1.1', []),
    (fields(('x-a', ''), ('x-b', 'a\tb \xe4'), ("!#$%&'*+-.^_`|~0", '1')), 'GET / HTTP/1.1',
     ['x-a: ', 'x-b: a\tb \xe4', "!#$%&'*+-.^_`|~0: 1"]),
    (fields(('x-a', '1'), ('x-a', '2')), 'GET / HTTP/1.1', ['x-a: 1', 'x-a: 2']),
    (fields(('x-forwarded-for', '1'), ('forwarded', 'for=1'), ('via', '1.1 x'), ('crumbgate-consent', 'granted=(x)'),
            ('x-real-ip', '1'), ('x-forwarded-host', 'x'), ('x-forwarded-proto', 'http')), 'GET / HTTP/1.1', []),
    (fields(('http2-settings', 'AAMAAABkAAQAAP__')), 'GET / HTTP/1.1', []),
    (fields(('priority', 'u=1')), 'GET / HTTP/1.1', ['priority: u=1']),
    (fields(('content-length', '0'), method='POST'), 'POST / HTTP/1.1', ['Content-Length: 0']),
]


def test_what_the_origin_gets():
    """what is good reaches the origin as one request, octet for octet what is meant"""
    with Origin(echo) as o, Proxy(o) as p, H2(p.port) as c:
        for head, line, more in PASSED:
            o.requests.clear()
            sid = c.begin()
            c.send_head(sid, head, raw=True)
            same([head, refused(c, sid)], [head, None])
            raw = [r.head.decode('latin-1').split('\r\n') for r in o.requests]
            length = [x for x in more if x.startswith('Content-Length')]
            rest = [x for x in more if x not in length]
            host = ['Host: ' + ('LOCALHOST' if authority_of(head) == 'LOCALHOST' else 'localhost')]
            same([head, raw], [head, [[line] + host + rest + list(OURS) + length]])
        same(o.connections, 1, 'connections to the origin')


def authority_of(head):
    return dict(head).get(':authority') or dict(head)['host']


def test_trailers():
    """trailers with anything that only a head may have never make another request of it"""
    bad = [('a pseudo-header field', [(':path', '/evil')]), ('upper case', [('X', '1')]), ('LF', [('x', 'a\nb')]),
           ('CRLF', [('x', 'a\r\ny: 1')]), ('a colon', [('x:y', '1')]), ('a blank in a name', [('x y', '1')]),
           ('transfer-encoding', [('transfer-encoding', 'chunked')]), ('connection', [('connection', 'close')]),
           ('a length', [('content-length', '9')])]
    done = []

    def handler(r, c):
        done.append(r.body())
        return echo(r, c)
    with Origin(handler) as o, Proxy(o) as p:
        for what, trailers in bad:
            with H2(p.port) as c:
                sid = c.request('POST', '/', end=False)
                c.data(sid, b'abc')
                kit.wait_for(lambda: o.requests, 'the request')
                c.send_head(sid, trailers, raw=True)
                same([what, refused(c, sid)], [what, PE])
                kit.wait_for(lambda: o.ended == o.connections, 'the end of the request')
                same([what, done, len(o.requests)], [what, [], 1])
                o.requests.clear()
        with H2(p.port) as c:
            sid = c.request('POST', '/', end=False)
            c.send_head(sid, [('x', '1')], end=False)  # trailers that are not the end
            same(refused(c, sid), PE)


def test_frames():
    """frames where none of the kind may be end the connection or the stream, and the worker lives on"""
    cases = [
        ('DATA on stream 0', frame(DATA, END_STREAM, 0, b'x')),
        ('DATA on an idle stream', frame(DATA, END_STREAM, 99, b'x')),
        ('HEADERS on stream 0', frame(HEADERS, 5, 0, literal(':method', 'GET'))),
        ('HEADERS on an even stream', frame(HEADERS, 5, 2, literal(':method', 'GET'))),
        ('CONTINUATION without HEADERS', frame(CONTINUATION, 4, 3, b'')),
        ('PING within a head', frame(HEADERS, 1, 3, b'\x82') + frame(6, 0, 0, bytes(8))),
        ('DATA within a head', frame(HEADERS, 0, 3, b'\x82') + frame(DATA, 1, 3, b'x')),
        ('CONTINUATION of another stream', frame(HEADERS, 1, 3, b'\x82') + frame(CONTINUATION, 4, 5, b'\x86')),
        ('PUSH_PROMISE', frame(PUSH_PROMISE, 4, 3, bytes(4) + b'\x82')),
        ('a block that cannot be decompressed', frame(HEADERS, 5, 3, b'\xff\xff\xff\xff\xff\xff')),
        ('an index beyond the table', frame(HEADERS, 5, 3, b'\xfe')),
        ('a table that is larger than allowed', frame(HEADERS, 5, 3, b'\x3f\xff\xff\xff\x7f')),
        ('padding longer than the frame', frame(DATA, PADDED, 0, b'\xff')),
        ('padding longer than the head', frame(HEADERS, PADDED | END_HEADERS, 3, b'\xff\x82')),
        ('a frame that is too large', struct.pack('>I', 16385)[1:] + bytes([DATA, 0]) + struct.pack('>I', 1)),
        ('SETTINGS of a strange size', frame(4, 0, 0, b'12345')),
        ('SETTINGS on a stream', frame(4, 0, 1, b'')),
        ('an acknowledgement with settings', frame(4, 1, 0, bytes(6))),
        ('an initial window that is too large', settings(initial_window=1 << 31)),
        ('a frame size that is too small', settings(max_frame=100)),
        ('PING of a strange size', frame(6, 0, 0, b'123')),
        ('PING on a stream', frame(6, 0, 1, bytes(8))),
        ('RST_STREAM of an idle stream', reset(99)),
        ('RST_STREAM of stream 0', reset(0)),
        ('WINDOW_UPDATE of nothing', window_update(0, 0)),
        ('WINDOW_UPDATE of an idle stream', window_update(99, 1)),
        ('WINDOW_UPDATE beyond all', window_update(0, 0x7fffffff)),
        ('PRIORITY_UPDATE on a stream', frame(PRIORITY_UPDATE, 0, 1, struct.pack('>I', 1) + b'u=1')),
        ('GOAWAY on a stream', frame(7, 0, 1, bytes(8))),
    ]
    with Origin(echo) as o, Proxy(o) as p:
        worker = p.workers()
        for what, raw in cases:
            with H2(p.port) as c:
                c.get()
                n = len(o.requests)
                c.send(raw)
                code = c.end()
                same([what, code not in (None, 0), len(o.requests)], [what, True, n])
        ignored = [frame(99, 255, 1, b'unknown'), frame(99, 0, 0, b''), frame(4, 0, 0, b'\xff\xff\0\0\0\1'),
                   frame(PRIORITY, 0, 1, bytes(5)), frame(PRIORITY, 0, 0, bytes(5)), reset(1), window_update(1, 5),
                   frame(HEADERS, 5, 1, literal(':method', 'GET'))]  # of a stream that has ended
        with H2(p.port) as c:
            c.get()
            for raw in ignored:
                c.send(raw)
                true(c.alive(), repr(raw))
        same(p.workers(), worker)


def test_garbage():
    """random frames end connections, never the worker"""
    seed = os.environ.get('CRUMBGATE_SEED') or str(random.randrange(1 << 32))
    print('# seed', seed, flush=True)
    rng = random.Random(seed)
    head = b''.join(literal(n, v) for n, v in fields(method='POST'))
    with Origin(echo) as o, Proxy(o) as p:
        worker = p.workers()
        for _ in range(150):
            with H2(p.port) as c:
                out = frame(HEADERS, END_HEADERS, 1, head)
                for _ in range(rng.randrange(1, 12)):
                    payload = rng.choice([head, rng.randbytes(rng.randrange(20)), rng.randbytes(4), b'', bytes(8)])
                    out += frame(rng.choice([*range(10), 16]), rng.choice([0, 1, 4, 5, 8, 32, rng.randrange(256)]),
                                 rng.choice([0, 1, 1, 3, 3, 5, rng.randrange(1 << 31)]), payload)
                at = rng.randrange(len(out) + 1)
                if c.try_send(out[:at]) and c.try_send(out[at:]):
                    c.try_send(frame(7, 0, 0, bytes(8)))
                c.s.settimeout(0.02)
                try:
                    c.end()
                except (TimeoutError, OSError):
                    pass
        same(p.workers(), worker)
        with H2(p.port) as c:
            true(c.alive(), 'nothing is served any more')
        true(all(re.match(r'POST|GET', r.method) for r in o.requests), 'another method at the origin')


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
