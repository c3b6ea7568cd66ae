"""Every way in which a page makes a browser call somebody: Chromium, through a real crumbgate, in front of an origin
whose pages hold one carrier each, pointed at names of trackers that lead to a counting server on loopback.

While the purpose is denied no carrier may reach the server, not even by a connection. Once it is granted each carrier
that a browser follows must: else the denied run would prove nothing. Each carrier is one case. Prints TAP.

    test_beacons.py [WORD...]      only carriers with a WORD in their names; VERBOSE=1 shows what came out of crumbgate
"""
import base64
import concurrent.futures
import contextlib
import gzip
import os
import socket
import ssl
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from beacon_cases import CASES, IDNA_HOSTS  # noqa: E402
from driver import Browser, kit  # noqa: E402
from kit import Origin, Proxy, reply  # noqa: E402

SHOP = 'shop.example.com'
TRACKER = 'tracker.example'
RULES = f'''
purpose preferences
purpose analytics
purpose advertising
cookie * is advertising
beacon ||{TRACKER}^ {' '.join('||%s^' % h for h in IDNA_HOSTS)} is advertising
beacon script containing "assembledFromPieces(" is advertising
'''
if os.environ.get('PLAIN_RULES'):  # to see what the browser does by itself
    RULES = '\n'.join(line for line in RULES.split('\n') if not line.startswith('beacon'))

