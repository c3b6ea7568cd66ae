"""A client of HTTP/2 that can misbehave: it makes its frames by itself, and only HPACK is a library's."""
import contextlib
import ssl
import struct
import subprocess
import sys

import kit
from kit import true

sys.path.append('/usr/lib/python3/dist-packages')  # Debian's python3-hpack, whichever Python runs this
try:
    import hpack
except ImportError:
    hpack = None

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 32
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED = range(6)
FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(6, 12)
HEADER_TABLE, MAX_STREAMS, INITIAL_WINDOW, MAX_FRAME, ENABLE_CONNECT = 1, 3, 4, 5, 8
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
WIDE = 1 << 24  # a window that nobody fills
FRAME = 16384


class Reset(EOFError):
    """The peer reset the stream before its response was complete."""

    def __init__(self, code, stream):
        super().__init__(f'reset with {code} after {stream.heads} and {len(stream.body)} octets')
        self.code, self.stream = code, stream


class GoneAway(EOFError):
    """The connection ended before what was waited for."""

    def __init__(self, code, what):
        super().__init__(f'GOAWAY {code} while waiting for {what}')
        self.code = code


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags, stream) + payload


def settings(**values):
    """A SETTINGS frame; names as above in lower case."""
    return frame(SETTINGS, 0, 0, b''.join(struct.pack('>HI', globals()[k.upper()], v) for k, v in values.items()))


def window_update(stream, n):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack('>I', n))


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack('>I', code))


def octets(x):
    return x if isinstance(x, bytes) else x.encode('latin-1')


def literal(name, value):
    """A field without compression and without indexing, whatever its octets."""
    def text(x):
        x = octets(x)
        if len(x) < 127:
            return bytes([len(x)]) + x
        n, out = len(x) - 127, b'\x7f'
        while n >= 128:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n]) + x
    return b'\0' + text(name) + text(value)


class Stream:
    def __init__(self):
        self.heads = []  # lists of fields: interim ones, the final one, trailers
        self.body = b''
        self.ended = False
        self.reset = None
        self.window = 0  # what we may still send

    def final(self):
        """The final head, or None."""
        return next((h for h in self.heads if dict(h).get(':status', '1')[0] != '1'), None)

    def response(self):
        """Whatever came so far."""
        head = self.final()
        at = self.heads.index(head)
        r = kit.Response(int(dict(head)[':status']), head[1:], self.body)
        r.interim, r.trailers = self.heads[:at], [x for h in self.heads[at + 1:] for x in h]
        return r


def connect(port, alpn, received):
    """A connection with TLS; received: the size of the socket's buffer, 0 for the usual one."""
    ctx = kit.client_context()
    ctx.set_alpn_protocols(alpn.split())
    s = kit.socket.socket()
    if received:
        s.setsockopt(kit.socket.SOL_SOCKET, kit.socket.SO_RCVBUF, received)
    s.settimeout(kit.DEADLINE)
    s.connect(('127.0.0.1', port))
    s.setsockopt(kit.socket.IPPROTO_TCP, kit.socket.TCP_NODELAY, 1)
    return ctx.wrap_socket(s, server_hostname='localhost')


