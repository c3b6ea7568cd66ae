"""HTML on its way through the proxy: every coding, broken bodies, ranges, HEAD and 304, flow and pressure, the log."""
import gzip
import json
import os
import re
import subprocess
import threading
import time
import zlib

import kit
from kit import Client, Nginx, Origin, Proxy, same, true

NO_GUARD = 'pages {\n guard off\n}\n'
RULES = kit.RULES + 'beacon ||tracker.example^ is analytics removed\n' + NO_GUARD
TAG = b'<script src="https://tracker.example/t.js"></script>'
CODINGS = ('identity', 'gzip', 'deflate', 'br', 'zstd')
CODEC = os.path.join(os.environ.get('builddir', '.'), 'tests', 'e2e', 'codec')


def page(size=60000):
    """A page with the tag in three places, and what a visitor without consent gets of it."""
    out = b'<!doctype html><html><head><title>t</title>' + TAG + b'</head><body>'
    i = 0
    while len(out) < size:
        i += 1
        out += b'<section class="c%d"><h2>Offer %d</h2><p>Spring brings %d new things to see.</p></section>\n' % (
            i % 7, i, i * 7919 % 1000)
        if i == 20:
            out += TAG
    out += TAG + b'</body></html>\n'
    return out, out.replace(TAG, b'')


PAGE, CLEAN = page()


def codec(way, coding, data):
    return subprocess.run([CODEC, way, coding], input=data, stdout=subprocess.PIPE, check=True).stdout


def encode(coding, data):
    if coding == 'gzip':
        return gzip.compress(data, 6, mtime=0)
    if coding == 'deflate':
        return zlib.compress(data)
    return codec('encode', coding, data) if coding in ('br', 'zstd') else data


def decode(coding, data):
    if coding in (None, 'identity'):
        return data
    if coding == 'gzip':
        return gzip.decompress(data)
    return codec('decode', coding, data)


def html(body, *fields, status='200 OK'):
    return kit.reply(body, status, 'Content-Type: text/html; charset=utf-8', *fields)


def tidy(r):
    """The body of a response, decoded."""
    return decode(r.get('content-encoding'), r.body)


def cut(p, path='/', *fields):
    """True if the response begins with 200 and is cut off."""
    with p.client() as c:
        c.request('GET', path, *fields)
        try:
            return c.response().status
        except EOFError:
            return 'cut'


def test_codings():
    """a page in each coding is rewritten, and comes in a coding that the visitor takes"""
    def answer(r, c):
        coding = r.target[1:]
        c.sendall(html(encode(coding, PAGE), *(['Content-Encoding: ' + coding] if coding != 'identity' else [])))

    accepts = (('gzip', 'gzip'), ('br;q=0.9, gzip;q=0.5', 'br'), ('gzip, deflate, br, zstd', 'zstd'),
               ('identity', None), ('deflate', None), ('gzip;q=0, *', 'zstd'))
    with Origin(answer) as o, Proxy(o, RULES) as p, p.client() as c:
        for coding in CODINGS:
            for accept, expected in accepts:
                c.request('GET', '/' + coding, 'Accept-Encoding: ' + accept)
                r = c.response()
                same(r.get('content-encoding'), None if coding == 'identity' else expected, f'{coding} for {accept}')
                same(r.get('content-length'), None, 'length')
                same(r.get('transfer-encoding'), 'chunked', 'framing')
                same('Accept-Encoding' in r.all('vary'), coding != 'identity', 'Vary')
                true(tidy(r) == CLEAN, f'{coding} for {accept}: another page')


