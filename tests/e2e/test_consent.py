"""The main job over real sockets: cookies pass in both directions by the visitor's consent."""
import re
import subprocess
import sys

import kit
from kit import Nginx, Origin, Proxy, CRUMBGATE, echo, reply, same, true

ALL = 'Cookie: PHPSESSID=1; lang=de; _ga=GA1.2.3; _ga_X={"a":"b, c"}; _fbp=fb.1; odd=a|b~c: d'


def setting(r, c):
    c.sendall(reply((r.get('cookie') or '').encode(), '200 OK', 'Set-Cookie: PHPSESSID=9; Path=/; HttpOnly',
                    'Set-Cookie: lang=de; Path=/', 'Set-Cookie: _ga=GA1; Path=/; Max-Age=63072000',
                    'Set-Cookie: _fbp=fb; Path=/'))


def outcome(p, *fields):
    """(cookies at the origin, names set at the visitor, names expired at the visitor)"""
    r = p.get('/', *fields)
    sets, deletes = r.set_cookies()
    return r.body.decode(), sorted(x.split('=')[0] for x in sets), deletes


def test_undecided():
    """without consent only what is necessary passes, and what is on the device is expired"""
    with Origin(setting) as o, Proxy(o) as p:
        same(outcome(p, ALL), ('PHPSESSID=1', ['PHPSESSID'], ['_fbp', '_ga', '_ga_X', 'lang', 'odd']))
        same(outcome(p), ('', ['PHPSESSID'], []))


def test_granted():
    """a valid consent cookie lets its purposes pass, byte for byte, and is not shown to the origin"""
    with Origin(setting) as o, Proxy(o) as p:
        token = p.token('analytics', 'preferences')
        same(outcome(p, f'{ALL}; __Host-crumb-consent={token}'),
             ('PHPSESSID=1; lang=de; _ga=GA1.2.3; _ga_X={"a":"b, c"}', ['PHPSESSID', '_ga', 'lang'], ['_fbp', 'odd']))
        token = p.token('analytics', 'preferences', 'advertising')
        same(outcome(p, f'{ALL}; __Host-crumb-consent={token}'),
             (ALL[8:], ['PHPSESSID', '_fbp', '_ga', 'lang'], []))


def test_bad_tokens():
    """forged, expired and malformed consent cookies grant nothing"""
    with Origin(setting) as o, Proxy(o) as p:
        good = p.token('analytics')
        middle = len(good) // 2
        forged = good[:middle] + ('A' if good[middle] != 'A' else 'B') + good[middle + 1:]
        for token in (forged, good[:-1], good + 'A', '', 'x', '1.2.3', p.token('analytics', '--age', '181d')):
            same(outcome(p, f'Cookie: _ga=1; __Host-crumb-consent={token}'), ('', ['PHPSESSID'], ['_ga']), token)
        same(outcome(p, f'Cookie: _ga=1; __Host-crumb-consent={good}')[0], '_ga=1')


def test_foreign_key():
    """a consent cookie of another installation grants nothing"""
    with Origin(setting) as o, Proxy(o) as p, Proxy(o) as other:
        same(outcome(p, f'Cookie: _ga=1; __Host-crumb-consent={other.token("analytics")}')[0], '')


def test_opt_out():
    """the opt-out cookie denies whatever else is said, however many copies are sent"""
    with Origin(setting) as o, Proxy(o) as p:
        token = p.token('analytics', 'preferences', 'advertising')
        for opt in ('optout=1', 'optout=0; optout=1', 'optout=1; optout=0; optout='):
            cookies, sets, deletes = outcome(p, f'Cookie: {opt}; _ga=1; lang=de; __Host-crumb-consent={token}')
            same((cookies, sets, deletes), (f'{opt}; lang=de', ['PHPSESSID', 'lang'], ['_ga']), opt)
        cookies, _, _ = outcome(p, f'Cookie: optout=0; _ga=1; __Host-crumb-consent={token}')
        same(cookies, 'optout=0; _ga=1')


def test_signals():
    """DNT changes nothing, Sec-GPC denies what the rules say, and both reach the origin"""
    with Origin(echo) as o, Proxy(o) as p:
        token = p.token('analytics', 'advertising')
        cookie = f'Cookie: _ga=1; _fbp=2; __Host-crumb-consent={token}'
        for fields, seen in (((cookie,), '_ga=1; _fbp=2'), ((cookie, 'DNT: 1'), '_ga=1; _fbp=2'),
                             ((cookie, 'Sec-GPC: 1'), '_ga=1'), ((cookie, 'Sec-GPC: 0'), '_ga=1; _fbp=2')):
            r = p.get('/', *fields)
            same(r.seen('cookie'), [seen], str(fields[1:]))
        same(p.get('/', 'Sec-GPC: 1').seen('sec-gpc'), ['1'])
        same(p.get('/', 'DNT: 1').seen('dnt'), ['1'])


