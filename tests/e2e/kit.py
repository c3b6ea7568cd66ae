"""What the end-to-end tests share: a proxy, origins that can misbehave, a raw client, and a TAP runner.

Every wait is for a condition, with a deadline; every port is ephemeral; every process started is ended.
"""
import atexit
import contextlib
import json
import os
import select
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

CRUMBGATE = os.environ.get('CRUMBGATE', os.path.abspath('crumbgate'))
SANITIZED = None
DEADLINE = float(os.environ.get('CRUMBGATE_TEST_DEADLINE', '20'))
DEVNULL = subprocess.DEVNULL
# The fields of a handshake, for those who then say what they like.
WEBSOCKET = ('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
             'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')


def sanitized():
    """True if the binary carries AddressSanitizer: memory and speed cannot be judged then."""
    global SANITIZED
    if SANITIZED is None:
        with open(CRUMBGATE, 'rb') as f:
            SANITIZED = b'__asan_init' in f.read()
    return SANITIZED


def preload(library):
    """What LD_PRELOAD must hold: AddressSanitizer wants to be first; allocations are then its own and do not fail."""
    if not sanitized():
        return library
    with open(CRUMBGATE, 'rb') as f:
        needed = re.search(rb'libasan\.so\.\d+', f.read())
    if not needed:
        raise Skip('AddressSanitizer is linked in, a preloaded library and it do not mix')
    return needed.group().decode() + ':' + library


def wait_for(condition, what, seconds=DEADLINE):
    """The first true value of condition(); fails after the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('waited too long for ' + what)
        time.sleep(0.01)


def settled(count, seconds=0.4):
    """count() once it has stopped to change."""
    last, since = count(), time.monotonic()
    end = since + DEADLINE
    while time.monotonic() - since < seconds and time.monotonic() < end:
        time.sleep(0.02)
        if count() != last:
            last, since = count(), time.monotonic()
    return last


_held = []  # sockets of ports given away by number, for the life of the process


def reserve_port():
    """A port and a socket that keeps others from being given it; who asks for it by number may listen there."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', 0))
    return s.getsockname()[1], s


def free_port():
    """A port where nobody listens until the test lets somebody, who must set SO_REUSEADDR, as servers do."""
    port, s = reserve_port()
    _held.append(s)
    return port


@contextlib.contextmanager
def scratch():
    path = tempfile.mkdtemp(prefix='crumbgate-test-')
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


_certs = None


def certs():
    """A folder with ca.pem, and localhost.pem and other.example.pem with their keys, made once a run."""
    global _certs
    if _certs is None:
        _certs = tempfile.mkdtemp(prefix='crumbgate-certs-')
        atexit.register(shutil.rmtree, _certs, True)
        for names in (['localhost', '127.0.0.1', 'www.example.com', 'example.com'], ['other.example']):
            subprocess.run([CRUMBGATE, 'certs', 'dev', '--dir', _certs] + names, check=True, stdout=DEVNULL)
        for folder, _, files in os.walk(_certs):
            for name in files:
                os.chmod(os.path.join(folder, name), 0o644)
    return _certs


def client_context(**how):
    ctx = ssl.create_default_context(cafile=os.path.join(certs(), 'ca.pem'))
    ctx.check_hostname = False
    if how.get('max_version'):
        ctx.maximum_version = how['max_version']
    return ctx


# -- origins --------------------------------------------------------------------------------------------------------


class Request:
    """A request as an origin reads it: raw head, parsed loosely, and a file to read its body from."""

    def __init__(self, head, stream):
        self.head = head
        lines = head.decode('latin-1').split('\r\n')
        self.method, self.target, self.version = lines[0].split(' ', 2)
        self.fields = [(n.strip(), v.strip()) for n, v in (x.split(':', 1) for x in lines[1:] if x)]
        self.stream = stream

    def get(self, name, default=None):
        found = [v for n, v in self.fields if n.lower() == name.lower()]
        return found[0] if found else default

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def body(self):
        if self.get('transfer-encoding') == 'chunked':
            out = b''
            while True:
                size = int(self.stream.readline().split(b';')[0], 16)
                if size == 0:
                    while self.stream.readline() not in (b'\r\n', b''):
                        pass
                    return out
                out += self.stream.read(size)
                self.stream.read(2)
        return self.stream.read(int(self.get('content-length', '0')))


