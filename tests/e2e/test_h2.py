"""HTTP/2 to visitors: every exchange is the same as in HTTP/1.1, and what only HTTP/2 knows is right."""
import gzip
import json
import os
import re
import sys
import threading
import urllib.parse

import kit
from h2kit import H2, END_STREAM, HEADERS, CONTINUATION, SETTINGS, curl, refused, tool
from kit import Nginx, Origin, Proxy, echo, reply, same, true

RULES = kit.RULES + '''
inject cookie vid={uuid} for 180d is analytics
beacon ||tracker.example^ is analytics removed
banner {
}
'''
PAGE = (b'<!doctype html><html lang=de><head><title>t</title>'
        b'<script src="https://tracker.example/t.js"></script></head><body>' +
        b'<p>Spring brings new things to see.</p>' * 2000 + b'</body></html>')
HTML = 'Content-Type: text/html; charset=utf-8'
TWICE = b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'

ANSWERS = {
    '/cookies': reply(b'ok', '200 OK', 'Set-Cookie: PHPSESSID=1; Path=/; HttpOnly', 'Set-Cookie: _ga=2; Path=/',
                      'Set-Cookie: lang=de; Path=/', 'Set-Cookie: _fbp=3; Path=/', 'X-Kept: 1', 'Alt-Svc: h3=":443"'),
    '/page': reply(PAGE, '200 OK', HTML, 'ETag: "p1"', "Content-Security-Policy: script-src 'self'"),
    '/packed': reply(gzip.compress(PAGE, 6, mtime=0), '200 OK', HTML, 'Content-Encoding: gzip'),
    '/broken': reply(b'\x1f\x8bnothing that could be decoded', '200 OK', HTML, 'Content-Encoding: gzip'),
    '/204': b'HTTP/1.1 204 No Content\r\nSet-Cookie: _ga=1\r\nX-Kept: 1\r\n\r\n',
    '/304': b'HTTP/1.1 304 Not Modified\r\nETag: "p1"\r\nContent-Length: 5\r\nSet-Cookie: _ga=1\r\n\r\n',
    '/404': reply(b'not there', '404 Not Found'),
    '/empty': reply(b''),
    '/redirect': reply(b'', '302 Found', 'Location: /x?gclid=1', 'Set-Cookie: _fbp=1'),
    '/chunked': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\n'
                b'3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n',
    '/close': b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end',
    '/hints': TWICE + TWICE + reply(b'final'),
    '/nonsense': b'HTTP/1.1 abc\r\n\r\n',
    '/twice': b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    '/switch': b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
}


def mixed(r, c):
    """An origin of all kinds of answers, by path."""
    path = r.target.split('?')[0]
    r.content = r.body()
    if path not in ANSWERS:
        c.sendall(reply(b'seen', '200 OK', 'X-Method: ' + r.method))
        return True
    answer = ANSWERS[path]
    if r.method == 'HEAD':
        answer = answer[:answer.index(b'\r\n\r\n', answer.rindex(b'HTTP/1.1 ')) + 4]
    c.sendall(answer)
    return path not in ('/close', '/204', '/nonsense')


def pairs(fields):
    """Fields as a client of the other version would have got them."""
    gone = ('connection', 'keep-alive', 'transfer-encoding', 'date')
    return sorted((n.lower(), re.sub(r'vid=[0-9a-f-]+', 'vid=*', v)) for n, v in fields if n.lower() not in gone)


def told(r):
    body = re.sub(rb'vid=[0-9a-f-]+|[12]\.[01] crumbgate', b'*', r.body)
    return [r.status, pairs(r.fields), body]


def saw(o, n):
    """What the origin got since its n-th request."""
    return [[r.method, r.target, [x for x in pairs(r.fields) if x[0] != 'via'], r.content] for r in o.requests[n:]]


EVERYTHING = '_ga=1; PHPSESSID=2; _fbp=3; lang=de; stranger=4'
REQUESTS = [(method, path, fields, b'') for method in ('GET', 'HEAD') for path in ANSWERS
            for fields in ((), ('Cookie: ' + EVERYTHING,))]
