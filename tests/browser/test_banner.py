"""The banner, the preferences page and placeholders in Chromium: with scripts and without, narrow and wide, light and
dark. CRUMBGATE_SHOTS names a folder for pictures of each. axe-core is used if npm can fetch it."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import Origin, Proxy, reply, same, wait_for  # noqa: E402

SHOP = 'shop.example.com'
RULES = '''
policy 2026-11-01 {
    notice  /privacy
    storage cleared
    changed "A film service was added."
}
purpose preferences "Remember your settings"
purpose analytics   "Count visits"
purpose advertising "Show advertising that fits"
opt-out cookie optout=1 denies analytics advertising
signal gpc denies advertising
cookie sid  is necessary
cookie lang is preferences
cookie _ga  is analytics
cookie _fbp is advertising
cookie *    is advertising
beacon iframe[src*="video.example"] is preferences replaced by placeholder
beacon ||video.example^ is preferences
beacon ||ads.example^ is advertising
path /collect is analytics
banner {
}
'''
PAGE = b'''<!doctype html><html%s><head><meta name=viewport content="width=device-width, initial-scale=1"><title>Shop</title>
<style>body{font-family:sans-serif;margin:1rem;min-height:60rem}button{text-transform:uppercase}
section{display:none}form{float:left}.b{display:none}p{color:#555}</style></head><body><main><h1>Shop</h1>
<script>document.cookie = "lang=de; path=/; max-age=9999"; document.cookie = "_ga=1; path=/; max-age=9999"</script>
<script>window.ran = 1; fetch("/collect?v=1").catch(() => 0)</script>
<div id=film><iframe title=Film src="https://video.example:%d/film" width=300 height=150></iframe></div>
<pre>%s</pre><a id=last href=/other>Other page</a></main></body></html>'''


class Shop:
    """An origin that sets cookies and has a film of another's, the proxy, and a browser."""

    def __init__(self, *arguments, rules=RULES, tag=b'', csp=()):
        self.hits, self.films = [], []
        self.tag, self.csp, self.rules, self.arguments = tag, csp, rules, arguments

    def answer(self, r, c):
        if r.target.startswith('/collect'):
            self.hits.append(r.target)
            c.sendall(reply(b'', '200 OK'))
        elif r.target.startswith('/film'):
            self.films.append(r.target)
            c.sendall(reply(b'<p>A film</p>', '200 OK', 'Content-Type: text/html'))
        elif r.target.startswith('/favicon'):
            c.sendall(reply(b'', '404 Not Found'))
        else:
            cookies = (r.get('cookie') or '-').encode()
            c.sendall(reply(PAGE % (self.tag, self.proxy.port, cookies), '200 OK', 'Content-Type: text/html; charset=utf-8',
                            'ETag: "v1"', 'Cache-Control: no-cache', 'Set-Cookie: sid=1; Path=/; HttpOnly; Secure',
                            'Set-Cookie: _fbp=f; Path=/; Domain=example.com; Max-Age=9999',
                            *self.csp))

    def __enter__(self):
        self.origin = Origin(self.answer)
        self.proxy = Proxy(self.origin, rules=self.rules, names=f'{SHOP} video.example')
        self.browser = Browser(*self.arguments)
        self.url = f'https://{SHOP}:{self.proxy.port}'
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.proxy.stop()
        self.origin.stop()

    def go(self, path='/'):
        self.browser.go(self.url + path)

    def cookies(self):
        return sorted(self.browser.cookies())


def true(condition, what='it is not so'):
    kit.true(condition, what)


def soon(read, expected):
    """After a click: the browser may not have begun to navigate."""
    seen = []

    def good():
        try:
            seen[:] = [read()]
        except AssertionError:
            return False
        return seen[0] == expected
    try:
        wait_for(good, 'what was clicked')
    except AssertionError:
        same(seen[:1], [expected])


def find(b, selector):
    return next(iter(b.call('POST', '/element', {'using': 'css selector', 'value': selector}).values()))


def found(b, selector):
    return len(b.call('POST', '/elements', {'using': 'css selector', 'value': selector}))


def click(b, selector):
    b.call('POST', f'/element/{find(b, selector)}/click')


def press(b, do):
    click(b, f'#cg-banner button[value={do}]')