def test_stacked_and_unknown():
    """two codings are undone; three, and one that nobody knows, are withheld, or pass where the rules say so"""
    def answer(r, c):
        if r.target == '/two':
            c.sendall(html(gzip.compress(encode('br', PAGE)), 'Content-Encoding: br', 'Content-Encoding: gzip'))
        elif r.target == '/three':
            c.sendall(html(gzip.compress(gzip.compress(gzip.compress(PAGE))), 'Content-Encoding: gzip, gzip, gzip'))
        elif r.target == '/unknown':
            c.sendall(html(b'??', 'Content-Encoding: exi'))
        elif r.target == '/charset':
            c.sendall(kit.reply(PAGE, '200 OK', 'Content-Type: text/html; charset=utf-16'))
        elif r.target == '/broken':
            c.sendall(html(PAGE, 'Content-Encoding: gzip'))

    with Origin(answer) as o:
        with Proxy(o, RULES) as p:
            true(tidy(p.get('/two', 'Accept-Encoding: gzip')) == CLEAN, 'two codings')
            same([p.get(x).status for x in ('/three', '/unknown', '/broken', '/charset')], [502] * 4)
            kit.wait_for(lambda: len(p.log_lines()) == 5, 'the log')
            lines = p.log_lines()
            same([x['page'] for x in lines], ['rewritten'] + ['withheld'] * 4)
            true('coding' in lines[1]['error'] and 'coding' in lines[2]['error'], str(lines))
            true('Content-Encoding' in lines[3]['error'], str(lines))
            true('removed' in str(lines[0]) or lines[0]['within'], str(lines[0]))
        with Proxy(o, RULES.replace('guard off', 'guard off\n unreadable passed\n')) as p:
            r = p.get('/unknown')
            same((r.status, r.body, r.get('content-encoding')), (200, b'??', 'exi'))
            r = p.get('/broken', 'Accept-Encoding: br')
            same((r.status, r.body == PAGE, r.get('content-encoding')), (200, True, 'gzip'))
            true(p.get('/charset').body == PAGE, 'another page')
            kit.wait_for(lambda: len(p.log_lines()) == 3, 'the log')
            same([x['page'] for x in p.log_lines()], ['passed'] * 3)


def test_broken():
    """a body that is damaged later, or ends early, is cut off and never ends cleanly"""
    whole = gzip.compress(os.urandom(300000).hex().encode() + PAGE)
    damaged = whole[:-5000] + bytes(x ^ 0x55 for x in whole[-5000:])

    def answer(r, c):
        body = {'/damaged': damaged, '/short': whole[:-9], '/tail': whole[:40]}[r.target]
        c.sendall(html(body, 'Content-Encoding: gzip'))

    with Origin(answer) as o, Proxy(o, RULES) as p:
        for path in ('/damaged', '/short'):
            same(cut(p, path, 'Accept-Encoding: gzip'), 'cut', path)
        same(cut(p, '/tail'), 502)
        kit.wait_for(lambda: len(p.log_lines()) == 3, 'the log')
        same([x['page'] for x in p.log_lines()], ['cut', 'cut', 'withheld'])


def test_utf16():
    """a page in UTF-16 is a clean 502, even if its first octets come one by one"""
    def answer(r, c):
        body = PAGE.decode().encode('utf-16')
        if r.target == '/slow':
            c.sendall(html(body)[:-len(body)])
            for i in range(4):
                c.sendall(body[i:i + 1])
                time.sleep(0.02)
            c.sendall(body[4:])
        else:
            c.sendall(html(body))

    with Origin(answer) as o, Proxy(o, RULES) as p:
        same((p.get('/').status, p.get('/slow').status), (502, 502))
        kit.wait_for(lambda: len(p.log_lines()) == 2, 'the log')
        same([x['page'] for x in p.log_lines()], ['withheld', 'withheld'])