REQUESTS += [
    ('GET', '/?gclid=1&a=2', ('Cookie: %s' % EVERYTHING, 'Sec-GPC: 1'), b''),
    ('GET', '/echo', ('Cookie: %s; optout=1' % EVERYTHING, 'DNT: 1', 'Accept-Encoding: gzip, br'), b''),
    ('GET', '/page', ('If-None-Match: "p1"', 'Range: bytes=0-10', 'Sec-Fetch-Dest: document'), b''),
    ('GET', '/page', ('Accept-Language: de', 'Sec-Fetch-Dest: document', 'Accept-Encoding: gzip'), b''),
    ('GET', '/', ('X-Forwarded-For: 1.2.3.4', 'Via: 1.1 evil', 'Forwarded: for=1.2.3.4', 'X-Real-IP: 1',
                  'Crumbgate-Consent: granted=(analytics)'), b''),
    ('GET', '/collect?x=1', (), b''),
    ('POST', '/collect', (), b'beacon'),
    ('POST', '/form', ('Content-Type: text/plain',), b'x' * 100000),
    ('PUT', '/form', ('X-Odd: caf\xe9',), b'y'),
    ('POST', '/empty', ('Content-Length: 0',), b''),
    ('DELETE', '/form', (), b''),
    ('OPTIONS', '*', (), b''),
    ('OPTIONS', '/x', ('Max-Forwards: 0',), b''),
    ('GET', '/.crumbgate/preferences', (), b''),
    ('GET', '/.crumbgate/preferences', ('Accept-Language: fr', 'Cookie: _ga=1'), b''),
    ('GET', '/.crumbgate/state', ('Sec-Fetch-Site: same-origin',), b''),
    ('HEAD', '/.crumbgate/preferences', (), b''),
    ('GET', '/.crumbgate/nothing', (), b''),
    ('POST', '/.crumbgate/decision', (), b'do=accept'),
    ('POST', '/.crumbgate/decision', (), b'x' * 100000),
    ('GET', '/%zz"{}|', (), b''),
    ('GET', '/' + 'u' * 9000, (), b''),
    ('TRACE', '/', (), b''),
    ('GET', '/', ('Crumbgate_Consent: granted=(analytics)',), b''),
    ('GET', '/', ('Expect: nothing',), b''),
    ('X' * 40, '/', (), b''),
]


def test_same_as_http1():
    """whatever is asked, visitor and origin see what they would in HTTP/1.1"""
    with Origin(mixed) as o, Proxy(o, rules=RULES) as p, H2(p.port) as two:
        agreed = '__Host-crumb-consent=' + p.token('analytics')
        more = [(m, path, [f'{x}; {agreed}' if x.startswith('Cookie:') else x for x in f], b)
                for m, path, f, b in REQUESTS if any(x.startswith('Cookie:') for x in f)]
        for method, path, fields, body in REQUESTS + more:
            n = len(o.requests)
            with p.client() as one:
                one.request(method, path, *fields, body=body)
                expected, at_origin = told(one.response(method)), saw(o, n)
            n = len(o.requests)
            split = [tuple(x.split(': ', 1)) for x in fields]
            split = [(name.lower(), value) for name, value in split]
            if body:
                split.append(('content-length', str(len(body))))
            sid = two.request(method, path, split, end=not body)
            if body:
                two.upload(sid, body)
            same([method, path, fields, *told(two.response(sid)), saw(o, n)],
                 [method, path, fields, *expected, at_origin])


def test_own_forms():
    """a decision by form is signed and holds"""
    with Origin(echo) as o, Proxy(o, rules=RULES) as p, H2(p.port) as c:
        page = c.get('/.crumbgate/preferences').body.decode()
        token = re.search(r'name="token" value="([0-9a-f]+)"', page).group(1)
        form = urllib.parse.urlencode({'do': 'save', 'p': 'analytics', 'back': '/?x=1', 'token': token}).encode()
        fields = [('content-type', 'application/x-www-form-urlencoded'), ('sec-fetch-site', 'same-origin')]
        for more in ([], [('content-length', str(len(form)))]):
            r = c.post('/.crumbgate/decision', form, fields + more)
            same([r.status, r.get('location')], [303, '/?x=1'])
        cookie = next(x.split(';')[0] for x in r.all('set-cookie') if x.startswith('__Host-crumb-consent='))
        r = c.get('/', [('cookie', '_ga=1'), ('cookie', '_fbp=2'), ('cookie', cookie)])
        same([x.split('=')[0] for x in r.seen('cookie')[0].split('; ')][0], '_ga')
        true('_fbp' not in r.seen('cookie')[0] and len(o.requests) == 1, 'what was not agreed to passed')


