"""Processes: workers that die, graceful stop, reload, errors at start."""
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time

import kit
from kit import CRUMBGATE, Nginx, Origin, Proxy, Client, echo, reply, same, true


def test_killed_worker():
    """a killed worker comes back at once, and the others go on"""
    with Origin(echo) as o, Proxy(o, workers=2) as p:
        clients = [p.client() for _ in range(16)]
        for c in clients:
            c.request('GET', '/')
            same(c.response().status, 200)
        before = p.workers()
        same(len(before), 2)
        os.kill(before[0], signal.SIGKILL)
        began = time.monotonic()
        kit.wait_for(lambda: len(set(p.workers()) - {before[0]}) == 2, 'a new worker')
        took = time.monotonic() - began
        alive = 0
        for c in clients:
            try:
                c.request('GET', '/')
                alive += c.response().status == 200
            except (EOFError, OSError):
                pass
        true(0 < alive < 16, f'{alive} of 16 connections live')
        same([p.get('/').status for _ in range(20)], [200] * 20)
        true(took < 10, f'it took {took:.2f} s')
        for c in clients:
            c.close()


def test_graceful_stop():
    """on SIGTERM a response under way is finished and new connections are refused"""
    go = threading.Event()

    def handler(r, c):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello')
        go.wait(kit.DEADLINE)
        c.sendall(b'world')
    with Origin(handler) as o, Proxy(o) as p:
        idle = p.client()
        idle.request('GET', '/idle')
        busy = p.client()
        busy.request('GET', '/')
        busy.head()
        p.process.send_signal(signal.SIGTERM)

        def refused():
            try:
                Client(p.plain_port, tls=False, timeout=1).close()
            except OSError:
                return True
        kit.wait_for(refused, 'the listener to close')
        go.set()
        same(busy.take(10), b'helloworld')
        true(busy.closed(), 'still open')
        same(p.process.wait(kit.DEADLINE), 0)
        idle.close()


def test_reload():
    """SIGHUP brings new rules without losing a connection; bad rules change nothing"""
    with Origin(echo) as o, Proxy(o) as p:
        old = p.client()
        old.request('GET', '/', 'Cookie: lang=1')
        same(old.response().seen('cookie'), [])
        first = p.workers()
        p.write_rules(kit.RULES.replace('lang is preferences', 'lang is necessary'))
        p.process.send_signal(signal.SIGHUP)
        kit.wait_for(lambda: p.get('/', 'Cookie: lang=1').seen('cookie') == ['lang=1'], 'the new rules')
        kit.wait_for(lambda: not set(first) & set(p.workers()), 'the old worker to go')
        p.write_rules('cookie lang is necesary\n')
        p.process.send_signal(signal.SIGHUP)
        kit.wait_for(lambda: 'necesary' in p.stderr(), 'the complaint')
        same(p.get('/', 'Cookie: lang=1').seen('cookie'), ['lang=1'])
        old.close()


def test_reload_under_load():
    """no request fails while rules are reloaded"""
    with Origin(echo) as o, Proxy(o, workers=2) as p:
        stop = threading.Event()
        bad = []
        done = [0]

        def load():
            while not stop.is_set():
                try:
                    if p.get('/').status != 200:
                        bad.append('status')
                    done[0] += 1
                except Exception as e:
                    bad.append(repr(e))
        threads = [threading.Thread(target=load) for _ in range(4)]
        for t in threads:
            t.start()
        for _ in range(3):
            before = set(p.workers())
            p.process.send_signal(signal.SIGHUP)
            kit.wait_for(lambda: not before & set(p.workers()) and len(p.workers()) == 2, 'the new generation')
        n = done[0]
        kit.wait_for(lambda: done[0] > n + 20, 'requests after the last reload')
        stop.set()
        for t in threads:
            t.join()
        same(bad[:3], [])


def test_resumption_across_workers():
    """a session resumes on every worker, those of the next generation too, by the ticket that each answer brings"""
    with Origin(echo) as o, Proxy(o, workers=4) as p:
        ctx = kit.client_context()

        def visit(session=None):
            with p.client(context=ctx, session=session) as c:
                c.request('GET', '/')
                c.response()
                return c.s.session_reused, c.s.session
        _, session = visit()
        for _ in range(2):
            for _ in range(12):
                reused, fresh = visit(session)
                true(reused, 'a full handshake')
                true(fresh.id != session.id, 'no new ticket')
                session = fresh
            before = set(p.workers())
            p.process.send_signal(signal.SIGHUP)
            kit.wait_for(lambda: not before & set(p.workers()) and len(p.workers()) == 4, 'the new generation')


