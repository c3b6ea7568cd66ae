"""Crumbgate's own pages and forms over real sockets: decisions, and what must not be one."""
import os
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kit  # noqa: E402
from kit import CRUMBGATE, Client, Origin, Proxy, echo, same, true  # noqa: E402

NAME = '__Host-crumb-consent'
FORM = 'Content-Type: application/x-www-form-urlencoded'
OWN = 'Sec-Fetch-Site: same-origin'
RULES = kit.RULES + 'banner {\n}\n'


class Gate:
    """A proxy whose origin fails the test if it ever sees one of our paths."""

    def __enter__(self):
        self.leaked = []

        def origin(r, c):
            if '.crumbgate' in r.target.lower() or '%2ecrumbgate' in r.target.lower():
                self.leaked.append(r.target)
            echo(r, c)
        self.origin = Origin(origin)
        self.proxy = Proxy(self.origin, rules=RULES)
        self.token = re.search(r'name="token" value="([0-9a-f]+)"', self.get('preferences').body.decode()).group(1)
        return self

    def __exit__(self, *_):
        self.proxy.stop()
        self.origin.stop()
        same(self.leaked, [], 'what the origin saw of our pages')

    def get(self, page, *fields):
        return self.proxy.get('/.crumbgate/' + page, *fields)

    def post(self, page, body, *fields, host='localhost', port=None):
        with self.proxy.client() as c:
            c.request('POST', '/.crumbgate/' + page, *(fields or (OWN, FORM)), host=host, body=body)
            return c.response()

    def form(self, **values):
        return urllib.parse.urlencode(dict(values, token=self.token)).encode()


def decided(r):
    """The signed cookie that a response sets, or None."""
    found = [x.split(';')[0] for x in r.all('set-cookie') if x.startswith(NAME + '=')]
    return found[0] if found else None


def test_round_trip():
    """a decision is signed, passes what was agreed to, and can be taken back"""
    with Gate() as g:
        r = g.post('decision', g.form(do='save', p='analytics', back='/?x=1'))
        same([r.status, r.get('location'), r.get('cache-control')], [303, '/?x=1', 'no-store'])
        cookie = decided(r)
        same(g.proxy.get('/', 'Cookie: _ga=1; _fbp=2; ' + cookie).seen('cookie'), ['_ga=1'])
        out = subprocess.run([CRUMBGATE, 'consent', 'read', cookie, '-c', g.proxy.conf], capture_output=True, text=True)
        true('good' in out.stdout and 'analytics' in out.stdout, out.stdout + out.stderr)
        receipt = g.get('receipt', 'Cookie: ' + cookie).json()
        same([receipt['granted'], receipt['method'], receipt['receipt']],
             [['analytics'], 'banner', cookie.split('.')[4]])
        r = g.post('withdraw', g.form(), OWN, FORM, 'Cookie: _ga=1; ' + cookie)
        same([r.status, r.get('location'), r.set_cookies()[1]], [303, '/', ['_fbp', '_ga', 'lang']])
        same(g.get('state', 'Cookie: ' + decided(r)).json()['granted'], [])


def test_ids_differ():
    """receipts have ids of their own"""
    with Gate() as g:
        same(len({decided(g.post('decision', g.form(do='reject'))).split('.')[4] for _ in range(5)}), 5)


def test_state_token():
    """scripts of the same site alone are told what a decision must carry, and a decision without it is none"""
    with Gate() as g:
        good = 'Origin: https://localhost'
        for fields, expected in (((OWN,), g.token), ((good,), g.token), ((), None), (('Sec-Fetch-Site: none',), None),
                                 (('Sec-Fetch-Site: same-site',), None), (('Sec-Fetch-Site: cross-site',), None),
                                 ((OWN, 'Origin: https://evil.example'), None), (('Origin: null',), None),
                                 ((OWN, 'Sec-Fetch-Site: cross-site'), None)):
            r = g.get('state', *fields)
            same([fields, r.json().get('token'), r.get('cache-control'), r.get('access-control-allow-origin')],
                 [fields, expected, 'no-store', None])
        g.token = g.get('state', OWN).json()['token']
        for form, fields in ((b'do=save&p=analytics', (OWN, good)),
                             (b'do=save&p=analytics&token=undefined', (OWN, good)),
                             (g.form(do='save', p='analytics'), ()),
                             (g.form(do='save', p='analytics'), ('Sec-Fetch-Site: cross-site',)),
                             (g.form(do='save', p='analytics'), ('Origin: https://evil.example',)),
                             (g.form(do='save', p='analytics'), ('Sec-Fetch-Site: same-site', good))):
            r = g.post('decision', form, FORM, 'Accept: application/json', *fields)
            same([form, fields, r.status, decided(r)], [form, fields, 403, None])
        r = g.post('decision', g.form(do='save', p='analytics'), OWN, FORM, 'Accept: application/json')
        same([r.status, r.json()['granted'], bool(decided(r))], [200, ['analytics'], True])


