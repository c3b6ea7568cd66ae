"""What a visitor's browser really holds and sends: Chromium through crumbgate to an origin that sets cookies."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import Origin, Proxy, reply, same, true  # noqa: E402

PAGE = b'<!doctype html><html lang=en><title>shop</title><h1>Shop</h1><pre>%s</pre>'
SHOP = 'shop.example.com'


def origin(r, c):
    """Shows the cookies it got, and sets four."""
    if r.target.startswith('/favicon'):
        c.sendall(reply(b'', '404 Not Found'))
        return
    c.sendall(reply(PAGE % (r.get('cookie') or '-').encode(), '200 OK', 'Content-Type: text/html; charset=utf-8',
                    'Cache-Control: no-store',
                    'Set-Cookie: PHPSESSID=s; Path=/; HttpOnly; Secure; SameSite=Lax',
                    'Set-Cookie: lang=de; Path=/; Max-Age=100000',
                    'Set-Cookie: _ga=GA1.1.2; Path=/; Domain=example.com; Max-Age=100000',
                    'Set-Cookie: _fbp=fb.1; Path=/; Domain=example.com; Max-Age=100000'))


def seen(b):
    """Names of the cookies that the origin saw on the page shown."""
    text = b.script('return document.querySelector("pre").innerText')
    return sorted(x.split('=')[0] for x in text.split('; ')) if text != '-' else []


class Shop:
    """An origin, the proxy and a browser on it. Without the guard, scripts of a page can set any cookie."""

    def __init__(self, guard=True):
        self.rules = kit.RULES + ('' if guard else 'pages {\n    guard off\n}\n')

    def __enter__(self):
        self.origin = Origin(origin)
        self.proxy = Proxy(self.origin, names=f'{SHOP} www.example.com', rules=self.rules)
        self.browser = Browser()
        self.url = f'https://{SHOP}:{self.proxy.port}'
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.proxy.stop()
        self.origin.stop()


def test_first_visit():
    """a first visit leaves only the necessary cookie on the device"""
    with Shop() as s:
        s.browser.go(s.url + '/')
        same(sorted(s.browser.cookies()), ['PHPSESSID'])
        s.browser.go(s.url + '/')
        same(seen(s.browser), ['PHPSESSID'])


def test_consent():
    """a consent cookie lets its purposes through, and withdrawing it clears the device"""
    with Shop() as s:
        b = s.browser
        b.go(s.url + '/')
        token = s.proxy.token('analytics', 'preferences')
        b.script(f'document.cookie = "__Host-crumb-consent={token}; Secure; Path=/; Max-Age=1000"')
        b.go(s.url + '/')
        same(sorted(b.cookies()), ['PHPSESSID', '__Host-crumb-consent', '_ga', 'lang'])
        b.go(s.url + '/')
        same(seen(b), ['PHPSESSID', '_ga', 'lang'])
        b.script('document.cookie = "__Host-crumb-consent=; Secure; Path=/; Max-Age=0"')
        b.go(s.url + '/')
        same(sorted(b.cookies()), ['PHPSESSID'])


def test_opt_out():
    """the opt-out cookie clears what was granted, and itself stays"""
    with Shop() as s:
        b = s.browser
        b.go(s.url + '/')
        token = s.proxy.token('analytics', 'preferences', 'advertising')
        b.script(f'document.cookie = "__Host-crumb-consent={token}; Secure; Path=/; Max-Age=1000"')
        b.go(s.url + '/')
        true({'_ga', '_fbp', 'lang'} <= set(b.cookies()), str(sorted(b.cookies())))
        b.script('document.cookie = "optout=1; Path=/; Max-Age=1000"')
        b.go(s.url + '/')
        same(sorted(b.cookies()), ['PHPSESSID', '__Host-crumb-consent', 'lang', 'optout'])
        b.go(s.url + '/')
        same(seen(b), ['PHPSESSID', 'lang', 'optout'])


LEFTOVERS = {
    'host-only': '_ga=1; path=/',
    'for the host': f'_ga=1; path=/; domain={SHOP}',
    'for the parent': '_ga=1; path=/; domain=example.com',
    'secure': '_ga=1; path=/; secure',
    'on a path': '_ga=1; path=/shop',
    'on a path with a slash': '_ga=1; path=/shop/',
    'on the page': '_ga=1; path=/shop/cart',
    'partitioned': '_ga=1; path=/; secure; samesite=none; partitioned',
    'partitioned for the parent': '_ga=1; path=/; domain=example.com; secure; samesite=none; partitioned',
    'prefixed': '__Secure-track=1; path=/; secure',
    'host-prefixed': '__Host-track=1; path=/; secure',
}


def test_leftovers():
    """whatever scope a denied cookie has on the device, one visit removes it"""
    with Shop(guard=False) as s:
        b = s.browser
        kept = []
        for what, cookie in LEFTOVERS.items():
            b.go(s.url + '/favicon-page')
            b.go(s.url + '/shop/cart')
            b.script(f'document.cookie = "{cookie}; max-age=10000"')
            name = cookie.split('=')[0]
            true(name in b.script('return document.cookie'), f'{what}: the cookie could not be set')
            b.go(s.url + '/shop/cart')
            if name in b.script('return document.cookie'):
                kept.append(what)
        same(kept, [])


def test_error_page():
    """a visitor sees a plain page when the origin is down"""
    with Shop() as s:
        s.origin.stop()
        s.browser.go(s.url + '/')
        text = s.browser.text()
        true('Bad Gateway' in text and 'try again' in text, text)
        if os.environ.get('SCREENSHOTS'):
            s.browser.screenshot(os.path.join(os.environ['SCREENSHOTS'], 'error.png'))


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
