"""The guard in Chromium: what scripts of a page may do while something is denied, and what consent sets free.

Pages come from a counting server; trackers' names are loopback too, so a request that gets past the guard is counted.
Each way out is tried on a page where nothing is granted (no hit) and on one where all is (a hit: the way exists).
"""
import gzip
import http.server
import json
import os
import random
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Browser, kit  # noqa: E402
from kit import same, true  # noqa: E402

BUILD = os.environ.get('builddir', '.')
SRC = os.environ.get('srcdir', '.')
ALL = 'preferences,analytics,advertising'
HOST = 'www.shop.localhost'
RULES = r'''
purpose preferences
purpose analytics
purpose advertising
opt-out cookie optout=1 denies analytics advertising
inject cookie vid={uuid} for 180d is analytics
cookie  sid                       is necessary
cookie  /^_GA(_|$)/i              is analytics
cookie  lang*                     is preferences
cookie  *_ad                      is advertising
beacon  ||free.tracker.test^      is necessary
beacon  ||tracker.test^           is analytics
beacon  ||ads.test^ ||ads.test:*/ is advertising
beacon  /pixel-[0-9]+\.gif/       is advertising
beacon  ||typed.test^$image       is analytics
beacon  /collect?                 is analytics
'''


def program(rules_text, *arguments, lines=()):
    """What guard_element says."""
    with kit.scratch() as folder:
        path = os.path.join(folder, 'site.rules')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(rules_text)
        r = subprocess.run([os.path.join(BUILD, 'tests/browser/guard_element'), path, *arguments],
                           input='\n'.join(lines), capture_output=True, text=True, check=False)
        true(r.returncode == 0, r.stderr)
        return r.stdout


def guard(rules_text, granted='', nonce=''):
    return program(rules_text, granted, nonce)


def judged(rules_text, url, lines):
    """True for each line that the proxy denies to who granted nothing."""
    return [int(n) & ~1 != 0 for n in program(rules_text, '--judge', url, lines=lines).split()]


