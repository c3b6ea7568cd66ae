#!/usr/bin/env python3
"""The documentation says what is true: manuals are free of warnings and miss nothing, examples do what is printed.

In front of each literal block of a manual stands a comment, and of each fenced block of a guide an HTML comment:

    example: KIND [FILE]

    rules FILE    a rules file without errors or warnings, in the canonical layout; kept as FILE
    conf FILE     likewise a configuration; the certificates of certs/, consent.keys and marketing.rules are there
    test FILE     test cases that pass; kept as FILE
    file FILE     kept as FILE, e.g. to be complained about
    console       lines that begin with "$ " are run, the others are what they print; "..." stands for anything
    daemon        one such line; it runs until the document ends, and the next example waits for what it prints
    none WHY      not checked

The examples of a document share a folder, which is also their home, and are taken in order. Ports that documents
speak of are replaced by free ones. Prints TAP.
"""
import glob
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SRC = os.environ['srcdir']
CRUMBGATE = os.environ['CRUMBGATE']
MANDOC = shutil.which('mandoc')
MANUALS = [os.path.join(SRC, 'docs', n)
           for n in ('crumbgate.1', 'crumbgate.conf.5', 'crumbgate-rules.5', 'crumbgate-test.5')]
GUIDES = sorted(glob.glob(os.path.join(SRC, 'docs', 'guide-*.md'))) + [os.path.join(SRC, 'README.md')]
PORTS = ('8443', '8080', '9000')
MARKETING = '''purpose preferences
purpose analytics
purpose advertising

cookie lang       is preferences
cookie /^_ga(_|$)/ is analytics
cookie _fbp _fbc  is advertising
'''


class Skip(Exception):
    pass


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def source(path):
    return read(os.path.join(SRC, path))


def manual(name):
    return source('docs/' + name)


def crumbgate(*args, cwd=None):
    r = subprocess.run([CRUMBGATE, *args], capture_output=True, text=True, timeout=120, cwd=cwd)
    return r.returncode, r.stdout + r.stderr


# -- examples ----------------------------------------------------------------------------------------------------------

ESCAPES = {r'\(aq': "'", r'\(dq': '"', r'\(ha': '^', r'\(ti': '~', r'\(ga': '`', r'\e': '\\', r'\&': '', r'\-': '-'}


def unescape(line):
    return re.sub(r'\\(?:\(..|.)', lambda m: ESCAPES.get(m.group(), m.group()), line)


def manual_examples(text):
    """(line, mark, lines) of each literal block; mark is None if there is none."""
    lines = text.split('\n')
    block = None
    for i, line in enumerate(lines):
        if line.startswith('.Bd -literal') and '-compact' not in line:
            mark = re.match(r'\.\\" example: (.*)', lines[i - 1])
            block = (i + 1, mark and mark.group(1), [])
        elif line == '.Ed' and block:
            yield block
            block = None
        elif block:
            block[2].append(unescape(line))


def guide_examples(text):
    lines = text.split('\n')
    block = None
    for i, line in enumerate(lines):
        if line.startswith('```') and block:
            yield block
            block = None
        elif line.startswith('```'):
            mark = re.match(r'<!-- example: (.*) -->', lines[i - 1])
            block = (i + 1, mark and mark.group(1), [])
        elif block:
            block[2].append(line)


def like(pattern, text):
    """True if text is pattern, where "..." stands for anything, within a line or for lines."""
    parts = [re.escape(p) for p in pattern.split('...')]
    return re.fullmatch('.*?'.join(parts), text, re.S) is not None


def free_ports(n):
    """Of four digits, like those that they replace, so that columns stay where they are; and the sockets that keep them
    for whoever asks for them by number, with SO_REUSEADDR, as servers do."""
    ports, socks = [], []
    for port in random.sample(range(2000, 10000), 500):
        sock = socket.socket(socket.AF_INET6)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(('::', port))
        except OSError:
            sock.close()
            continue
        ports.append(str(port))
        socks.append(sock)
        if len(ports) == n:
            return ports, socks
    raise AssertionError('no port is free')


