"""Sealed cookies and Google's consent mode as Chromium sees them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import Origin, Proxy, reply, same, true  # noqa: E402

PAGE = b'<!doctype html><html lang=en><head><title>shop</title>%s</head><pre>%s</pre>'
RULES = '''policy 1 {
    undecided denies
}
purpose analytics   "A"
purpose advertising "B"
cookie sid is necessary sealed
cookie *   is necessary
inject consent-mode
'''
TAG = b'<script>first = JSON.stringify(Array.from(dataLayer[0]))</script>'


def origin(r, c):
    """Shows the cookies it got; /in sets the session."""
    fields = ['Content-Type: text/html; charset=utf-8', 'Cache-Control: no-store']
    if r.target == '/in':
        fields.append('Set-Cookie: sid=alice; Path=/')
    c.sendall(reply(PAGE % (TAG, (r.get('cookie') or '-').encode()), '200 OK', *fields))


def text(b):
    return b.script('return document.querySelector("pre").innerText')


class Shop:
    def __enter__(self):
        self.origin = Origin(origin)
        self.proxy = Proxy(self.origin, names='shop.example.com', rules=RULES, more=f'''site evil.example.com {{
    certificate {kit.certs()}/localhost.pem key {kit.certs()}/localhost.key
    upstream http://127.0.0.1:{self.origin.port}
    rules site.rules
}}''')
        self.browser = Browser()
        self.url = f'https://shop.example.com:{self.proxy.port}'
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.proxy.stop()
        self.origin.stop()


def test_sealed():
    """the device holds what it cannot read; what scripts, siblings and other hosts of the domain set does not count"""
    with Shop() as s:
        b = s.browser
        b.go(s.url + '/in')
        b.go(s.url + '/')
        same(text(b), 'sid=alice')
        held = b.script('return document.cookie')
        true(held.startswith('sid=1.') and 'alice' not in held, held)
        b.script('document.cookie = "sid=mallory; Path=/x"')
        b.go(s.url + '/x')
        same(text(b), 'sid=alice')
        b.go(f'https://evil.example.com:{s.proxy.port}/')
        b.script(f'document.cookie = "sid=tossed; Path=/; Domain=example.com"; document.cookie = "{held}1; Path=/y; '
                 'Domain=example.com"')
        for path in ('/', '/y'):
            b.go(s.url + path)
            true('tossed' in b.script('return document.cookie'), 'the sibling set no cookie')
            same(text(b), 'sid=alice', path)
        b.script('document.cookie = "sid=mallory; Path=/"')
        b.go(s.url + '/')
        same(text(b), '-')


def test_consent_mode():
    """tags find the defaults before they run, and an update when consent changes in the page"""
    with Shop() as s:
        b = s.browser
        b.go(s.url + '/')
        true(b.script('return first').startswith('["consent","default",{"ad_storage":"denied"'), b.script('return first'))
        b.script('crumbgate.grant("analytics")')
        last = b.script('return JSON.stringify(Array.from(dataLayer[dataLayer.length - 1]))')
        same(last, '["consent","update",{"ad_storage":"denied","ad_user_data":"denied","ad_personalization":"denied",'
             '"analytics_storage":"granted"}]')


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
