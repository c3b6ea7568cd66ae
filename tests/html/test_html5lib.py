"""Conformance of the HTML tokenizer with html5lib-tests: each case whole, split at every octet, and octet by octet.

Prints TAP, one test a file. Reads ../shared/testdata/html5lib-tokenizer (or $HTML5LIB_TOKENIZER) and skips without it.

What is compared: tags with their names, attributes and self-closing flag; text with its references decoded; comments;
that there is a doctype, where it is among them. What is left out, and why:
- the name, identifiers and quirks flag of a doctype: nothing that crumbgate decides depends on them;
- parse errors: a browser shows none;
- inputs and outputs that hold lone surrogates: they cannot be octets of any encoding the tokenizer sees;
- the xml-violation cases: they ask for another output (XML's infoset), not for HTML's.
"""
import glob
import json
import os
import re
import subprocess
import sys

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('builddir', '.')
CASES = os.environ.get('HTML5LIB_TOKENIZER') or os.path.join(SRC, '..', 'shared', 'testdata', 'html5lib-tokenizer')
STATES = {'Data state': 'data', 'RCDATA state': 'rcdata', 'RAWTEXT state': 'rawtext',
          'Script data state': 'script', 'PLAINTEXT state': 'plaintext', 'CDATA section state': 'cdata'}
ATTRIBUTE = re.compile(r'\[([^\]=]*)(?:=[dsu]"([^"]*)")?\]')


def unescape(text):
    octets = re.sub(rb'\\x(..)', lambda m: bytes([int(m.group(1), 16)]), text.encode())
    return octets.decode('utf-8', 'replace')


def newlines(text):
    return text.replace('\r\n', '\n').replace('\r', '\n')


def name_of(text):
    """A tag's or attribute's name as a browser has it: ASCII letters small, NUL replaced."""
    return ''.join(c.lower() if c.isascii() else c for c in unescape(text)).replace('\0', '\ufffd')


def comment_of(raw):
    """The data of a comment or bogus comment, from its octets."""
    if raw.startswith('<!--'):
        data = raw[4:]
        if data in ('>', '->'):
            return ''
        # "--!>" and "-->" end it; so does the end of input, which drops what may have been the start of either.
        data = re.sub(r'(-->|--!>|--!|--|-)\Z', '', data)
    elif raw.startswith(('<!', '</')):
        data = raw[2:].removesuffix('>')
    else:
        data = raw[1:].removesuffix('>')
    return newlines(data).replace('\0', '\ufffd')


def start_of(rest):
    name = rest.split(' ')[0]
    attributes = {}
    for key, value in ATTRIBUTE.findall(rest):
        attributes.setdefault(name_of(key), unescape(value))
    tag = ['StartTag', name_of(name), attributes]
    return tag + [True] if rest.endswith(' /') else tag


def token_of(line):
    kind, _, rest = line.partition(' ')
    if kind == 'start':
        return start_of(rest)
    if kind == 'end':
        return ['EndTag', name_of(rest.split(' ')[0])]
    raw = unescape(line[line.index('"') + 1:-1])
    if kind == 'comment':
        return ['Comment', comment_of(raw)]
    if kind == 'doctype':
        return ['DOCTYPE']
    if kind == 'cdata':
        # The section's own octets begin where the case begins.
        data = raw.removesuffix(']]>')
        return ['Character', newlines(data)]
    if kind == 'ignored':
        return None
    assert kind == 'text', line
    if rest.startswith('data'):
        return ['Character', raw]
    text = raw if rest.startswith('rcdata') else newlines(raw)
    return ['Character', text.replace('\0', '\ufffd')]


def joined(tokens):
    result = []
    for t in tokens:
        if t is None or t == ['Character', '']:
            continue
        if t[0] == 'Character' and result and result[-1][0] == 'Character':
            result[-1] = ['Character', result[-1][1] + t[1]]
        else:
            result.append(t[:1] if t[0] == 'DOCTYPE' else t)
    return result