CONSENT = '__Host-crumb-consent'
NO_SCRIPTS = '--blink-settings=scriptEnabled=false'


def test_first_visit():
    """a first visit shows the banner, and nothing optional stays or is called"""
    with Shop() as s:
        s.go()
        b = s.browser
        true(b.script('return document.querySelector("#cg-banner button[value=reject]").offsetHeight >= 24'))
        same(b.script('return [...document.querySelectorAll("#cg-banner input[type=checkbox]")].map(x => x.checked)'),
             [False, False, False])
        same(s.cookies(), ['sid'])
        same([s.hits, s.films], [[], []])


def test_equal():
    """refusing and accepting look alike, and the site's own style does not reach in"""
    with Shop() as s:
        s.go()
        look = s.browser.script('''return ['reject', 'accept'].map(v => {
            const b = document.querySelector('#cg-banner button[value=' + v + ']'), c = getComputedStyle(b);
            return [b.localName, c.color, c.backgroundColor, c.fontSize, c.fontWeight, c.borderTopWidth, b.offsetHeight,
                Math.round(b.offsetWidth / 8)] })''')
        same(look[0], look[1])


def test_reject():
    """refusing leaves no optional cookie, no hit, and no second question"""
    with Shop() as s:
        s.go()
        press(s.browser, 'reject')
        wait_for(lambda: CONSENT in s.browser.cookies(), 'the decision')
        s.go()
        same(found(s.browser, '#cg-banner'), 0)
        same(found(s.browser, '#cg-settings a'), 1)
        same(s.cookies(), [CONSENT, 'sid'])
        same([s.hits, s.films], [[], []])


def test_accept_without_reload():
    """accepting takes effect in the page that is open, and the focus tells so"""
    with Shop() as s:
        s.go()
        b = s.browser
        b.script('window.mark = 1')
        press(b, 'accept')
        wait_for(lambda: b.script('return window.crumbgate.granted().length') == 3, 'the grant')
        same(b.script('return window.mark'), 1)
        wait_for(lambda: s.films, 'the film')
        same(b.script('return [document.activeElement.getAttribute("role"), document.activeElement.textContent]'),
             ['status', 'Your choice has been saved.'])
        s.go()
        s.go()
        same(s.cookies(), [CONSENT, '_fbp', '_ga', 'lang', 'sid'])
        wait_for(lambda: s.hits, 'the hit')


def test_withdraw():
    """a withdrawal removes what was agreed to at once, the storage too"""
    with Shop() as s:
        b = s.browser
        s.go()
        press(b, 'accept')
        wait_for(lambda: CONSENT in b.cookies(), 'the decision')
        s.go()
        b.script('localStorage.id = 7')
        click(b, '#cg-settings a')
        soon(lambda: '/.crumbgate/preferences?back=/' in b.call('GET', '/url'), True)
        click(b, 'form[action$=withdraw] button')
        soon(lambda: 'done=saved' in b.call('GET', '/url'), True)
        soon(s.cookies, [CONSENT, 'sid'])
        hits = len(s.hits)
        s.go()
        same(b.script('return localStorage.id || null'), None)
        same(s.cookies(), [CONSENT, 'sid'])
        same(len(s.hits), hits)


def test_new_policy():
    """another version of the policy asks again, and says what changed"""
    with Shop() as s:
        s.go()
        press(s.browser, 'accept')
        wait_for(lambda: CONSENT in s.browser.cookies(), 'the decision')
        first = s.proxy.workers()
        s.proxy.write_rules(RULES.replace('2026-11-01', '2026-12-01'))
        s.proxy.process.send_signal(signal.SIGHUP)
        wait_for(lambda: s.proxy.workers() and not set(first) & set(s.proxy.workers()), 'the old worker to go')
        s.go()
        true('A film service was added.' in s.browser.script('return document.querySelector("#cg-banner").innerText'))


def test_opt_out():
    """the opt-out beats consent, and ends where it began"""
    with Shop() as s:
        b = s.browser
        s.go()
        press(b, 'accept')
        wait_for(lambda: CONSENT in b.cookies(), 'the decision')
        s.go()
        s.go('/.crumbgate/opt-out')
        click(b, 'button')
        soon(s.cookies, [CONSENT, 'lang', 'optout', 'sid'])
        s.go()
        same(s.cookies(), [CONSENT, 'lang', 'optout', 'sid'])
        s.go('/.crumbgate/opt-in')
        click(b, 'form[action$=opt-in] button')
        soon(s.cookies, [CONSENT, 'lang', 'sid'])


