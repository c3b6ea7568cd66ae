"""Interim responses: 100 where a body is waited for, 103 with hints, and whatever else comes before the answer."""
import sys
import threading

import kit
import test_consent_pages
from kit import Client, Origin, Proxy, echo, reply, same, true

EXPECT = 'Expect: 100-continue'
CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'
QUICK = 'timeouts {\n body 500ms\n response 700ms\n}'


def ask(c, *fields, target='/', length=4, version='1.1'):
    """The head of a POST that waits for a word before its body."""
    size = 'Transfer-Encoding: chunked' if length is None else f'Content-Length: {length}'
    c.send(f'POST {target} HTTP/{version}\r\nHost: localhost\r\n' + '\r\n'.join([size, EXPECT, *fields]) + '\r\n\r\n')


def statuses(c):
    """Those of all heads up to the final one, and that response."""
    seen = []
    while True:
        r = c.response(interim=True)
        seen.append(r.status)
        if r.status >= 200:
            return seen, r


# -- 100 --------------------------------------------------------------------------------------------------------------


def test_continue():
    """100-continue is asked of the origin, and its 100 is passed on once, however often it comes"""
    for length, body in ((4, b'body'), (None, b'4\r\nbody\r\n0\r\n\r\n')):
        for times in (1, 3):
            def handler(r, c):
                c.sendall(CONTINUE * times)
                c.sendall(reply(r.body()))
            with Origin(handler) as o, Proxy(o) as p, p.client() as c:
                for _ in range(2):
                    ask(c, length=length)
                    same(c.response(interim=True).status, 100)
                    c.send(body)
                    seen, r = statuses(c)
                    same((seen, r.body, r.get('connection')), ([200], b'body', None))
                same([r.get('expect') for r in o.requests], ['100-continue'] * 2)
                same(o.connections, 1)


def test_slow_to_continue():
    """an origin may take its time for the 100, and the visitor then has its own for the body"""
    go = threading.Event()

    def handler(r, c):
        go.wait(kit.DEADLINE)
        c.sendall(CONTINUE)
        c.sendall(reply(r.body()))
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        ask(c)
        kit.wait_for(lambda: o.requests, 'the request')
        go.set()
        same(c.response(interim=True).status, 100)
        c.send('body')
        same(c.response().body, b'body')


def test_no_continue():
    """where the origin says nothing, the visitor's body passes as soon as it comes"""
    def handler(r, c):
        c.sendall(reply(r.body()))
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for _ in range(2):
            ask(c)
            kit.wait_for(lambda: o.requests, 'the request')
            c.send('body')
            same(statuses(c)[0], [200])
        same(o.connections, 1)
        ask(c)
        c.send('body')  # at once: nobody has to wait
        same(c.response().body, b'body')


def test_late_continue():
    """a 100 that comes when the body is on its way does no harm"""
    def handler(r, c):
        body = r.body()
        c.sendall(CONTINUE + reply(body))
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for _ in range(2):
            ask(c)
            c.send('body')
            seen, r = statuses(c)
            true(seen in ([200], [100, 200]), str(seen))
            same(r.body, b'body')


def test_final_instead_of_continue():
    """an origin that answers at once gets no body, and the visitor is told that its connection ends"""
    for status in ('417 Expectation Failed', '401 Unauthorized', '413 Content Too Large', '200 OK', '303 See Other'):
        def handler(r, c):
            c.sendall(reply(b'at once', status))
            rest.append(r.stream.read())
            return False
        for sends_anyway in (False, True):
            rest = []
            with Origin(handler) as o, Proxy(o) as p, p.client() as c:
                ask(c, length=300000 if sends_anyway else 4)
                r = c.response(interim=True)
                same((r.status, r.body, r.get('connection')), (int(status[:3]), b'at once', 'close'), status)
                if sends_anyway:
                    c.send(b'x' * 300000)  # what it sends is read and dropped: no reset overtakes the answer
                true(c.closed(), f'{status}: still open')
                kit.wait_for(lambda: rest, 'the end of the connection to the origin')
                same(rest, [b''], status)


def test_final_while_the_body_comes():
    """an early answer to a visitor who was told to go on is no reason to close, if the body comes to its end"""
    def handler(r, c):
        c.sendall(CONTINUE)
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n')
        body = r.body()
        c.sendall(body)
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for _ in range(2):
            ask(c, length=5)
            same(c.response(interim=True).status, 100)
            same(c.head().status, 200)
            c.send('hello')
            same(c.take(5), b'hello')
        same(o.connections, 1)


def test_nobody_moves():
    """a visitor who waits for ever for a 100 that does not come is answered with 408"""
    def handler(r, c):
        r.stream.read()
        return False
    with Origin(handler) as o, Proxy(o, extra=QUICK) as p, p.client() as c:
        ask(c)
        seen, r = statuses(c)
        same((seen, r.get('connection')), ([408], 'close'))
        true(c.closed(), 'still open')


