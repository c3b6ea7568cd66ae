"""URLs as web_url_parse() reads them against another implementation of the WHATWG URL Standard, in node.

Skipped without node. What may differ, and only so: a host that the other refuses and libidn2 or we do not (see
rules/http/web_url.h). Prints TAP.
"""
import os
import random
import re
import shutil
import subprocess
import sys

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('builddir', '.')
COUNT = int(os.environ.get('WEB_URL_COUNT', '4000'))

BASES = [None, 'https://www.example.com/shop/item.html?x=1', 'http://a.b:8080/', 'http://[::1]/x/y/', 'https://h/a/b/../c?q#f',
         'wss://s.t/u', 'data:text/html,x']
SCHEMES = ['http:', 'https:', 'HTTP:', 'ws:', 'wss:', 'ftp:', 'hTtPs:', 'ht\ttps:', 'data:', 'javascript:', '', '', '', 'x-y+z.1:', '1a:']
SLASHES = ['//', '//', '//', '/', '', '\\\\', '/\\', '///', '/\t/', '\\', '////']
USERS = ['', '', '', '', 'u@', 'u:p@', '@', 'a@b@', 'u:p:q@', 'u%40@', ':@']
HOSTS = ['www.google-analytics.com', 'WWW.Example.COM', 'a.b.', 'a..b', '127.1', '0x7f.1', '0177.0.0.1', '1.2.3', '2130706433',
         '256.1', '4294967296', '1.2.3.4.5', '1.2.3.4.', '08.1', 'a.0x1', 'a.09', '0x', '[::1]', '[1:2::3]', '[1::2::3]',
         '[::1.2.3.4]', '[::1.2.3.04]', '[0:0:1:0:0:0:0:1]', '[::1', '[]', '[FE80::1%25e]', '%77ww.a', '%zz', 'a%2fb', 'a%00',
         'b\u00fccher.de', 'B\u00dcCHER.de', 'fa\u00df.de', '\uff54racker.de', 'a\u3002b', 'tr\u00adacker.de', '\u2603.net',
         '\U0001f4a9.la', 'a\uff0fb', 'a b', 'a<b', 'a|b', 'a^b', "a!$&'()*+,;=b", '`{}~"', 'xn--bcher-kva.de', '', '.', 'h',
         'a_b', '-a-.b', 'x--y.z', '\u05d0.com', '\u0627\u0644.\u0645', 'a\u200db', '\uff11.2.3.4', '\u2488com', 'a\x7fb', 'a\\b']
PORTS = ['', '', '', '', ':', ':80', ':443', ':8080', ':0', ':00080', ':65535', ':65536', ':x', ':-1', ':8\t1', ':80:80', ':21']
PATHS = ['', '', '/', '/a', '/a/../b', '/a/./b', '/..', '/.', '/%2e%2E/x', '/a/%2e', '\\a\\..\\b', '/a//b', '//', '/a b', '/\u00fc',
         '/%41%zz%', '/"<>`{}^|[]\'', '/a/...', '/a;b=c', '/\u2603/\U0001f4a9', '/\x01', '/\x7f', '/C|/x', '/c:/..', 'x/y', '../x',
         './x:y', '..', '.', '/a\nb', '/.\t./b', '/;/../', '/a/b/c/../../..', ':x', '@x', '/@', '/a:b@c']
TAILS = ['', '', '', '?', '?a=b', '?a b"<>\'`{}^|', '?\u00fc', '#', '#f', '?#', '?a#b?c', '#a?b', '?a/../b', '?a\\b', '?%zz', '?\tq', '?a?b']
EDGES = ['', '', '', '', ' ', '\t', '\n', '\x00', '\x1f ', '\u00a0']
NOISE = list(' \t\n\r/\\?#@:%[].') + ['\u00fc', '%2e', '..', '//', 'xn--', '\u3002', '0x', '\x00', '\ufffd']


def generate(r):
    s = r.choice(SCHEMES) + r.choice(SLASHES) + r.choice(USERS) + r.choice(HOSTS) + r.choice(PORTS) + r.choice(PATHS) + r.choice(TAILS)
    if r.random() < .25:
        s = r.choice(PATHS + TAILS + SLASHES) + r.choice(PATHS) + r.choice(TAILS)
    for _ in range(r.choice((0, 0, 0, 1, 2))):
        at = r.randrange(len(s) + 1)
        s = s[:at] + r.choice(NOISE) + s[at + r.choice((0, 0, 1)):]
    return r.choice(EDGES) + s + r.choice(EDGES), r.choice(BASES)


def lines_of(cases):
    def hexed(s):
        return s.encode('utf-8').hex()
    return ''.join(hexed(i) + ('' if b is None else ' ' + hexed(b)) + '\n' for i, b in cases)


def ours(text):
    return subprocess.run([os.path.join(BUILD, 'tests/oracle/web_url_lines')], input=text.encode(), stdout=subprocess.PIPE,
                          check=True).stdout.decode('utf-8').split('\n')[:-1]


def theirs(text):
    out = subprocess.run([shutil.which('node'), os.path.join(SRC, 'tests/oracle/whatwg.js')], input=text.encode(),
                         stdout=subprocess.PIPE, check=True).stdout.decode('utf-8').split('\n')[:-1]
    return out[0], out[1:]


def host_of(text):
    return text.split('/')[2] if text.count('/') > 2 else ''


def network_url(text):
    return '/' in text


def main():
    if not shutil.which('node'):
        print('1..0 # SKIP no node')
        return 0
    r = random.Random(4711)
    cases = [c for c in (generate(r) for _ in range(COUNT)) if c[0]]
    text = lines_of(cases)
    mine, (name, other) = ours(text), theirs(text)
    lenient, broken, network, wrong = 0, 0, 0, []
    for case, a, b in zip(cases, mine, other):
        network += network_url(b)
        if a == b:
            continue
        if b == '!' and 'xn--' in host_of(a):
            lenient += 1
        elif not network_url(a) and not network_url(b):
            pass  # what follows another scheme is none of our business
        elif re.search(r'/\.\.?(/|$)', b.split('?')[0]):
            broken += 1  # no parser may leave a dot segment; node 20 does
        else:
            wrong.append((case, a, b))
    print('1..2')
    print(f'# compared with {name}')
    print(f'{"not " if len(mine) != len(cases) or len(other) != len(cases) or network < COUNT / 4 else ""}ok 1 - '
          f'{len(cases)} URLs, {network} of the network')
    print(f'{"not " if wrong else ""}ok 2 - the same results but {lenient} odd names that only we take, '
          f'and {broken} errors of {name}')
    for case, a, b in wrong[:40]:
        print(f'# {case!r}: {a!r}, not {b!r}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
