#!/usr/bin/env python3
"""crumbgate rewrite, and explain for beacons, as people use them. Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

CRUMBGATE = os.environ['CRUMBGATE']
RULES = '''purpose analytics   "Count visits"
purpose advertising "Advertising"

pages {
    guard off
}

list   list.txt                           is analytics
beacon ||good.tracker.example^            is necessary
beacon ||tracker.example^                 is analytics
beacon img[width="1"]                     is advertising removed
beacon iframe                             is advertising replaced by "<hr>"
inject html at head-end                   is analytics <<HTML
<script src="/stats.js"></script>
HTML
'''
CONF = '''listen *:8080
site shop.example {
    upstream http://127.0.0.1:9
    rules    r.rules
}
'''
PAGE = '''<!doctype html>
<html><head>
<title>Straße</title>
</head>
<body><p>Grüße <script src="https://tracker.example/t.js"></script>
<img width="1" src="/p.gif"> und <b>mehr</b>
<iframe src="/map"><p>x</p></iframe>
</body></html>
'''


def run(*args, stdin=b'', env=None):
    if isinstance(stdin, str):
        stdin = stdin.encode()
    r = subprocess.run([CRUMBGATE, *args], input=stdin, capture_output=True, timeout=60,
                       env=dict(os.environ, **env) if env else None)
    return r.returncode, r.stdout.decode('utf-8', 'surrogateescape'), r.stderr.decode()


def rewrite(*args, **kw):
    return run('rewrite', '-r', 'r.rules', *args, **kw)


def write(name, text):
    with open(name, 'w', encoding='utf-8') as f:
        f.write(text)


def same(a, b):
    assert a == b, f'{a!r} is not {b!r}'


def holds(text, *parts):
    for part in parts:
        assert part in text, f'{part!r} is not in {text!r}'


def page_for_who_denies():
    status, out, err = rewrite('page.html')
    same((status, err), (0, ''))
    holds(out, '<title>Straße</title>\n</head>', 'data-cg-src="https://tracker.example/t.js"', 'type="text/plain"',
          '</script>\n und <b>mehr</b>\n<hr>\n</body></html>\n')
    assert 'stats.js' not in out and '/p.gif' not in out and 'iframe' not in out, out


def page_for_who_agrees():
    status, out, err = rewrite('--consent', 'all', 'page.html')
    same((status, err), (0, ''))
    same(out, PAGE.replace('</head>', '<script src="/stats.js"></script>\n</head>'))
    same(rewrite('--consent', 'advertising,analytics', 'page.html')[1], out)
    out = rewrite('--consent', 'analytics', 'page.html')[1]
    holds(out, 'stats.js', '<script src="https://tracker.example/t.js"></script>\n und')


def standard_input():
    same(rewrite('-', stdin=PAGE)[1], rewrite('page.html')[1])


def octets_stay():
    """Of any encoding, and what is no HTML at all."""
    for page in (b'\xff\xfe\0\x80<p>\r\n\0</p>', b'', b'<', bytes(range(256)) * 300):
        if page[:2] == b'\xff\xfe':
            page = page[2:]
        status, out, _ = rewrite('--consent', 'advertising', '-', stdin=page)
        same((status, out.encode('utf-8', 'surrogateescape')), (0, page))


def large():
    """Longer than what is read at once; it streams."""
    page = '<p>' + 'x' * 70000 + '<script src="https://tracker.example/t.js"></script>' * 3000
    status, out, _ = rewrite('-', stdin=page)
    same((status, out.count('data-cg-src'), out.count(' src=')), (0, 3000, 0))


def diff():
    status, out, err = rewrite('--diff', 'page.html')
    same((status, err), (0, ''))
    holds(out,
          'page.html:5:16: beacon https://tracker.example/t.js\n'
          '    made inert by r.rules:10: beacon ||tracker.example^ is analytics\n'
          '    <script{+', '{+data-cg-+}src="https://tracker.example/t.js">\n\n',
          'page.html:6:1: beacon https://www.example.com/p.gif\n'
          '    dropped by r.rules:11: beacon img[width="1"] is advertising removed\n'
          '    [-<img width="1" src="/p.gif">-]\n\n',
          'page.html:7:1: beacon https://www.example.com/map\n'
          '    replaced by r.rules:12: beacon iframe is advertising replaced by "<hr>"\n'
          '    [-<iframe src="/map">-]{+<hr>+}[-<p>x</p></iframe>-]\n\n'
          '3 changes; granted: none\n')
    assert '\033' not in out, out


def diff_of_injected():
    out = rewrite('--diff', '--consent', 'all', 'page.html')[1]
    same(out, 'page.html:4:1: HTML head-end\n'
              '    injected by r.rules:13: inject html at head-end is analytics <<HTML\n'
              '    {+<script src="/stats.js"></script>\\n+}\n\n'
              '1 change; granted: analytics advertising\n')


def diff_of_nothing():
    same(rewrite('--diff', '-', stdin='<p>x'), (0, 'nothing changes; granted: none\n', ''))
    same(rewrite('--json', '-', stdin='<p>x'), (0, '', ''))
    same(rewrite('--diff', '-'), (0, 'nothing changes; granted: none\n', ''))


def diff_of_what_is_long():
    out = rewrite('--diff', '-', stdin='<iframe srcdoc="' + 'ä' * 300 + '"></iframe>')[1]
    holds(out, '[-<iframe srcdoc="' + 'ä' * 94 + '…')
    assert 'ä' * 95 not in out, out


def diff_of_controls():
    """The terminal is not driven by the page."""
    out = rewrite('--diff', '-', stdin='<img width="1" alt="\033[31m\x07">')[1]
    holds(out, r'\x1B[31m\x07')
    assert '\033' not in out, out


def list_tells_its_line():
    out = rewrite('--diff', '-', stdin='<img src="https://listed.example/x">')[1]
    holds(out, 'made inert by r.rules:8: list list.txt is analytics, its line 2: ||listed.example^\n')


def as_json():
    status, out, _ = rewrite('--json', 'page.html')
    edits = [json.loads(line) for line in out.splitlines()]
    same(status, 0)
    page, done = PAGE.encode(), b''
    at = 0
    for e in edits:  # applied to the page they make what rewrite writes
        done += page[at:e['offset']] + e['inserted'].encode()
        removed = e['removed'].encode()
        same(page[e['offset']:e['offset'] + len(removed)], removed)
        at = e['offset'] + len(removed)
    same((done + page[at:]).decode(), rewrite('page.html')[1])
    first = edits[0]
    same((first['kind'], first['subject'], first['name'], first['purposes'], first['line']),
         ('inert', 'beacon', 'https://tracker.example/t.js', ['analytics'], 5))
    same((first['rule']['file'], first['rule']['line'], first['rule']['pattern']),
         ('r.rules', 10, '||tracker.example^'))


def withheld():
    status, out, err = rewrite('--type', 'text/html; charset=utf-16', 'page.html')
    same((status, out), (1, ''))
    holds(err, 'crumbgate rewrite: the page is withheld: ')
    status, out, err = rewrite('-', stdin='<p>x'.encode('utf-16'))
    same(status, 1)
    holds(err, 'the page is withheld')


def types():
    page = '<script src="https://tracker.example/t.js"></script>'
    same(rewrite('--type', 'text/plain', '-', stdin=page), (0, page, ''))
    write('p.xhtml', '<html xmlns="http://www.w3.org/1999/xhtml"><body><p title="<"/>' + page + '</body></html>')
    holds(rewrite('p.xhtml')[1], 'data-cg-src')


def of_a_configuration():
    status, out, err = run('rewrite', '-c', 'crumbgate.conf', 'page.html')
    same((status, err), (0, ''))
    holds(out, 'data-cg-src="https://tracker.example/t.js"')
    status, _, err = run('rewrite', '-c', 'crumbgate.conf', '-u', 'https://other.example/', 'page.html')
    same(status, 2)
    holds(err, 'no site serves the host of the URL')
    # relative addresses are the site's
    write('own.rules', 'purpose a "A"\npages {\n    guard off\n}\nbeacon ||shop.example/track is a\n')
    write('crumbgate.conf', CONF.replace('r.rules', 'own.rules'))
    holds(run('rewrite', '-c', 'crumbgate.conf', '-', stdin='<img src=/track?1>')[1], 'data-cg-src=/track?1')
    same(run('rewrite', '-r', 'own.rules', '-', stdin='<img src=/track?1>')[1], '<img src=/track?1>')


def guard():
    write('guard.rules', 'purpose a "A"\nbeacon ||tracker.example^ is a\n')
    out = run('rewrite', '-r', 'guard.rules', '--diff', '-', stdin='<html><head></head></html>')[1]
    holds(out, 'standard input:1:13: the guard\n', '{+<script data-cg-guard="">', '1 change; granted: none\n')
    out = run('rewrite', '-r', 'guard.rules', '--consent', 'all', '-', stdin='<html><head></head></html>')[1]
    same(out, '<html><head></head></html>')


def observe():
    write('observe.rules', 'mode observe\n' + RULES)
    status, out, err = run('rewrite', '-r', 'observe.rules', 'page.html')
    same((status, out), (0, PAGE))
    holds(err, 'mode observe: the rules change nothing yet')


def usage():
    for args in ([], ['page.html'], ['-r', 'r.rules'], ['-r', 'r.rules', 'a', 'b'], ['-r', 'nowhere.rules', 'page.html'],
                 ['-r', 'r.rules', 'nowhere.html'], ['-r', 'r.rules', '.'], ['-r', 'r.rules', '--frobnicate', '-'],
                 ['-r', 'r.rules', '--consent', 'analytic', '-'], ['-r', 'r.rules', '--diff', '--json', '-'],
                 ['-r', 'r.rules', '-u', 'nonsense', '-']):
        status, out, err = run('rewrite', *args)
        same((args, status, out), (args, 2, ''))
        assert err, args
    holds(run('rewrite', '--help')[1], 'usage: crumbgate rewrite', 'Exit status')


def explain_a_beacon():
    status, out, _ = run('explain', '-r', 'r.rules', 'https://tracker.example/x.js')
    same(status, 0)
    holds(out, 'beacon https://tracker.example/x.js\n'
               '    made inert by r.rules:10: beacon ||tracker.example^ is analytics\n'
               '    passes if analytics is granted\n')
    out = run('explain', '-r', 'r.rules', '--consent', 'analytics', '//TRACKER.example/x.js')[1]
    holds(out, 'beacon https://tracker.example/x.js\n    kept by r.rules:10: ',
          '    would not pass if analytics were denied\n')
    holds(run('explain', '-r', 'r.rules', 'https://good.tracker.example/')[1], 'passes always: necessary')
    holds(run('explain', '-r', 'r.rules', '/own.js')[1],
          'beacon https://www.example.com/own.js\n    kept: no rule names it\n    passes with any consent\n')
    out = json.loads(run('explain', '-r', 'r.rules', '--json', 'https://listed.example/')[1])
    v = out['verdicts'][0]
    same((len(out['verdicts']), v['verdict'], v['list_line'], v['pattern']), (1, 'inert', 2, '||listed.example^'))
    same(run('explain', '-r', 'r.rules', 'data:x')[0], 2)
    same(run('explain', '-r', 'r.rules', 'https://a.example/', 'https://b.example/')[0], 2)


def all_classes_and_coverage():
    write('x.test', 'rules r.rules\ntest "t"\nrequest GET https://www.example.com/\norigin 200\n'
                    '  Content-Type: text/html\n  <<B\n<script src="https://tracker.example/x"></script>\nB\n'
                    'expect visitor-sees\n  status 200\n')
    status, out, _ = run('test', '--all-classes', '--coverage', 'x.test')
    same(status, 0)
    holds(out, 'ok      t [all denied]\n', 'ok      t [all granted]\n', '5 cases: 5 ok\n', '\nno case exercised:\n',
          '  r.rules:11: beacon img[width="1"]', 'coverage: ')
    assert 'r.rules:10' not in out, out
    out = json.loads(run('test', '--json', '--coverage', 'x.test')[1])
    assert 11 in [r['line'] for r in out['unexercised']], out
    same(out['rules']['all'] - out['rules']['exercised'], len(out['unexercised']))
    holds(run('test', '--tap', '--all-classes', 'x.test')[1], '1..5\n', 'ok 2 - t [all denied]\n')


TESTS = [page_for_who_denies, page_for_who_agrees, standard_input, octets_stay, large, diff, diff_of_injected,
         diff_of_nothing, diff_of_what_is_long, diff_of_controls, list_tells_its_line, as_json, withheld, types,
         of_a_configuration, guard, observe, usage, explain_a_beacon, all_classes_and_coverage]


def main():
    failures = 0
    print(f'1..{len(TESTS)}')
    for number, test in enumerate(TESTS, 1):
        with tempfile.TemporaryDirectory(prefix='crumbgate-rewrite-') as folder:
            os.chdir(folder)
            write('r.rules', RULES)
            write('list.txt', '! a list\n||listed.example^\n')
            write('crumbgate.conf', CONF)
            write('page.html', PAGE)
            try:
                test()
                print(f'ok {number} - {test.__name__}')
            except (AssertionError, OSError, ValueError, LookupError, subprocess.SubprocessError) as e:
                failures += 1
                print(f'not ok {number} - {test.__name__}')
                print('\n'.join('# ' + line for line in f'{type(e).__name__}: {e}'.splitlines()))
            os.chdir('/')
    sys.exit(1 if failures else 0)


main()
