"""Sealed cookies, Google's consent mode, and the bridge from another consent manager, as Chromium sees them."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import Origin, Proxy, reply, same, true, wait_for  # noqa: E402

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


# -- a manager that keeps decisions in localStorage ---------------------------------------------------------------------

GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs', 'guide-migrating.md')
CONSENT = '__Host-crumb-consent'
MANAGED = '''policy 1 {
    undecided denies
}
purpose analytics   "A"
purpose advertising "B"
beacon /stats.js is analytics
beacon /ads.js   is advertising
'''
MANAGED_PAGE = b'''<!doctype html><html lang=en><head><title>shop</title></head><body>
<script>asked = []; const real = fetch;
window.fetch = (url, how) => { asked.push((how ? how.method : "GET") + " " + url); return real(url, how) }
</script><script src=/stats.js></script><script src=/ads.js></script>%s</body></html>'''


def guide_script():
    with open(GUIDE, encoding='utf-8') as f:
        script = re.search(r'<script>\nasync function toCrumbgate.*?</script>', f.read(), re.S).group(0)
    same(script.count('\ntoCrumbgate();\n'), 1)
    return script.replace('\ntoCrumbgate();\n', '\nresult = toCrumbgate();\n').encode()  # so that its end can be awaited


class Managed(Shop):
    """A site whose pages hold the script of the guide."""

    def __init__(self):
        self.hits = []

    def answer(self, r, c):
        if r.target.endswith('.js'):
            self.hits.append(r.target)
            c.sendall(reply(b'window.ran = (window.ran || "") + "%s"' % r.target.encode(), '200 OK',
                            'Content-Type: text/javascript', 'Cache-Control: no-store'))
        else:
            c.sendall(reply(MANAGED_PAGE % guide_script(), '200 OK', 'Content-Type: text/html', 'Cache-Control: no-store'))

    def __enter__(self):
        self.origin = Origin(self.answer)
        self.proxy = Proxy(self.origin, names='shop.example.com', rules=MANAGED)
        self.browser = Browser()
        self.url = f'https://shop.example.com:{self.proxy.port}'
        return self

    def decide(self, choices):
        """The visitor answers the manager, whose callback tells."""
        self.browser.script(f'localStorage.setItem("cmp-choices", JSON.stringify({choices}))')

    def wait(self, promise):
        return self.browser.call('POST', '/execute/async', {'script': f'''
            const end = arguments[arguments.length - 1];
            Promise.resolve({promise}).then(end, e => end("failed: " + e))''', 'args': []})

    def visit(self):
        """The next page; what its script asked for, once that is over."""
        self.browser.go(self.url + '/')
        return self.wait('result.then(() => asked.splice(0))')

    def tell(self):
        return self.wait('toCrumbgate().then(() => asked.splice(0))')

    def state(self):
        return self.wait('real("/.crumbgate/state").then(r => r.json()).then(s => [s.decided, s.granted])')


STATE, POST = 'GET /.crumbgate/state', 'POST /.crumbgate/decision'


def test_local_storage():
    """a decision in localStorage is posted once, signed, and holds in the open page and on the wire"""
    with Managed() as s:
        b = s.browser
        same([s.visit(), s.hits, CONSENT in b.cookies()], [[], [], False])
        s.decide('{stats: true, ads: false, at: 1}')
        b.script('window.mark = 1')
        same(s.tell(), [STATE, POST])
        cookie = b.cookies()[CONSENT]
        same([cookie['httpOnly'], cookie['secure']], [True, True])
        same(b.script('return crumbgate.granted()'), ['analytics'])
        wait_for(lambda: b.script('return window.ran') == '/stats.js', 'what was granted')
        same([b.script('return window.mark'), s.hits, s.state()], [1, ['/stats.js'], [True, ['analytics']]])
        same(s.visit(), [])
        same([s.hits, b.cookies()[CONSENT]['value']], [['/stats.js'] * 2, cookie['value']])


def test_local_storage_later():
    """the same decision is not posted again, a later one is, and the settings page is not overruled"""
    with Managed() as s:
        b = s.browser
        b.go(s.url + '/')
        s.decide('{stats: true, ads: true, at: 1}')
        same(s.visit()[-1:], [POST])
        b.script('localStorage.removeItem("crumbgate-told")')
        same(s.visit(), [STATE])
        s.decide('{stats: true, ads: true, at: 2}')
        same(s.visit(), [STATE])
        b.go(s.url + '/.crumbgate/preferences')
        b.script('document.querySelector("form[action$=withdraw]").submit()')
        wait_for(lambda: 'done=saved' in b.call('GET', '/url'), 'the withdrawal')
        same([s.visit(), s.state()], [[], [True, []]])
        s.decide('{stats: false, ads: true, at: 3}')
        same([s.visit(), s.state()], [[STATE, POST], [True, ['advertising']]])
        s.decide('{stats: false, ads: false, at: 4}')
        same([s.visit(), s.state()], [[STATE, POST], [True, []]])


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