class Origin:
    """A plain HTTP/1.1 origin: handler(request, connection) writes raw bytes; return False to close."""

    def __init__(self, handler):
        self.handler = handler
        self.requests = []
        self.connections = 0
        self.open = []
        self.ended = 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(512)
        self.port = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def _accept(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self.open.append(c)
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        stream = c.makefile('rb')
        try:
            while True:
                head = b''
                while not head.endswith(b'\r\n\r\n'):
                    line = stream.readline()
                    if not line:
                        return
                    head += line
                r = Request(head[:-4], stream)
                self.requests.append(r)
                if self.handler(r, c) is False:
                    return
        except (OSError, ValueError):
            pass
        finally:
            with contextlib.suppress(OSError):
                stream.close()
                c.close()
            self.ended += 1

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        # Its descriptor's number may belong to the next origin as soon as it is closed: nobody may be about to accept there.
        self.accepting.join()
        self.listener.close()
        for s in self.open:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def count(r, c):
    """An origin that answers with how many octets of a body came, and keeps none of them."""
    n = 0
    if r.get('content-length'):
        left = int(r.get('content-length'))
        while n < left:
            part = r.stream.read1(min(1 << 20, left - n))
            if not part:
                return False
            n += len(part)
    else:
        size = True
        while size:
            size = int(r.stream.readline(), 16)
            n += len(r.stream.read(size))
            r.stream.readline()
    c.sendall(reply(str(n).encode()))
    return True


def reply(body=b'hello', status='200 OK', *fields):
    """Raw bytes of a complete response; plain text unless fields say otherwise."""
    head = ['HTTP/1.1 ' + status, 'Content-Length: %d' % len(body)] + list(fields)
    if not any(x.lower().startswith('content-type:') for x in fields):
        head.append('Content-Type: text/plain')
    return ('\r\n'.join(head) + '\r\n\r\n').encode() + body


def echo(request, c):
    """Answers with what it saw, as JSON."""
    seen = {'method': request.method, 'target': request.target, 'fields': request.fields,
            'body': request.body().decode('latin-1')}
    c.sendall(reply(json.dumps(seen).encode(), '200 OK', 'Content-Type: application/json'))


# -- the proxy ------------------------------------------------------------------------------------------------------

RULES = '''
policy 2026-03 {
    remember 180d
}
purpose preferences "Remember your settings"
purpose analytics   "Count visits"
purpose advertising "Advertising"
opt-out cookie optout=1 for 400d denies analytics advertising
signal gpc denies advertising
signal dnt ignored
cookie PHPSESSID csrftoken is necessary
cookie lang is preferences
cookie /^_ga(_|$)/ is analytics
cookie _fbp is advertising
cookie * is advertising
param gclid fbclid is advertising
path /collect is analytics
'''


def timeouts(**how):
    """A block for Proxy's `extra`. Only what must run out is short: the machine may be busy."""
    return 'timeouts {\n' + ''.join(f' {name} {value}\n' for name, value in how.items()) + '}'


def patient(extra):
    """With long timeouts in place of the defaults, which a busy machine may reach by itself."""
    before, block, after = re.fullmatch(r'(.*?)(?:timeouts \{([^}]*)\}(.*))?', extra, re.S).groups(default='')
    for name in ('handshake', 'head', 'body', 'connect', 'response'):
        if not re.search(rf'^\s*{name} ', block, re.M):
            block += f' {name} 120s\n'
    return f'{before}\ntimeouts {{\n{block}}}{after}'


class Proxy:
    """crumbgate with one configuration; ports are chosen here. `extra` goes to the top of the file; `under` is the
    command line of a tool that runs it."""

    def __init__(self, origin, rules=RULES, extra='', site='', workers=1, names='localhost 127.0.0.1', more='',
                 tls=True, args=(), start=True, under=()):
        self.dir = tempfile.mkdtemp(prefix='crumbgate-proxy-')
        os.chmod(self.dir, 0o755)
        (self.port, self.http_port, self.plain_port), self.reserved = zip(*(reserve_port() for _ in range(3)))
        self.conf = os.path.join(self.dir, 'crumbgate.conf')
        self.log = os.path.join(self.dir, 'access.log')
        self.keys = os.path.join(self.dir, 'consent.keys')
        subprocess.run([CRUMBGATE, 'certs', 'keys', self.keys], check=True, stdout=DEVNULL)
        c = certs()
        upstream = origin if isinstance(origin, str) else 'http://127.0.0.1:%d' % origin.port
        self.write_rules(rules)
        with open(self.conf, 'w') as f:
            f.write(f'''{patient(extra)}
workers {workers}
listen 127.0.0.1:{self.port} tls
listen 127.0.0.1:{self.plain_port}
listen 127.0.0.1:{self.http_port} redirect https
access-log access.log
consent-keys consent.keys
site {names} {{
    certificate {c}/localhost.pem key {c}/localhost.key
    upstream {upstream}
    rules site.rules
    {site}
}}
{more}
''')
        self.args = list(args)
        self.under = list(under)
        self.process = None
        if start:
            self.start()

    def write_rules(self, rules):
        with open(os.path.join(self.dir, 'site.rules'), 'w') as f:
            f.write(rules)

    def start(self):
        self.errors = open(os.path.join(self.dir, 'stderr'), 'w+')
        env = dict(os.environ)
        if env.get('CRUMBGATE_PRELOAD'):
            env['LD_PRELOAD'] = env['CRUMBGATE_PRELOAD']
        self.process = subprocess.Popen(self.under + [CRUMBGATE, 'run', '-c', self.conf] + self.args, stdin=DEVNULL,
                                        stdout=self.errors, stderr=self.errors, env=env)
        wait_for(lambda: 'serving' in self.stderr() or self.process.poll() is not None, 'the proxy to start')
        if self.process.poll() is not None:
            raise AssertionError('the proxy did not start:\n' + self.stderr())

    def stderr(self):
        with open(os.path.join(self.dir, 'stderr')) as f:
            return f.read()

    def workers(self):
        """Pids of the parent's living children."""
        out = []
        for d in os.listdir('/proc'):
            if d.isdigit():
                with contextlib.suppress(OSError):
                    with open(f'/proc/{d}/stat') as f:
                        stat = f.read().rpartition(')')[2].split()
                    if int(stat[1]) == self.process.pid and stat[0] != 'Z':
                        out.append(int(d))
        return out

    def log_lines(self):
        """Lines of the access log that are complete: one may be seen while it is written."""
        if not os.path.exists(self.log):
            return []
        with open(self.log) as f:
            return [json.loads(x) for x in f.read().split('\n')[:-1]]

    def counters(self):
        """What was refused or cut since the start, by name."""
        def told():
            return re.findall(r'refused or cut: (.*)', self.stderr())
        before = len(told())
        self.process.send_signal(signal.SIGUSR2)
        line = wait_for(lambda: told()[before:], 'the counters')[-1]
        return {name: int(n) for name, n in re.findall(r'([a-z-]+) (\d+)', line)}

    def token(self, *args):
        out = subprocess.run([CRUMBGATE, 'consent', 'grant', '-c', self.conf, *args], check=True,
                             capture_output=True, text=True).stdout
        m = re.search(r'__Host-crumb-consent=(\S+?);?(\s|$)', out)
        return m.group(1) if m else out.strip()

    def client(self, **how):
        return Client(self.port, **how)

    def get(self, path='/', *fields, host='localhost', **how):
        with self.client(**how) as c:
            c.request('GET', path, *fields, 'Connection: close', host=host)
            return c.response()

    def stop(self, sig=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError('the proxy did not stop')
        for s in self.reserved:
            s.close()
        text = self.stderr() if self.process else ''
        if self.process:
            self.errors.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        if re.search(r'AddressSanitizer|LeakSanitizer|runtime error:', text):
            raise AssertionError('a sanitizer complained:\n' + text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# -- clients --------------------------------------------------------------------------------------------------------


class Response:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def get(self, name, default=None):
        found = self.all(name)
        return found[0] if found else default

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    def seen(self, name):
        """Values of a field as the echoing origin saw it."""
        return [v for n, v in self.json()['fields'] if n.lower() == name.lower()]

    def set_cookies(self):
        """(those that set, names of those that delete)"""
        sets, deletes = [], []
        for x in self.all('set-cookie'):
            if re.search(r';\s*max-age=0\b', x, re.I):
                deletes.append(x.split('=')[0])
            else:
                sets.append(x)
        return sets, sorted(set(deletes))


class Client:
    """A raw HTTP/1.1 client on one connection, over TLS unless tls=False. received: octets that the kernel may take."""

    def __init__(self, port, tls=True, server_name='localhost', context=None, session=None, timeout=DEADLINE,
                 received=0):
        s = socket.socket()
        s.settimeout(timeout)
        if received:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
        s.connect(('127.0.0.1', port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            s = (context or client_context()).wrap_socket(s, server_hostname=server_name, session=session)
        s.settimeout(timeout)
        self.s = s
        self.buffer = b''

    def send(self, data):
        self.s.sendall(data if isinstance(data, bytes) else data.encode('latin-1'))

    def request(self, method, target, *fields, host='localhost', body=b''):
        head = [f'{method} {target} HTTP/1.1', f'Host: {host}'] + list(fields)
        if body:
            head.append('Content-Length: %d' % len(body))
        self.send('\r\n'.join(head) + '\r\n\r\n')
        if body:
            self.send(body)

    def more(self):
        try:
            data = self.s.recv(65536)
        except (ssl.SSLEOFError, ConnectionResetError, ssl.SSLZeroReturnError):
            data = b''
        self.buffer += data
        return bool(data)

    def closed(self):
        """True if the peer closes (or has closed) without sending anything more."""
        return not self.buffer and not self.more()

    def line(self):
        while b'\r\n' not in self.buffer:
            if not self.more():
                raise EOFError('closed in a line: %r' % self.buffer[:200])
        line, self.buffer = self.buffer.split(b'\r\n', 1)
        return line

    def take(self, n):
        while len(self.buffer) < n:
            if not self.more():
                raise EOFError('closed %d octets short' % (n - len(self.buffer)))
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def converse(self, data, n):
        """Sends data while it reads, until n octets came. In one thread: a TLS connection must not be used by two."""
        sent = 0
        self.s.setblocking(False)
        try:
            while sent < len(data) or len(self.buffer) < n:
                moved = wants_write = False
                try:
                    if sent < len(data):
                        sent += self.s.send(data[sent:sent + 65536])
                        moved = True
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError) as e:
                    wants_write = not isinstance(e, ssl.SSLWantReadError)
                try:
                    if not self.more():
                        raise EOFError('closed while %d octets were sent and %d read' % (sent, len(self.buffer)))
                    moved = True
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                    pass
                if not moved and select.select([self.s], [self.s] if wants_write else [], [], DEADLINE) == ([], [], []):
                    raise TimeoutError('nothing moves after %d octets sent and %d read' % (sent, len(self.buffer)))
        finally:
            self.s.settimeout(DEADLINE)
        return self.take(n)

    def head(self):
        status = int(self.line().split(b' ')[1])
        fields = []
        while True:
            line = self.line().decode('latin-1')
            if not line:
                return Response(status, fields, b'')
            name, value = line.split(':', 1)
            fields.append((name, value.strip()))

    def response(self, method='GET', interim=False):
        """The next final response; EOFError if it is cut short."""
        r = self.head()
        while r.status < 200 and r.status != 101 and not interim:
            r = self.head()
        return self.body(r, method)

    def body(self, r, method='GET'):
        """The response whose head was read, with its body; EOFError if it is cut short."""
        if method == 'HEAD' or r.status in (204, 304) or r.status < 200:
            return r
        if r.get('transfer-encoding') == 'chunked':
            while True:
                size = int(self.line().split(b';')[0], 16)
                r.body += self.take(size)
                if size == 0:
                    while self.line():
                        pass
                    return r
                self.take(2)
        if r.get('content-length') is not None:
            r.body = self.take(int(r.get('content-length')))
            return r
        while self.more():
            pass
        r.body, self.buffer = self.buffer, b''
        return r

    def close(self):
        with contextlib.suppress(OSError):
            self.s.close()

    def leave(self):
        """Closes by RST: who only ends its side may still want the answer."""
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# -- nginx as an origin -----------------------------------------------------------------------------------------------

NGINX = shutil.which('nginx') or '/usr/sbin/nginx'


class Nginx:
    """Debian's nginx as a real origin: static files below root, cookies on /set/, echo of Cookie in X-Seen-Cookie."""

    def __init__(self, files=(), extra=''):
        self.dir = tempfile.mkdtemp(prefix='crumbgate-nginx-')
        os.chmod(self.dir, 0o755)
        self.root = os.path.join(self.dir, 'root')
        os.mkdir(self.root)
        os.chmod(self.root, 0o755)
        for name, data in dict(files).items():
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as f:
                f.write(data)
        self.port = free_port()
        conf = os.path.join(self.dir, 'nginx.conf')
        temp = ' '.join(f'{k}_temp_path {self.dir}/{k};' for k in
                        ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        with open(conf, 'w') as f:
            f.write(f'''daemon off; worker_processes 1; pid {self.dir}/pid; error_log {self.dir}/error.log warn;
{'user root;' if os.getuid() == 0 else ''}
events {{ worker_connections 4096; }}
http {{ access_log off; {temp} default_type text/plain; types {{ text/html html; }} keepalive_timeout 60s; keepalive_requests 1000000;
  client_max_body_size 0;
  server {{ listen 127.0.0.1:{self.port} backlog=4096; root {self.root};
    add_header X-Seen-Cookie $http_cookie;
    location /set/ {{
      add_header X-Seen-Cookie $http_cookie;
      add_header Set-Cookie "PHPSESSID=abc; Path=/; HttpOnly";
      add_header Set-Cookie "_ga=GA1.1.2.3; Path=/; Max-Age=63072000";
      add_header Set-Cookie "_fbp=fb.1.2; Path=/; Max-Age=7776000";
      return 200 "set";
    }}
    {extra}
  }} }}
''')
        self.process = subprocess.Popen([NGINX, '-p', self.dir, '-c', conf], stdin=DEVNULL, stdout=DEVNULL,
                                        stderr=DEVNULL)

        def up():
            with contextlib.suppress(OSError):
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return True
        wait_for(up, 'nginx to start')

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# -- running ----------------------------------------------------------------------------------------------------------


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


def same(actual, expected, what=''):
    if actual != expected:
        raise AssertionError(f'{what}: got {actual!r}, expected {expected!r}')


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def run(module):
    """Runs every test_* of a module in order and prints TAP."""
    tests = [(n, f) for n, f in vars(module).items() if n.startswith('test_') and callable(f)]
    only = sys.argv[1:]
    tests = [t for t in tests if not only or any(o in t[0] for o in only)]
    failed = 0
    print(f'1..{len(tests)}', flush=True)
    for i, (name, f) in enumerate(tests, 1):
        title = (f.__doc__ or name).strip().splitlines()[0].rstrip('.')
        try:
            f()
            print(f'ok {i} - {title}', flush=True)
        except Skip as e:
            print(f'ok {i} - {title} # SKIP {e}', flush=True)
        except Exception:
            failed += 1
            print(f'not ok {i} - {title} ({name})', flush=True)
            for line in traceback.format_exc().splitlines():
                print('# ' + line, flush=True)
    sys.exit(1 if failed else 0)
