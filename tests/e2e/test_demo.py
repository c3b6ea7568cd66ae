"""The demo: what it prints works as it says, and it leaves nothing behind."""
import os
import re
import shutil
import signal
import subprocess
import sys

import kit
from kit import CRUMBGATE, same, true


class Demo:
    """crumbgate demo in a folder of its own; in a process group of its own, as in a terminal."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, 'a', 'demo')
        self.port, self.http_port = kit.free_port(), kit.free_port()
        self.path = os.path.join(folder, 'out')
        self.start()

    def start(self):
        with open(self.path, 'w') as out:
            self.process = subprocess.Popen(
                [CRUMBGATE, 'demo', '--dir', self.folder, '--port', str(self.port), '--http-port', str(self.http_port)],
                stdin=kit.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        kit.wait_for(lambda: 'Ctrl-C ends' in self.out() or self.process.poll() is not None, 'the demo to start')
        same(self.process.poll(), None, self.out())

    def out(self):
        with open(self.path) as f:
            return f.read()

    def lines(self):
        """The lines to paste by their titles."""
        found = re.findall(r'  # ([^\n]*):\n  # [^\n]*\n  (curl .*?)\n\n', self.out(), re.S)
        true(len(found) >= 6, self.out())
        return dict(found)

    def paste(self, title):
        out = subprocess.run(['sh', '-c', self.lines()[title]], capture_output=True, text=True, timeout=kit.DEADLINE)
        same(out.returncode, 0, out.stderr)
        head, _, body = out.stdout.replace('\r', '').partition('\n\n')
        sets = {}
        for line in re.findall(r'(?im)^set-cookie: (.*)$', head):
            name, _, rest = line.partition('=')
            sets.setdefault(name, 'deleted' if 'Max-Age=0' in rest else 'set')
        cookies = re.findall(r'(?m)^cookie   (.*)$', body)
        return sets, [c.partition('=')[0] for c in cookies], body

    def members(self):
        """Living processes of the demo's group."""
        group = []
        for d in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{d}/stat') as f:
                    stat = f.read().rpartition(')')[2].split()
            except OSError:
                continue
            if int(stat[2]) == self.process.pid and stat[0] != 'Z':
                group.append(int(d))
        return group

    def stop(self):
        """Ctrl-C: the terminal signals every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)
        same(self.process.wait(kit.DEADLINE), 0, self.out())
        kit.wait_for(lambda: not self.members(), 'the processes to end')
        true('Sanitizer' not in self.out() and 'runtime error' not in self.out(), self.out())


def test_lines():
    """each printed line shows what it says"""
    if not shutil.which('curl'):
        raise kit.Skip('there is no curl')
    with kit.scratch() as folder:
        demo = Demo(folder)
        try:
            nothing = {'lang': 'deleted', '_ga': 'deleted', '_fbp': 'deleted'}
            for title in ('No consent', 'The same consent, expired', 'Forged'):
                sets, cookies, body = demo.paste(title)
                same(sets, nothing, title)
                same(cookies, ['nwv_session'], title)
                true('target   /cookies.txt?plan=desk\n' in body, body)
            for title in ('Agreed to preferences and analytics, signed by crumbgate', 'Agreed, with Do Not Track'):
                sets, cookies, body = demo.paste(title)
                same(sets, {'lang': 'set', '_ga': 'set', '_ga_NWV0000001': 'set', '_hjSession_4711': 'set',
                            'vid': 'set', '_fbp': 'deleted'}, title)
                same(cookies, ['nwv_session', 'lang', '_ga', 'vid'], title)
            sets, cookies, body = demo.paste('The same with the opt-out cookie')
            same(sets, {'lang': 'set', '_ga': 'deleted', '_fbp': 'deleted'})
            same(cookies, ['nwv_session', 'lang', 'optout'])
        finally:
            demo.stop()


def test_restart():
    """changed rules, keys and certificates are kept over a restart, secrets are private, no warning is printed"""
    with kit.scratch() as folder:
        demo = Demo(folder)
        rules = os.path.join(demo.folder, 'demo.rules')
        kept = {}
        try:
            true('warning:' not in demo.out(), demo.out())
            for name, mode in (('ca.key', 0o600), ('localhost.key', 0o600), ('consent.keys', 0o600), ('ca.pem', 0o644)):
                path = os.path.join(demo.folder, name)
                same(os.stat(path).st_mode & 0o777, mode, name)
                with open(path, 'rb') as f:
                    kept[path] = f.read()
        finally:
            demo.stop()
        with open(rules, 'a') as f:
            f.write('# mine\n')
        demo.start()
        demo.stop()
        with open(rules) as f:
            true(f.read().endswith('# mine\n'), 'the rules were overwritten')
        for path, text in kept.items():
            with open(path, 'rb') as f:
                true(f.read() == text, path)


def test_port_taken():
    """a second demo says which port is taken, and how to take another"""
    with kit.scratch() as folder:
        demo = Demo(folder)
        try:
            other = os.path.join(folder, 'other')
            r = subprocess.run([CRUMBGATE, 'demo', '--dir', other, '--port', str(demo.port), '--http-port',
                                str(kit.free_port())], capture_output=True, text=True, timeout=kit.DEADLINE)
            same(r.returncode, 2)
            true(f'127.0.0.1:{demo.port}' in r.stderr, r.stderr)
        finally:
            demo.stop()


def test_folder_taken():
    """a second demo does not write into the folder of one that runs, or its next reload would lead to another site"""
    with kit.scratch() as folder:
        demo = Demo(folder)
        try:
            conf = os.path.join(demo.folder, 'crumbgate.conf')
            with open(conf) as f:
                before = f.read()
            r = subprocess.run([CRUMBGATE, 'demo', '--dir', demo.folder, '--port', str(kit.free_port()), '--http-port',
                                str(kit.free_port())], capture_output=True, text=True, timeout=kit.DEADLINE)
            same(r.returncode, 2)
            true('another demo runs in this folder' in r.stderr and '--dir DIR' in r.stderr, r.stderr)
            with open(conf) as f:
                same(f.read(), before)
        finally:
            demo.stop()


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
