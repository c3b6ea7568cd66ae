"""Where a visitor is: by a database of networks, and by what trusted proxies say."""
import os
import signal
import subprocess
import sys

import kit
import mmdb
from kit import CRUMBGATE, Origin, Proxy, echo, same, true

RULES = '''policy 1 {
    undecided denies
    undecided grants analytics in US
    undecided grants in BR
    undecided denies in US-CA
}
purpose analytics   "A"
purpose advertising "B"
cookie a is analytics
cookie b is advertising
'''
NETWORKS = {
    '127.0.0.1/32': {'country': {'iso_code': 'US'}, 'subdivisions': [{'iso_code': 'NY'}]},
    '192.0.2.0/24': {'country': {'iso_code': 'US'}, 'subdivisions': [{'iso_code': 'CA'}, {'iso_code': 'LA'}]},
    '198.51.100.0/25': {'country': {'iso_code': 'DE'}},
    '198.51.100.128/25': {'country': 'br'},
    '203.0.113.0/24': {'country_code': 'US', 'region_code': 'US-CA'},
    '203.0.112.0/24': {'continent': {'code': 'EU'}, 'registered_country': {'iso_code': 'US'}},
    '2001:db8::/32': {'country': {'iso_code': 'BR'}},
}
COOKIES = 'Cookie: a=1; b=2'


def proxy(o, extra, networks=NETWORKS, version=6, **how):
    p = Proxy(o, RULES, start=False, extra=extra, **how)
    mmdb.write(os.path.join(p.dir, 'networks.mmdb'), networks, version)
    return p


def seen(p, *fields):
    """(cookies at the origin, the region in the log)"""
    before = len(p.log_lines())
    r = p.get('/', COOKIES, *fields)
    kit.wait_for(lambda: len(p.log_lines()) > before, 'the log')
    cookies = r.seen('cookie')
    return cookies[0] if cookies else '', p.log_lines()[-1].get('region')


def test_peer():
    """the address of the visitor's own connection is looked up; what visitors say of themselves is not"""
    with Origin(echo) as o, proxy(o, 'regions networks.mmdb') as p:
        p.start()
        same(seen(p), ('a=1', 'US-NY'))
        same(seen(p, 'X-Forwarded-For: 198.51.100.200', 'CF-IPCountry: BR'), ('a=1', 'US-NY'))