def test_crumbs():
    """cookies that come in several fields are one to the origin, in their order, whatever stands between"""
    with Origin(echo) as o, Proxy(o) as p, H2(p.port) as c:
        r = c.get('/', [('cookie', 'PHPSESSID=1'), ('accept', '*/*'), ('cookie', '_fbp=2; csrftoken=3'),
                        ('cookie', 'optout=1'), ('priority', 'u=1')])
        same(r.seen('cookie'), ['PHPSESSID=1; csrftoken=3; optout=1'])
        same(r.seen('via'), ['2.0 crumbgate'])
        same(r.json()['fields'][0], ['Host', 'localhost'])
        many = [('cookie', f'csrftoken={i}') for i in range(400)]
        r = c.get('/', many + [('accept', '*/*'), ('priority', 'u=0')])
        same([r.status, r.seen('cookie')], [200, ['; '.join(v for _, v in many)]])
        same(c.get('/', [('cookie', '_ga=1'), ('cookie', '_fbp=2')]).seen('cookie'), [])


def test_errors():
    """errors are answers on their stream, and the connection goes on"""
    def handler(r, c):
        if r.target == '/dead':
            return False
        if r.target == '/slow':
            release.wait(kit.DEADLINE)
        return echo(r, c)
    release = threading.Event()
    extra = 'timeouts {\n response 300ms\n}\nlimits {\n body 1000\n head 20k\n fields 40\n upstream 1\n}'
    with Origin(handler) as o, Proxy(o, extra=extra) as p, H2(p.port) as c:
        same(c.get('/', authority='other.example').status, 421)
        same(c.get('/', [('x', 'y' * 15000), ('z', 'y' * 15000)]).status, 431)
        same(c.get('/', [(f'x-{i}', '1') for i in range(60)]).status, 431)
        same(c.post('/', b'x' * 1001).status, 413)
        same(c.response(c.request('POST', '/', [('content-length', '1001')], end=False)).status, 413)
        same(c.get('/dead').status, 502)
        same(c.get('/slow').status, 504)
        release.set()
        r = c.get('/', [('host', 'localhost')])
        same([r.status, r.seen('host')], [200, ['localhost']])
        for method, length in (('HEAD', 0), ('GET', 395)):
            r = c.response(c.request(method, '/', [('host', 'other.example')]))
            same([r.status, len(r.body), r.get('content-length')], [400, length, '395'])
        same(len(c.goaways), 0, 'GOAWAY frames')
    with Origin(handler) as o, Proxy(o, extra='timeouts {\n connect 200ms\n response 200ms\n}') as p, H2(p.port) as c:
        o.stop()
        same(c.get('/').status, 502)


def test_queue_full():
    """who finds no connection to the origin in time gets 503, and 504 who got one and no answer"""
    def handler(r, c):
        release.wait(kit.DEADLINE)
        c.sendall(reply())
    release = threading.Event()
    extra = 'timeouts {\n connect 200ms\n response 600ms\n}\nlimits {\n upstream 1\n}'
    with Origin(handler) as o, Proxy(o, extra=extra) as p, H2(p.port) as c:
        sids = [c.request('GET', f'/{i}') for i in range(3)]
        same(sorted(c.response(s).status for s in sids), [503, 504, 504])
        release.set()


def framing(r):
    return [r.get('content-length'), r.get('transfer-encoding')]


def test_uploads():
    """an upload is framed by the length that was told, else in chunks"""
    with Origin(mixed) as o, Proxy(o) as p, H2(p.port) as c:
        body = os.urandom(200000)

        def seen():
            return [o.requests[-1].content == body, *framing(o.requests[-1])]
        same(c.post('/', body).status, 200)
        same(seen(), [True, None, 'chunked'])
        same(c.post('/', body, [('content-length', '200000')]).status, 200)
        same(seen(), [True, '200000', None])
        body = b'padded'
        for length, expected in ([], [True, None, 'chunked']), ([('content-length', '6')], [True, '6', None]):
            sid = c.request('POST', '/', length, end=False)
            for i, x in enumerate(body):  # and the end comes by itself
                c.data(sid, bytes([x]), pad=i * 40)
            c.data(sid, b'', True, pad=3)
            same(c.response(sid).status, 200)
            same(seen(), expected)
        body = b''
        for length, expected in (([], [True, None, 'chunked']), ([('content-length', '0')], [True, None, None])):
            sid = c.request('POST', '/', length, end=False)
            c.data(sid, b'', True)
            same(c.response(sid).status, 200)
            same(seen()[0], True)
            true(seen() == expected or seen()[1] == '0', f'{seen()} for {length}')
        same(c.response(c.request('POST', '/')).status, 200)  # ended by its head
        same([seen()[0], seen()[2]], [True, None])