def test_dnt_by_rule():
    """DNT denies where the rules say so"""
    rules = kit.RULES.replace('signal dnt ignored', 'signal dnt denies analytics')
    with Origin(echo) as o, Proxy(o, rules=rules) as p:
        cookie = f'Cookie: _ga=1; __Host-crumb-consent={p.token("analytics")}'
        same(p.get('/', cookie).seen('cookie'), ['_ga=1'])
        same(p.get('/', cookie, 'DNT: 1').seen('cookie'), [])


def test_expiry_scopes():
    """a denied cookie is expired with every scope it may have"""
    with Origin(echo) as o, Proxy(o, names='www.example.com') as p:
        with p.client(server_name='www.example.com') as c:
            c.request('GET', '/shop/cart?x', 'Cookie: _ga=1', host='www.example.com')
            lines = c.response().all('set-cookie')
    scopes = set()
    for x in lines:
        true(re.match(r'_ga=;', x) and 'Max-Age=0' in x, x)
        domain = re.search(r'Domain=([^;]+)', x)
        path = re.search(r'Path=([^;]+)', x)
        scopes.add((domain.group(1) if domain else '', path.group(1), 'Partitioned' in x))
    for domain in ('', 'www.example.com', 'example.com'):
        true((domain, '/', False) in scopes, f'not expired for {domain!r}: {lines}')
    true(not any(d == 'com' for d, _, _ in scopes), 'expired for a public suffix')
    true(('', '/', True) in scopes and ('', '/shop', False) in scopes, str(lines))


def test_params_and_paths():
    """parameters of a denied purpose are cut from the URL, its routes answer 204"""
    with Origin(echo) as o, Proxy(o) as p:
        same(p.get('/x?a=1&gclid=2&b=%20').json()['target'], '/x?a=1&b=%20')
        same(p.get('/x?gclid=2').json()['target'], '/x')
        r = p.get('/collect?v=1')
        same((r.status, r.get('cache-control'), r.body), (204, 'no-store', b''))
        same(p.get('/%63ollect/').status, 204)
        same(len(o.requests), 2)
        cookie = f'Cookie: __Host-crumb-consent={p.token("analytics", "advertising")}'
        same(p.get('/collect?gclid=2', cookie).json()['target'], '/collect?gclid=2')


def test_inject():
    """an injected cookie reaches both sides once its purpose is granted"""
    rules = kit.RULES + 'inject cookie vid={uuid} for 180d is analytics\n'
    with Origin(echo) as o, Proxy(o, rules=rules) as p:
        r = p.get('/')
        same((r.seen('cookie'), r.set_cookies()), ([], ([], [])))
        token = p.token('analytics')
        r = p.get('/', f'Cookie: a=b; __Host-crumb-consent={token}')
        vid = re.search(r'vid=([0-9a-f-]{36})', r.seen('cookie')[0]).group(1)
        sets, _ = r.set_cookies()
        true(len(sets) == 1 and sets[0].startswith(f'vid={vid};') and 'Max-Age=15552000' in sets[0], str(sets))
        true('private' in (r.get('cache-control') or ''), 'a response with a new cookie may be shared')
        r = p.get('/', f'Cookie: vid=mine; __Host-crumb-consent={token}')
        same((r.seen('cookie'), r.set_cookies()[0]), (['vid=mine'], []))


def test_attributes():
    """attributes are rewritten as the rules demand"""
    rules = kit.RULES.replace('cookie _fbp is advertising',
                              'cookie _fbp is advertising max-age 90d secure httponly samesite lax')

    def handler(r, c):
        c.sendall(reply(b'', '200 OK', 'Set-Cookie: _fbp=1; Max-Age=63072000; path=/; SameSite=None; Secure'))
    with Origin(handler) as o, Proxy(o, rules=rules) as p:
        r = p.get('/', f'Cookie: __Host-crumb-consent={p.token("advertising")}')
        same(len(r.all('set-cookie')), 1)
        x = r.get('set-cookie')
        true(x.startswith('_fbp=1;') and 'Max-Age=7776000' in x and 'SameSite=Lax' in x and 'HttpOnly' in x, x)


