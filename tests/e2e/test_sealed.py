"""Sealed cookies over real sockets: a sign-in that the device cannot read, alter or move."""
import json
import os
import re
import signal
import subprocess
import sys

import kit
from kit import CRUMBGATE, Origin, Proxy, reply, same, true

RULES = '''policy 1 {
    undecided denies
}
cookie sid is necessary sealed secure httponly
cookie *   is necessary
'''
ATTRIBUTES = '; Path=/; SameSite=Lax; Max-Age=600'


def site(r, c):
    """Signs in whoever asks for it, and says who is signed in."""
    fields = []
    if r.target.startswith('/in/'):
        fields = [f'Set-Cookie: sid={r.target[4:]}{ATTRIBUTES}']
    elif r.target == '/out':
        fields = ['Set-Cookie: sid=gone; Path=/; Max-Age=0']
    c.sendall(reply((r.get('cookie') or '').encode(), '200 OK', *fields))


def sign_in(p, who='alice-4711', host='localhost'):
    r = p.get(f'/in/{who}', host=host, server_name=host)
    cookies = r.all('set-cookie')
    same(len(cookies), 1, str(cookies))
    return cookies[0]


def seen(p, *cookies, host='localhost'):
    return p.get('/', 'Cookie: ' + '; '.join(cookies), host=host, server_name=host).body.decode()


def reload(p):
    before = p.workers()
    p.process.send_signal(signal.SIGHUP)
    kit.wait_for(lambda: p.workers() and not set(p.workers()) & set(before), 'new workers')


def rotate(p):
    subprocess.run([CRUMBGATE, 'certs', 'keys', p.keys, '--rotate'], check=True, stdout=subprocess.DEVNULL)


def test_sign_in():
    """the origin sets and gets its session; on the device it is unreadable, and signing out works"""
    with Origin(site) as o, Proxy(o, RULES) as p:
        cookie = sign_in(p)
        m = re.fullmatch(r'(sid=1\.[A-Za-z0-9_-]+)' + ATTRIBUTES + '; Secure; HttpOnly', cookie)
        true(m, cookie)
        true('alice' not in cookie and '4711' not in cookie, cookie)
        same(seen(p, 'a=1', m[1], 'b=2'), 'a=1; sid=alice-4711; b=2')
        true(sign_in(p).split(';')[0] != m[1], 'two sealed cookies are alike')
        same(p.get('/out').all('set-cookie'), ['sid=; Path=/; Max-Age=0; Secure; HttpOnly'])


def test_not_sealed_here():
    """what was altered, made up, copied from another site or another name is dropped and counted"""
    with Origin(site) as o:
        more = f'''site other.example {{
    certificate {kit.certs()}/other.example.pem key {kit.certs()}/other.example.key
    upstream http://127.0.0.1:{o.port}
    rules site.rules
}}'''
        with Proxy(o, RULES, more=more) as p, Proxy(o, RULES) as stranger:
            good = sign_in(p).split(';')[0]
            middle = len(good) // 2
            altered = good[:middle] + ('A' if good[middle] != 'A' else 'B') + good[middle + 1:]
            foreign = sign_in(p, host='other.example').split(';')[0]
            unknown = sign_in(stranger).split(';')[0]
            same(seen(p, foreign, host='other.example'), 'sid=alice-4711')
            for bad, why in ((altered, 'altered'), ('sid=alice-4711', 'foreign'), ('sid=', 'foreign'),
                             (foreign, 'other-site'), (unknown, 'unknown-key')):
                same(seen(p, bad, 'a=1'), 'a=1', why)
                same(seen(p, bad, good), 'sid=alice-4711', why)
            same(seen(p, good, good), 'sid=alice-4711')
            kit.wait_for(lambda: len(p.log_lines()) >= 14, 'the log')
            counted = {}
            for line in p.log_lines():
                for why, n in line.get('unsealed', {}).items():
                    counted[why] = counted.get(why, 0) + n
            same(counted, {'altered': 2, 'foreign': 4, 'other-site': 2, 'unknown-key': 2, 'copy': 1})
            true('alice' not in json.dumps(p.log_lines()).replace('/in/alice-4711', ''), 'a value is in the log')


def test_reload_and_rotation():
    """a session survives reloads, a restart and the rotation of keys, and ends when its key is gone"""
    with Origin(site) as o, Proxy(o, RULES) as p:
        old = sign_in(p).split(';')[0]
        reload(p)
        same(seen(p, old), 'sid=alice-4711')
        rotate(p)
        reload(p)
        same(seen(p, old), 'sid=alice-4711', 'after a rotation')
        new = sign_in(p, 'bob').split(';')[0]
        same(seen(p, new), 'sid=bob')
        for _ in range(3):
            rotate(p)
        reload(p)
        same(seen(p, old), '', 'its key is gone')
        same(seen(p, new), 'sid=bob')


def test_observe():
    """in observe mode nothing is sealed, but what was sealed before is opened"""
    with Origin(site) as o, Proxy(o, RULES) as p:
        good = sign_in(p).split(';')[0]
        p.write_rules(RULES + 'mode observe\n')
        reload(p)
        same(seen(p, good), 'sid=alice-4711')
        same(seen(p, 'sid=plain'), 'sid=plain')
        same(sign_in(p), 'sid=alice-4711' + ATTRIBUTES)
        kit.wait_for(lambda: len(p.log_lines()) == 4, 'the log')
        would = [[w['verdict'] for w in line.get('would', [])] for line in p.log_lines()]
        same(would, [[], [], ['drop'], ['seal']])


def test_through():
    """cases with sealed cookies can be played through a running crumbgate"""
    case = '''test "a session"
visitor sealed sid=4711; a=1
request GET https://localhost/
origin 200
  Set-Cookie: sid=4712; Path=/
expect origin-sees
  Cookie: sid=4711; a=1
expect visitor-sees
  sealed sid=4712

test "not this one"
visitor sealed {state} sid=4711
request GET https://localhost/
expect origin-sees
  no Cookie
table
  state
  altered
  other-site
  too-old
  unknown-key
'''
    port = kit.free_port()
    with Proxy(f'http://127.0.0.1:{port}', RULES) as p:
        path = os.path.join(p.dir, 'sealed.test')
        with open(path, 'w') as f:
            f.write(case)
        r = subprocess.run([CRUMBGATE, 'test', '-c', p.conf, '--ca', kit.certs() + '/ca.pem', '--through', f'127.0.0.1:{p.port}', '--origin',
                            f'127.0.0.1:{port}', path], capture_output=True, text=True, timeout=kit.DEADLINE)
        same(r.returncode, 0, r.stdout + r.stderr)
        true('5 ok' in r.stdout, r.stdout)


def test_no_key():
    """rules that seal without keys are an error that tells what to do"""
    with Origin(site) as o, Proxy(o, RULES, start=False) as p:
        with open(p.conf) as f:
            text = f.read()
        with open(p.conf, 'w') as f:
            f.write(text.replace('consent-keys consent.keys\n', ''))
        for command in ('check', 'run'):
            r = subprocess.run([CRUMBGATE, command, '-c', p.conf], capture_output=True, text=True, timeout=kit.DEADLINE)
            true(r.returncode != 0, command)
            true('cookies are sealed, but there is no key' in r.stderr + r.stdout, r.stderr + r.stdout)
            true('site.rules:4' in r.stderr + r.stdout, r.stderr + r.stdout)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