class Document:
    """The examples of one document, on their way: its folder, its ports, its daemons."""

    def __init__(self, folder):
        self.folder = folder
        ports, self.reserved = free_ports(len(PORTS))
        self.ports = dict(zip(PORTS, ports))
        self.daemons = []
        self.shell = None
        self.env = dict(os.environ, HOME=folder, LC_ALL='C.UTF-8', NO_COLOR='1',
                        PATH=os.path.dirname(os.path.abspath(CRUMBGATE)) + ':' + os.environ['PATH'])
        self.env.pop('XDG_DATA_HOME', None)

    def adapt(self, text):
        text = text.replace('./quickstart', 'crumbgate demo --port 8443 --http-port 8080')
        return re.sub(r'(?<![0-9])(%s)(?![0-9])' % '|'.join(PORTS), lambda m: self.ports[m.group()], text)

    def play_console(self, lines):
        for command, expected in commands_of(lines):
            expected = self.adapt('\n'.join(expected)).rstrip('\n')
            actual, end = self.run(command), time.monotonic() + 60
            # What a daemon writes may take a moment; to look again changes nothing.
            while not like(expected, actual) and command[0].startswith('cat ') and time.monotonic() < end:
                time.sleep(0.05)
                actual = self.run(command)
            assert like(expected, actual), f'$ {command[0]}\nexpected:\n{expected}\nactual:\n{actual}'

    def run(self, command):
        """Runs it in the document's shell; what it printed, without blanks at the ends of lines."""
        if not self.shell:
            self.shell = subprocess.Popen(['bash'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, text=True, cwd=self.folder, env=self.env)
        self.shell.stdin.write('(exit $status)\n{\n%s\n} </dev/null\nstatus=$?\necho; echo @@end@@\n' %
                               self.adapt('\n'.join(command)))
        self.shell.stdin.flush()
        actual = []
        for line in self.shell.stdout:
            if line == '@@end@@\n':
                break
            actual.append(line.rstrip())
        return '\n'.join(actual).rstrip('\n')

    def start(self, lines):
        (command, expected), = commands_of(lines)
        expected = self.adapt('\n'.join(expected)).rstrip('\n')
        out = os.path.join(self.folder, f'daemon-{len(self.daemons)}.out')
        with open(out, 'wb') as f:
            daemon = subprocess.Popen(['bash', '-c', 'exec ' + self.adapt(command[0])], stdin=subprocess.DEVNULL, stdout=f,
                                      stderr=f, cwd=self.folder, env=self.env)
        self.daemons.append(daemon)
        end = time.monotonic() + 60
        while not like(expected + '...', read(out)):
            assert time.monotonic() < end and daemon.poll() is None, f'expected:\n{expected}\nactual:\n{read(out)}'
            time.sleep(0.02)

    def close(self):
        if self.shell:
            self.shell.stdin.close()
            self.shell.wait()
            self.shell.stdout.close()
        for daemon in self.daemons:
            daemon.send_signal(signal.SIGINT)
        for daemon in self.daemons:
            try:
                daemon.wait(60)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for sock in self.reserved:
            sock.close()


def commands_of(lines):
    """[([lines of a command], [lines that it prints])]"""
    commands = []
    for line in lines:
        if line.startswith('$ '):
            commands.append(([line[2:]], []))
        elif commands and commands[-1][0][-1].endswith('\\') and not commands[-1][1]:
            commands[-1][0].append(line)
        elif commands:
            commands[-1][1].append(line.rstrip())
    return commands


def good(what, *args, cwd):
    status, out = crumbgate(*args, cwd=cwd)
    assert status == 0 and 'warning' not in out and 'error' not in out, f'{what}: {out}'


def play_example(document, mark, lines):
    kind, _, name = mark.partition(' ')
    cwd = document.folder
    if kind not in ('console', 'daemon', 'none'):
        os.makedirs(os.path.dirname(os.path.join(cwd, name)) or cwd, exist_ok=True)
        with open(os.path.join(cwd, name), 'w', encoding='utf-8') as f:
            f.write(document.adapt('\n'.join(lines) + '\n'))
    if kind == 'console':
        document.play_console(lines)
    elif kind == 'daemon':
        document.start(lines)
    elif kind == 'rules':
        good(name, 'check', '-r', name, cwd=cwd)
    elif kind == 'conf':
        good(name, 'check', '-c', name, cwd=cwd)
    elif kind == 'test':
        status, out = crumbgate('test', name, cwd=cwd)
        assert status == 0, f'{name}: {out}'
    else:
        assert kind in ('none', 'file'), f'there is no kind "{kind}"'
        assert name, f'{kind} needs more words'
    if kind in ('rules', 'conf'):
        status, out = crumbgate('fmt', '--diff', name, cwd=cwd)
        assert status == 0, f'{name} is not in the canonical layout: {out}'


def prepare(cwd):
    for args in (('certs', 'dev', 'www.example.com', 'example.com'), ('certs', 'keys', 'consent.keys')):
        status, out = crumbgate(*args, cwd=cwd)
        assert status == 0, out
    with open(os.path.join(cwd, 'marketing.rules'), 'w') as f:
        f.write(MARKETING)


def play_document(path, examples):
    n = 0
    if 'curl ' in read(path) and not shutil.which('curl'):
        raise Skip('curl is not installed')
    with tempfile.TemporaryDirectory() as cwd:
        document = Document(cwd)
        # Others make certificates and keys themselves, or need none.
        if os.path.basename(path) in ('crumbgate.conf.5', 'guide-qa.md'):
            prepare(cwd)
        try:
            for line, mark, lines in examples(read(path)):
                n += 1
                assert mark, f'{path}:{line}: no "example:" in front of this block'
                try:
                    play_example(document, mark, lines)
                except AssertionError as e:
                    raise AssertionError(f'{path}:{line}: {e}') from None
        finally:
            document.close()
    assert n or path.endswith('guide-privacy.md'), f'{path} has no example'


# -- nothing is missing ------------------------------------------------------------------------------------------------

def items(text):
    """Words that an item of a list begins with, in front of their arguments."""
    found = set()
    for line in re.findall(r'^\.It (.*)', text, re.M):
        mode = None
        for word in line.split():
            if word in ('Ic', 'Cm', 'Fl'):
                mode = word
            elif re.fullmatch('[A-Z][a-z]', word):
                mode = None
            elif mode:
                found.add(word)
    return found


def missing(what, wanted, found):
    lost = [w for w in wanted if w not in found]
    assert wanted, f'no {what} was found in the source'
    assert not lost, f'{what} without an entry: {" ".join(lost)}'


def words_of(path, table, pattern=r'\{"([a-z0-9-]+)"'):
    """First strings of the rows of a table in a C file."""
    m = re.search(table + r'.*?= \{(.*?)\n?\};', source(path), re.S)
    assert m, f'{path} has no {table}'
    return re.findall(pattern, m.group(1))


def amount(n, size):
    """8192 as it is written in the manual: 8k."""
    for unit, factor in (('g', 1 << 30), ('m', 1 << 20), ('k', 1 << 10)):
        if size and n and n % factor == 0:
            return f'{n // factor}{unit}'
    return str(n)


def value(text):
    return 2 ** 63 - 1 if text.strip() == 'INT64_MAX' else int(text)


def entry(text, section, name):
    """The text of an item within a section."""
    m = re.search(rf'^\.Sh {section}$(.*?)(?=^\.Sh |\Z)', text, re.S | re.M)
    m = m and re.search(rf'^\.It Ic {re.escape(name)} .*?(?=^\.It |^\.El)', m.group(1), re.S | re.M)
    assert m, f'{section} does not speak of {name}'
    return unescape(m.group())


def statements_of_configuration():
    table = source('proxy/config/statement_table.h')
    names = re.findall(r'^CG_STATEMENT\(\w+, \w+, "([^"]+)"', table, re.M)
    missing('statements', names, items(manual('crumbgate.conf.5')))


def timeouts_and_limits():
    text, table = manual('crumbgate.conf.5'), source('proxy/config/statement_table.h')
    timeouts = re.findall(r'^CG_TIMEOUT\(\w+, "([^"]+)", (\d+),', table, re.M)
    limits = re.findall(r'^CG_LIMIT\([\w.\[\]]+, "([^"]+)", (\w+), (\w+), (\w+), (\w+),', table, re.M)
    assert timeouts and limits
    for name, ms in timeouts:
        unit, size = next((u, n) for u, n in (('h', 3600000), ('s', 1000), ('ms', 1)) if int(ms) % n == 0)
        wanted = f'Default: {int(ms) // size}{unit}.'
        assert wanted in entry(text, 'TIMEOUTS', name), f'timeouts, {name}: not "{wanted}"'
    for name, kind, default, least, most in limits:
        size = kind == 'SIZE'
        last = '2^63-1' if most == 'INT64_MAX' else amount(value(most), size)
        wanted = f'Default: {amount(value(default), size)}; {amount(value(least), size)} to {last}.'
        assert wanted in entry(text, 'LIMITS', name), f'limits, {name}: not "{wanted}"'


def fields_of_the_access_log():
    fields = re.findall(r'add_(?:key|text|flag|count)\([^;]*?SLICE\("(\w+)"\)', source('proxy/observe/access_log.c'))
    text = manual('crumbgate.conf.5')
    missing('fields of the access log', ['time'] + fields, items(text) | set(re.findall(r'^\.Ic (.*)', text, re.M)) |
            set(re.findall(r'\w+', ' '.join(re.findall(r'^\.Ic (.*)', text, re.M)))))


def counters():
    names = re.findall(r'^CG_COUNTER\(\w+, "([^"]+)",', source('proxy/observe/counter_table.h'), re.M)
    assert names
    text = manual('crumbgate.1')
    missing('counters', names, set(re.findall(r'[a-z-]+', ' '.join(re.findall(r'^\.It Cm (.*)', text, re.M)))))


def words_of_the_rules():
    text = manual('crumbgate-rules.5')
    found = items(text) | set(re.findall(r'[a-z]+', ' '.join(re.findall(r'^\.(?:Ic|Cm) (.*)', text, re.M))))
    missing('statements', words_of('rules/language/compile.c', 'struct keyword keywords') + ['include'], found)
    missing('clauses', words_of('rules/language/compile_clauses.c', r'clause_kind \{.*?kinds\[\]'), found)
    missing('words of a policy', words_of('rules/language/rules_policy.c', r'policy_words\[\]'), items(text))
    missing('words of pages', words_of('rules/language/rules_pages.c', r'pages_words\[\]'), items(text))
    missing('places', words_of('rules/language/rules_pages.c', r'\bplaces\[\]'),
            set(re.findall(r'[a-z-]+', ' '.join(re.findall(r'^\.It Cm (.*)', text, re.M)))))
    variables = re.search(r'variables\[\] = \{(.*?)\}', source('rules/language/rules_inject.c')).group(1)
    missing('variables', ['{%s}' % v for v in re.findall(r'"(\w+)"', variables)], text)


def words_of_the_test_files():
    text = manual('crumbgate-test.5')
    files = source('rules/harness/test_file.c')
    statements = re.search(r'char \*const words\[\] = \{(.*?)\}', files).group(1)
    missing('statements', re.findall(r'"([\w-]+)"', statements), items(text))
    given = re.search(r'char \*const words\[\] = \{(.*?)\}', source('rules/harness/given.c')).group(1)
    missing('givens', re.findall(r'"([\w-]+)"', given), items(text))
    missing('kinds of consent', words_of('rules/harness/given.c', r'\bkinds\[\]'), items(text))
    for table in (r'message_keywords\[\]', r'consent_keywords\[\]', r'\btokens\[\]'):
        missing('expectations', words_of('rules/harness/expect.c', table), items(text))
    subjects = words_of('rules/harness/expect.c', r'\bsubjects\[\]')
    missing('subjects', subjects, re.findall(r'^\.Cm (\S+)', text, re.M))
    missing('verdicts', words_of('rules/decide/verdict.c', r'kinds\[VERDICT_KINDS\]', r'= \{"(\w+)"'), items(text))


def commands_and_options():
    text = manual('crumbgate.1')
    commands = re.findall(r'CG_COMMAND\((\w+),\s*"[^"]+"\)', source('proxy/command/command.h'))
    missing('commands', commands, re.findall(r'^\.Ss (\w+)', text, re.M))
    for name in commands:
        section = re.search(rf'^\.Ss {name}$(.*?)(?=^\.S[sh] )', text, re.S | re.M).group(1)
        status, out = crumbgate('help', name)
        assert status == 0, f'help {name}: {out}'
        options = set(re.findall(r'(?<![\w-])--?([a-z][a-z-]*)', out)) - {'h', 'help'}
        told = {w.lstrip('-') for w in items(section)}
        missing(f'options of {name}', sorted(options) or ['-'], told | {'-'})


def links_lead_somewhere():
    for path in sorted(glob.glob(os.path.join(SRC, 'docs', '*.md'))) + [os.path.join(SRC, n) for n in (
            'README.md', 'CONTRIBUTING.md', 'CHANGES.md')]:
        text, folder = read(path), os.path.dirname(path)
        prose = re.sub(r'^```.*?^```', '', text, flags=re.S | re.M)
        for link in re.findall(r'\]\(([^)#]+)', prose) + re.findall(r'src="([^"]+)"', prose):
            assert '://' in link or os.path.exists(os.path.join(folder, link)), f'{path}: {link} does not exist'
        if path.endswith('architecture.md'):
            continue  # it speaks of what is to come
        for name in re.findall(r'`((?:tests|docs|rules|proxy|certs|contrib)/[\w./-]+)`', text):
            assert os.path.exists(os.path.join(SRC, name)), f'{path}: {name} does not exist'


def texts_of_the_troubleshooting():
    """The guide speaks of texts that the program really says."""
    sources = ''
    for path in glob.glob(os.path.join(SRC, 'proxy', '**', '*.[ch]'), recursive=True):
        sources += read(path)
    said = re.sub(r'"\s+"', '', sources).replace('\\"', '"')
    table = source('docs/guide-operators.md').split('## Troubleshooting')[1]
    for cell in re.findall(r'^\| [^|]* \| (`[^|]*) \|', table, re.M) + re.findall(r'^\| (`[^|]*) \|', table, re.M):
        for text in re.findall(r'`([^`]+)`', cell):
            for part in re.split(r'\.\.\.|: ', text):
                known = part.strip() in said or part in [os.strerror(n) for n in range(1, 130)]
                assert not re.search('[a-z]{4} ', part) or known, f'nothing says "{part}"'


def files_to_start_from():
    folder = os.path.join(SRC, 'docs', 'examples')
    good('site.rules', 'check', '-r', 'site.rules', cwd=folder)
    good('fmt', 'fmt', '--check', 'site.rules', 'crumbgate.conf', cwd=folder)
    good('site.test', 'test', 'site.test', cwd=folder)
    with tempfile.TemporaryDirectory() as cwd:
        prepare(cwd)
        for name in ('site.rules', 'crumbgate.conf'):
            shutil.copy(os.path.join(folder, name), cwd)
        good('crumbgate.conf', 'check', cwd=cwd)


# -- running -----------------------------------------------------------------------------------------------------------

def lint(path):
    if not MANDOC:
        raise Skip('mandoc is not installed')
    r = subprocess.run([MANDOC, '-Tlint', '-Wwarning', path], capture_output=True, text=True)
    assert r.returncode == 0 and not r.stdout, r.stdout + r.stderr


def tests():
    for path in MANUALS:
        yield f'{os.path.basename(path)}: mandoc has nothing to say', lambda p=path: lint(p)
    for f in (statements_of_configuration, timeouts_and_limits, counters, fields_of_the_access_log, words_of_the_rules,
              words_of_the_test_files, commands_and_options):
        yield f'the manuals tell all {f.__name__.replace("_", " ")}', f
    yield 'links and names of files lead somewhere', links_lead_somewhere
    yield 'texts of the troubleshooting are said', texts_of_the_troubleshooting
    yield 'the example that is installed holds', files_to_start_from
    for path in MANUALS:
        yield f'{os.path.basename(path)}: the examples hold', lambda p=path: play_document(p, manual_examples)
    for path in GUIDES:
        yield f'{os.path.basename(path)}: the examples hold', lambda p=path: play_document(p, guide_examples)


def main():
    failed = 0
    todo = list(tests())
    print(f'1..{len(todo)}')
    for number, (name, f) in enumerate(todo, 1):
        try:
            f()
            print(f'ok {number} - {name}')
        except Skip as e:
            print(f'ok {number} - {name} # SKIP {e}')
        except Exception as e:  # pylint: disable=broad-except
            failed += 1
            print(f'not ok {number} - {name}')
            text = str(e) if isinstance(e, AssertionError) else f'{type(e).__name__}: {e}'
            for line in text.split('\n'):
                print(f'# {line}')
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