def doubly(value):
    """Undoes the second escaping of "doubleEscaped" cases."""
    if isinstance(value, str):
        return re.sub(r'\\u([0-9A-Fa-f]{4})', lambda m: chr(int(m.group(1), 16)), value)
    if isinstance(value, list):
        return [doubly(v) for v in value]
    if isinstance(value, dict):
        return {doubly(k): doubly(v) for k, v in value.items()}
    return value


def surrogates(case):
    return re.search('[\ud800-\udfff]', json.dumps([case['input'], case['output']], ensure_ascii=False)) is not None


def runs_of(path):
    """(description, state, last start tag, input, expected) of each run, and how many were left out."""
    with open(path, encoding='utf-8') as f:
        content = json.load(f)
    runs, out = [], 0
    for case in content.get('tests', []):
        if case.get('doubleEscaped'):
            case['input'], case['output'] = doubly(case['input']), doubly(case['output'])
        if surrogates(case):
            out += 1
            continue
        for state in case.get('initialStates', ['Data state']):
            runs.append((case['description'], STATES[state], case.get('lastStartTag', '-'), case['input'],
                         joined(case['output'])))
    return runs, out + len(content.get('xmlViolationTests', []))


def in_attributes(path):
    """The cases of named references once more, as the value of an attribute, which decodes less."""
    runs = []
    for description, state, _, text, _ in runs_of(path)[0]:
        m = re.fullmatch(r'&([0-9A-Za-z]+)(;?)', text)
        if state != 'data' or not m:
            continue
        import html.entities
        value = html.entities.html5.get(m.group(1) + m.group(2), text)
        for after in ('', '=', 'x', ' '):
            decoded = value if m.group(2) or after in ('', ' ') else text
            runs.append((f'{description} before "{after}" in an attribute', 'data', '-', f'<a b="{text}{after}">',
                         [['StartTag', 'a', {'b': decoded + after}]]))
    return runs


def tokens_of(runs):
    """For each run: the tokens, and what was said of splits."""
    lines = ''.join(f'{state} {last} {text.encode().hex() or "-"}\n' for _, state, last, text, _ in runs)
    out = subprocess.run([os.path.join(BUILD, 'tests', 'html', 'tokens')], input=lines, capture_output=True, text=True,
                         check=True).stdout
    tokens, result = [], []
    for line in out.split('\n')[:-1]:
        if line.startswith(('same ', 'different ')):
            result.append((joined(tokens), line))
            tokens = []
        elif line == 'wrong octets':
            tokens.append(['WRONG OCTETS'])
        else:
            tokens.append(token_of(line))
    assert len(result) == len(runs)
    return result


def check(runs):
    wrong, splits = [], 0
    for (description, state, last, text, expected), (got, said) in zip(runs, tokens_of(runs)):
        word, number = said.split(' ')
        splits += int(number)
        if got != expected or word != 'same':
            wrong.append(f'{description} [{state}, {last}] {text!r}\n#   expected {expected}\n#   got      {got} {said}')
    return wrong, splits


def main():
    files = sorted(glob.glob(os.path.join(CASES, '*.test')))
    if not files:
        print(f'1..0 # SKIP no html5lib-tests at {CASES}')
        return 0
    print(f'1..{len(files) + 1}')
    failed, cases, all_splits = 0, 0, 0
    jobs = [(os.path.basename(f), *runs_of(f)) for f in files]
    named = [f for f in files if os.path.basename(f) in ('namedEntities.test', 'entities.test')]
    jobs.append(('references in attributes', [r for f in named for r in in_attributes(f)], 0))
    for i, (name, runs, out) in enumerate(jobs, 1):
        wrong, splits = check(runs)
        failed += bool(wrong)
        cases += len(runs)
        all_splits += splits
        if not runs:
            print(f'ok {i} - {name} # SKIP all of its {out} cases are left out')
            continue
        print(f'{"not " if wrong else ""}ok {i} - {name}: {len(runs) - len(wrong)} of {len(runs)} runs, {splits} splits, '
              f'{out} left out')
        for w in wrong[:20]:
            print('# ' + w)
    print(f'# {cases} runs, {all_splits} splits')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
