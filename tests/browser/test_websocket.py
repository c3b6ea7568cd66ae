"""WebSockets that Chromium opens through crumbgate, guarded pages included."""
import http
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import Proxy, same, true  # noqa: E402
import websocket  # noqa: E402

SHOP = 'shop.example.com'
RULES = kit.RULES + 'beacon ||tracker.example^ is analytics\n'
PAGE = b'<!doctype html><html lang=en><title>shop</title><h1>Shop</h1>'

# Opens one and tells what became of it, when it is over.
TALK = '''
    const [path, messages, done] = arguments;
    const w = new WebSocket(path.startsWith('wss:') ? path : `wss://${location.host}${path}`), got = [];
    w.binaryType = 'arraybuffer';
    w.onopen = () => messages.forEach(m => w.send(typeof m == 'number' ? new Uint8Array(m).fill(7) : m));
    w.onmessage = e => {
        got.push(typeof e.data == 'string' ? e.data : e.data.byteLength);
        if (got.length == messages.length) w.close(3001, 'enough');
    };
    w.onclose = e => done({got, code: e.code, reason: e.reason, clean: e.wasClean});
'''


async def origin(connection):
    if connection.path == '/bye':
        await connection.close(4002, 'bye')
    await websocket.echo(connection)


class Shop:
    """An origin that serves one page and WebSockets, the proxy, and a browser on the page."""

    def __init__(self, **how):
        self.how = how

    async def page(self, path, headers):
        if 'upgrade' in headers.get('connection', '').lower():
            return None
        return http.HTTPStatus.OK, [('Content-Type', 'text/html; charset=utf-8'), ('Set-Cookie', 'PHPSESSID=s; Path=/; Secure'),
                     ('Set-Cookie', '_ga=1; Path=/; Secure')], PAGE

    def __enter__(self):
        self.origin = websocket.Server(origin, process_request=self.page)
        self.proxy = Proxy(self.origin, names=SHOP, rules=RULES, **self.how)
        self.browser = Browser()
        self.browser.go(f'https://{SHOP}:{self.proxy.port}/')
        return self

    def talk(self, path, *messages):
        return self.browser.call('POST', '/execute/async', {'script': TALK, 'args': [path, list(messages)]})

    def __exit__(self, *_):
        self.browser.close()
        self.proxy.stop()
        self.origin.stop()


def talks(protocol, **how):
    with Shop(**how) as s:
        same(s.browser.script('return [document.title, typeof crumbgate]'), ['shop', 'object'])
        # No empty message behind a large one: over HTTP/2 this Chromium never sends it.
        said = s.talk('/chat?gclid=1&room=2', 'hello', '', 1 << 20, 'ü' * 100000)
        same(said, {'got': ['hello', '', 1 << 20, 'ü' * 100000], 'code': 3001, 'reason': 'enough', 'clean': True})
        seen = s.origin.seen[0]
        same(seen.path, '/chat?room=2')
        same(seen.request_headers.get('Cookie'), 'PHPSESSID=s')
        same(seen.request_headers['Origin'], f'https://{SHOP}:{s.proxy.port}')
        kit.wait_for(lambda: s.origin.closes, 'the origin to see the end')
        same(s.origin.closes, [(3001, 'enough')])
        line, = kit.wait_for(lambda: [x for x in s.proxy.log_lines() if x['status'] == 101], 'the log')
        true(line['received'] > 1000 and line['sent'] > 1000 and 'error' not in line, str(line))
        same(line['http'], protocol)
        same(s.talk('/bye'), {'got': [], 'code': 4002, 'reason': 'bye', 'clean': True})


def test_http_2():
    """a page of the site talks through a WebSocket in a stream of HTTP/2, the guard notwithstanding"""
    talks('2')


def test_http_1():
    """likewise over HTTP/1.1"""
    talks('1.1', extra='tls {\n protocols http/1.1\n}')


def test_refused():
    """what is not granted, not allowed, or of somebody else, fails at once"""
    with Shop(site='upgrade websocket /chat') as s:
        same(s.browser.script('return document.title'), 'shop')
        for path in ('/collect', '/other', f'wss://tracker.example:{s.proxy.port}/'):
            said = s.talk(path, 'x')
            same([path, said['got'], said['clean']], [path, [], False])
        same([c.path for c in s.origin.seen], [])
        same(s.talk('/chat', 'x')['got'], ['x'])


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