def test_show_once():
    """a film is shown once without any consent, and not again"""
    with Shop() as s:
        b = s.browser
        s.go()
        press(b, 'reject')
        wait_for(lambda: CONSENT in b.cookies(), 'the decision')
        s.go()
        same(b.script('return document.querySelector("#film iframe").offsetHeight'), 0)
        click(b, '[data-cg-once]')
        wait_for(lambda: s.films, 'the film')
        true(b.script('return document.querySelector("#film iframe").offsetHeight') > 100)
        same(b.script('return crumbgate.granted()'), [])
        s.go()
        same(len(s.films), 1)


def test_csp():
    """a strict policy of the page lets the banner look and work as it should"""
    with Shop(csp=("Content-Security-Policy: default-src 'self'; script-src 'self'; style-src 'self'",)) as s:
        s.go()
        b = s.browser
        same(b.script('return getComputedStyle(document.querySelector("#cg-banner")).position'), 'fixed')
        b.script('window.mark = 1')
        press(b, 'accept')
        wait_for(lambda: CONSENT in b.cookies(), 'the decision')
        wait_for(lambda: b.script('return document.querySelector("#cg-banner").className') == 'done', 'the end')
        same(b.script('return window.mark'), 1)


def test_csp_of_forms():
    """a policy that forbids all forms leaves the banner answerable, also without scripts"""
    with Shop(NO_SCRIPTS, csp=("Content-Security-Policy: form-action 'none'; default-src 'none'",)) as s:
        s.go('/a?b=1')
        press(s.browser, 'reject')
        soon(lambda: [found(s.browser, '#cg-banner'), s.browser.call('GET', '/url'), s.cookies()],
             [0, s.url + '/a?b=1', [CONSENT, 'sid']])


def test_language():
    """the language of the page wins, and characters survive any encoding"""
    with Shop(tag=b' lang=ru-RU') as s:
        s.go()
        same(s.browser.script('return document.querySelector("#cg-banner button[value=accept]").innerText'),
             '\u041f\u0440\u0438\u043d\u044f\u0442\u044c \u0432\u0441\u0435')


def test_no_scripts():
    """without scripts: refuse, change to accept, withdraw"""
    with Shop(NO_SCRIPTS) as s:
        b = s.browser
        s.go('/?a=1')
        press(b, 'reject')
        soon(lambda: [found(b, '#cg-banner'), b.call('GET', '/url'), s.cookies()],
             [0, s.url + '/?a=1', [CONSENT, 'sid']])
        click(b, '#cg-settings a')
        soon(lambda: found(b, 'input[value=analytics]'), 1)
        click(b, 'input[value=analytics]')
        click(b, 'button[value=save]')
        soon(lambda: 'done=saved' in b.call('GET', '/url'), True)
        same([found(b, 'input[value=analytics]:checked'), found(b, 'input[value=advertising]:checked')], [1, 0])
        click(b, 'button[value=accept]')
        soon(lambda: found(b, 'input:checked'), 3)
        s.go()
        same(s.cookies(), [CONSENT, '_fbp', 'sid'])
        wait_for(lambda: s.films, 'the film')
        click(b, '#cg-settings a')
        soon(lambda: found(b, 'form[action$=withdraw]'), 1)
        click(b, 'form[action$=withdraw] button')
        soon(s.cookies, [CONSENT, 'sid'])


def test_always_without_scripts():
    """without scripts "always allow" of a film agrees to its purpose and to no other"""
    with Shop(NO_SCRIPTS) as s:
        b = s.browser
        s.go('/watch')
        click(b, '#film button[value=add]')
        wait_for(lambda: s.films, 'the film')
        soon(lambda: [b.call('GET', '/url'), found(b, '#film [data-cg-placeholder]'), found(b, '#cg-banner')],
             [s.url + '/watch', 0, 0])
        same(s.cookies(), [CONSENT, 'sid'])


