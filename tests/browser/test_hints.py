"""What Chromium makes of early hints (103) that come through crumbgate."""
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import Origin, Proxy, reply, same  # noqa: E402

SHOP = 'shop.example.com'
RULES = kit.RULES + 'beacon ||tracker.example^ is analytics\n'
PAGE = b'<!doctype html><html lang=en><title>shop</title><h1>Shop</h1>'


class Tracker:
    """Counts who connects."""

    def __init__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.visits = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            c, _ = self.socket.accept()
            self.visits += 1
            c.close()


def hint(c, head, followed):
    """Sends a 103 until the browser follows it. Over HTTP/2 Chromium forgets one that it reads before it noted, in a
    task of its own, that the request is sent (SpdyHttpStream::OnEarlyHintsReceived without a response callback): on a
    busy machine our answer is often quicker. Of those that it takes only the first counts."""
    for patience in (0.1, 0.4, 1.6, 6.4, kit.DEADLINE):
        c.sendall(head)
        if followed.wait(patience):
            return True
    return False


def shown(granted):
    """How often the tracker was visited for a page whose hints lead there, once the browser followed them."""
    tracker, followed = Tracker(), threading.Event()

    def origin(r, c):
        if r.target == '/style.css':
            followed.set()
            c.sendall(reply(b'h1 { color: red }', '200 OK', 'Content-Type: text/css'))
        elif r.target == '/hinting':
            head = (f'HTTP/1.1 103 Early Hints\r\nLink: <https://tracker.example:{tracker.port}>; rel=preconnect\r\n'
                    f'Link: <https://tracker.example:{tracker.port}/t.js>; rel=preload; as=script\r\n'
                    'Link: </style.css>; rel=preload; as=style\r\n\r\n').encode()
            if hint(c, head, followed) and granted:
                kit.wait_for(lambda: tracker.visits, 'the browser to visit the tracker')
            c.sendall(reply(PAGE, '200 OK', 'Content-Type: text/html'))
        else:
            c.sendall(reply(PAGE, '200 OK', 'Content-Type: text/html'))
    with Origin(origin) as o, Proxy(o, RULES, names=SHOP) as p, Browser() as b:
        b.go(f'https://{SHOP}:{p.port}/')
        if granted:
            b.script(f'document.cookie = "__Host-crumb-consent={p.token(granted)}; Secure; Path=/; Max-Age=1000"')
        b.go(f'https://{SHOP}:{p.port}/hinting')
        same((b.script('return document.title'), followed.is_set()), ('shop', True))
        return tracker.visits


def test_denied():
    """a browser that follows hints is not led to a tracker that is denied"""
    same(shown(''), 0)


def test_granted():
    """but to one that is granted"""
    same(shown('analytics') > 0, True)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
