"""crumbgate explain --cookies: what each source of consent says, which wins, and why. Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

CRUMBGATE = os.environ['CRUMBGATE']
RULES = '''policy 1 {
    undecided grants in US
}
purpose preferences
purpose analytics
purpose advertising
opt-out cookie optout=1 denies advertising
signal gpc denies advertising
accept consent from onetrust cookiebot osano
consent cookie choices matches yes grants analytics
'''
ONE = 'OptanonConsent=groups=C0002%3A1%2CC0004%3A0'


def explain(rules, cookies, *options):
    done = subprocess.run([CRUMBGATE, 'explain', '-r', rules, '--cookies', cookies, *options], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def states(out, source):
    for s in out['sources']:
        if source in (s['source'], s.get('name')):
            return ' '.join(s['purposes'].values()) + (' explicit' if s['explicit'] else ' default')
    return 'absent'


def result(out):
    return ' '.join(f"{r['state']}:{r['by']}" for r in out['result'].values())


# cookies, options, {source: states}, result
CASES = [
    ('nobody says anything', '', [], {'undecided': 'denied denied denied default', 'onetrust': 'absent'},
     'denied:undecided denied:undecided denied:undecided'),
    ('a visitor who acted', ONE, [], {'onetrust': 'unknown granted denied explicit'},
     'denied:undecided granted:onetrust denied:onetrust'),
    ('a default: the no counts', ONE + '&interactionCount=0', ['--region', 'US'],
     {'onetrust': 'unknown granted denied default', 'undecided': 'granted granted granted default'},
     'granted:undecided granted:undecided denied:onetrust'),
    ('denied beats granted', ONE + '; CookieConsent={statistics:false}; choices=yes', [],
     {'cookiebot': 'unknown denied unknown explicit', 'choices': 'unknown granted unknown explicit'},
     'denied:undecided denied:cookiebot denied:onetrust'),
    ('opt-out and signal', 'cookieconsent_status=allow; optout=1', ['--header', 'Sec-GPC: 1'],
     {'opt-out': 'unknown unknown denied explicit', 'signal': 'unknown unknown denied explicit',
      'osano': 'granted granted granted explicit'}, 'granted:osano granted:osano denied:opt-out'),
    ('the own cookie comes first', 'cookieconsent_status=allow', ['--consent', 'analytics'],
     {'cookie': 'denied granted denied explicit', 'osano': 'granted granted granted explicit'},
     'denied:cookie granted:cookie denied:cookie'),
    ('but for what was refused since', 'OptanonConsent=groups=C0002%3A0', ['--consent', 'analytics advertising'],
     {'cookie': 'denied granted granted explicit', 'onetrust': 'unknown denied unknown explicit'},
     'denied:cookie denied:onetrust granted:cookie'),
    ('unreadable', 'CookieConsent=1.0', [], {'cookiebot': 'unknown unknown unknown default'},
     'denied:undecided denied:undecided denied:undecided'),
]


def check_cases(rules):
    for name, cookies, options, expected, final in CASES:
        out = json.loads(explain(rules, cookies, '--json', *options))
        got = {source: states(out, source) for source in expected}
        yield name, got == expected and result(out) == final, f'{got} {result(out)}'


def check_text(rules):
    text = explain(rules, ONE + '; CookieConsent=1.0')
    for part in ('OneTrust (onetrust)    unknown      granted    denied       explicit', 'unreadable',
                 'analytics is granted by OneTrust (onetrust): the visitor acted',
                 'preferences is denied by default', 'onetrust: C0002 granted, C0004 denied',
                 'cookiebot: nothing said; 1 of 1 cookies cannot be read', 'not sent: osano choices'):
        yield f'for people: {part}', part in text, text
    text = explain(rules, 'cookieconsent_status=deny', '--consent', 'analytics')
    for part in ("crumbgate's cookie  denied       granted    denied       explicit",
                 "analytics is denied by Osano (osano): the visitor refused there after crumbgate's cookie was made"):
        yield f'for people: {part}', part in text, text
    text = explain(rules, 'OptanonConsent=groups=%1b[31m:1')
    yield 'no escapes from traffic', '\x1b' not in text, repr(text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        rules = os.path.join(folder, 'site.rules')
        with open(rules, 'w', encoding='utf-8') as f:
            f.write(RULES)
        checks = list(check_cases(rules)) + list(check_text(rules))
    print(f'1..{len(checks)}')
    for i, (name, ok, got) in enumerate(checks, 1):
        print(f"{'ok' if ok else 'not ok'} {i} - {name}")
        if not ok:
            print('\n'.join('# ' + line for line in got.splitlines()))
    return 0 if all(ok for _, ok, _ in checks) else 1


if __name__ == '__main__':
    sys.exit(main())