def test_observe():
    """in observe mode nothing changes, and the log tells what would have"""
    with Origin(setting) as o, Proxy(o, rules=kit.RULES + 'mode observe\n') as p:
        same(outcome(p, 'Cookie: _ga=1'), ('_ga=1', ['PHPSESSID', '_fbp', '_ga', 'lang'], []))
        would = kit.wait_for(p.log_lines, 'a line in the log')[0]['would']
        first = would[0]
        same((first['verdict'], first['subject'], first['name']), ('drop', 'cookie to the origin', '_ga'))
        true(first['file'].endswith('site.rules') and first['line'] > 0, str(first))
        true('_fbp' in [w['name'] for w in would if w['subject'] == 'cookie to the visitor'], str(would))


def test_every_status():
    """Set-Cookie is judged on every status"""
    def handler(r, c):
        status = r.target[1:]
        body = b'' if status in ('204', '304') else b'x'
        head = f'HTTP/1.1 {status} X\r\nSet-Cookie: _ga=1\r\nSet-Cookie: PHPSESSID=1\r\n'
        c.sendall(head.encode() + (b'Content-Length: 1\r\n' if body else b'') + b'\r\n' + body)
    with Origin(handler) as o, Proxy(o) as p, p.client() as c:
        for status in (200, 204, 301, 304, 404, 500):
            c.request('GET', f'/{status}')
            r = c.response()
            same((r.status, r.all('set-cookie')), (status, ['PHPSESSID=1']))


def test_origin_cannot_set_consent():
    """an origin cannot set crumbgate's own cookie"""
    def handler(r, c):
        c.sendall(reply(b'', '200 OK', 'Set-Cookie: __Host-crumb-consent=1.x; Path=/; Secure'))
    with Origin(handler) as o, Proxy(o) as p:
        same(p.get('/').all('set-cookie'), [])


def test_several_cookie_fields():
    """several Cookie fields and thousands of cookies are judged one by one"""
    with Origin(echo) as o, Proxy(o) as p:
        r = p.get('/', 'Cookie: _ga=1; PHPSESSID=1', 'Cookie: _fbp=2', 'Cookie: csrftoken=3; lang=x')
        same('; '.join(r.seen('cookie')), 'PHPSESSID=1; csrftoken=3')
        many = '; '.join(f'c{i}={i}' for i in range(1500))
        r = p.get('/', f'Cookie: {many}; PHPSESSID=1')
        same(r.seen('cookie'), ['PHPSESSID=1'])


def test_nginx_and_curl():
    """nginx as the origin and curl as the visitor see exactly what may pass"""
    with Nginx({'index.html': b'<h1>hi</h1>'}) as o, Proxy(o) as p:
        def curl(*args):
            out = subprocess.run(['curl', '-sS', '-i', '--max-time', '20', '--cacert', kit.certs() + '/ca.pem', *args,
                                  f'https://localhost:{p.port}/set/'], check=True, capture_output=True, text=True)
            names = re.findall(r'^set-cookie: ([^=]+)=(?!;)', out.stdout, re.I | re.M)
            seen = re.search(r'^x-seen-cookie: (.*?)\r?$', out.stdout, re.I | re.M)
            return sorted(names), seen.group(1) if seen else ''
        same(curl('-b', 'PHPSESSID=1; _ga=2; _fbp=3'), (['PHPSESSID'], 'PHPSESSID=1'))
        same(curl('-b', 'PHPSESSID=1; _ga=2', '-H', 'DNT: 1'), (['PHPSESSID'], 'PHPSESSID=1'))
        token = p.token('analytics')
        same(curl('-b', f'_ga=2; __Host-crumb-consent={token}'), (['PHPSESSID', '_ga'], '_ga=2'))
        same(curl('-b', f'_ga=2; optout=1; __Host-crumb-consent={token}'), (['PHPSESSID'], 'optout=1'))


def test_log_has_no_values():
    """the access log names no cookie value and no query, and truncates addresses"""
    with Origin(echo) as o, Proxy(o) as p:
        p.get('/page?secret=query', 'Cookie: PHPSESSID=verysecret; _ga=alsosecret')
        kit.wait_for(p.log_lines, 'a line in the log')
        with open(p.log) as f:
            text = f.read()
        true('secret' not in text, text)
        line = p.log_lines()[0]
        true('127.0.0.0' in text and '127.0.0.1"' not in text.replace('127.0.0.1:', ''), text)
        same((line['status'], line['method']), (200, 'GET'))


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