def test_padding_is_given_back():
    """padding uses up windows, which come back: more of it than they hold passes"""
    extra = 'limits {\n h2-window 65535\n h2-connection-window 65535\n}'
    with Origin(mixed) as o, Proxy(o, extra=extra) as p, H2(p.port) as c:
        sid = c.request('POST', '/', end=False)
        s, n = c.streams[sid], 1500  # 1500 * 257 octets are six windows
        for i in range(n):
            c.until(lambda: min(s.window, c.window) >= 257, 'a window')
            c.data(sid, b'x', i == n - 1, pad=255)
        same([c.response(sid).status, len(o.requests[-1].content)], [200, n])


def test_expect_and_interim():
    """100 and 103 come before the final head, as often as the origin says them"""
    def handler(r, c):
        if r.get('expect'):
            c.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
        c.sendall(TWICE + TWICE.replace(b'\r\n\r\n', b'\r\nSet-Cookie: _ga=1\r\n\r\n'))
        r.content = r.body()
        c.sendall(reply(r.content))
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        sid = c.request('POST', '/', [('expect', '100-continue'), ('content-length', '5')], end=False)
        c.until(lambda: c.streams[sid].heads, '100')
        same(c.streams[sid].heads[0], [(':status', '100')])
        c.upload(sid, b'hello')
        r = c.response(sid)
        same([r.status, r.body], [200, b'hello'])
        same([dict(h)[':status'] for h in r.interim], ['100', '103', '103'])
        same([dict(h).get('link') for h in r.interim], [None] + ['</a.css>; rel=preload'] * 2)
        true(all('set-cookie' not in dict(h) for h in r.interim), 'a cookie passed with an interim response')
        same([dict(h)[':status'] for h in c.get('/').interim], ['103', '103'])


TRAILERS = (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\n'
            b'X-Sum: 5\r\nSet-Cookie: _ga=1\r\nContent-Length: 7\r\nX-Two: a b\r\n\r\n')


def test_response_trailers():
    """trailers reach those who take them, but not what must not stand there"""
    with Origin(lambda r, c: c.sendall(TRAILERS)) as o, Proxy(o) as p, H2(p.port) as c:
        r = c.get('/', [('te', 'trailers')])
        same([r.status, r.body, r.trailers], [200, b'abc', [('x-sum', '5'), ('x-two', 'a b')]])
        r = c.get('/')
        same([r.status, r.body, r.trailers], [200, b'abc', []])


def chunks(stream):
    """The chunked body of a raw stream with all that frames it, up to the end of the trailers."""
    out = b''
    while not out.endswith(b'0\r\n'):
        line = stream.readline()
        out += line + stream.read(int(line, 16) + 2 if int(line, 16) else 0)
    while not out.endswith(b'\r\n\r\n'):
        out += stream.readline()
    return out


def test_request_trailers():
    """trailers of a request follow the last chunk, but not what must not stand there"""
    def handler(r, c):
        r.content = chunks(r.stream) if r.get('transfer-encoding') else r.body()
        c.sendall(reply(b'done'))
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        trailers = [('x-sum', '5'), ('authorization', 'x'), ('cookie', '_ga=1'), ('x-forwarded-for', '1.2.3.4'),
                    ('crumbgate-consent', 'x'), ('content-type', 'text/html'), ('x-forwarded-proto', 'http')]
        sid = c.request('POST', '/', end=False)
        c.data(sid, b'abc')
        c.send_head(sid, trailers)
        same(c.response(sid).body, b'done')
        same(o.requests[-1].content, b'3\r\nabc\r\n0\r\nx-sum: 5\r\n\r\n')
        sid = c.request('POST', '/', [('content-length', '3')], end=False)
        c.data(sid, b'abc')
        c.send_head(sid, trailers)
        same([c.response(sid).body, o.requests[-1].content], [b'done', b'abc'])
        sid = c.request('POST', '/', end=False)
        c.send_head(sid, [('x-sum', '6')], pieces=3)
        same(c.response(sid).body, b'done')
        same(o.requests[-1].content, b'0\r\nx-sum: 6\r\n\r\n')


