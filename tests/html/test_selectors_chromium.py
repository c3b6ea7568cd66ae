"""Selectors against Chromium: random selectors over random pages, each element with an attribute "n" that Chromium has in
its tree must match the selectors that querySelectorAll() says. Half of the pages are well formed, the others have tags
that are left out, too many, or misplaced; with those the set of selectors is one that needs all tags.

Prints TAP, one test. Skips without a Chromium that has the relaxed select parser. The same in every run; another seed:
test_selectors_chromium.py SEED.
"""
import html
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

BUILD = os.environ.get('builddir', '.')
CASES = 1500
PLAIN = 'div section span ins i x-ad article aside nav'.split()
LOOSE = '''div p li ul ol dl dt dd span table tr td th tbody caption section h1 h2 button form x-ad svg g path option
           select optgroup ruby rt rp script style title math mi desc pre main'''.split()
VOID = 'img input br hr link meta col'.split()
CLASSES = 'a b c A ad-slot ä'.split()
VALUES = ['https://www.youtube.com/embed/1', '//ads.example/x.js?a&amp;b', 'Text', 'text', 'x', 'X', '', 'x y', 'x-y',
          'a\nb', 'tracker', 'Tracker.js', '&#120;', '1', 'a\tb x']
ATTRIBUTES = 'src href type data-x rel media title alt'.split()
PAGE = '''<!doctype html><body><script>
var cases = %s, r = cases.map(function (c) {
  var d = new DOMParser().parseFromString(c[1], "text/html"), out = {};
  d.querySelectorAll("[n]").forEach(e => { out[e.getAttribute("n")] = []; });
  c[0].forEach((s, i) => d.querySelectorAll(s).forEach(
    e => { if (e.hasAttribute("n") && out[e.getAttribute("n")].at(-1) !== i) out[e.getAttribute("n")].push(i); }));
  return out;
});
document.body.innerHTML = "<pre></pre>";
document.querySelector("pre").textContent = JSON.stringify(r);
</script>'''


def attributes(rng):
    out = ''
    if rng.random() < .5:
        out += f' class="{rng.choice(" ,  ".split(","))}{" ".join(rng.choices(CLASSES, k=rng.randrange(4)))}"'
    if rng.random() < .15:
        out += f' id={rng.choice("xyX")}'
    for _ in range(rng.randrange(3)):
        name, value = rng.choice(ATTRIBUTES), rng.choice(VALUES)
        out += f' {name.upper() if rng.random() < .1 else name}="{value}"' if rng.random() < .9 else f' {name}'
    return out


class Page:
    def __init__(self, rng):
        self.rng = rng
        self.n = 0

    def start(self, name, end=''):
        self.n += 1
        return f'<{name}{attributes(self.rng)} n=e{self.n}{end}>'

    def tree(self, depth):
        rng, out = self.rng, ''
        for _ in range(rng.randrange(1, 4)):
            r = rng.random()
            if r < .25 or depth == 0:
                out += self.start(rng.choice(['img', 'br', 'input', 'image']))
            elif r < .33:
                item = self.tree(depth - 1)
                out += f'{self.start("ul")}{self.start("li")}{item}</li>{self.start("li")}</li></ul>'
            elif r < .4:
                out += f'{self.start("svg")}{self.start("g")}{self.start("image", " /")}</g></svg>'
            elif r < .47:
                cell = self.tree(depth - 1)
                out += (f'{self.start("table")}{self.start("tbody")}{self.start("tr")}{self.start("td")}{cell}'
                        '</td></tr></tbody></table>')
            else:
                name = rng.choice(PLAIN)
                out += f'{self.start(name)}{self.tree(depth - 1)}</{name}>'
        return out

    def loose(self):
        rng = self.rng
        out = ''.join(self.start(n) for n in ('html', 'head', 'body') if rng.random() < .3)
        some = rng.sample(LOOSE, rng.choice([5, 8, len(LOOSE)]))
        for _ in range(rng.randrange(3, 25)):
            r = rng.random()
            if r < .5:
                name = rng.choice(some)
                out += self.start(name, ' /' if rng.random() < .05 else '')
                if name in ('script', 'style', 'title'):
                    out += f'</{name}>'
            elif r < .65:
                out += self.start(rng.choice(VOID))
            else:
                out += f'</{rng.choice(some + ["html", "head", "body"])}>'
        return out


