"""Volume: 1 GB down and up with flat memory, 2,000 connections kept alive."""
import contextlib
import os
import re
import resource
import subprocess
import sys

import kit
from kit import Nginx, Origin, Proxy, Client, echo, same, true

BIG = (64 if kit.sanitized() else 1024) * 1024 * 1024


def held(p):
    """KiB that the workers have for themselves: what they share with others depends on how many there are."""
    total = 0
    for pid in p.workers():
        with open(f'/proc/{pid}/smaps_rollup') as f:
            total += int(re.search(r'^Anonymous:\s+(\d+)', f.read(), re.M).group(1))
    return total


def flat(p, before, what):
    grown = held(p) - before
    if not kit.sanitized():
        true(grown < 4096, f'{what}: the worker grew by {grown} KiB')


def curl(*args):
    return subprocess.run(['curl', '-sS', '-k', '--max-time', '600', *args], check=True, capture_output=True,
                          text=True).stdout


def test_download():
    """a large download from nginx passes with flat memory"""
    with Nginx() as o, Proxy(o) as p:
        with open(os.path.join(o.root, 'big'), 'wb') as f:
            f.truncate(BIG)
        p.get('/')
        before = held(p)
        out = curl('-o', '/dev/null', '-w', '%{size_download} %{http_code}', f'https://localhost:{p.port}/big')
        same(out, f'{BIG} 200')
        flat(p, before, 'download')


def test_upload():
    """a large upload passes with flat memory, by length and in chunks"""
    with Origin(kit.count) as o, Proxy(o) as p, kit.scratch() as d:
        name = os.path.join(d, 'big')
        with open(name, 'wb') as f:
            f.truncate(BIG)
        p.get('/', 'Content-Length: 0')
        before = held(p)
        url = f'https://localhost:{p.port}/'
        same(curl('-T', name, url), str(BIG))
        flat(p, before, 'upload')
        same(curl('-T', name, '-H', 'Transfer-Encoding: chunked', '-H', 'Content-Length:', url), str(BIG))
        flat(p, before, 'chunked upload')


def test_slow_reader():
    """a visitor that reads slowly holds the origin back instead of filling memory"""
    with Nginx() as o, Proxy(o) as p:
        with open(os.path.join(o.root, 'big'), 'wb') as f:
            f.truncate(BIG)
        p.get('/')
        before = held(p)
        clients = []
        for _ in range(20):
            c = p.client()
            c.request('GET', '/big')
            same(c.head().status, 200)
            clients.append(c)
        for c in clients:
            c.take(100000)
        grown = held(p) - before
        if not kit.sanitized():
            true(grown < 20 * 400, f'20 slow readers cost {grown} KiB')
        for c in clients:
            c.close()


def test_many_connections():
    """2,000 connections are kept alive and each is served again"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    n = 300 if kit.sanitized() else 2000
    extra = 'timeouts {\n idle 600s\n}\nlimits {\n connections-per-address 0\n}'
    with Nginx({'x': b'hello'}) as o, Proxy(o, extra=extra) as p:
        ctx = kit.client_context()
        with contextlib.ExitStack() as stack:
            clients = []
            for _ in range(n):  # each asks at once: who has not asked yet is not kept for long
                c = stack.enter_context(p.client(context=ctx))
                c.request('GET', '/x')
                same(c.response().body, b'hello')
                clients.append(c)
            for c in clients:
                c.request('GET', '/x')
            for c in clients:
                same(c.response().body, b'hello')


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