def test_behind_proxies():
    """behind trusted proxies it is the last address that is not itself trusted"""
    with Origin(echo) as o, proxy(o, 'regions networks.mmdb\ntrusted-proxy 127.0.0.1 10.0.0.0/8') as p:
        p.start()
        for forwarded, cookies, region in (('192.0.2.1', '', 'US-CA'), ('198.51.100.1', '', 'DE'),
                                           ('198.51.100.200', 'a=1; b=2', 'BR'), ('203.0.113.9', '', 'US-CA'),
                                           ('203.0.112.1', '', None), ('100.64.0.1', '', None),
                                           ('2001:db8::1', 'a=1; b=2', 'BR'), ('[2001:db8::1]:443', 'a=1; b=2', 'BR'),
                                           ('198.51.100.200:5', 'a=1; b=2', 'BR'), ('2001:db9::1', '', None),
                                           ('192.0.2.1, 198.51.100.200, 10.1.2.3', 'a=1; b=2', 'BR'),
                                           ('198.51.100.200, unknown', '', None), ('10.0.0.1', '', None),
                                           ('198.51.100.200,', '', None), ('', '', None)):
            same(seen(p, f'X-Forwarded-For: {forwarded}'), (cookies, region), forwarded)
        same(seen(p, 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 198.51.100.200'), ('a=1; b=2', 'BR'))
        same(seen(p), ('', None))


def test_ipv4_database():
    """a file of IPv4 networks alone knows nothing of IPv6 addresses"""
    networks = {k: v for k, v in NETWORKS.items() if ':' not in k}
    with Origin(echo) as o, proxy(o, 'regions networks.mmdb\ntrusted-proxy 127.0.0.1', networks, 4) as p:
        p.start()
        same(seen(p, 'X-Forwarded-For: 198.51.100.200'), ('a=1; b=2', 'BR'))
        same(seen(p, 'X-Forwarded-For: 2001:db8::1'), ('', None))


def test_header():
    """a trusted proxy's field tells; anybody else's does not"""
    header = 'regions from header CF-IPCountry CF-Region-Code'
    with Origin(echo) as o:
        with proxy(o, header + '\ntrusted-proxy 127.0.0.1') as p:
            p.start()
            same(seen(p, 'CF-IPCountry: BR'), ('a=1; b=2', 'BR'))
            same(seen(p, 'cf-ipcountry: us', 'CF-Region-Code: CA'), ('', 'US-CA'))
            same(seen(p, 'CF-IPCountry: US', 'CF-Region-Code: NY'), ('a=1', 'US-NY'))
            same(seen(p, 'CF-IPCountry: US-CA'), ('', 'US-CA'))
            for bad in ('', 'T1', 'USA', 'U', 'US CA', 'x' * 100):
                same(seen(p, f'CF-IPCountry: {bad}'), ('', None), bad)
            same(seen(p, 'CF-IPCountry: BR', 'CF-IPCountry: BR'), ('', None))
        with proxy(o, header + '\ntrusted-proxy 192.0.2.1\nregions networks.mmdb') as p:
            p.start()
            same(seen(p, 'CF-IPCountry: BR'), ('a=1', 'US-NY'))


def test_reload():
    """a reload takes the new file; one that is broken changes nothing"""
    with Origin(echo) as o, proxy(o, 'regions networks.mmdb', workers=2) as p:
        p.start()
        same(seen(p), ('a=1', 'US-NY'))
        path = os.path.join(p.dir, 'networks.mmdb')
        with open(path, 'r+b') as f:
            f.truncate(20)
        same(seen(p), ('a=1', 'US-NY'), 'the file was changed in place')
        p.process.send_signal(signal.SIGHUP)
        kit.wait_for(lambda: 'database of networks' in p.stderr(), 'the complaint')
        same(seen(p), ('a=1', 'US-NY'))
        mmdb.write(path, {'127.0.0.0/8': {'country': {'iso_code': 'BR'}}})
        before = p.workers()
        p.process.send_signal(signal.SIGHUP)
        kit.wait_for(lambda: p.workers() and not set(p.workers()) & set(before), 'new workers')
        same(seen(p), ('a=1; b=2', 'BR'))


def test_check():
    """what is missing, broken or not said is told"""
    with Origin(echo) as o, proxy(o, '# here') as p:
        for extra, message in (('regions nowhere.mmdb', 'No such file'), ('regions site.rules', 'database of networks'),
                               ('regions from header X-Country', 'no proxy whose word is believed'),
                               ('regions from header', 'are missing'), ('regions from X', 'are missing'),
                               ('regions networks.mmdb\nregions networks.mmdb', 'said twice'),
                               ('regions from header "a b"', 'not the name of a header field'),
                               ('regions a b', 'unexpected "b"')):
            with open(p.conf) as f:
                text = f.read()
            with open(p.conf, 'w') as f:
                f.write(text.replace('# here', extra))
            r = subprocess.run([CRUMBGATE, 'check', '-c', p.conf], capture_output=True, text=True, timeout=kit.DEADLINE)
            true(r.returncode != 0 and message in r.stdout + r.stderr, extra + ': ' + r.stdout + r.stderr)
            with open(p.conf, 'w') as f:
                f.write(text)
        r = subprocess.run([CRUMBGATE, 'check', '-c', p.conf], capture_output=True, text=True, timeout=kit.DEADLINE)
        true('nothing tells which region a visitor is in' in r.stdout + r.stderr, r.stdout + r.stderr)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