class Site:
    """Answers everything, by what the browser says it is for, and remembers what it was asked."""

    def __init__(self):
        self.hits = []
        self.pages = {}
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self):
                name = self.headers['Host'].split(':')[0]
                self.rfile.read(int(self.headers.get('Content-Length') or 0))
                page = site.pages.get(self.path) if name == HOST else None
                kind, body = 'text/plain', b'ok'
                if page is not None:
                    kind, body = 'text/html; charset=utf-8', page[0]
                else:
                    site.hits.append((name, self.path))
                    if '.js' in self.path:
                        kind, body = 'text/javascript', f'(window.order = window.order || []).push("{self.path}")'.encode()
                    elif '.css' in self.path:
                        kind, body = 'text/css', b''
                    elif '.gif' in self.path:
                        kind, body = 'image/svg+xml', b'<svg xmlns="http://www.w3.org/2000/svg"/>'
                self.send_response(200)
                self.send_header('Content-Type', kind)
                self.send_header('Content-Length', str(len(body)))
                self.send_header('Access-Control-Allow-Origin', '*')
                self.send_header('Cache-Control', 'no-store')
                for line in page[1] if page else []:
                    self.send_header(*line.split(': ', 1))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_OPTIONS = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512  # of 5, a browser fills it, and what is dropped comes a second later

        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.handle_error = lambda *_: None  # a browser that hangs up
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path, html, *fields):
        self.pages[path] = (html.replace('PORT', str(self.port)).encode(), fields)
        return f'http://{HOST}:{self.port}{path}'

    def hit(self, what):
        return [h for h in self.hits if what in h[1] or what == h[0]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Both:
    """A browser and a site."""

    def __enter__(self):
        self.site = Site()
        self.browser = Browser()
        return self.site, self.browser

    def __exit__(self, *_):
        self.browser.close()
        self.site.close()


def page(granted='', body='', head='', rules=RULES):
    return (f'<!doctype html><html><head>{guard(rules, granted)}<title>t</title>'
            f'<script>window.errors = []; addEventListener("error", e => errors.push(e.message || "load"));</script>'
            f'{head}</head><body>{body}</body></html>')


# Ways to a URL U for a script of the page. `el`: an element that waits for consent, so that grant() makes it load.
WAYS = {
    'fetch': 'fetch(U, {mode: "no-cors"}).catch(() => {})',
    'fetch of a Request': 'fetch(new Request(U, {mode: "no-cors"})).catch(() => {})',
    'fetch of a URL': 'fetch(new URL(U), {mode: "no-cors"}).catch(() => {})',
    'XMLHttpRequest': 'x = new XMLHttpRequest; x.open("GET", U); x.send()',
    'XMLHttpRequest that waits': 'x = new XMLHttpRequest; x.open("GET", U, false); try { x.send() } catch (e) {}',
    'sendBeacon': 'navigator.sendBeacon(U, "x")',
    'EventSource': 'e = new EventSource(U); e.onerror = () => e.close()',
    'WebSocket': 'new WebSocket(U.replace("http", "ws"))',
    'new Image el': '(new Image).src = U + ".gif"',
    'img.srcset el': 'i = document.createElement("img"); i.srcset = U + ".gif 1x, " + U + ".gif 2x"',
    'img setAttribute el': 'i = document.createElement("img"); i.setAttribute("SRC", U + ".gif")',
    'img setAttributeNS el': 'i = document.createElement("img"); i.setAttributeNS(null, "src", U + ".gif")',
    'script.src el': 's = document.createElement("script"); s.src = U + ".js"; document.head.append(s)',
    'script in front el': 's = document.createElement("script"); s.async = true; s.src = U + ".js";'
                          'f = document.getElementsByTagName("script")[0]; f.parentNode.insertBefore(s, f)',
    'script setAttribute el': 's = document.createElement("script"); s.setAttribute("src", U + ".js");'
                              'document.head.append(s)',
    'iframe.src el': 'f = document.createElement("iframe"); f.src = U; document.body.append(f)',
    'iframe.srcdoc': 'f = document.createElement("iframe"); f.srcdoc = `<img src="${U}.gif">`; document.body.append(f)',
    'srcdoc attribute': 'f = document.createElement("iframe"); f.setAttribute("srcdoc", `<img src="${U}.gif">`);'
                        'document.body.append(f)',
    'style sheet el': 'l = document.createElement("link"); l.rel = "stylesheet"; l.href = U + ".css";'
                      'document.head.append(l)',
    'preload el': 'l = document.createElement("link"); l.rel = "preload"; l.as = "image"; l.href = U + ".gif";'
                  'document.head.append(l)',
    'preload of a set': 'l = document.createElement("link"); l.rel = "preload"; l.as = "image";'
                           'l.imageSrcset = U + ".gif 1x"; document.head.append(l)',
    'video.src el': 'v = document.createElement("video"); v.preload = "auto"; v.src = U; document.body.append(v)',
    'video.poster el': 'v = document.createElement("video"); v.poster = U + ".gif"; document.body.append(v)',
    'audio.src el': 'v = document.createElement("audio"); v.preload = "auto"; v.src = U',
    'source.src': 'v = document.createElement("video"); v.preload = "auto"; s = document.createElement("source");'
                  's.src = U; v.append(s); document.body.append(v)',
    'embed.src el': 'e = document.createElement("embed"); e.src = U + ".gif"; e.type = "image/svg+xml";'
                    'document.body.append(e)',
    'object.data el': 'o = document.createElement("object"); o.data = U + ".gif"; o.type = "image/svg+xml";'
                      'document.body.append(o)',
    'input.src el': 'i = document.createElement("input"); i.type = "image"; i.src = U + ".gif"; document.body.append(i)',
    'a.ping': 'a = document.createElement("a"); a.href = "#x"; a.ping = U; document.body.append(a); a.click()',
    'svg image el': 's = document.createElementNS("http://www.w3.org/2000/svg", "svg");'
                    'i = document.createElementNS("http://www.w3.org/2000/svg", "image");'
                    'i.setAttribute("href", U + ".gif"); s.append(i); document.body.append(s)',
    'svg image by xlink el': 's = document.createElementNS("http://www.w3.org/2000/svg", "svg");'
                             'i = document.createElementNS("http://www.w3.org/2000/svg", "image");'
                             'i.setAttributeNS("http://www.w3.org/1999/xlink", "xlink:href", U + ".gif");'
                             's.append(i); document.body.append(s)',
    'innerHTML el': 'd = document.createElement("div"); document.body.append(d);'
                    'd.innerHTML = `<p>a<img alt="x>y" src=\'${U}.gif\' width=1>b`',
    'innerHTML of a detached one': 'd = document.createElement("div"); d.innerHTML = `<IMG SRC=${U}.gif>`',
    'innerHTML with a frame el': 'd = document.createElement("div"); document.body.append(d);'
                                 'd.innerHTML = `<iframe src="${U}"></iframe>`',
    'innerHTML with srcdoc': 'd = document.createElement("div"); document.body.append(d);'
                             'd.innerHTML = `<iframe srcdoc="<img src=${U}.gif>"></iframe>`',
    'innerHTML of a template el': 't = document.createElement("template"); t.innerHTML = `<img src="${U}.gif">`;'
                                  'document.body.append(t.content.cloneNode(true))',
    'innerHTML of a shadow root': 'd = document.createElement("div"); document.body.append(d);'
                                  'd.attachShadow({mode: "open"}).innerHTML = `<img src="${U}.gif">`',
    'outerHTML el': 'd = document.createElement("div"); document.body.append(d); d.outerHTML = `<img src="${U}.gif">`',
    'insertAdjacentHTML el': 'document.body.insertAdjacentHTML("beforeend", `<img srcset="${U}.gif 2x">`)',
    'contextual fragment el': 'document.body.append(document.createRange().createContextualFragment('
                              '`<script src="${U}.js"></` + `script>`))',
    'DOMParser': 'document.body.append((new DOMParser).parseFromString(`<img src="${U}.gif">`, "text/html").body)',
    'capitals and blanks': 'i = new Image; i.src = " \\n" + U.toUpperCase().replace("HTTP", "ht\\ttp") + ".gif"',
    'backslashes': 'i = new Image; i.src = U.replace("//", "\\\\\\\\") + ".gif"',
    'the root\'s dot': 'i = new Image; i.src = U.replace(".test", ".test.") + ".gif"',
}


def slug(name):
    return re.sub(r'\W', '-', name.lower())


def try_all(b, site, host):
    """Tries each way to a URL of its own; the error, if one came out."""
    out = {}
    for name, js in WAYS.items():
        url = f'http://{host}:{site.port}/{slug(name)}'
        error = b.script(f'const U = {url!r}; try {{ (() => {{ var x, i, s, f, l, v, e, o, a, d, t; {js} }})(); return null }}'
                         f' catch (e) {{ return String(e) }}')
        if error:
            out[name] = error
    return out


def settle(b, site):
    """All that was started before has reached the server: an image and a request that started later have."""
    n = len(site.hits)
    b.script('''window.settled = 0;
        for (let i = 0; i < 8; i++) fetch("/barrier").then(() => fetch("/barrier")).then(() => settled++);
        let f = document.createElement("iframe"); f.onload = () => settled++; f.src = "/barrier.gif";
        (document.body || document.documentElement).append(f);''')
    kit.wait_for(lambda: b.script('return window.settled') == 9, 'the barrier')
    return site.hits[n:]


def missing(site):
    seen = {h[1].strip('/').split('.')[0].lower() for h in site.hits}
    return [n for n in WAYS if slug(n) not in seen]


def all_hit(site, ways=tuple(WAYS)):
    try:
        kit.wait_for(lambda: not set(ways) & set(missing(site)), 'hits')
    except AssertionError:
        same([w for w in ways if w in missing(site)], [], 'ways without a hit')


def tracked(site):
    return [h for h in site.hits if h[0].rstrip('.') in ('tracker.test', 'ads.test', 'a.tracker.test')]


def test_denied():
    """nothing leaves a page where it is denied, by any way that a script has, and nothing is thrown"""
    with Both() as (site, b):
        b.go(site.page('/', page()))
        same(try_all(b, site, 'a.tracker.test'), {})
        settle(b, site)
        same(tracked(site), [])
        same([e for e in b.script('return errors') if e != 'load'], [])


def test_granted():
    """every one of these ways leads out where it is granted"""
    with Both() as (site, b):
        b.go(site.page('/', page(ALL)))
        same(try_all(b, site, 'a.tracker.test'), {})
        all_hit(site)


def test_other_hosts():
    """every one of these ways leads to a host that no rule names, and to one that is necessary"""
    with Both() as (site, b):
        b.go(site.page('/', page()))
        same(try_all(b, site, 'free.tracker.test'), {})
        all_hit(site)


def test_grant():
    """elements that scripts made while it was denied load when consent comes, and only those that have all of it"""
    with Both() as (site, b):
        b.go(site.page('/', page()))
        same(try_all(b, site, 'tracker.test'), {})
        b.script('ad = new Image; ad.src = "http://ads.test:%d/pending.gif"' % site.port)
        settle(b, site)
        same(tracked(site), [])
        same(b.script('return crumbgate.granted()'), [])
        b.script('document.addEventListener("crumbgate:consent", e => window.told = e.detail.granted);'
                 'crumbgate.grant("analytics")')
        same(b.script('return [crumbgate.granted(), told]'), [['analytics'], ['analytics']])
        wanted = [n for n in WAYS if n.endswith(' el')]
        all_hit(site, wanted)
        settle(b, site)
        same(site.hit('pending'), [])
        b.script('crumbgate.grant(["preferences", "advertising"])')
        kit.wait_for(lambda: site.hit('pending'), 'the image that needed advertising')
        same(sorted(b.script('return crumbgate.granted()')), sorted(ALL.split(',')))
        b.script('fetch("http://tracker.test:%d/afterwards", {mode: "no-cors"})' % site.port)
        kit.wait_for(lambda: site.hit('afterwards'), 'a request after consent')


INERT = '''
<script type="text/plain" data-cg="analytics" data-cg-src="http://tracker.test:PORT/a.js"></script>
<script type="text/plain" data-cg="analytics">(window.order = window.order || []).push("b:" + !!document.currentScript)</script>
<script type="text/plain" data-cg="analytics" data-cg-type="module">order.push("m")</script>
<script type="text/plain" data-cg="analytics advertising">order.push("never")</script>
<script type="text/plain" data-cg="unheard-of">order.push("never")</script>
<script type="text/plain" data-cg="analytics" data-cg-async data-cg-src="http://tracker.test:PORT/c.js" id=c></script>
<script type="text/plain" data-cg="analytics" data-cg-src="http://tracker.test:PORT/d.js" defer></script>
<script type="text/plain" data-cg="analytics">order.push("e"); document.write("<i id=written>w</i>")</script>
<script type="text/plain" data-cg="analytics" data-cg-type="application/json" data-cg-src="http://tracker.test:PORT/data.json"></script>
<script type="text/plain" data-cg="analytics">order.push("f")</script>
<img data-cg="analytics" data-cg-src="http://tracker.test:PORT/pixel.gif" data-cg-onload="(window.order = window.order || []).push('img')" alt>
<svg><image data-cg="analytics" data-cg-xlink:href="http://tracker.test:PORT/svg.gif"/></svg>
<style type="text/plain" data-cg="analytics">#c1 { background: url(http://tracker.test:PORT/s1.gif) }</style>
<style type="text/plain" data-cg-type="text/css" data-cg="analytics">#c2 { background: url(http://tracker.test:PORT/s2.gif) }</style>
<i id=c1>1</i><i id=c2>2</i><i id=styled style="color: red" data-cg="analytics" data-cg-style="color: red; background: url(http://tracker.test:PORT/s3.gif)">s</i>
<div data-cg-placeholder><p>Not yet</p></div><iframe id=frame hidden data-cg-hidden data-cg="analytics" data-cg-src="http://tracker.test:PORT/framed"></iframe>
<iframe data-cg="analytics" data-cg-srcdoc="<img src='http://free.tracker.test:PORT/doc.gif'>"></iframe>
<img data-cg="advertising" data-cg-src="http://ads.test:PORT/ad.gif" alt>
<p id=last>last</p>
'''


def test_inert():
    """what the proxy made inert comes to life in its order: scripts wait for those in front of them"""
    with Both() as (site, b):
        b.go(site.page('/', page(body=INERT)))
        settle(b, site)
        same(tracked(site), [])
        b.script('crumbgate.grant("analytics")')
        kit.wait_for(lambda: 'f' in (b.script('return window.order') or []), 'the last script')
        for path in ('/pixel.gif', '/svg.gif', '/doc.gif', '/c.js', '/s1.gif', '/s2.gif', '/s3.gif', '/framed'):
            kit.wait_for(lambda p=path: site.hit(p), path)
        same(b.script('return [frame.hidden, document.querySelector("[data-cg-placeholder]")]'), [False, None])
        kit.wait_for(lambda: 'img' in b.script('return order') and 'm' in b.script('return order'), 'the elements')
        order = [x for x in b.script('return order') if x not in ('m', 'img', '/c.js')]
        same(order, ['/a.js', 'b:true', '/d.js', 'e', 'f'])
        same(b.script('return [...document.querySelectorAll("[data-cg]")].map(e => e.getAttribute("data-cg"))'),
             ['analytics advertising', 'unheard-of', 'advertising'])
        same(b.script('return [!!document.querySelector("#last"), document.querySelector("#written").textContent]'),
             [True, 'w'])
        same(site.hit('ads.test'), [])


def test_grant_while_loading():
    """consent while the page is still read holds for what comes behind"""
    with Both() as (site, b):
        b.go(site.page('/', page(head='<script>crumbgate.grant("analytics")</script>', body=INERT)))
        kit.wait_for(lambda: 'f' in (b.script('return window.order') or []), 'the last script')


def test_document_write():
    """document.write while the page is read holds no way out, and writes what it should"""
    written = ('<script>document.write("<b id=w>w</b><img src=\'http://tracker.test:PORT/w1.gif\'>", '
               '"<scr" + "ipt src=http://tracker.test:PORT/w2.js></scr" + "ipt>");'
               'document.writeln("<script>window.ran = \\"<img src=\'http://tracker.test:PORT/x\'>\\";</scr" + "ipt>")</script>')
    with Both() as (site, b):
        b.go(site.page('/', page(body=written)))
        settle(b, site)
        same(tracked(site), [])
        same(b.script('return [document.querySelector("#w").textContent, ran]'),
             ['w', f"<img src='http://tracker.test:{site.port}/x'>"])
        b.script('crumbgate.grant("analytics")')
        kit.wait_for(lambda: site.hit('/w1') and site.hit('/w2'), 'what was written')


def names(b):
    return sorted(b.cookies())


def test_cookies():
    """cookies of denied purposes are not set by scripts; others, deletions and reading are as ever"""
    every = ['sid', '_ga', '_ga_X1', 'lang', 'language', 'my_ad', 'other', 'optout', 'vid']
    js = ' '.join(f'document.cookie = "{n}=1; path=/";' for n in every)
    with Both() as (site, b):
        b.go(site.page('/', page(), 'Set-Cookie: _ga=old; Path=/', 'Set-Cookie: lang=old; Path=/'))
        b.script(js + 'document.cookie = " \\t_gat = 2"; document.cookie = "plain"; document.cookie = "_ga\\t=3";'
                      'document.cookie = "crumb-consent=x; path=/"')
        same(names(b), ['_ga', 'crumb-consent', 'lang', 'optout', 'sid'])
        same(sorted(b.script('return document.cookie').split('; ')),
             ['_ga=old', 'crumb-consent=x', 'lang=old', 'optout=1', 'sid=1'])
        b.script('document.cookie = "_ga=; path=/; max-age=1000; max-age=0";'
                 'document.cookie = "lang=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT"')
        same(names(b), ['crumb-consent', 'optout', 'sid'])
        b.script('document.cookie = "_ga=; path=/; max-age=0; max-age=1000; expires=Thu, 01 Jan 1970 00:00:00 GMT"')
        same(names(b), ['crumb-consent', 'optout', 'sid'])
        b.script('crumbgate.grant("analytics"); ' + js)
        same(names(b), ['_ga', '_ga_X1', 'crumb-consent', 'optout', 'sid', 'vid'])
        b.script('crumbgate.grant("advertising", "preferences"); ' + js + 'document.cookie = "plain"')
        same(names(b), sorted(['', 'crumb-consent'] + every))


def test_cookie_store():
    """the same through cookieStore"""
    with Both() as (site, b):
        b.go(site.page('/', page(), 'Set-Cookie: _ga=old; Path=/'))
        b.script('''(async () => {
            await cookieStore.set("_ga_1", "1"); await cookieStore.set({name: "lang", value: "1"});
            await cookieStore.set({name: "sid", value: "1", expires: Date.now() + 1e7});
            await cookieStore.set({name: "my_ad", value: "1", expires: null});
            await cookieStore.set({name: "_ga", value: "", expires: 1});
            window.done = 1 })()''')
        kit.wait_for(lambda: b.script('return window.done'), 'cookieStore')
        same(names(b), ['sid'])


def test_failures():
    """a denied request fails as on a broken network, and a beacon is taken"""
    with Both() as (site, b):
        b.go(site.page('/', page()))
        b.script('''const U = "http://tracker.test:%d/x"; window.got = [];
            fetch(U).catch(e => got.push("fetch " + (e instanceof TypeError)));
            const x = new XMLHttpRequest;
            x.onreadystatechange = () => { if (x.readyState == 4) got.push("done " + x.status) };
            x.onerror = () => got.push("error"); x.onloadend = () => got.push("end");
            x.open("GET", U); x.setRequestHeader("X-A", "b"); x.send();
            got.push("beacon " + navigator.sendBeacon(U));
            const w = new WebSocket(U.replace("http", "ws")); w.onclose = () => got.push("closed");
            const e = new EventSource(U); e.onerror = () => got.push("source " + e.readyState);
            got.push("kinds " + (w instanceof WebSocket && e instanceof EventSource && WebSocket.OPEN == 1));
            const i = new Image; i.src = U; got.push("src " + i.getAttribute("src"));
            const s = document.createElement("script"); s.onerror = () => got.push("script"); s.src = U;
            document.head.append(s);
            window.x = x;''' % site.port)
        kit.wait_for(lambda: len(b.script('return got')) == 10, 'all outcomes')
        same(sorted(b.script('return got')), sorted(
            ['fetch true', 'done 0', 'error', 'end', 'beacon true', 'closed', 'source 2', 'kinds true', 'src null', 'script']))
        b.script('x.open("GET", "/fine"); x.onload = () => window.fine = [x.readyState, x.status, x.responseText]; x.send()')
        same(kit.wait_for(lambda: b.script('return window.fine'), 'the same XMLHttpRequest again'), [4, 200, 'ok'])


def test_patterns():
    """the syntax of filter lists means the same as in the proxy: types, regular expressions, paths, order"""
    with Both() as (site, b):
        b.go(site.page('/', page()))
        b.script('''window.got = {};
            const to = (n, u) => fetch(u.replace("PORT", %d), {mode: "no-cors"}).then(() => got[n] = 1, () => got[n] = 0);
            to("regex", "http://o.test:PORT/pixel-12.gif"); to("no regex", "http://o.test:PORT/pixel-a.gif");
            to("path", "/collect?x=1"); to("no path", "/collect"); to("type", "http://typed.test:PORT/t");
            to("label", "http://nottracker.test:PORT/"); to("query", "http://o.test:PORT/?u=http://tracker.test/");
            to("port", "http://ads.test:PORT/"); to("case", "/COLLECT?");
            const i = new Image; i.src = "http://typed.test:PORT/i.gif".replace("PORT", %d);
            got.image = i.hasAttribute("src") ? 1 : 0;''' % (site.port, site.port))
        kit.wait_for(lambda: len(b.script('return got')) == 10, 'all answers')
        same(b.script('return got'), {'regex': 0, 'no regex': 1, 'path': 0, 'no path': 1, 'type': 1, 'label': 1,
                                      'query': 1, 'port': 0, 'case': 0, 'image': 0})


def random_pattern(r):
    host = r.choice(['t.test', 'a.t.test', 'u.test', 'shop.localhost', 'www.shop.localhost', 't.te', 'T.TEST'])
    path = r.choice(['', '^', '/', '/p', '/p^', '^p*q', '/*.gif', '^*x=', '/p/q|', '/A', '*/p', '?x=1', '^^', ':*/p'])
    text = r.choice(['||', '||', '||', '|http://', '|https://', '', '*.', '||*']) + host + path
    if not re.search('^[|]|[/^]', text):
        text = '||' + text
    if r.random() < .15:
        text = r.choice(['/p/q', '/p?', '/q^', '/*/q|', '/a.gif|', '/p*q^', '/%41', '/P$match-case', '/x$image'])
    elif r.random() < .2:
        text += r.choice(['$image', '$script,xhr', '$~image', '$match-case', '$third-party', '$1p', '$image,match-case'])
    if r.random() < .1:
        text = r.choice(['/p[0-9]+/', '/T\\.test\\/p/i', '/(?i)U\\.TEST/', '/^https?:..t\\.test\\/$/', '/q$/', '/\\?x=\\d/'])
    return text


def random_url(r):
    scheme = r.choice(['http://', 'http://', 'https://', '//', 'HTTP://', 'ws://', 'http:\\\\'])
    host = r.choice(['t.test', 'a.t.test', 'xt.test', 't.test.', 'u.test', 'T.Test', 't.test:81', 't.test:80', 't.testx',
                     'www.shop.localhost', 'shop.localhost', 'b.a.t.test', '127.0.0.1', 'me@t.test', 't.te%73t'])
    path = r.choice(['', '/', '/p', '/p/q', '/p?q', '/pp/q', '/A', '/a.gif', '/a.gif?x=1', '/?x=1', '?x=1', '/p1', '/%41',
                     '/p/../q', '/p;q', '/p_q', '/P', '/p/q#x', '/?', '/\u00e9', '/p q', '/http://t.test/'])
    return (path or '/') if r.random() < .2 else scheme + host + path


def test_oracle():
    """random patterns decide over random URLs as in the proxy, and random names over cookies"""
    r = random.Random(7)
    kinds = {2: 'i = new Image; i.src = u; return i.hasAttribute("src")',
             1: 's = document.createElement("script"); s.src = u; return s.hasAttribute("src")',
             16: 's = document.createElement("iframe"); s.src = u; return s.hasAttribute("src")'}
    letters = ['_', 'a', 'A', 'b', '.', '-', '^', '$', '+']
    with Both() as (site, b):
        for turn in range(25):
            rules = ''.join(f'purpose {p}\n' for p in ALL.split(','))
            for _ in range(r.randrange(2, 12)):
                rules += f'beacon {random_pattern(r)} is {r.choice(["necessary"] + ALL.split(","))}\n'
                name = ''.join(r.choice(letters + ['*', '*']) for _ in range(r.randrange(1, 6)))
                rules += f'cookie "{name}" is {r.choice(["necessary"] + ALL.split(","))}\n'
            url = site.page('/', page(rules=rules))
            b.go(url)
            for kind, js in kinds.items():
                urls = [random_url(r) for _ in range(60)]
                want = judged(rules, url, [f'{kind} {u}' for u in urls])
                got = b.script(f'var i, s; return {json.dumps(urls)}.map(u => {{ {js} }})')
                wrong = [u for u, w, g in zip(urls, want, got) if w == g]
                same(wrong, [], f'turn {turn}, kind {kind}, page {url}, {rules}')
            cookies = [''.join(r.choice(letters) for _ in range(r.randrange(1, 6))) for _ in range(60)]
            want = judged(rules, url, [f'cookie {c}' for c in cookies])
            got = b.script(f"""return {json.dumps(cookies)}.map(c => {{
                document.cookie = c + "=1"; const y = ("; " + document.cookie).includes("; " + c + "=1");
                document.cookie = c + "=; max-age=0"; return y }})""")
            same([c for c, w, g in zip(cookies, want, got) if w == g], [], f'turn {turn}: {rules}')


def test_looks():
    """pages that look closely find natives, and markup that holds nothing denied arrives as it was"""
    with Both() as (site, b):
        b.go(site.page('/', page()))
        got = b.script(r'''
            const d = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
            const i = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
            const div = document.createElement("div");
            const html = "<p CLASS=x>1 < 2 <!-- <img src=http://tracker.test/> --> &amp; <a href=http://tracker.test/>t</a>";
            div.innerHTML = html;
            const area = document.createElement("textarea");
            area.innerHTML = "<img src=http://tracker.test/>";
            const row = document.createElement("tr");
            row.innerHTML = "<td><img src=http://tracker.test/ width=1>";
            const list = [];
            try { fetch() } catch (e) {} // a promise that rejects
            try { document.createElement("img").setAttribute("src") } catch (e) { list.push(e.name) }
            try { new XMLHttpRequest().send() } catch (e) { list.push(e.name) }
            try { new WebSocket() } catch (e) { list.push(e.name) }
            return [d.enumerable && d.configurable && i.enumerable && i.configurable, /\[native code\]/.test(fetch),
                new Image instanceof HTMLImageElement, fetch.name + fetch.length, XMLHttpRequest.prototype.open.name,
                div.innerHTML, area.value, row.innerHTML, list,
                document.querySelector("script[data-cg-guard]") === null, typeof crumbgate.grant]''')
        same(got, [True, True, True, 'fetch1', 'open',
                   '<p class="x">1 &lt; 2 <!-- <img src=http://tracker.test/> --> &amp; '
                   '<a href="http://tracker.test/">t</a></p>',
                   '<img src=http://tracker.test/>',
                   '<td><img width="1" data-cg-src="http://tracker.test/" data-cg="analytics"></td>',
                   ['TypeError', 'InvalidStateError', 'TypeError'], True, 'function'])


def test_no_body():
    """a document without a body, and a page with Trusted Types, do no harm"""
    with Both() as (site, b):
        b.go(site.page('/', guard(RULES) + '<script>document.documentElement.remove()</script>'))
        b.go(site.page('/t', page(), "Content-Security-Policy: require-trusted-types-for 'script'"))
        b.script('''const p = trustedTypes.createPolicy("p", {createHTML: s => s, createScriptURL: s => s});
            document.body.innerHTML = p.createHTML("<b>bold</b>");
            const s = document.createElement("script"); window.s = s;
            s.src = p.createScriptURL("http://tracker.test:%d/tt.js"); document.head.append(s)''' % site.port)
        same(b.script('return document.body.innerHTML'), '<b>bold</b>')
        settle(b, site)
        same(tracked(site), [])
        b.script('crumbgate.grant("analytics")')
        kit.wait_for(lambda: site.hit('/tt.js'), 'the script')


def test_policy():
    """the guard runs under a policy that knows its nonce, and hands nonces on to the scripts it sets free"""
    body = ('<script nonce=abc type="text/plain" data-cg="analytics">window.inline = 1</script>'
            '<script nonce=abc type="text/plain" data-cg="analytics" data-cg-src="http://tracker.test:PORT/n.js"></script>')
    with Both() as (site, b):
        html = f'<!doctype html><html><head>{guard(RULES, "", "abc")}</head><body>{body}</body></html>'
        b.go(site.page('/', html, "Content-Security-Policy: script-src 'nonce-abc'"))
        b.script('crumbgate.grant("analytics")')
        kit.wait_for(lambda: site.hit('/n.js') and b.script('return window.inline'), 'both scripts')


SHOP_RULES = '''
purpose preferences "Remember your settings"
purpose analytics   "Count visits"
purpose advertising "Advertising"
cookie  sid                     is necessary
cookie  *                       is analytics
beacon  /t/count*               is analytics
beacon  script containing "ad(" is advertising
beacon  iframe[src*="/t/film"]  is preferences replaced by placeholder
'''
SHOP = b'''<!doctype html><html><head><title>shop</title>
<script>window.order = []; document.cookie = "late=1; path=/";
(new Image).src = "/t/count.gif?new"; fetch("/t/count?fetch").catch(() => order.push("failed"));</script>
<script src="/t/count.js"></script><script>window.ad = () => order.push("ad"); ad()</script></head>
<body><img src="/t/count.gif?tag" onload="order.push('img')"><iframe src="/t/film"></iframe><p>shop</p></body></html>'''


def shop(r, c):
    kinds = {'/': 'text/html; charset=utf-8', '/t/count.js': 'text/javascript', '/t/film': 'text/html'}
    bodies = {'/': SHOP, '/t/count.js': b'order.push("count.js")', '/t/film': b'<p>film</p>'}
    path = r.target.split('?')[0]
    kind = kinds.get(path, 'image/svg+xml')
    fields = ["Content-Security-Policy: script-src 'self' 'unsafe-inline'"] if path == '/' else []
    c.sendall(kit.reply(bodies.get(path, b'<svg xmlns="http://www.w3.org/2000/svg"/>'), '200 OK', 'Content-Type: ' + kind,
                        'Cache-Control: no-store', *fields))


def test_through_crumbgate():
    """a page through crumbgate calls nothing denied, comes to life without a reload, and is whole with consent"""
    origin = kit.Origin(shop)
    proxy = kit.Proxy(origin, SHOP_RULES, names='shop.example.com')
    url = f'https://shop.example.com:{proxy.port}/'

    def tracked_by_origin():
        return sorted(r.target for r in origin.requests if r.target.startswith('/t/'))

    try:
        with Browser() as b:
            b.go(url)
            kit.wait_for(lambda: b.script('return window.order') == ['failed'], 'the failure')
            b.script('fetch("/barrier").then(() => fetch("/barrier")).then(() => window.settled = 1)')
            kit.wait_for(lambda: b.script('return window.settled'), 'the barrier')
            same([tracked_by_origin(), names(b)], [[], []])
            same(b.script('return !!document.querySelector("[data-cg-placeholder]")'), True)
            b.script('crumbgate.grant("analytics")')
            kit.wait_for(lambda: {'count.js', 'img'} <= set(b.script('return order')), 'what analytics sets free')
            same([t for t in tracked_by_origin() if 'film' in t], [])
            b.script('crumbgate.grant("advertising", "preferences")')
            kit.wait_for(lambda: 'ad' in b.script('return order') and '/t/film' in tracked_by_origin(), 'the rest')
            same(b.script('return !!document.querySelector("[data-cg-placeholder]")'), False)
            del origin.requests[:]
            token = proxy.token(*ALL.split(','))
            b.script(f'document.cookie = "__Host-crumb-consent={token}; Secure; Path=/; Max-Age=1000"')
            b.go(url)
            kit.wait_for(lambda: len(tracked_by_origin()) == 5, 'all of it')
            same(names(b), ['__Host-crumb-consent', 'late'])
            same(b.script('return [typeof crumbgate, document.documentElement.outerHTML.includes("data-cg")]'),
                 ['undefined', False])
    finally:
        proxy.stop()
        origin.stop()


BEACONS = '\n'.join(f'beacon ||{h}^ is {p}' for h, p in [
    ('google-analytics.com', 'analytics'), ('googletagmanager.com', 'analytics'), ('doubleclick.net', 'advertising'),
    ('connect.facebook.net', 'advertising'), ('facebook.com/tr', 'advertising'), ('hotjar.com', 'analytics'),
    ('clarity.ms', 'analytics'), ('bat.bing.com', 'advertising'), ('snap.licdn.com', 'advertising'),
    ('px.ads.linkedin.com', 'advertising'), ('analytics.tiktok.com', 'advertising'), ('mc.yandex.ru', 'analytics'),
    ('vk.com/rtrg', 'advertising'), ('js.hs-scripts.com', 'advertising'), ('youtube.com/embed', 'preferences')])


def test_size():
    """the script is below 4 KB compressed, with a site's rules too"""
    def octets(rules):
        text = re.sub('^<script[^>]*>|</script>$', '', guard(rules))
        true(text.isascii(), 'not ASCII')
        return len(gzip.compress(text.encode(), 6)), len(text)

    with open(os.path.join(SRC, 'tests/rules/marketing.rules'), encoding='utf-8') as f:
        marketing = f.read()
    purposes = 'purpose preferences\npurpose analytics\npurpose advertising\n'
    found = {'no rules': octets(purposes), 'a marketing site': octets(marketing + BEACONS),
             'all vendors': octets('include vendors/all.rules\n' + purposes)}
    for name, (small, whole) in found.items():
        print(f'# {name}: {small} octets compressed, {whole} in all', flush=True)
    true(found['no rules'][0] < 4000, 'the script alone')
    true(found['a marketing site'][0] < 4096, 'a site')


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
