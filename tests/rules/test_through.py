"""The cases of this folder once more, through a running crumbgate over real sockets."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ['srcdir'], 'tests', 'e2e'))
import kit  # noqa: E402
from kit import CRUMBGATE, Proxy, free_port, same, true  # noqa: E402

HERE = os.path.join(os.environ['srcdir'], 'tests', 'rules')


def run(p, port, *args):
    r = subprocess.run([CRUMBGATE, 'test', '--through', '127.0.0.1:%d' % p.port, '--plain', '127.0.0.1:%d' % p.plain_port,
                        '--origin', '127.0.0.1:%d' % port, '-c', p.conf, *args], capture_output=True, text=True, cwd=HERE)
    true(not re.search('Sanitizer|runtime error', r.stderr), r.stderr)
    return r


def counts(text):
    return {word: int(n) for n, word in re.findall(r'(\d+) (cases|ok|failed|skipped|broken)', text.splitlines()[-1])}


def through(rules, *tests):
    port = free_port()
    with Proxy('http://127.0.0.1:%d' % port, rules='include %s/%s\n' % (HERE, rules), names='*') as p:
        r = run(p, port, '--insecure', *tests)
        true(r.returncode == 0, r.stdout + r.stderr)
        n = counts(r.stdout)
        true(n['ok'] > 0 and n['ok'] + n.get('skipped', 0) == n['cases'], r.stdout)


def test_marketing():
    """the marketing site: consent, opt-out, signals"""
    through('marketing.rules', 'marketing.test', 'consent.test', 'opt-out.test', 'signal.test')


def test_foreign():
    """consent that other consent managers stored"""
    through('foreign.rules', 'foreign.test')


def test_cookies():
    """odd values, copies, several fields"""
    through('cookie.rules', 'cookie.test')


def test_leftovers():
    """what is on the device is taken back"""
    through('leftovers.rules', 'leftovers.test')


def test_addresses():
    """parameters and paths"""
    through('param.rules', 'param.test')
    through('path.rules', 'path.test')


def test_bridge():
    """what origins and tags are told of consent"""
    through('bridge.rules', 'bridge.test')
    through('consent-mode.rules', 'consent-mode.test')


def test_pages():
    """pages: beacons, scripts, lists, what is injected, markup that is hard to read"""
    through('beacon.rules', 'beacon.test', 'noscript.test')
    through('selectors.rules', 'selectors.test')
    through('inline-script.rules', 'inline-script.test')
    through('list.rules', 'list.test')
    through('tricky.rules', 'tricky.test')


def test_pages_as_a_whole():
    """types, encodings, parts of pages, the guard; in each consent class"""
    through('pages.rules', '--all-classes', 'pages.test')


def test_hints():
    """early hints in front of a response"""
    through('hints.rules', '--all-classes', 'hints.test')


def test_observe():
    """observe mode changes nothing"""
    through('observe.rules', 'observe.test')


def test_rules_differ():
    """a proxy with other rules than the cases expect is found out, with exit status 1"""
    port = free_port()
    with Proxy('http://127.0.0.1:%d' % port, rules='cookie * is necessary\n', names='*') as p:
        r = run(p, port, '--insecure', 'observe.test', 'path.test', '-r', 'path.rules')
        same(r.returncode, 2)  # purposes that its rules do not have
    with Proxy('http://127.0.0.1:%d' % port, rules='purpose analytics "x"\n', names='*') as p:
        r = run(p, port, '--insecure', '-f', 'is not passed on', 'path.test')
        same(r.returncode, 1)
        true('it is called' in r.stdout, r.stdout)


def test_trust():
    """the certificate is verified against the one that is named, unless that is waived"""
    port = free_port()
    with Proxy('http://127.0.0.1:%d' % port, rules='include %s/param.rules\n' % HERE, names='*') as p:
        ca = os.path.join(kit.certs(), 'ca.pem')
        same(run(p, port, '--cacert', ca, '-f', 'nothing', 'param.test').returncode, 0)
        r = run(p, port, '-f', 'nothing', 'param.test')
        same(r.returncode, 1)
        true('certificate (--cacert FILE names the authority to trust)' in r.stdout, r.stdout)


def test_no_proxy():
    """nobody there: each case is broken, and says why"""
    port = free_port()
    with Proxy('http://127.0.0.1:%d' % port, rules='include %s/param.rules\n' % HERE, names='*') as p:
        p.port = free_port()
        r = run(p, port, '--insecure', '-f', 'nothing', 'param.test')
        same(r.returncode, 1)
        true('no connection to crumbgate at 127.0.0.1:%d: Connection refused' % p.port in r.stdout, r.stdout)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