def attribute_test(rng):
    name, value = rng.choice(ATTRIBUTES), html.unescape(rng.choice(VALUES))
    if rng.random() < .2:
        return f'[{name}]'
    if rng.random() < .5 and value:
        at = rng.randrange(len(value))
        value = value[at:at + rng.randrange(1, 12)]
    if rng.random() < .2:
        value = value.swapcase()
    text = re.sub(r'[\n\t]', lambda m: f'\\{ord(m.group()):x} ', value)
    return f'[{name}{rng.choice(["=", "~=", "|=", "^=", "$=", "*=", "*="])}"{text}"{rng.choice(["", "", " i", "i"])}]'


def compound(rng, names):
    out, tests = rng.choice(names) if rng.random() < .6 else '', ''
    for _ in range(rng.choice([0, 0, 1, 1, 2]) if out else rng.choice([1, 1, 2])):
        r = rng.random()
        if r < .45:
            tests += '.' + rng.choice(CLASSES)
        elif r < .55:
            tests += '#' + rng.choice('xyX')
        elif r < .9:
            tests += attribute_test(rng)
        else:
            tests += f':not({rng.choice(names + [".a", "[src]", "*.b"])})'
    return out + tests


def selector(rng, names):
    out = compound(rng, names)
    while rng.random() < .45:
        out += rng.choice([' ', ' ', '>', ' > ']) + compound(rng, names)
    return out + (',' + selector(rng, names) if rng.random() < .1 else '')


def case(rng):
    page = Page(rng)
    if rng.random() < .5:
        names = PLAIN + 'ul li svg g image img table tbody tr td br body'.split()
        return [selector(rng, names) for _ in range(8)], '<!doctype html>' + page.tree(4)
    names = [n for n in LOOSE + VOID if n.islower()] + ['html', 'head', 'body']
    return [selector(rng, names) for _ in range(8)] + ['*>*'], '<!doctype html>' + page.loose()


def of_chromium(chromium, cases):
    # Chromium's processes may write into its profile after it has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = os.path.join(folder, 'page.html')
        with open(path, 'w', encoding='utf-8') as f:
            f.write('<meta charset=utf-8>' + PAGE % json.dumps(cases).replace('<', '\\u003c'))
        out = subprocess.run([chromium, '--headless=new', '--no-sandbox', '--disable-gpu', f'--user-data-dir={folder}/u',
                              '--dump-dom', 'file://' + path], capture_output=True, text=True, timeout=600,
                             check=True).stdout
    return json.loads(html.unescape(re.search('<pre>(.*)</pre>', out, re.S).group(1)))


def of_ours(cases):
    lines = ''.join('\n'.join(s).encode().hex() + ' ' + p.encode().hex() + '\n' for s, p in cases)
    out = subprocess.run([os.path.join(BUILD, 'tests', 'html', 'selectors')], input=lines, capture_output=True, text=True,
                         check=True).stdout
    result, hits = [], {}
    for line in out.split('\n'):
        words = line.split()
        if line == 'done':
            result.append(hits)
            hits = {}
        elif words and re.match(r'e\d', words[0]):
            hits[words[0]] = [int(w) for w in words[1:]]
    return result


def skip(why):
    print(f'1..0 # SKIP {why}')
    return 0


def main():
    chromium = shutil.which('chromium')
    if not chromium:
        return skip('no chromium')
    version = subprocess.run([chromium, '--version'], capture_output=True, text=True, check=False).stdout
    major = re.search(r' (\d+)\.', version)
    if not major or int(major.group(1)) < 135:
        return skip(f'{version.strip()} has the old select parser')
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    cases = [case(rng) for _ in range(CASES)]
    wrong, matches = [], 0
    for (selectors, page), theirs, ours in zip(cases, of_chromium(chromium, cases), of_ours(cases), strict=True):
        for n, ids in theirs.items():
            got = ours.get(n, [])
            matches += len(ids)
            if ids != got:
                which = [selectors[i] for i in sorted(set(ids) ^ set(got))]
                wrong.append(f'{page!r}: {n}: Chromium {ids}, ours {got}: {which}')
                break
    print('1..1')
    print(f'{"not " if wrong else ""}ok 1 - {CASES - len(wrong)} of {CASES} as in {version.strip()}, {matches} matches')
    for w in wrong[:20]:
        print('# ' + w)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
