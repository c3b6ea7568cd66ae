"""The HTML tokenizer against Chromium's parser: random markup of what changes tokens (raw text, svg and math, integration
points, select, framesets, templates, stray end tags), in which every element with an id that Chromium makes must be a start tag of
ours, and the other way round, except in framesets, whose parser drops elements that it reads.

DOMParser has scripting off, so noscript holds markup. Prints TAP, one test. Skips without a Chromium that has the
relaxed select parser. The markup is the same in every run; another seed: test_chromium.py SEED.
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

# What the dice found, or never would.
FIXED = [
    '<template><col><textarea></template><img id=i1>',
    '<template><col><script></template><img id=i1>',
    '<template><col><style></template><img id=i1>',
    '<template><col><noembed></template><img id=i1>',
    '<template><col><plaintext></template><img id=i1>',
    '<template><col><svg><![CDATA[></template><img id=i1>]]>',
    '<template><div><col><textarea></template><img id=i1></textarea>',
    '<template><style></style><col><textarea></template><img id=i1>',
    '<template>x<col><template><textarea></template></textarea></template><textarea></template><img id=i1>',
    '<template><template></template><col><template></template><textarea></template><img id=i1>',
    '<template><colgroup><col><textarea></template><img id=i1>',
    '<svg><desc><template><col><textarea></template><img id=i1></desc><style><image id=i2></style>',
    '<template><svg></template><![CDATA[><img id=i98>',
    '<template><svg><foreignObject><div></template></div></foreignObject><![CDATA[><img id=i1>]]>',
    '<template><svg><foreignObject></template></foreignObject><![CDATA[><img id=i1>]]>',
    '<template></template><col><textarea><img id=i1></textarea>',
    '<template><col></p></br></template><img id=i1>',
    '<select><svg></select><![CDATA[><img id=i1>]]>',
    '<h1><svg></h2><![CDATA[><img id=i1>]]>',
    '<object><svg></object><style><!-- </style><img id=i1>',
    '<tr><svg></tr><style><img id=i1></style>',
    '<table><td><svg><foreignObject><div></tr></div></foreignObject><![CDATA[><img id=i1>]]>',
    '<table><caption><svg><foreignObject><div><tr></div></foreignObject><![CDATA[><img id=i1>]]>',
    '<table><td><svg><foreignObject><table><td></td></table></foreignObject><style><image id=i1></style></svg>',
]
BUILD = os.environ.get('builddir', '.')
CASES = 1500
NAMES = '''svg g title style script foreignObject desc p div span math mi mtext annotation-xml font noscript textarea select
           xmp a b h1 ul li iframe option mglyph table td button image body template col tr'''.split()
STARTS = ['<frameset>', '<body>', '<div><frameset>', 'x<frameset>', '<head><title>t</title></head><frameset>']
PIECES = ['<!--', '-->', '<![CDATA[', ']]>', '<!-- x -->', 'x', '<script><!--', '<br>']
PAGE = '''<!doctype html><body><script>
function ids(n) {
  return Array.from(n.querySelectorAll("*")).flatMap(function (e) {
    return (e.id ? [e.id] : []).concat(e.content instanceof DocumentFragment ? ids(e.content) : []);
  });
}
var r = %s.map(function (s) {
  return ids(new DOMParser().parseFromString(s, "text/html"));
});
document.body.innerHTML = "<pre></pre>";
document.querySelector("pre").textContent = JSON.stringify(r);
</script>'''


def tag(rng):
    name, more = rng.choice(NAMES), ''
    if name == 'font' and rng.random() < .5:
        more = ' color=red'
    if name == 'annotation-xml' and rng.random() < .5:
        more = ' encoding="text/html"'
    return f'<{name}{more}{"/" if rng.random() < .12 else ""}>'


def markup(rng):
    out = [rng.choice(STARTS)] if rng.random() < .15 else []
    for i in range(rng.randrange(2, 14)):
        r = rng.random()
        if r < .35:
            out.append(tag(rng))
        elif r < .65:
            out.append(f'</{rng.choice(NAMES)}>')
        elif r < .72:
            out.append(rng.choice(PIECES))
        elif out and 'frameset' in out[0]:
            out.append(f'<frame id=i{i}>')
        else:
            out.append(rng.choice([f'<img id=i{i}>', f'<video id=i{i}></video>', f'<embed id=i{i}>']))
    return ''.join(out)


def of_chromium(chromium, cases):
    # Chromium's processes may write into its profile after it has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = os.path.join(folder, 'page.html')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(PAGE % json.dumps(cases).replace('<', '\\u003c'))
        out = subprocess.run([chromium, '--headless=new', '--no-sandbox', '--disable-gpu', f'--user-data-dir={folder}/u',
                              '--dump-dom', 'file://' + path], capture_output=True, text=True, timeout=600,
                             check=True).stdout
    return [set(ids) for ids in json.loads(html.unescape(re.search('<pre>(.*)</pre>', out, re.S).group(1)))]


def of_ours(cases):
    lines = ''.join(f'page - {c.encode().hex()}\n' for c in cases)
    out = subprocess.run([os.path.join(BUILD, 'tests', 'html', 'tokens')], input=lines, capture_output=True, text=True,
                         check=True).stdout
    result, ids = [], set()
    for line in out.split('\n'):
        if line.startswith('start '):
            ids.update(re.findall(r'\[id=u"(i\d+)"\]', line))
        elif line.startswith('same '):
            result.append(ids)
            ids = set()
        assert not line.startswith(('different', 'wrong')), line
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
    cases = FIXED + [markup(rng) for _ in range(CASES)]
    wrong = []
    for case, theirs, ours in zip(cases, of_chromium(chromium, cases), of_ours(cases), strict=True):
        missed, extra = theirs - ours, set() if '<frameset' in case else ours - theirs
        if missed or extra:
            wrong.append(f'{case}: missed {sorted(missed)}, not in Chromium {sorted(extra)}')
    print('1..1')
    print(f'{"not " if wrong else ""}ok 1 - {len(cases) - len(wrong)} of {len(cases)} as in {version.strip()}')
    for w in wrong[:20]:
        print('# ' + w)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
