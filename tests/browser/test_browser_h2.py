"""Chromium over HTTP/2: pages with all that is in them, a decision, uploads, cancelled requests, WebSockets."""
import base64
import hashlib
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import Origin, Proxy, reply, same, true, wait_for  # noqa: E402

SHOP = 'shop.example.com'
RULES = kit.RULES + '''
beacon ||tracker.example^ is analytics
banner {
}
'''
IMAGES = 100
PAGE = (b'<!doctype html><html lang=en><head><title>shop</title><script>window.tracked = []</script>'
        b'<script src="https://tracker.example:%d/t.js"></script></head><body><h1>Shop</h1><pre>%s</pre>' +
        b''.join(b'<img src="/i/%d.svg" width=9 height=9>' % i for i in range(IMAGES)))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">' + b'<!-- -->' * 2000 + b'</svg>'


def websocket(r, c):
    """Echoes the frames of a real WebSocket (RFC 6455) until one closes it."""
    digest = hashlib.sha1(r.get('sec-websocket-key').encode() + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest()
    c.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
              b'Sec-WebSocket-Accept: ' + base64.b64encode(digest) + b'\r\n\r\n')
    while True:
        head = r.stream.read(2)
        if len(head) < 2:
            return False
        n = head[1] & 127
        if n > 125:
            n = int.from_bytes(r.stream.read(2 if n == 126 else 8), 'big')
        mask = r.stream.read(4)
        text = bytes(x ^ mask[i % 4] for i, x in enumerate(r.stream.read(n)))
        wide = 2 if n < 65536 else 8
        size = bytes([n]) if n < 126 else bytes([126 if wide == 2 else 127]) + n.to_bytes(wide, 'big')
        c.sendall(head[:1] + size + text)  # fragments stay fragments
        if head[0] & 15 == 8:
            return False


class Shop:
    """An origin with a page of many images, the proxy, and a browser on it."""

    def answer(self, r, c):
        if r.get('upgrade'):
            return websocket(r, c)
        if r.target.startswith('/i/'):
            c.sendall(reply(SVG, '200 OK', 'Content-Type: image/svg+xml', 'Cache-Control: no-store'))
        elif r.target == '/t.js':
            self.tracked += 1
            c.sendall(reply(b'window.tracked.push(1)', '200 OK', 'Content-Type: text/javascript'))
        elif r.target.startswith('/slow'):
            self.waiting.append(r)
            self.go.wait(kit.DEADLINE)
            c.sendall(reply(b'late'))
        elif r.method == 'POST':
            c.sendall(reply(str(len(r.body())).encode()))
        elif r.target.startswith('/favicon'):
            c.sendall(reply(b'', '404 Not Found'))
        else:
            c.sendall(reply(PAGE % (self.proxy.port, (r.get('cookie') or '-').encode()), '200 OK',
                            'Content-Type: text/html; charset=utf-8', 'Cache-Control: no-store',
                            'Set-Cookie: PHPSESSID=s; Path=/; HttpOnly; Secure', 'Set-Cookie: _ga=GA1; Path=/',
                            'Set-Cookie: lang=de; Path=/'))
        return True

    def __enter__(self):
        self.tracked, self.waiting, self.go = 0, [], threading.Event()
        self.origin = Origin(self.answer)
        self.proxy = Proxy(self.origin, names=f'{SHOP} tracker.example', rules=RULES)
        self.browser = Browser()
        self.url = f'https://{SHOP}:{self.proxy.port}'
        return self

    def __exit__(self, *_):
        self.go.set()
        self.browser.close()
        self.proxy.stop()
        self.origin.stop()

    def load(self):
        self.browser.go(self.url + '/')
        return self.browser.script('return performance.getEntriesByType("navigation")[0].nextHopProtocol')

    def unusual(self):
        usual = ('handshake-failed', 'idle', 'requests', 'streams-refused')
        return {k: v for k, v in self.proxy.counters().items() if k not in usual}


def wait(b, script, what):
    """The first true value of a script; what it began in the page goes on meanwhile."""
    return wait_for(lambda: b.script('return ' + script), what)


def test_page_and_decision():
    """a page and its images come over HTTP/2, rewritten; after a click on Accept all everything passes"""
    with Shop() as s:
        b = s.browser
        same(s.load(), 'h2')
        loaded = '[...document.images].filter(x => x.complete && x.naturalWidth).length'
        same(b.script('return ' + loaded), IMAGES)
        hops = 'return [...new Set(performance.getEntriesByType("resource").map(x => x.nextHopProtocol))]'
        same(b.script(hops), ['h2'])
        same([s.tracked, b.script('return window.tracked.length')], [0, 0])
        same(sorted(b.cookies()), ['PHPSESSID'])
        b.script('document.querySelector(".cg-banner button[value=accept], button[value=accept]").click()')
        wait_for(lambda: '__Host-crumb-consent' in b.cookies(), 'the decision')
        same(s.load(), 'h2')
        wait(b, 'window.tracked.length', 'the script')
        true(s.tracked >= 1, 'the tracker was not asked')
        same(s.load(), 'h2')
        same(sorted(b.cookies()), ['PHPSESSID', '__Host-crumb-consent', '_ga', 'lang'])
        seen = b.script('return document.querySelector("pre").innerText')
        same(sorted(x.split('=')[0] for x in seen.split('; ')), ['PHPSESSID', '_ga', 'lang'])
        same(s.unusual(), {})


def test_upload_and_cancel():
    """uploads arrive whole, and who cancels 100 requests, twice, is not cut off"""
    with Shop() as s:
        b = s.browser
        s.load()
        b.script('fetch("/up", {method: "POST", body: new Uint8Array(5000000)}).then(r => r.text())'
                 '.then(x => window.got = x)')
        same(wait(b, 'window.got', 'the answer'), '5000000')
        for _ in range(2):
            n = len(s.waiting)
            b.script('window.abort = new AbortController(); for (let i = 0; i < 100; i++)'
                     'fetch("/slow?" + Math.random(), {signal: abort.signal}).catch(() => 0)')
            wait_for(lambda: len(s.waiting) - n >= 100, 'the requests')
            b.script('window.abort.abort()')
        s.go.set()
        b.script('fetch("/slow").then(r => r.text()).then(x => window.late = x)')
        same(wait(b, 'window.late', 'the answer'), 'late')
        same(s.unusual(), {})


def test_websocket():
    """a WebSocket goes over HTTP/2: messages of any size, and a clean end"""
    with Shop() as s:
        b = s.browser
        s.load()
        b.script('''window.got = [];
            const w = new WebSocket(location.origin.replace("http", "ws") + "/chat"), big = "x".repeat(300000);
            w.onopen = () => { w.send("hello"); w.send(big); };
            w.onmessage = e => { got.push(e.data.length); if (e.data == big) w.close(1000, "bye"); };
            w.onclose = e => window.goodbye = [e.wasClean, e.code, e.reason];
            w.onerror = () => got.push("error");''')
        same(wait(b, 'window.goodbye', 'the end'), [True, 1000, 'bye'])
        same(b.script('return window.got'), [5, 300000])
        line = wait_for(lambda: [x for x in s.proxy.log_lines() if x.get('target') == '/chat'], 'the log')[0]
        same([line['http'], line['status'], line['method']], ['2', 101, 'GET'])


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