def test_continue_gives_time():
    """a 100 that comes late leaves the visitor its time for the body"""
    def handler(r, c):
        threading.Event().wait(0.6)
        c.sendall(CONTINUE)
        c.sendall(reply(r.body()))
    with Origin(handler) as o, Proxy(o, extra='timeouts {\n body 900ms\n}') as p, p.client() as c:
        ask(c)
        same(c.response(interim=True).status, 100)
        threading.Event().wait(0.6)
        c.send('body')
        same(c.response().body, b'body')


def test_unasked_continue():
    """a 100 that nobody asked for goes no further"""
    def handler(r, c):
        c.sendall(CONTINUE)
        c.sendall(reply(r.body()))
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        c.request('GET', '/')
        same(statuses(c)[0], [200])
        c.request('POST', '/', body=b'x')
        same(statuses(c)[0], [200])
        c.request('POST', '/', EXPECT, 'Content-Length: 0')
        same(statuses(c)[0], [200])
        same([r.get('expect') for r in o.requests], [None] * 3)


def test_http_1_0():
    """who speaks HTTP/1.0 gets no interim response, and its Expect means nothing"""
    def handler(r, c):
        c.sendall(CONTINUE + b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
        c.sendall(reply(r.body()))
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        ask(c, version='1.0')
        c.send('body')
        seen, r = statuses(c)
        same((seen, r.body, o.requests[0].get('expect')), ([200], b'body', None))


def test_own_answers():
    """what crumbgate answers by itself it answers without asking for the body"""
    with Origin(echo) as o, Proxy(o, extra='limits {\n body 100\n}') as p:
        for target, length, host, status in (('/collect', 4, 'localhost', 204), ('/', 101, 'localhost', 413),
                                             ('/', 4, 'other.example', 421)):
            with p.client() as c:
                c.send(f'POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{EXPECT}\r\n\r\n')
                seen, r = statuses(c)
                same((seen, r.get('connection')), ([status], 'close'))
                true(c.closed(), f'{status}: still open')
        with Client(p.http_port, tls=False) as c:
            ask(c)
            same(statuses(c)[0], [308])
        same(o.requests, [])
        with p.client() as c:  # the limit is met while the body comes
            ask(c, length=None)
            c.send(b'80\r\n' + b'x' * 128 + b'\r\n')
            same(statuses(c)[0], [413])


def test_own_forms():
    """a form of crumbgate's own is asked for with 100, unless it is too large"""
    with test_consent_pages.Gate() as g:
        form = g.form(do='accept')
        head = ('POST /.crumbgate/decision HTTP/1.1\r\nHost: localhost\r\n'
                f'{test_consent_pages.OWN}\r\n{test_consent_pages.FORM}\r\n{EXPECT}\r\n')
        for length, body in ((f'Content-Length: {len(form)}', form),
                             ('Transfer-Encoding: chunked', b'%x\r\n%s\r\n0\r\n\r\n' % (len(form), form))):
            with g.proxy.client() as c:
                for _ in range(2):
                    c.send(f'{head}{length}\r\n\r\n')
                    same(c.response(interim=True).status, 100)
                    c.send(body)
                    seen, r = statuses(c)
                    same((seen, len(r.set_cookies()[0]), r.get('connection')), ([303], 1, None))
        with g.proxy.client() as c:
            c.send(f'{head}Content-Length: 8193\r\n\r\n')
            seen, r = statuses(c)
            same((seen, r.get('connection')), ([413], 'close'))
            true(c.closed(), 'still open')
        with g.proxy.client() as c:
            c.send(f'{head}Transfer-Encoding: chunked\r\n\r\n')
            same(c.response(interim=True).status, 100)
            c.send(b'2100\r\n' + b'a' * 0x2100 + b'\r\n')
            same(statuses(c)[0], [413])
        with g.proxy.client() as c:
            c.send(head.replace('HTTP/1.1', 'HTTP/1.0') + f'Content-Length: {len(form)}\r\n\r\n')
            c.send(form)
            same(statuses(c)[0], [303])


# -- 103 --------------------------------------------------------------------------------------------------------------

RULES = kit.RULES + 'beacon ||tracker.example^ is analytics\n'

LINKS = '''<https://tracker.example>; rel=preconnect
<//tracker.example>; rel=dns-prefetch
<https://tracker.example/t.js>; rel=preload; as=script
<https://tracker.example/t.js>; rel="modulepreload"
<https://tracker.example/t.css>; rel=stylesheet
<https://cdn.tracker.example/page>; rel=prefetch
<>; rel=preload; as=image; imagesrcset="/a.png 1x, https://tracker.example/b.png 2x"'''.split('\n')


def hints(*links, status='103 Early Hints', more=''):
    return (f'HTTP/1.1 {status}\r\n' + ''.join(f'Link: {x}\r\n' for x in links) + more + '\r\n').encode()


class Hinting:
    """A proxy whose origin says `raw` before each answer."""

    def __init__(self, rules=RULES):
        self.raw = b''
        self.origin = Origin(lambda r, c: c.sendall(self.raw + reply()))
        self.proxy = Proxy(self.origin, rules)

    def heads(self, raw, *fields):
        """The interim responses that a visitor gets."""
        self.raw = raw
        seen = []
        with self.proxy.client() as c:
            c.request('GET', '/', *fields)
            while True:
                r = c.response(interim=True)
                if r.status >= 200:
                    same(r.body, b'hello')
                    return seen
                seen.append(r)

    def links(self, raw, *fields):
        return [r.all('link') for r in self.heads(raw, *fields)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proxy.stop()
        self.origin.stop()


def test_hints():
    """early hints are passed on without those that lead to what is denied"""
    good = '</a.css>; rel=preload; as=style'
    with Hinting() as h:
        granted = 'Cookie: __Host-crumb-consent=' + h.proxy.token('analytics')
        same(h.links(hints(good)), [[good]])
        for link in LINKS:
            same([link, h.links(hints(link, good))], [link, [[good]]])
            same([link, h.links(hints(f'{good}, {link}'))], [link, [[good]]])
            same([link, h.links(hints(link, good), granted)], [link, [[link, good]]])
        same(h.links(hints(LINKS[0], good) + hints(LINKS[1]) + hints(good)), [[good], [good]])
        # What only tells something makes nothing load.
        same(h.links(hints('<https://tracker.example/terms>; rel=license')),
             [['<https://tracker.example/terms>; rel=license']])


def test_nothing_left():
    """hints of which nothing is left are not passed on; what never had links is"""
    with Hinting() as h:
        for link in LINKS:
            same([link, h.heads(hints(link, link))], [link, []])
            same([link, len(h.heads(hints(link), 'Cookie: __Host-crumb-consent=' + h.proxy.token('analytics')))],
                 [link, 1])
        same([r.status for r in h.heads(hints())], [103])
        # Another interim response tells something by its being there.
        same([(r.status, r.all('link')) for r in h.heads(hints(LINKS[0], status='102 Processing'))], [(102, [])])


def test_fields_of_hints():
    """cookies and reports in an interim response are judged as in any other"""
    more = ('Set-Cookie: _ga=1\r\nSet-Cookie: PHPSESSID=2\r\nAlt-Svc: h3=":443"\r\nConnection: X-Hop\r\nX-Hop: 1\r\n'
            'Reporting-Endpoints: t="https://tracker.example/r", own="/r"\r\n'
            "Content-Security-Policy: img-src 'self'; report-uri https://tracker.example/csp\r\n"
            'Crumbgate-Consent: forged\r\n')
    with Hinting() as h:
        r, = h.heads(hints('</a.css>; rel=preload', more=more))
        same(r.all('set-cookie'), ['PHPSESSID=2'])
        same((r.get('alt-svc'), r.get('x-hop'), r.get('connection'), r.get('crumbgate-consent')), (None,) * 4)
        same(r.get('reporting-endpoints'), 'own="/r"')
        same(r.get('content-security-policy').strip('; '), "img-src 'self'")


def test_hints_observed():
    """in observe mode hints pass as they came"""
    with Hinting(RULES + 'mode observe\n') as h:
        same(h.links(hints(*LINKS)), [LINKS])


def test_hints_before_a_page():
    """hints before a page that is rewritten"""
    tag = b'<script src="https://tracker.example/t.js"></script>'

    def handler(r, c):
        c.sendall(hints('</a.css>; rel=preload', LINKS[0]))
        c.sendall(reply(b'<!doctype html><title>x</title>' + tag, '200 OK', 'Content-Type: text/html'))
    with Origin(handler) as o, Proxy(o, RULES) as p, p.client() as c:
        for _ in range(2):
            c.request('GET', '/')
            seen, r = statuses(c)
            same(seen, [103, 200])
            true(b'type="text/plain"' in r.body and tag not in r.body, r.body)


def test_other_interim_responses():
    """interim responses that nobody here knows are passed on, up to eight"""
    with Hinting() as h:
        r, = h.heads(b'HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /u/1\r\nUpload-Offset: 0\r\n\r\n')
        same((r.status, r.get('location'), r.get('upload-offset')), (104, '/u/1', '0'))
        same([r.status for r in h.heads(b'HTTP/1.1 199 x\r\n\r\n' * 8)], [199] * 8)
        for raw in (hints('</a>; rel=preload') * 9, hints('</a>; rel=preload') * 50):
            h.raw = raw
            with h.proxy.client() as c:
                c.request('GET', '/')
                same(statuses(c)[0], [103] * 8 + [502])


def test_broken_interim_responses():
    """an interim response that announces content is no answer at all"""
    with Hinting() as h:
        for raw in (hints('</a>; rel=preload', more='Content-Length: 3\r\n'),
                    hints(more='Transfer-Encoding: chunked\r\n'), hints(more='Content-Length: 0\r\nContent-Length: 0\r\n')):
            h.raw = raw
            with h.proxy.client() as c:
                c.request('GET', '/')
                same(statuses(c)[0], [502])


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