def test_large_heads():
    """heads of several frames pass both ways, larger ones where limits allow"""
    def handler(r, c):
        n = int(r.target[1:])
        c.sendall(reply(json.dumps([sum(len(v) for _, v in r.fields)]).encode(), '200 OK',
                        *(f'X-{i}: ' + 'z' * 10000 for i in range(n))))
    extra = 'limits {\n head 400k\n field 64k\n exchange-memory 4m\n}'
    with Origin(handler) as o, Proxy(o, extra=extra) as p, H2(p.port) as c:
        for n in (0, 3, 6, 30):
            r = c.response(c.request('GET', f'/{n}', [(f'y-{i}', '0' * 10000) for i in range(min(n, 10))], pieces=8))
            same([r.status, len([x for x in r.fields if x[1] == 'z' * 10000])], [200, n])
            true(r.json()[0] > min(n, 10) * 10000, 'fields are missing')
        true((CONTINUATION, 0, 5) in [x[:3] for x in c.frames] or CONTINUATION in [x[0] for x in c.frames],
             'there was no CONTINUATION')
        r = c.response(c.request('GET', '/1', [('x', 'y')], pieces=3))
        same(r.status, 200)


def test_dynamic_table():
    """heads are understood whatever the sizes of both tables are, also when they change"""
    with Origin(echo) as o, Proxy(o) as p:
        for size in (0, 100, 4096):
            with H2(p.port, header_table=size) as c:
                c.decoder.header_table_size = size
                for i in range(3):
                    r = c.get('/', [('x-a', 'a' * 50), ('x-b', f'{i}')])
                    same([r.seen('x-a'), r.seen('x-b')], [['a' * 50], [f'{i}']])
                c.encoder.header_table_size = 200
                same(c.get('/', [('x-a', 'a' * 50)]).seen('x-a'), ['a' * 50])
                c.encoder.header_table_size = 4096
                same(c.get('/', [('x-a', 'a' * 50)]).seen('x-a'), ['a' * 50])