def test_keep_alive():
    """a form leaves the connection usable"""
    with Gate() as g, g.proxy.client() as c:
        for _ in range(3):
            c.request('POST', '/.crumbgate/decision', OWN, FORM, body=g.form(do='accept'))
            same(c.response().status, 303)
            c.request('GET', '/')
            same(c.response().status, 200)


def test_in_pieces():
    """a form may come octet by octet, or in chunks"""
    with Gate() as g, g.proxy.client() as c:
        form = g.form(do='accept')
        c.send(f'POST /.crumbgate/decision HTTP/1.1\r\nHost: localhost\r\n{OWN}\r\n{FORM}\r\nContent-Length: {len(form)}\r\n\r\n')
        for i in range(len(form)):
            c.send(form[i:i + 1])
        same(c.response().status, 303)
        c.send(f'POST /.crumbgate/decision HTTP/1.1\r\nHost: localhost\r\n{OWN}\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n')
        for i in range(0, len(form), 7):
            c.send(b'%x\r\n%s\r\n' % (len(form[i:i + 7]), form[i:i + 7]))
        c.send('0\r\n\r\n')
        same(c.response().status, 303)


def test_forgery():
    """no other site decides: every vector of Origin, Sec-Fetch-Site and token"""
    with Gate() as g:
        form = g.form(do='accept')
        for fields in (('Sec-Fetch-Site: cross-site',), ('Sec-Fetch-Site: same-site',), ('Sec-Fetch-Site: none',), (),
                       ('Origin: https://evil.example',), ('Origin: null',), ('Origin: http://localhost',),
                       ('Origin: https://localhost.evil.example',), ('Origin: https://localhost:1',),
                       ('Referer: https://localhost/',), ('Sec-Fetch-Site: same-origin', 'Origin: https://evil.example'),
                       ('Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'),
                       ('Origin: https://localhost', 'Sec-Fetch-Site: cross-site')):
            r = g.post('decision', form, FORM, *fields)
            same([fields, r.status, decided(r)], [fields, 403, None])
        for token in ('', '0' * 32, g.token[:-1], g.token + '0', g.token.upper(), g.token[::-1]):
            r = g.post('decision', urllib.parse.urlencode({'do': 'accept', 'token': token}).encode())
            same([token, r.status in (400, 403), decided(r)], [token, True, None])
        with Gate() as other:
            r = g.post('decision', other.form(do='accept'))
            same([r.status, decided(r)], [403, None])
        same(g.post('decision', form, FORM, f'Origin: https://localhost').status, 303)


def test_get_changes_nothing():
    """no GET decides, whatever its query says"""
    with Gate() as g:
        for page in ('decision', 'withdraw', 'opt-out', 'opt-in', 'preferences'):
            r = g.get(f'{page}?do=accept&token={g.token}', OWN)
            same([page, r.all('set-cookie')], [page, []])


def test_redirects():
    """nobody is led to another site"""
    with Gate() as g:
        for back in ('//evil.example', 'https://evil.example', '/\\evil.example', '\\/evil', '/\t/evil.example', '/\r\nX: y', '',
                     'evil', '/a\\b', '/%0a\n', '/\u00e9', '/' + 'a' * 2048, '/\x00', '///evil', 'javascript:alert(1)'):
            r = g.post('decision', g.form(do='reject', back=back))
            true(r.status == 400 or [r.status, r.get('location')] == [303, '/'], (back, r.status, r.fields))
            same(r.get('x'), None)
            r = g.get('preferences?back=' + urllib.parse.quote(back))
            true('evil' not in r.body.decode(), back)