GIF = bytes.fromhex('47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b')
BODIES = {
    'js': ('text/javascript', b'window.loaded = 1;\n'),
    'css': ('text/css', b'p{color:red}\n'),
    'html': ('text/html', b'<!doctype html><title>t</title>'),
    'vtt': ('text/vtt', b'WEBVTT\n'),
    'json': ('application/json', b'{}'),
    'svg': ('image/svg+xml', b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
}


class Trackers:
    """A TLS server for every name: what it was asked, and to which names connections were opened."""

    def __init__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(os.path.join(kit.certs(), 'other.example.pem'),
                                     os.path.join(kit.certs(), 'other.example.key'))
        self.context.sni_callback = lambda s, name, c: self.seen.add(f'{name or "-"} connect')
        self.seen = set()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        try:
            with self.context.wrap_socket(c, server_side=True) as s, s.makefile('rb') as stream:
                while self._answer(s, stream):
                    pass
        except (OSError, ValueError):
            pass

    def _answer(self, s, stream):
        line = stream.readline().decode('latin-1')
        if not line:
            return False
        host, length = '', 0
        for field in iter(stream.readline, b'\r\n'):
            if not field:
                return False
            name, _, value = field.decode('latin-1').partition(':')
            if name.lower() == 'host':
                host = value.strip()
            elif name.lower() == 'content-length':
                length = int(value)
        stream.read(length)
        target = line.split(' ')[1]
        self.seen.add(f'{host} {target}')
        kind, body = BODIES.get(target.rpartition('.')[2].split('?')[0], ('image/gif', GIF))
        s.sendall(reply(body, '200 OK', 'Content-Type: ' + kind, 'Access-Control-Allow-Origin: *',
                        'Access-Control-Allow-Headers: *', 'Cache-Control: no-store'))
        return True

    def hits(self, number):
        """What came for the carrier: a request for its path, or a connection to its name."""
        return sorted(h for h in self.seen
                      if h.startswith(f'c{number}.') or f'/c{number}.' in h or h.endswith(f'/c{number}'))

    def stop(self):
        self.listener.close()


def page_of(number, case):
    """(content type, more fields, octets of the page)"""
    host = f'c{number}.{TRACKER}'
    url = f'https://{host}/c{number}'
    image = base64.b64encode(f'<img src="{url}">'.encode()).decode()
    values = {'{u}': url, '{h}': host, '{p}': f'c{number}', '{base64 image}': image}
    sentinel = f'<img src="https://sentinel.example/end-c{number}">' if case.get('scripting') is False else ''
    text = case.get('page') or ('<!doctype html><html><head><meta charset=utf-8><title>t</title>%s</head><body>%s%s'
                                '</body></html>' % (case.get('head', ''), case.get('body', ''), sentinel))
    fields = case.get('fields', '')
    for name, value in values.items():
        text, fields = text.replace(name, value), fields.replace(name, value)
    data = text if isinstance(text, bytes) else text.encode(case.get('charset', 'utf-8'))
    more = [f for f in fields.split('\n') if f]
    if case.get('coding') == 'gzip':
        data = gzip.compress(data)
        more.append('Content-Encoding: gzip')
    return case.get('type', 'text/html; charset=utf-8'), more, data


def origin(r, c):
    path = r.target.split('?')[0]
    if path.startswith('/case/') and path[6:].isdigit():
        kind, more, data = page_of(int(path[6:]), CASES[int(path[6:])])
        c.sendall(reply(data, '200 OK', 'Content-Type: ' + kind, 'Cache-Control: no-store', *more))
    elif path == '/start':
        c.sendall(reply(b'<!doctype html><title>start</title>', '200 OK', 'Content-Type: text/html'))
    else:
        kind, body = BODIES.get(path.rpartition('.')[2], ('image/gif', GIF))
        c.sendall(reply(body, '200 OK', 'Content-Type: ' + kind))


class Visit:
    """A browser on the site, in one state of consent."""

    def __init__(self, proxy, trackers, *grants, scripting=True):
        self.proxy, self.trackers = proxy, trackers
        self.url = f'https://{SHOP}:{proxy.port}'
        rules = f'MAP {SHOP} 127.0.0.1,MAP * 127.0.0.1:{trackers.port}'
        self.browser = Browser('--host-resolver-rules=' + rules, '--ignore-certificate-errors',
                               '--autoplay-policy=no-user-gesture-required')
        self.scripting = scripting
        self.browser.call('POST', '/timeouts', {'pageLoad': 30000, 'script': 30000})
        if grants:
            self.browser.go(self.url + '/start')
            self.browser.script(f'document.cookie = "__Host-crumb-consent={proxy.token(*grants)}; Secure; Path=/"')
        if not scripting:
            self.browser.call('POST', '/goog/cdp/execute',
                              {'cmd': 'Emulation.setScriptExecutionDisabled', 'params': {'value': True}})

    def load(self, number, case):
        try:
            self.browser.go(f'{self.url}/case/{number}')
        except AssertionError as e:
            if 'timeout' not in str(e):
                raise
        if not self.scripting:
            end = f'sentinel.example /end-c{number}'
            kit.wait_for(lambda: end in self.trackers.seen or self.trackers.hits(number), 'the end of the page')
            return
        if case.get('act'):
            self.browser.script(case['act'])
        self.settle(number)

    def settle(self, number):
        """Until the page has had time to act, and a request that it makes then has arrived."""
        mark = f'/settled-{number}'
        try:
            self.browser.call('POST', '/execute/async', {'args': [], 'script': '''
                const done = arguments[arguments.length - 1];
                setTimeout(() => fetch("https://sentinel.example%s", {mode: "no-cors"}).then(done, done), 120);''' % mark})
        except AssertionError:
            return  # the page went elsewhere meanwhile
        self.trackers.seen.discard(f'sentinel.example {mark}')

    def close(self):
        self.browser.close()


def visit_all(proxy, todo, *grants):
    """{number: what came to the trackers}; in a browser and with trackers of its own."""
    trackers = Trackers()
    try:
        for scripting in (True, False):
            some = [(i, c) for i, c in todo if c.get('scripting', True) == scripting]
            visit = Visit(proxy, trackers, *grants, scripting=scripting) if some else None
            for number, case in some:
                visit.load(number, case)
                # What must come, and what is known to come though it should not, may take its time.
                if case.get('follows', True) if grants else 'todo' in case:
                    with contextlib.suppress(AssertionError):
                        kit.wait_for(lambda n=number: trackers.hits(n), 'a request to the tracker')
            if visit:
                visit.close()
        return {number: trackers.hits(number) for number, _ in todo}
    finally:
        trackers.stop()


def show(proxy, number):
    r = proxy.get(f'/case/{number}', 'Accept-Encoding: identity', host=SHOP)
    print(f'#   {r.status} ' + r.body.decode('utf-8', 'replace').replace('\n', '\n#   '))


def judge(case, denied, granted):
    if denied:
        return 'denied, and asked for: ' + ', '.join(denied)
    if case.get('follows', True) and not granted:
        return 'granted, and not asked for'
    return None


def report(proxy, cases, denied, granted):
    for i, (number, case) in enumerate(cases, 1):
        wrong = judge(case, denied[number], granted[number])
        todo = f' # TODO {case["todo"]}' if 'todo' in case else ''
        print(f'{"not " if wrong else ""}ok {i} - {case["name"]}{todo}')
        if wrong:
            print('# ' + wrong)
        if wrong or os.environ.get('VERBOSE'):
            show(proxy, number)


def main():
    words = sys.argv[1:]
    todo = [(i, c) for i, c in enumerate(CASES) if not words or any(w in c['name'] for w in words)]
    print(f'1..{len(todo)}', flush=True)
    try:
        with Origin(origin) as o, Proxy(o, rules=RULES, names=f'{SHOP} www.example.com') as proxy, \
                concurrent.futures.ThreadPoolExecutor(2) as both:
            denied = both.submit(visit_all, proxy, todo)
            granted = both.submit(visit_all, proxy, todo, 'all')
            report(proxy, todo, denied.result(), granted.result())
    except kit.Skip as e:
        for i, (_, case) in enumerate(todo, 1):
            print(f'ok {i} - {case["name"]} # SKIP {e}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