def test_octet_by_octet():
    """a connection that comes one octet at a time is understood"""
    with Origin(echo) as o, Proxy(o) as p, H2(p.port, greet=False) as c:
        sent = []
        c.send, send = sent.append, c.send
        sent.append(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0')
        sid = c.request('POST', '/slow', [('x', 'y' * 300)], end=False)
        c.data(sid, b'abc', pad=2)
        c.data(sid, b'def', True)
        c.send = send
        for x in b''.join(sent):
            c.send(bytes([x]))
        r = c.response(sid)
        same([r.json()['target'], r.json()['body'], len(r.seen('x')[0])], ['/slow', 'abcdef', 300])


def test_log():
    """each stream has a line in the access log"""
    with Origin(mixed) as o, Proxy(o) as p, H2(p.port) as c:
        same(c.get('/a?x=1', [('cookie', '_ga=1')]).status, 200)
        same(c.post('/b', b'x' * 1000).status, 200)
        same(c.get('/collect').status, 204)
        refused(c, c.request('GET', '/c', [('host', 'x')]))
        lines = kit.wait_for(lambda: len(p.log_lines()) == 4 and p.log_lines(), 'the log')
        same([[x.get('http'), x['method'], x.get('target'), x['status'], x['received']] for x in lines],
             [['2', 'GET', '/a', 200, 0], ['2', 'POST', '/b', 200, 1000], ['2', 'GET', '/collect', 204, 0],
              ['2', 'GET', None, 400, 0]])
        true(all(x['tls'] == 'TLSv1.3' for x in lines) and lines[3]['error'], str(lines))
        same([lines[0]['verdicts'], lines[2]['action']], [lines[0]['verdicts'], 'block'])


def test_stale_upstream():
    """a request that meets a connection the origin just closed is sent again, if it may be"""
    def handler(r, c):
        if r.target != '/first' and r.target not in again:
            again.append(r.target)
            return False
        c.sendall(reply(r.target.encode()))
    again = []
    with Origin(handler) as o, Proxy(o) as p, H2(p.port) as c:
        same(c.get('/first').body, b'/first')
        same(c.get('/again').body, b'/again')
        same(c.post('/once', b'x').status, 502)
        same(len([x for x in o.requests if x.target == '/once']), 1)


def test_protocols():
    """HTTP/2 is spoken where both want it, and not where the configuration says HTTP/1.1"""
    with Origin(echo) as o:
        with Proxy(o) as p:
            for offer, expected in (('h2 http/1.1', 'h2'), ('http/1.1 h2', 'h2'), ('http/1.1', 'http/1.1')):
                with H2(p.port, alpn=offer, greet=False) as c:
                    same([offer, c.s.selected_alpn_protocol()], [offer, expected])
            same(p.get('/').status, 200)
        with Proxy(o, extra='tls {\n protocols http/1.1\n}') as p:
            with H2(p.port, alpn='h2 http/1.1', greet=False) as c:
                same(c.s.selected_alpn_protocol(), 'http/1.1')
            same(curl('-o', '/dev/null', '-w', '%{http_version}', f'https://localhost:{p.port}/'), '1.1')


def test_settings():
    """what is announced is what the limits say"""
    extra = 'limits {\n h2-streams 7\n h2-window 70000\n h2-connection-window 90000\n head 20k\n}'
    with Origin(echo) as o, Proxy(o, extra=extra) as p, H2(p.port) as c:
        c.get('/')
        same([c.peer[3], c.peer[4], c.peer[6], c.peer[8], c.peer[9], c.window], [7, 70000, 20480, 1, 1, 90000])
        true(c.settled and c.frames[0][0] == SETTINGS, 'SETTINGS came late or were not acknowledged')


def test_curl_and_nghttp():
    """curl and nghttp get along: pages with all that is in them, uploads, trailers"""
    page = b'<html><head><link rel=stylesheet href=/a.css></head><body>' + b''.join(
        b'<img src=/i%d.png>' % i for i in range(60))
    files = {f'i{i}.png': os.urandom(5000) for i in range(60)}
    with Nginx(dict(files, **{'index.html': page, 'a.css': b'p{}'})) as o, Proxy(o) as p:
        url = f'https://localhost:{p.port}/'
        out = tool('nghttp', '-v', '-n', '-a', url + 'index.html')
        same([len(re.findall(r':status: 200', out)), 'RST_STREAM' in out], [62, False])
        same(curl('-o', '/dev/null', '-w', '%{http_version} %{http_code}', url + 'i1.png'), '2 200')
    with Origin(mixed) as o, Proxy(o, extra='limits {\n body 4m\n}') as p, kit.scratch() as d:
        with open(os.path.join(d, 'x'), 'wb') as f:
            f.write(os.urandom(3000000))
        url = f'https://localhost:{p.port}/'
        same(curl('-T', d + '/x', '-o', '/dev/null', '-w', '%{http_version} %{http_code}', url), '2 200')
        with open(os.path.join(d, 'x'), 'rb') as f:
            same(o.requests[-1].content == f.read(), True)
        tool('nghttp', '-n', '-d', d + '/x', '--trailer', 'x-sum: 1', url)
        same(len(o.requests[-1].content), 3000000)
        same(tool('nghttp', url + 'close'), 'until the end')


def test_curl_and_early_error():
    """curl 7.88 shows an error that comes before it has sent all"""
    with Origin(mixed) as o, Proxy(o, extra='limits {\n body 4m\n}') as p, kit.scratch() as d:
        with open(os.path.join(d, 'x'), 'wb') as f:
            f.write(bytes(5000000))
        same(curl('-T', d + '/x', '-o', '/dev/null', '-w', '%{http_version} %{http_code}',
                  f'https://localhost:{p.port}/'), '2 413')


def test_end_of_stream():
    """the end comes with the last octets or the head, once"""
    with Origin(mixed) as o, Proxy(o) as p, H2(p.port) as c:
        for path in ('/empty', '/204', '/304', '/redirect'):
            n = len(c.frames)
            c.get(path)
            same([x[:2] for x in c.frames[n:] if x[0] < 2], [(HEADERS, 5)], path)
        n = len(c.frames)
        c.get('/404')
        same(sum(x[1] & END_STREAM for x in c.frames[n:] if x[0] < 2), 1)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