def test_head_and_304():
    """HEAD shows the fields of GET; 304 and an empty page have no body and keep the connection"""
    def answer(r, c):
        if r.get('if-none-match'):
            c.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: %s\r\nContent-Type: text/html\r\n\r\n'
                      % r.get('if-none-match').encode())
        elif r.target == '/empty':
            c.sendall(html(b''))
        else:
            data = html(gzip.compress(PAGE), 'Content-Encoding: gzip', 'ETag: "v1"')
            c.sendall(data if r.method == 'GET' else data[:data.index(b'\r\n\r\n') + 4])

    def interesting(r):
        return sorted((n.lower(), v) for n, v in r.fields if n.lower() not in ('transfer-encoding', 'date'))

    with Origin(answer) as o, Proxy(o, RULES) as p, p.client() as c:
        c.request('GET', '/', 'Accept-Encoding: br')
        got = c.response()
        c.request('HEAD', '/', 'Accept-Encoding: br')
        head = c.response('HEAD')
        same(interesting(head), interesting(got))
        same((got.get('content-encoding'), got.get('content-length')), ('br', None))
        c.request('GET', '/', 'Accept-Encoding: br', 'If-None-Match: ' + got.get('etag'))
        r = c.response()
        same((r.status, r.get('etag')), (304, got.get('etag')))
        same(o.requests[-1].get('if-none-match'), '"v1"')
        c.request('GET', '/empty')
        r = c.response()
        same((r.status, r.body), (200, b''))


def test_range():
    """a part of a page is not passed: the whole is asked for; other types keep their ranges"""
    def answer(r, c):
        if r.target == '/css':
            c.sendall(kit.reply(b'ab', '206 Partial Content', 'Content-Type: text/css', 'Content-Range: bytes 0-1/9'))
        elif r.get('range') or r.target == '/always':
            c.sendall(html(PAGE[100:200], 'Content-Range: bytes 100-199/%d' % len(PAGE), status='206 Partial Content'))
        else:
            c.sendall(html(PAGE))

    with Origin(answer) as o, Proxy(o, RULES) as p, p.client() as c:
        c.request('GET', '/', 'Range: bytes=100-199', 'If-Range: "x"')
        r = c.response()
        same((r.status, r.body == CLEAN, r.get('content-range')), (200, True, None))
        same([(x.get('range'), x.get('if-range') is None) for x in o.requests][-1], (None, True))
        c.request('GET', '/css', 'Range: bytes=0-1')
        same((c.response().status, o.requests[-1].get('range')), (206, 'bytes=0-1'))
        before = len(o.requests)
        c.request('GET', '/always', 'Range: bytes=100-199')
        same((c.response().status, len(o.requests) - before), (502, 2))


def test_first_half():
    """what an origin has sent before it pauses can be read by the visitor, in every coding"""
    half = CLEAN[:20000]
    go = threading.Event()

    def answer(r, c):
        coding = r.target[1:]
        head = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n'
        c.sendall(head + b'Content-Encoding: gzip\r\n\r\n')
        z = zlib.compressobj(6, zlib.DEFLATED, 31)
        first = z.compress(half) + z.flush(zlib.Z_SYNC_FLUSH)
        c.sendall(b'%x\r\n%s\r\n' % (len(first), first))
        true(go.wait(kit.DEADLINE), 'the visitor saw the first half')
        go.clear()
        rest = z.compress(CLEAN[20000:]) + z.flush()
        c.sendall(b'%x\r\n%s\r\n0\r\n\r\n' % (len(rest), rest))

    def readable(coding, body):
        if coding == 'identity':
            return body
        if coding == 'gzip':
            return zlib.decompressobj(31).decompress(body)
        return subprocess.run([CODEC, 'decode', coding], input=body, stdout=subprocess.PIPE).stdout

    with Origin(answer) as o, Proxy(o, RULES) as p, p.client() as c:
        for coding in ('identity', 'gzip', 'br', 'zstd'):
            c.request('GET', '/' + coding, 'Accept-Encoding: ' + coding)
            r = c.head()
            same(r.get('content-encoding'), None if coding == 'identity' else coding)
            body = b''
            while len(readable(coding, body)) < len(half) - 200:
                body += c.take(int(c.line(), 16))
                same(c.take(2), b'\r\n')
            true(half.startswith(readable(coding, body)), coding + ': another page')
            go.set()
            while size := int(c.line(), 16):
                body += c.take(size)
                c.take(2)
            c.line()
            true(decode(r.get('content-encoding'), body) == CLEAN, coding)