# -- how it looks -------------------------------------------------------------------------------------------------------

SIZES = ((320, 640), (1280, 800))


def appear(b, width, height, scheme):
    def cdp(cmd, **params):
        b.call('POST', '/goog/cdp/execute', {'cmd': cmd, 'params': params})
    cdp('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)
    cdp('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])


def axe():
    """The text of axe-core, or None."""
    npm = shutil.which('npm')
    if not npm:
        return None
    folder = tempfile.mkdtemp(prefix='crumbgate-axe-')
    try:
        r = subprocess.run([npm, 'pack', '--silent', 'axe-core@4'], cwd=folder, capture_output=True, text=True,
                           timeout=60)
        if r.returncode:
            return None
        subprocess.run(['tar', 'xzf', os.path.join(folder, r.stdout.split()[-1]), '-C', folder], check=True)
        with open(os.path.join(folder, 'package', 'axe.min.js'), encoding='utf-8') as f:
            return f.read()
    except (OSError, subprocess.SubprocessError):
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def violations(b, source, where):
    b.call('POST', '/execute/sync', {'script': source, 'args': []})
    return b.call('POST', '/execute/async', {'script': '''
        const done = arguments[arguments.length - 1];
        axe.run(arguments[0] || document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then(
            r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))))''',
                                                'args': [where]})


def each_page(visit):
    """Calls visit(browser, name) for each of our pages in each size and scheme."""
    with Shop() as s:
        b = s.browser
        for width, height in SIZES:
            for scheme in ('light', 'dark'):
                appear(b, width, height, scheme)
                for name, path in (('banner', '/'), ('preferences', '/.crumbgate/preferences?back=/'),
                                   ('opt-out', '/.crumbgate/opt-out')):
                    s.go(path)
                    visit(b, f'{name}-{width}-{scheme}')
        press_preferences(s)
        for width, height in SIZES:
            appear(b, width, height, 'light')
            for name, path in (('decided', '/.crumbgate/preferences?done=saved'), ('link', '/')):
                s.go(path)
                visit(b, f'{name}-{width}')


def press_preferences(s):
    s.go('/.crumbgate/preferences')
    click(s.browser, 'input[value=analytics]')
    click(s.browser, 'button[value=save]')
    soon(lambda: 'done=saved' in s.browser.call('GET', '/url'), True)


def test_reflow():
    """nothing needs scrolling sideways, and the banner leaves half of the window"""
    def look(b, name):
        shots = os.environ.get('CRUMBGATE_SHOTS')
        if shots:
            b.screenshot(os.path.join(shots, name + '.png'))
        sizes = b.script('''const e = document.querySelector('#cg-banner') || document.documentElement;
            return [e.scrollWidth <= innerWidth, !e.id || e.offsetHeight <= innerHeight / 2 + 1]''')
        same([name, *sizes], [name, True, True])
    each_page(look)


def test_focus_not_hidden():
    """what is focused at the page's end is not behind the banner"""
    with Shop() as s:
        appear(s.browser, 320, 640, 'light')
        s.go()
        true(s.browser.script('''document.querySelector('#last').focus();
            const l = document.querySelector('#last').getBoundingClientRect();
            return l.bottom <= document.querySelector('#cg-banner').getBoundingClientRect().top'''))


def test_order():
    """the banner comes first to the keyboard, and Enter in it refuses"""
    with Shop() as s:
        s.go()
        same(s.browser.script('''const all = [...document.querySelectorAll('a,button,input:not([type=hidden]),summary')];
            return document.querySelector('#cg-banner').contains(all[0])'''), True)
        same(s.browser.script('return document.querySelector("#cg-banner [type=submit]").value'), 'reject')


def test_axe():
    """axe-core finds nothing in banner, preferences, opt-out and placeholder"""
    source = axe()
    if not source:
        raise kit.Skip('npm cannot fetch axe-core')
    bad = []

    def look(b, name):
        if name.startswith(('banner', 'link')):
            for where in ('#cg-banner', '[data-cg-placeholder]', '#cg-settings'):
                if found(b, where):
                    bad.extend(name + ' ' + v for v in violations(b, source, where))
        else:
            bad.extend(name + ' ' + v for v in violations(b, source, None))
    each_page(look)
    same(bad, [])


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
