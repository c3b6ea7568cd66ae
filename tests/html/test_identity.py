#!/usr/bin/env python3
"""The rewriter touches nothing but what a rule names: over the marketing pages of tests/corpus/pages, the pages of the
demo site, and generated pages (tests/html/identity.c says what is checked of each). Prints TAP, one test a page, and one
for all generated ones. Another seed: test_identity.py SEED.
"""
import glob
import os
import random
import subprocess
import sys
import tempfile

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('builddir', '.')
GENERATED = 120
HOSTS = ['www.google-analytics.com', 'connect.facebook.net', 'www.example.com', 'cdn.example.com', 'bat.bing.com',
         'static.hotjar.com', 'www.youtube.com', 'img.example']
# Pages whose trackers the shipped rules know: so many changes at least, or the test sees nothing.
CHANGES = {'shop-gtm.html': 8, 'b2b-hubspot.html': 8, 'landing-vendors.html': 25, 'publisher-ads.html': 15,
           'odd-markup.html': 20, 'wordpress.html': 4, 'metrika-cp1251.html': 6, 'sjis.html': 4}


def url(rng):
    host = rng.choice(HOSTS)
    return rng.choice(['https://' + host, '//' + host, 'HTTPS://' + host.upper(), f'https:\\\\{host}',
                       host.replace('-', '&#45;').join(['https://', '']), '']) + rng.choice(['/a.js', '/p?x=1&amp;y=2', '/'])


def attribute(rng):
    name = rng.choice(['src', 'href', 'alt', 'data-src', 'srcset', 'style', 'onclick', 'class', 'x', 'SRC', 'srcdoc'])
    quote = rng.choice(['"', "'", ''])
    value = rng.choice([url(rng), f'url({url(rng)})', f'{url(rng)} 1x, {url(rng)} 2x', 'a>b', ''])
    if not quote:
        value = value.replace(' ', '').replace('>', '')
    return rng.choice([' ', '\n', '\t', '/']) + name + rng.choice(['=', ' = ']) + quote + value + quote


def piece(rng):
    r = rng.random()
    if r < .3:
        return rng.choice(['text & <', 'ünï', '\x00', '\x80\xff', '&amp; ', '\r\n', '< p', '</', '<!', '<3 '])
    if r < .45:
        return f'<script{attribute(rng)}>{rng.choice(["var a = 1 < 2;", url(rng), "<!-- <script> ", ""])}</script>'
    if r < .55:
        return rng.choice(['<!--', '-->', '--!>', '<!-->', '<![CDATA[', ']]>', '<?x ', '</p', '<noscript>', '</noscript>',
                           '<template>', '</template>', '<style>', '</style>', '<textarea>', '</textarea>'])
    name = rng.choice(['img', 'a', 'iframe', 'link rel=preload', 'svg', 'image', 'p', 'div', 'base', 'input type=image',
                       'select', 'meta http-equiv=refresh content="1;url=/"', 'x-y', 'form', 'source', 'object'])
    return '<' + name + ''.join(attribute(rng) for _ in range(rng.randrange(4))) + rng.choice(['>', '/>', ' >', ''])


def generate(folder, seed):
    rng = random.Random(seed)
    paths = []
    for i in range(GENERATED):
        paths.append(os.path.join(folder, f'{i}.html'))
        with open(paths[-1], 'wb') as f:
            f.write(''.join(piece(rng) for _ in range(rng.randrange(1, 60))).encode(rng.choice(['utf-8', 'latin-1'])))
    return paths


def judge(paths):
    """[(good, line)] for each page."""
    r = subprocess.run([os.path.join(BUILD, 'tests', 'html', 'identity'), *paths], capture_output=True, text=True,
                       check=False)
    lines = r.stdout.splitlines()
    if len(lines) != len(paths):
        return [(False, f'{p}: no result; {r.stderr[-2000:]}') for p in paths]
    result = []
    for path, line in zip(paths, lines):
        line = line.removeprefix(path + ': ')
        changes = int(line.split(' ')[0]) if ' changes in ' in line else -1
        result.append((changes >= CHANGES.get(os.path.basename(path), 0), f'{os.path.basename(path)}: {line}'))
    return result


def main():
    pages = sorted(glob.glob(os.path.join(SRC, 'tests', 'corpus', 'pages', '*.html'))) + sorted(
        glob.glob(os.path.join(SRC, 'proxy', 'command', 'demo_site', '*.html')))
    with tempfile.TemporaryDirectory() as folder:
        generated = judge(generate(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 1))
        wrong = [line for good, line in generated if not good]
        results = judge(pages)
        if wrong and len(sys.argv) > 1:
            subprocess.run(['cp', '-r', folder, '/tmp/identity-pages'], check=False)
    results.append((not wrong, f'{GENERATED - len(wrong)} of {GENERATED} generated pages'))
    print(f'1..{len(results)}')
    for i, (good, line) in enumerate(results, 1):
        print(f'{"" if good else "not "}ok {i} - {line}')
    for line in wrong[:20]:
        print('# ' + line)
    return 0 if all(good for good, _ in results) else 1


if __name__ == '__main__':
    sys.exit(main())