class H2:
    """One connection. It gives windows as they are used up, and acknowledges, unless auto is False."""

    def __init__(self, port=None, window=WIDE, connection_window=1 << 30, auto=True, alpn='h2', greet=True, received=0,
                 over=None, **more_settings):
        if hpack is None:
            raise kit.Skip('python3-hpack is not installed')
        self.s = over or connect(port, alpn, received)
        self.auto = auto
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.decoder.max_header_list_size = 1 << 24
        self.buffer = b''
        self.streams = {}
        self.next = 1
        self.peer = {INITIAL_WINDOW: 65535, MAX_FRAME: 16384}
        self.window = 65535  # of the connection: what we may still send
        self.used = 0  # octets of content taken since the connection's window was moved
        self.frames = []  # (type, flags, stream) of what came
        self.goaways = []  # (last stream, code)
        self.pongs = 0
        self.settled = False
        self.over = False
        if greet:
            self.send(PREFACE + settings(initial_window=window, **more_settings) +
                      (window_update(0, connection_window - 65535) if connection_window > 65535 else b''))

    # -- sending

    def send(self, data):
        self.s.sendall(data)

    def try_send(self, data):
        """False if the peer has closed."""
        try:
            self.s.sendall(data)
            return True
        except (ssl.SSLError, ConnectionError, TimeoutError):
            return False

    def begin(self):
        """A fresh stream's number."""
        sid, self.next = self.next, self.next + 2
        return self.open(sid)

    def open(self, sid):
        self.streams[sid] = s = Stream()
        s.window = self.peer[INITIAL_WINDOW]
        return sid

    def head(self, method='GET', path='/', fields=(), authority='localhost', scheme='https', **pseudo):
        """The fields of a request as a list; what is None is left out."""
        all_ = [(':method', method), (':scheme', scheme), (':authority', authority), (':path', path)]
        all_ += [(':' + k, v) for k, v in pseudo.items()]
        return [x for x in all_ if x[1] is not None] + list(fields)

    def send_head(self, sid, fields, end=True, pieces=1, raw=False):
        """HEADERS in so many frames, or as many as it needs. raw: no compression, any octets."""
        block = b''.join(literal(n, v) for n, v in fields) if raw else \
            self.encoder.encode([(octets(n), octets(v)) for n, v in fields])
        self.send_block(sid, block, end, pieces)

    def send_block(self, sid, block, end=True, pieces=1):
        n = min(max(-(-len(block) // pieces), 1), FRAME)
        parts = [block[i:i + n] for i in range(0, len(block), n)] or [b'']
        out = b''
        for i, part in enumerate(parts):
            flags = (END_HEADERS if i == len(parts) - 1 else 0) | (END_STREAM if end and i == 0 else 0)
            out += frame(CONTINUATION if i else HEADERS, flags, sid, part)
        self.send(out)

    def request(self, method='GET', path='/', fields=(), end=True, pieces=1, raw=False, **pseudo):
        sid = self.begin()
        self.send_head(sid, self.head(method, path, fields, **pseudo), end, pieces, raw)
        return sid

    def data(self, sid, content=b'', end=False, pad=None):
        """One DATA frame, whether or not the windows allow it; they become smaller by it."""
        flags = (END_STREAM if end else 0) | (PADDED if pad is not None else 0)
        if pad is not None:
            content = bytes([pad]) + content + bytes(pad)
        self.streams[sid].window -= len(content)
        self.window -= len(content)
        self.send(frame(DATA, flags, sid, content))

    def upload(self, sid, content, end=True, piece=FRAME):
        """Content as fast as the windows allow."""
        s, at = self.streams[sid], 0
        while at < len(content):
            self.until(lambda: min(s.window, self.window) > 0 or s.reset is not None, 'a window')
            if s.reset is not None:
                raise Reset(s.reset, s)
            n = min(s.window, self.window, piece, len(content) - at)
            self.data(sid, content[at:at + n], end and at + n == len(content))
            at += n
        if end and not content:
            self.data(sid, b'', True)

    # -- receiving

    def has(self, n):
        """Waits for n octets, which stay where they are: who gives up waiting has lost nothing. False at the end."""
        while len(self.buffer) < n:
            try:
                data = self.s.recv(65536)
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
                data = b''
            if not data:
                self.over = True
                return False
            self.buffer += data
        return True

    def pump(self):
        """Handles the next frame. False if the connection has ended."""
        if not self.has(9):
            return False
        h = self.buffer[:9]
        n, kind, flags, sid = int.from_bytes(h[:3], 'big'), h[3], h[4], int.from_bytes(h[5:], 'big') & 0x7fffffff
        if not self.has(9 + n):
            return False
        payload, self.buffer = self.buffer[9:9 + n], self.buffer[9 + n:]
        self.frames.append((kind, flags, sid))
        self.handle(kind, flags, sid, payload)
        return True

    def handle(self, kind, flags, sid, payload):
        s = self.streams.setdefault(sid, Stream()) if sid else None
        if kind == DATA:
            s.body += payload
            s.ended = s.ended or bool(flags & END_STREAM)
            self.taken(sid, len(payload))
        elif kind in (HEADERS, CONTINUATION):
            self.take_head(kind, flags, s, payload)
        elif kind == RST_STREAM:
            s.reset = int.from_bytes(payload, 'big')
        elif kind == SETTINGS and flags & ACK:
            self.settled = True
        elif kind == SETTINGS:
            self.take_settings(payload)
        elif kind == PING and flags & ACK:
            self.pongs += 1
        elif kind == PING and self.auto:
            self.send(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.goaways.append((int.from_bytes(payload[:4], 'big'), int.from_bytes(payload[4:8], 'big')))
        elif kind == WINDOW_UPDATE:
            (s or self).window += int.from_bytes(payload, 'big')

    def take_head(self, kind, flags, s, payload):
        if kind == HEADERS:
            self.block = b''
            s.ended = s.ended or bool(flags & END_STREAM)
        self.block += payload
        if flags & END_HEADERS:
            s.heads.append([(n.decode('latin-1'), v.decode('latin-1'))
                            for n, v in self.decoder.decode(self.block, raw=True)])

    def take_settings(self, payload):
        before = self.peer[INITIAL_WINDOW]
        for i in range(0, len(payload), 6):
            k, v = struct.unpack('>HI', payload[i:i + 6])
            self.peer[k] = v
        for s in self.streams.values():
            s.window += self.peer[INITIAL_WINDOW] - before
        if self.auto:
            self.send(frame(SETTINGS, ACK, 0))

    def taken(self, sid, n):
        """Content was used: now and then the windows are moved."""
        if not self.auto:
            return
        self.used += n
        s = self.streams[sid]
        s.used = getattr(s, 'used', 0) + n
        if self.used >= 1 << 20:
            self.try_send(window_update(0, self.used))
            self.used = 0
        if s.used >= 1 << 20:
            self.try_send(window_update(sid, s.used))
            s.used = 0

    def until(self, condition, what):
        while not condition():
            if not self.pump():
                raise GoneAway(self.goaways[-1][1] if self.goaways else None, what)

    def response(self, sid):
        """The complete response; Reset, or GoneAway, if there will be none."""
        s = self.streams[sid]
        self.until(lambda: s.ended or s.reset is not None, f'the response of stream {sid}')
        if not s.ended:
            raise Reset(s.reset, s)
        return s.response()

    def get(self, path='/', fields=(), **pseudo):
        return self.response(self.request('GET', path, fields, **pseudo))

    def post(self, path='/', body=b'', fields=(), **pseudo):
        sid = self.request('POST', path, fields, end=False, **pseudo)
        self.upload(sid, body)
        return self.response(sid)

    def reset_code(self, sid):
        """With which code the stream is reset."""
        s = self.streams[sid]
        self.until(lambda: s.reset is not None, f'the reset of stream {sid}')
        return s.reset

    def ping(self):
        """What was sent before has been handled, once this returns."""
        n = self.pongs
        self.send(frame(PING, 0, 0, b'crumbgat'))
        self.until(lambda: self.pongs > n, 'a pong')

    def end(self):
        """Reads until the peer closes; the code of its last GOAWAY, None if there was none."""
        while self.pump():
            pass
        return self.goaways[-1][1] if self.goaways else None

    def alive(self):
        """True if another request is served."""
        return self.get().status == 200

    def close(self):
        with contextlib.suppress(OSError):
            self.s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def refused(c, sid):
    """How a request was refused: a status, a code of RST_STREAM or of GOAWAY by name, or None if it was served."""
    names = {PROTOCOL_ERROR: 'protocol error', STREAM_CLOSED: 'stream closed', REFUSED_STREAM: 'refused stream',
             INTERNAL_ERROR: 'internal error', ENHANCE_YOUR_CALM: 'calm', COMPRESSION_ERROR: 'compression error',
             FLOW_CONTROL_ERROR: 'flow control error', FRAME_SIZE_ERROR: 'frame size error', CANCEL: 'cancel'}
    try:
        r = c.response(sid)
    except Reset as e:
        return names.get(e.code, e.code)
    except GoneAway as e:
        return 'gone: ' + str(names.get(e.code, e.code))
    return r.status if r.status >= 400 else None


def memory(p):
    """Octets of the workers' own memory."""
    total = 0
    for pid in p.workers():
        with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
            total += 1024 * int(next(x.split()[1] for x in f if x.startswith('Pss:')))
    return total


def counted(p, name, n=1):
    """Waits until that was counted n times."""
    seen = {}

    def reached():
        seen.update(p.counters())
        return seen.get(name, 0) >= n
    with contextlib.suppress(AssertionError):
        kit.wait_for(reached, name)
    true(seen.get(name, 0) == n, f'counted {seen}, wanted {name} {n}')


def tool(*args, code=0, **how):
    """Runs a well-behaved client; its output."""
    if not kit.shutil.which(args[0]):
        raise kit.Skip(f'{args[0]} is not installed')
    r = subprocess.run(args, capture_output=True, text=True, timeout=120, **how)
    told = f'{args[0]} ended with {r.returncode}: {r.stdout[-500:]}{r.stderr[-500:]}'
    true(code is None or r.returncode == code, told)
    return r.stdout


def curl(*args, **how):
    return tool('curl', '-sS', '--http2', '--cacert', kit.certs() + '/ca.pem', '--max-time', '100', *args, **how)
