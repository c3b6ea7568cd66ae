"""The parent's duties: what happens when it dies, is told twice, or is given another configuration."""
import os
import pwd
import re
import signal
import subprocess
import sys
import threading
import time

import kit
from kit import CRUMBGATE, Origin, Proxy, echo, same, true


def state(pid):
    """The letter that ps shows; None if there is no such process."""
    try:
        with open(f'/proc/{pid}/stat') as f:
            return f.read().rpartition(')')[2].split()[0]
    except OSError:
        return None


def alive(pid):
    return state(pid) not in (None, 'Z')


def change(p, old, new):
    """Edits the configuration of a running proxy and reloads it."""
    with open(p.conf) as f:
        text = f.read()
    true(old in text, text)
    with open(p.conf, 'w') as f:
        f.write(text.replace(old, new))
    p.process.send_signal(signal.SIGHUP)


def status(pid, name):
    with open(f'/proc/{pid}/status') as f:
        return re.search(rf'(?m)^{name}:[ \t]*(.*)$', f.read()).group(1).split()


class Stuck:
    """An exchange whose origin never ends its answer."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
        self.go.wait(kit.DEADLINE)
        c.sendall(b'world')


def test_parent_dies():
    """when the parent is killed the workers finish what is in flight and end"""
    stuck = Stuck()
    with Origin(stuck) as o, Proxy(o, workers=2) as p:
        workers = p.workers()
        busy = p.client()
        busy.request('GET', '/')
        busy.head()
        p.process.kill()
        p.process.wait()
        kit.wait_for(lambda: 'the parent is gone' in p.stderr(), 'the workers to notice')
        kit.wait_for(lambda: sum(map(alive, workers)) == 1, 'the idle worker to end')
        stuck.go.set()
        same(busy.take(10), b'helloworld')
        kit.wait_for(lambda: not any(map(alive, workers)), 'the busy worker to end')


def test_second_signal():
    """a second signal does not wait for what is in flight"""
    stuck = Stuck()
    with Origin(stuck) as o, Proxy(o) as p:
        workers = p.workers()
        busy = p.client()
        busy.request('GET', '/')
        busy.head()
        p.process.send_signal(signal.SIGINT)
        kit.wait_for(lambda: 'in flight' in p.stderr(), 'the first signal to be taken')
        time.sleep(0.5)
        same(p.process.poll(), None)
        p.process.send_signal(signal.SIGINT)
        same(p.process.wait(kit.DEADLINE), 0)
        true(not any(map(alive, workers)), 'a worker lives on')
        stuck.go.set()
        busy.close()


def test_signals_at_once():
    """two signals at once are one wish"""
    stuck = Stuck()
    with Origin(stuck) as o, Proxy(o) as p:
        busy = p.client()
        busy.request('GET', '/')
        busy.head()
        p.process.send_signal(signal.SIGSTOP)  # so that both wait for it, however long it takes to send them
        kit.wait_for(lambda: state(p.process.pid) == 'T', 'the parent to stop')
        p.process.send_signal(signal.SIGTERM)
        p.process.send_signal(signal.SIGINT)
        p.process.send_signal(signal.SIGCONT)
        kit.wait_for(lambda: 'in flight' in p.stderr(), 'the first signal to be taken')
        stuck.go.set()
        same(busy.take(10), b'helloworld')
        same(p.process.wait(kit.DEADLINE), 0)
        true('ending at once' not in p.stderr(), p.stderr())
        busy.close()


def test_drain_timeout():
    """a stop takes no longer than timeouts drain"""
    stuck = Stuck()
    with Origin(stuck) as o, Proxy(o, extra='timeouts {\n drain 300ms\n}') as p:
        busy = p.client()
        busy.request('GET', '/')
        busy.head()
        p.process.terminate()
        same(p.process.wait(kit.DEADLINE), 0)
        true('killed' not in p.stderr(), p.stderr())
        stuck.go.set()
        busy.close()


def test_more_and_fewer_workers():
    """a reload changes the number of workers"""
    with Origin(echo) as o, Proxy(o, workers=1) as p:
        for before, now in ((1, 3), (3, 2)):
            old = set(p.workers())
            change(p, f'workers {before}\n', f'workers {now}\n')
            kit.wait_for(lambda: len(p.workers()) == now and not old & set(p.workers()), f'{now} workers')
            same([p.get('/').status for _ in range(12)], [200] * 12)


def test_listener_moves():
    """a reload opens new addresses and closes those that are gone"""
    with Origin(echo) as o, Proxy(o, workers=2) as p:
        port = kit.free_port()
        change(p, f'listen 127.0.0.1:{p.plain_port}\n', f'listen 127.0.0.1:{port}\n')

        def get(where):
            with kit.Client(where, tls=False, timeout=5) as c:
                c.request('GET', '/', 'Connection: close')
                return c.response().status
        kit.wait_for(lambda: f'http://127.0.0.1:{port}' in p.stderr(), 'the new address')
        same(get(port), 200)

        def refused():
            try:
                get(p.plain_port)
            except (OSError, EOFError):
                return True
        kit.wait_for(refused, 'the old address to close')
        same(p.get('/').status, 200)


def test_taken_port_on_reload():
    """a reload that needs a taken port changes nothing"""
    with Origin(echo) as o, Origin(echo) as other, Proxy(o) as p:
        workers = p.workers()
        change(p, f'listen 127.0.0.1:{p.plain_port}\n', f'listen 127.0.0.1:{other.port}\n')
        kit.wait_for(lambda: 'goes on serving' in p.stderr(), 'the complaint')
        true(f'cannot listen on 127.0.0.1:{other.port}' in p.stderr(), p.stderr())
        same(p.workers(), workers)
        same(p.get('/').status, 200)


def test_crashing_worker():
    """workers that keep dying are started again each time"""
    with Origin(echo) as o, Proxy(o) as p:
        for _ in range(4):
            pid = kit.wait_for(p.workers, 'a worker')[0]
            os.kill(pid, signal.SIGKILL)
            kit.wait_for(lambda: pid not in (p.workers() or [pid]), 'the next worker')
        same(p.get('/').status, 200)
        same(p.stderr().count('killed by signal 9'), 4)


def test_hung_worker():
    """a worker that hangs does not outlive a reload"""
    with Origin(echo) as o, Proxy(o, extra='timeouts {\n drain 500ms\n}') as p:
        pid = p.workers()[0]
        os.kill(pid, signal.SIGSTOP)
        p.process.send_signal(signal.SIGHUP)
        kit.wait_for(lambda: pid not in (p.workers() or [pid]), 'the hung worker to be killed')
        same(p.get('/').status, 200)


def test_privileges():
    """a worker is nobody in an empty root, can gain nothing, dumps no core, and inherits no descriptor"""
    if os.geteuid() != 0:
        raise kit.Skip('needs root')
    with kit.scratch() as empty, Origin(echo) as o:
        # The leak check at a sanitized worker's end needs /proc.
        root = '/' if kit.sanitized() else empty
        with Proxy(o, extra='user nobody\n' + ('' if root == '/' else f'chroot {root}\n')) as p:
            pid = p.workers()[0]
            nobody = pwd.getpwnam('nobody')
            same(status(pid, 'Name'), ['crumbgate'])
            same(status(pid, 'Uid'), [str(nobody.pw_uid)] * 4)
            same(status(pid, 'Gid'), [str(nobody.pw_gid)] * 4)
            same(status(pid, 'Groups'), [])
            same(status(pid, 'NoNewPrivs'), ['1'])
            same(int(status(pid, 'CapEff')[0], 16), 0)
            same(os.readlink(f'/proc/{pid}/root'), root)
            with open(f'/proc/{pid}/limits') as f:
                true(re.search(r'Max core file size +0 +0 ', f.read()), 'cores are allowed')
            files = [os.readlink(f'/proc/{pid}/fd/{n}') for n in os.listdir(f'/proc/{pid}/fd') if int(n) > 2]
            true(not [f for f in files if f.startswith('/') and f != p.log], files)
            same(p.get('/').status, 200)
            os.kill(pid, signal.SIGKILL)
            kit.wait_for(lambda: p.workers() and p.workers() != [pid], 'the next worker')
            same(p.get('/').status, 200)


def test_root_is_not_kept():
    """workers of root are nobody or crumbgate without being told"""
    if os.geteuid() != 0:
        raise kit.Skip('needs root')
    with Origin(echo) as o, Proxy(o) as p:
        true(status(p.workers()[0], 'Uid')[0] != '0', 'the worker is root')


def test_start_errors():
    """what stands against starting is said with the place and what to do"""
    with Origin(echo) as o:
        for extra, wanted in (('user no-such-user', 'no-such-user'), ('access-log /nowhere/a.log', '/nowhere/a.log')):
            p = Proxy(o, extra=extra, start=False)
            with open(p.conf) as f:
                text = f.read()
            if extra.startswith('access-log'):
                text = text.replace('access-log access.log\n', '')
            with open(p.conf, 'w') as f:
                f.write(text)
            r = subprocess.run([CRUMBGATE, 'run', '-c', p.conf], capture_output=True, text=True, timeout=kit.DEADLINE)
            same(r.returncode, 2, extra)
            true(wanted in r.stderr and 'error' in r.stderr, r.stderr)
            p.stop()


def test_command_line():
    """help, mistyped commands, and the worker's hidden one"""
    def crumbgate(*args):
        return subprocess.run([CRUMBGATE, *args], capture_output=True, text=True, timeout=kit.DEADLINE)
    same(crumbgate().returncode, 2)
    same(crumbgate('--help').returncode, 0)
    true(re.match(r'crumbgate \d+\.\d+\.\d+', crumbgate('--version').stdout), 'no version')
    for command in re.findall(r'(?m)^  ([a-z]+) ', crumbgate('--help').stdout):
        for args in ((command, '--help'), ('help', command)):
            r = crumbgate(*args)
            same(r.returncode, 0, args)
            true(f'crumbgate {command}' in r.stdout, r.stdout)
        same(crumbgate(command, '--no-such-option').returncode, 2, command)
    r = crumbgate('rnu')
    same(r.returncode, 2)
    true('did you mean "run"' in r.stderr, r.stderr)
    true('worker' not in crumbgate('--help').stdout, 'the hidden command is shown')
    for args in (('worker',), ('worker', 'index=0'), ('run', 'more'), ('demo', '--port', '0'), ('demo', 'more')):
        same(crumbgate(*args).returncode, 2, args)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
