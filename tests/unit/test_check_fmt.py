#!/usr/bin/env python3
"""crumbgate check and crumbgate fmt, as an operator uses them. Prints TAP."""
import json
import os
import stat
import subprocess
import sys
import tempfile

CRUMBGATE = os.environ['CRUMBGATE']
GOOD = 'listen *:8080\nsite a.example {\n    upstream http://127.0.0.1:9\n    rules    r.rules\n}\n'
UGLY = 'listen   *:8080\n\n\n# why\nsite a.example {\n  upstream http://127.0.0.1:9   # here\n  rules r.rules\n}\n'
NEAT = 'listen *:8080\n\n# why\nsite a.example {\n    upstream http://127.0.0.1:9  # here\n    rules    r.rules\n}\n'
RULES = 'purpose analytics "Count"\ncookie  _ga       is analytics\n'


def run(*args, stdin=''):
    r = subprocess.run([CRUMBGATE, *args], input=stdin, capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def write(name, text):
    with open(name, 'w') as f:
        f.write(text)


def read(name):
    with open(name) as f:
        return f.read()


def same(a, b):
    assert a == b, f'{a!r} is not {b!r}'


def holds(text, *parts):
    for part in parts:
        assert part in text, f'{part!r} is not in {text!r}'


def check_good():
    write('crumbgate.conf', GOOD)
    status, out, err = run('check')
    same((status, err), (0, ''))
    holds(out, 'crumbgate.conf: good: 1 site, 1 rule\n')
    same(run('check', '-r', 'r.rules')[0], 0)


def check_bad():
    write('bad.conf', GOOD.replace('listen *:8080', 'lisen *:8080').replace('r.rules', 'x.rules'))
    status, out, err = run('check', '-c', 'bad.conf')
    same((status, out), (1, ''))
    holds(err, 'bad.conf:1:1: error: unknown statement "lisen"', '^~~~~', 'did you mean "listen"?',
          'bad.conf:4:14: error: the rules file x.rules does not exist', 'bad.conf: 2 errors, 0 warnings')


def check_certificates_too():
    write('tls.conf', 'listen *:8443 tls\nworkers x\n' +
          GOOD.split('\n', 1)[1].replace('}', '    certificate no.pem\n}'))
    status, _, err = run('check', '-c', 'tls.conf')
    same(status, 1)
    holds(err, 'tls.conf:2:9: error', 'tls.conf:6:5: error', 'no.pem', '    certificate no.pem')


def check_pages():
    write('pages.rules', RULES + '\nbeacon ||a.example^ is analytics\nlist   l.txt        is analytics\n\n'
          'inject html at head-end is analytics <<X\n<b>\nX\n\npages {\n    guard off\n}\n')
    write('l.txt', '||b.example^\n||c.example^$csp=x\n')
    status, out, err = run('check', '-r', 'pages.rules')
    same((status, out), (0, 'pages.rules: good: 4 rules, 1 warning\n'))
    holds(err, 'pages.rules:5:8: warning: not supported and left out: 1 of 2 lines', 'the first is line 2: option')
    os.remove('l.txt')
    status, _, err = run('check', '-r', 'pages.rules')
    same(status, 1)
    holds(err, 'pages.rules:5:8: error: "l.txt" does not exist', 'the folder of pages.rules')
    same(run('fmt', '--check', 'pages.rules'), (0, '', ''))


def check_json():
    write('bad.conf', GOOD.replace('listen *:8080', 'lisen *:8080'))
    status, out, err = run('check', '-c', 'bad.conf', '--json')
    same((status, err), (1, ''))
    found = json.loads(out)
    same((found['good'], found['errors'], len(found['findings'])), (False, 1, 1))
    f = found['findings'][0]
    same((f['file'], f['line'], f['column'], f['severity']), ('bad.conf', 1, 1, 'error'))
    same(json.loads(run('check', '-r', 'r.rules', '--json')[1])['good'], True)


def check_user():
    write('user.conf', 'user nobody-knows-it\n' + GOOD)
    status, _, err = run('check', '-c', 'user.conf')
    same(status, 1)
    holds(err, 'user.conf:1:1: error: this machine has no user "nobody-knows-it"', 'user nobody')


def check_regions():
    write('region.rules', 'policy 1 {\n    undecided grants analytics in US\n}\n' + RULES)
    status, out, err = run('check', '-r', 'region.rules')
    same((status, err), (0, ''))
    write('region.conf', GOOD.replace('r.rules', 'region.rules'))
    status, _, err = run('check', '-c', 'region.conf')
    same(status, 0)
    holds(err, 'region.rules:2:', 'warning', 'region', 'regions FILE')
    write('region.conf', 'regions r.rules\n' + GOOD.replace('r.rules', 'region.rules'))
    status, _, err = run('check', '-c', 'region.conf')
    same(status, 1)
    holds(err, 'region.conf:1:1: error: r.rules: the database of networks cannot be used', 'regions r.rules\n')


def check_files_that_are_named():
    """What is wrong with a file is said where the file is named, of all of them in one go."""
    write('files.conf', 'consent-keys no.keys\naccess-log   no-folder/a.log\n' +
          GOOD.replace('8080', '8443 tls').replace('}', '    certificate no.pem key no.key\n}'))
    status, _, err = run('check', '-c', 'files.conf')
    same(status, 1)
    holds(err, 'files.conf:1:1: error: no.keys: does not exist', 'files.conf:2:1: error: there is no folder no-folder',
          'error: no.pem: does not exist', 'error: no.key: does not exist')
    status, _, err = run('run', '-c', 'files.conf')
    same(status, 2)
    holds(err, 'files.conf:1:1: error: no.keys: does not exist\n     1 | consent-keys no.keys\n')


def check_says_once_what_is_not_closed():
    write('open.rules', 'policy 1 {\n    undecided denies\n' + RULES + 'cookie x is nothing\n')
    _, _, err = run('check', '-r', 'open.rules')
    holds(err, 'open.rules:1:1: error: the block of this statement is never closed', 'unknown purpose "nothing"',
          'open.rules: 2 errors')


def check_usage():
    same(run('check', '-c', 'nowhere.conf')[0], 2)
    same(run('check', '-r', 'nowhere.rules')[0], 2)
    same(run('check', 'x.conf')[0], 2)
    status, _, err = run('check', '--frobnicate')
    same(status, 2)
    holds(err, 'crumbgate check: unrecognized option')
    same(run('check', '-c', 'a', '-r', 'b')[0], 2)
    holds(run('check', '--help')[1], 'usage: crumbgate check', 'Exit status')
    holds(run('check', '--statements')[1], 'listen ADDRESS:PORT', 'upstream-idle TIME', 'exchange-memory SIZE')


def fmt_in_place():
    write('f.conf', UGLY)
    os.chmod('f.conf', 0o640)
    same(run('fmt', 'f.conf'), (0, '', ''))
    same(read('f.conf'), NEAT)
    same(stat.S_IMODE(os.stat('f.conf').st_mode), 0o640)
    before = os.stat('f.conf').st_ino
    same(run('fmt', 'f.conf'), (0, '', ''))
    same(os.stat('f.conf').st_ino, before)  # nothing to do, nothing written
    same(sorted(n for n in os.listdir('.') if n.startswith('f.conf')), ['f.conf'])


def fmt_keeps_links():
    write('target.conf', UGLY)
    os.symlink('target.conf', 'link.conf')
    same(run('fmt', 'link.conf')[0], 0)
    same(os.path.islink('link.conf'), True)
    same(read('target.conf'), NEAT)


def fmt_filter():
    same(run('fmt', '-', stdin=UGLY), (0, NEAT, ''))
    same(run('fmt', '-', stdin=NEAT), (0, NEAT, ''))


def fmt_check():
    write('f.conf', UGLY)
    status, out, _ = run('fmt', '--check', 'f.conf')
    same((status, out), (1, 'f.conf: not in the canonical layout\n'))
    same(read('f.conf'), UGLY)
    write('n.conf', NEAT)
    same(run('fmt', '--check', 'n.conf'), (0, '', ''))
    same(run('fmt', '--check', 'n.conf', 'f.conf')[0], 1)


def fmt_diff():
    write('f.conf', UGLY)
    status, out, _ = run('fmt', '--diff', 'f.conf')
    same(status, 1)
    holds(out, '--- f.conf', '-listen   *:8080\n', '+listen *:8080\n')
    same(read('f.conf'), UGLY)
    same(run('fmt', '--diff', '-', stdin=NEAT), (0, '', ''))


def fmt_refuses_errors():
    write('f.conf', 'site a {\n')
    status, _, err = run('fmt', 'f.conf')
    same(status, 2)
    holds(err, 'f.conf:1:1: error', 'never closed', 'left as it is')
    same(read('f.conf'), 'site a {\n')
    write('n.conf', UGLY)
    same(run('fmt', 'f.conf', 'n.conf', 'nowhere')[0], 2)
    same(read('n.conf'), NEAT)  # the others are done all the same


def fmt_usage():
    same(run('fmt')[0], 2)
    same(run('fmt', '--frobnicate')[0], 2)
    same(run('fmt', '.')[0], 2)
    holds(run('fmt', '--help')[1], 'usage: crumbgate fmt')


TESTS = [check_good, check_bad, check_certificates_too, check_pages, check_json, check_user, check_regions,
         check_files_that_are_named, check_says_once_what_is_not_closed, check_usage,
         fmt_in_place, fmt_keeps_links, fmt_filter, fmt_check, fmt_diff, fmt_refuses_errors, fmt_usage]


def main():
    failures = 0
    print(f'1..{len(TESTS)}')
    for number, test in enumerate(TESTS, 1):
        with tempfile.TemporaryDirectory(prefix='crumbgate-check-') as folder:
            os.chdir(folder)
            write('r.rules', RULES)
            try:
                test()
                print(f'ok {number} - {test.__name__}')
            except (AssertionError, OSError, ValueError, LookupError, subprocess.SubprocessError) as e:
                failures += 1
                print(f'not ok {number} - {test.__name__}')
                print('\n'.join('# ' + line for line in str(e).splitlines()))
            os.chdir('/')
    sys.exit(1 if failures else 0)


main()