def test_reopened_log():
    """SIGUSR1 reopens the access log"""
    with Origin(echo) as o, Proxy(o) as p:
        p.get('/one')
        kit.wait_for(p.log_lines, 'a line')
        os.rename(p.log, p.log + '.1')
        p.process.send_signal(signal.SIGUSR1)
        kit.wait_for(lambda: os.path.exists(p.log), 'the new file')

        def logged():
            p.get('/two')
            return p.log_lines()
        kit.wait_for(logged, 'a line in the new file')


def test_bad_configuration():
    """all errors of a configuration are shown at once, with place and advice; nothing starts"""
    with kit.scratch() as d:
        conf = os.path.join(d, 'c.conf')
        with open(conf, 'w') as f:
            f.write('lisen *:80\nlisten 127.0.0.1:0 tls\nsite a.example {\n    upstram http://127.0.0.1:1\n'
                    '    rules nowhere.rules\n}\n')
        r = subprocess.run([CRUMBGATE, 'run', '-c', conf], capture_output=True, text=True, timeout=kit.DEADLINE)
        same(r.returncode, 2)
        for wanted in ('c.conf:1:1', 'listen', 'c.conf:4:5', 'upstream', 'nowhere.rules', '^~'):
            true(wanted in r.stderr, f'{wanted!r} is not in:\n{r.stderr}')


def test_port_taken():
    """a port that is taken is named"""
    with Origin(echo) as o, Proxy(o) as p:
        other = Proxy(o, start=False)
        with open(other.conf) as f:
            text = f.read().replace(f':{other.port} ', f':{o.port} ')
        with open(other.conf, 'w') as f:
            f.write(text)
        r = subprocess.run([CRUMBGATE, 'run', '-c', other.conf], capture_output=True, text=True, timeout=kit.DEADLINE)
        same(r.returncode, 2)
        true(f'127.0.0.1:{o.port}' in r.stderr, r.stderr)
        other.stop()


def test_sni_and_versions():
    """certificates are chosen by name, old TLS is refused, a request for another site is misdirected"""
    with Origin(echo) as o:
        c = kit.certs()
        more = (f'site other.example {{\n certificate {c}/other.example.pem key {c}/other.example.key\n'
                f' upstream http://127.0.0.1:{o.port}\n rules site.rules\n}}\n')
        with Proxy(o, more=more) as p:
            for name in ('localhost', 'other.example'):
                with p.client(server_name=name) as c:
                    names = [v for _, v in c.s.getpeercert()['subjectAltName']]
                    true(name in names, f'{name}: {names}')
                    c.request('GET', '/', host=name)
                    same(c.response().status, 200)
            with p.client(server_name='localhost') as c:
                c.request('GET', '/', host='other.example')
                same(c.response().status, 421)
            with p.client() as c:
                same(c.s.version(), 'TLSv1.3')
            with p.client(context=kit.client_context(max_version=ssl.TLSVersion.TLSv1_2)) as c:
                same(c.s.version(), 'TLSv1.2')
                c.request('GET', '/')
                same(c.response().status, 200)
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
            ctx.set_ciphers('ALL:@SECLEVEL=0')
            ctx.minimum_version = ssl.TLSVersion.TLSv1
            ctx.maximum_version = ssl.TLSVersion.TLSv1_1
            try:
                p.client(context=ctx)
                true(False, 'TLS 1.1 was accepted')
            except (ssl.SSLError, OSError):
                pass


def test_connection_limit():
    """at the limit of connections new ones wait while all others are busy"""
    go = threading.Event()

    def handler(r, c):
        go.wait(kit.DEADLINE)
        c.sendall(reply())
    with Origin(handler) as o, Proxy(o, extra='limits {\n connections 4\n}') as p:
        held = [Client(p.plain_port, tls=False) for _ in range(4)]
        for c in held:
            c.request('GET', '/')
        kit.wait_for(lambda: len(o.requests) == 4, 'the requests')
        late = Client(p.plain_port, tls=False)
        late.request('GET', '/late')
        go.set()
        same([c.response().status for c in held + [late]], [200] * 5)
        for c in held + [late]:
            c.close()


def test_idle_make_room():
    """at the limit of connections the one that was idle longest makes room for a new one"""
    with Origin(echo) as o, Proxy(o, extra='limits {\n connections 4\n}') as p:
        held = [Client(p.plain_port, tls=False) for _ in range(4)]
        for c in held:
            c.request('GET', '/')
            same(c.response().status, 200)
        late = Client(p.plain_port, tls=False)
        late.request('GET', '/')
        same(late.response().status, 200)
        true(held[0].closed(), 'the oldest is still open')
        for c in held[1:] + [late]:
            c.request('GET', '/')
            same(c.response().status, 200)
            c.close()


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