def test_framing():
    """HTTP/1.0 visitors get a page until the close; an origin's chunks, lengths and closes are all the same"""
    def answer(r, c):
        fields = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
        if r.target == '/close':
            c.sendall(fields + b'\r\n' + PAGE)
            return False
        if r.target == '/chunks':
            c.sendall(fields + b'Transfer-Encoding: chunked\r\n\r\n')
            for i in range(0, len(PAGE), 700):
                c.sendall(b'%x\r\n%s\r\n' % (len(PAGE[i:i + 700]), PAGE[i:i + 700]))
            c.sendall(b'0\r\n\r\n')
        elif r.target == '/cut':
            c.sendall(fields + b'Content-Length: %d\r\n\r\n' % len(PAGE) + PAGE[:30000])
            return False
        else:
            c.sendall(html(PAGE))

    with Origin(answer) as o, Proxy(o, RULES) as p:
        for path in ('/length', '/close', '/chunks'):
            r = p.get(path)
            true(r.body == CLEAN, path)
            with p.client() as c:
                c.send(f'GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n')
                r = c.response()
                same((r.get('transfer-encoding'), r.get('connection'), r.body == CLEAN), (None, 'close', True), path)
        same(cut(p, '/cut'), 'cut')


def test_unlabelled():
    """without a Content-Type it is a page if it begins with a tag; anything else keeps its length"""
    bodies = {'/page': PAGE, '/blank': b' \r\n' + PAGE, '/text': b'text ' + PAGE, '/zeros': bytes(1000)}

    def answer(r, c):
        body = bodies[r.target]
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body) + body)

    with Origin(answer) as o, Proxy(o, RULES) as p, p.client() as c:
        for path, body in bodies.items():
            c.request('GET', path)
            r = c.response()
            changed = path in ('/page', '/blank')
            true(r.body == (body.replace(TAG, b'') if changed else body), path)
            same(r.get('content-length'), None if changed else str(len(body)), path)
        kit.wait_for(lambda: len(p.log_lines()) == 4, 'the log')
        same([x.get('page') for x in p.log_lines()], ['rewritten', 'rewritten', None, None])


def test_requests():
    """origins are asked for codings that can be undone; a site without rules for pages hears what was sent"""
    sent = ['Accept-Encoding: gzip, deflate, br, zstd, dcb', 'Available-Dictionary: :YQ==:']
    with Origin(kit.echo) as o:
        with Proxy(o, RULES) as p:
            r = p.get('/', *sent)
            same((r.seen('accept-encoding'), r.seen('available-dictionary')), (['gzip, deflate, br, zstd'], []))
            same(p.get('/').seen('accept-encoding'), [])
        with Proxy(o, kit.RULES.replace('param gclid fbclid is advertising', '') + NO_GUARD) as p:
            r = p.get('/', *sent)
            same((r.seen('accept-encoding'), r.seen('available-dictionary')),
                 (['gzip, deflate, br, zstd, dcb'], [':YQ==:']))


def test_pressure():
    """a small body that expands to much waits for a visitor who does not read, in bounded memory"""
    big = b'<p>' + b'0123456789abcdef' * 65536 * 6 + TAG  # 6 MB, 6 KB encoded
    body = gzip.compress(big)
    with Origin(lambda r, c: c.sendall(html(body, 'Content-Encoding: gzip'))) as o, Proxy(o, RULES) as p:
        clients = [p.client() for _ in range(8)]
        for c in clients:
            c.request('GET', '/', 'Accept-Encoding: identity')
        kit.wait_for(lambda: len(o.requests) == 8, 'all requests')
        same(p.get('/', 'Accept-Encoding: gzip').status, 200)  # others are served meanwhile
        if not kit.sanitized():
            with open('/proc/%d/status' % p.workers()[0]) as f:
                rss = int(re.search(r'VmRSS:\s+(\d+)', f.read()).group(1))
            true(rss < 40000, 'the worker holds %d KB' % rss)
        for c in clients:
            true(c.response().body == big.replace(TAG, b''), 'another page')
            c.close()