def test_sizes():
    """a form may have 8 kB, and no more is read"""
    with Gate() as g:
        base = g.form(do='reject')
        same(g.post('decision', base + b'&x=' + b'y' * (8192 - len(base) - 3)).status, 303)
        same(g.post('decision', base + b'&x=' + b'y' * (8193 - len(base) - 3)).status, 413)
        same(g.post('decision', b'&' * 8192).status, 403)
        same(g.post('decision', b'a=b&' * 2000).status, 400)
        with g.proxy.client() as c:
            c.send(f'POST /.crumbgate/decision HTTP/1.1\r\nHost: localhost\r\n{OWN}\r\n{FORM}\r\nContent-Length: 99999999\r\n\r\n')
            same(c.response().status, 413)
        with g.proxy.client() as c:
            c.send(f'POST /.crumbgate/decision HTTP/1.1\r\nHost: localhost\r\n{OWN}\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n'
                   '2100\r\n' + 'a' * 0x2100 + '\r\n')
            same(c.response().status, 413)
        with g.proxy.client() as c:
            c.send(f'POST /.crumbgate/decision HTTP/1.1\r\nHost: localhost\r\n{OWN}\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')
            same(c.response().status, 400)


def test_tossing():
    """cookies that a sibling could plant grant nothing, and one that denies does not stop an honest decision"""
    with Gate() as g:
        good = decided(g.post('decision', g.form(do='accept')))
        refused = decided(g.post('decision', g.form(do='reject')))
        value = good.split('=')[1]
        planted = [f'__host-crumb-consent={value}', f'crumb-consent={value}', f'{NAME} x={value}', f'{NAME}={value}x',
                   f'{NAME}={value[:-2]}', f'{NAME}="{value}"', f'={NAME}={value}']
        for cookie in planted:
            same([cookie, g.get('state', 'Cookie: ' + cookie).json()['granted']], [cookie, []])
        state = g.get('state', f'Cookie: {planted[3]}; {refused}').json()
        same([state['decided'], state['granted']], [True, []])
        state = g.get('state', f'Cookie: optout=0; optout=1; optout=0; {good}').json()
        same(state['granted'], ['preferences'])
        r = g.post('opt-in', g.form(), OWN, FORM, f'Cookie: optout=1; {good}')
        same(r.set_cookies()[1], ['optout'])


def test_replay():
    """a decision of another key, and an old one, count as none"""
    with Gate() as g, Gate() as other:
        theirs = decided(other.post('decision', other.form(do='accept')))
        same(g.get('state', 'Cookie: ' + theirs).json()['decided'], False)
        old = subprocess.run([CRUMBGATE, 'consent', 'grant', 'all', '--age', '181d', '-c', g.proxy.conf], capture_output=True,
                             text=True).stdout.strip()
        same(g.get('state', 'Cookie: ' + old).json()['decided'], False)


def test_fields():
    """our pages are not stored, not framed, and load nothing"""
    with Gate() as g:
        for page in ('preferences', 'opt-out', 'state', 'nothing'):
            r = g.get(page)
            same([page, r.get('cache-control'), r.get('x-frame-options'), r.get('referrer-policy'),
                  r.get('x-content-type-options')], [page, 'no-store', 'DENY', 'same-origin', 'nosniff'])
            true("default-src 'none'" in r.get('content-security-policy'), page)
        true("'unsafe-inline'" not in g.get('preferences').get('content-security-policy'), 'a hash is enough')
        true('<script' not in g.get('preferences').body.decode(), 'no script')
        same(g.proxy.get('/.well-known/gpc.json').json(), {'gpc': True})


def test_plain():
    """without TLS there are no pages, and nothing of them is forwarded"""
    with Gate() as g, Client(g.proxy.plain_port, tls=False) as c:
        for target in ('/.crumbgate/preferences', '/.crumbgate/state', '/%2e%63rumbgate/state'):
            c.request('GET', target)
            same(c.response().status, 404)


def test_without_keys():
    """without keys nobody is asked, the pages are not there, and a check says why"""
    with Origin(echo) as o:
        p = Proxy(o, rules=RULES, start=False)
        with open(p.conf) as f:
            conf = f.read().replace('consent-keys consent.keys\n', '')
        with open(p.conf, 'w') as f:
            f.write(conf)
        out = subprocess.run([CRUMBGATE, 'check', '-c', p.conf], capture_output=True, text=True)
        true('nobody is asked' in out.stdout + out.stderr, out.stdout + out.stderr)
        p.start()
        same(p.get('/.crumbgate/preferences').status, 404)
        p.stop()


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