def test_compressed_pages():
    """pages above limits compressed-pages leave uncompressed, unless the visitor refuses that"""
    long = b'<p>' + os.urandom(3 << 19).hex().encode() + TAG
    clean = long.replace(TAG, b'')
    with Nginx({'long.html': long}) as o, \
            Proxy(o, RULES, site='compress pages\n', extra='limits {\n compressed-pages 2\n}') as p:
        def ask(accept, coding):
            c = p.client(received=8192)
            c.request('GET', '/long.html', 'Accept-Encoding: ' + accept)
            head = c.head()
            same(head.get('content-encoding'), coding, accept)
            return c, head

        def read(c, head):
            true(decode(head.get('content-encoding'), c.body(head).body) == clean, 'another page')
            c.close()

        held = [ask('gzip', 'gzip'), ask('br', 'br')]  # nobody reads these
        read(*ask('zstd, br, gzip', None))
        read(*ask('gzip, identity;q=0', 'gzip'))
        for c, head in held:
            read(c, head)
        read(*ask('gzip', 'gzip'))
        same(p.counters().get('uncompressed'), 1)


def test_observe():
    """in observe mode the octets are the origin's, and the log tells what would have been changed"""
    body = gzip.compress(PAGE)
    broken = body[:-3000]

    def answer(r, c):
        c.sendall(html({'/': body, '/broken': broken, '/plain': PAGE}[r.target],
                       *([] if r.target == '/plain' else ['Content-Encoding: gzip'])))

    with Origin(answer) as o, Proxy(o, RULES + 'mode observe\n') as p, p.client() as c:
        for path, expected in (('/', body), ('/broken', broken), ('/plain', PAGE)):
            c.request('GET', path, 'Accept-Encoding: br, dcb')
            r = c.response()
            true(r.body == expected and r.get('content-length') == str(len(expected)), path)
            same(o.requests[-1].get('accept-encoding'), 'br, dcb')
        kit.wait_for(lambda: len(p.log_lines()) == 3, 'the log')
        lines = p.log_lines()
        same([x['page'] for x in lines], ['observed', 'unread', 'observed'])
        same(lines[0]['within'], lines[2]['within'])
        same(sum(lines[0]['within'].values()) >= 3, True)
        same('tracker.example' in json.dumps(lines[0]['would']), True)


def test_nginx():
    """pages of a real nginx, compressed on the fly"""
    with Nginx({'index.html': PAGE}, 'gzip on; gzip_proxied any; gzip_min_length 100;') as n:
        with Proxy(f'http://127.0.0.1:{n.port}', RULES) as p, p.client() as c:
            for accept in ('gzip', 'gzip, deflate, br, zstd', 'identity'):
                for method in ('GET', 'HEAD', 'GET'):
                    c.request(method, '/index.html', 'Accept-Encoding: ' + accept)
                    r = c.response(method)
                    same((r.status, r.get('content-encoding') is None), (200, accept == 'identity'))
                    true(method == 'HEAD' or tidy(r) == CLEAN, accept)


def test_pipelined():
    """pages, other answers and errors in turn on one connection"""
    def answer(r, c):
        if r.target.endswith('.txt'):
            c.sendall(kit.reply(PAGE))
        elif r.target == '/bad':
            c.sendall(html(PAGE, 'Content-Encoding: gzip'))
        else:
            c.sendall(html(gzip.compress(PAGE), 'Content-Encoding: gzip'))

    paths = ['/', '/a.txt', '/bad', '/', '/', '/b.txt', '/bad', '/']
    with Origin(answer) as o, Proxy(o, RULES) as p, p.client() as c:
        c.send(''.join(f'GET {x} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n' for x in paths))
        for x in paths:
            r = c.response()
            if x == '/bad':
                same(r.status, 502)
            else:
                true(tidy(r) == (PAGE if x.endswith('.txt') else CLEAN), x)


if __name__ == '__main__':
    import sys
    kit.run(sys.modules[__name__])
