"""Counts of what a machine's speed does not change: system calls, instructions, allocations, TLS records.

Each of the first three is a tool that crumbgate runs under: `under` goes in front of its command line, read() says what
was counted once it has ended, and why_not() why it cannot be counted here.
"""
import collections
import functools
import os
import platform
import re
import shutil
import ssl
import struct
import subprocess
import tempfile

import kit

CALLGRIND = ['valgrind', '--tool=callgrind', '--vgdb=no']


def missing(program, package):
    return None if shutil.which(program) else f'{program} is not installed (Debian: {package})'


@functools.lru_cache
def refused(*command):
    """Why a tool cannot do its work here: in a container without ptrace, or with what clang wrote; None if it can."""
    p = subprocess.run(command, stdin=kit.DEVNULL, capture_output=True, text=True)
    return None if p.returncode == 0 else f'{command[0]} cannot be used here: ' + p.stderr.strip().partition('\n')[0]


class SystemCalls:
    """By name, of all processes."""

    def __init__(self, folder):
        self.out = os.path.join(folder, 'strace')
        self.under = ['strace', '-D', '-f', '-c', '-o', self.out]

    @staticmethod
    def why_not():
        if kit.sanitized():
            return 'a sanitizer makes system calls of its own'
        return missing('strace', 'strace') or refused('strace', '-o', os.devnull, 'true')

    def summary(self):
        with open(self.out, encoding='ascii') as f:
            text = f.read()
        return text if re.search(r' total$', text, re.M) else ''

    def read(self):
        text = kit.wait_for(self.summary, 'the summary of strace')
        rows = re.findall(r'^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$', text, re.M)
        return collections.Counter({name: int(n) for n, name in rows if name != 'total'})


class Instructions:
    """User instructions of workers."""

    def __init__(self, folder):
        self.folder = folder
        self.under = [*CALLGRIND, '--trace-children=yes', '--callgrind-out-file=/dev/null', f'--log-file={folder}/%p']

    @staticmethod
    def why_not():
        with open('/proc/cpuinfo', encoding='utf-8') as f:
            cpu = re.search(r'^flags\s*: (.*)', f.read(), re.M)
        if platform.machine() != 'x86_64' or not {'aes', 'avx2', 'pclmulqdq'} <= set(cpu.group(1).split() if cpu else ()):
            return 'the budget is for x86-64 with AES and AVX2'
        optimised = re.findall(r'(?:^| )-O(\S*)', os.environ.get('BUILD_FLAGS', '-O2'))
        if kit.sanitized() or not optimised or optimised[-1] not in ('2', '3'):
            return 'the budget is for a build with -O2 and without sanitizers'
        return missing('valgrind', 'valgrind') or refused('valgrind', '--tool=none', '--vgdb=no', '-q', kit.CRUMBGATE,
                                                          '--version')

    def read(self):
        total = collections.Counter()
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), encoding='utf-8') as f:
                log = f.read()
            if re.search(r'Command: \S+ worker ', log):
                total['worker'] += int(re.search(r'Collected : (\d+)', log).group(1))
        return total


class Allocations:
    """Calls of malloc(), calloc() and realloc() in the worker, by the object that called (allocations.c)."""
    SHIM = os.path.join(os.environ.get('builddir', '.'), 'tests', 'bench', 'allocations.so')

    def __init__(self, folder):
        handle, self.out = tempfile.mkstemp(dir=folder)
        os.close(handle)
        self.under = ['env', 'LD_PRELOAD=' + os.path.abspath(self.SHIM), 'CRUMBGATE_ALLOCATIONS=' + self.out]

    @staticmethod
    def why_not():
        return 'a sanitizer has an allocator of its own' if kit.sanitized() else None

    def read(self):
        with open(self.out, 'rb') as f:
            rows = struct.iter_unpack('=56sQ', f.read())
        return collections.Counter({name.rstrip(b'\0').decode(): n for name, n in rows if name.strip(b'\0')})


class RecordSocket:
    """A TLS socket for kit.Client that sees the records: `records` counts those with application data that came."""

    def __init__(self, socket, context):
        self.socket = socket
        self.came, self.goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.came, self.goes, server_hostname='localhost')
        self.records = 0
        self.header = b''
        self.rest = 0  # of the record's content
        self.complete(self.tls.do_handshake)

    def count(self, data):
        while data:
            if self.rest:
                n = min(self.rest, len(data))
                self.rest -= n
            else:
                n = 5 - len(self.header)
                self.header += data[:n]
                if len(self.header) == 5:
                    self.records += self.header[0] == 23
                    self.rest = int.from_bytes(self.header[3:], 'big')
                    self.header = b''
            data = data[n:]

    def complete(self, step, *args):
        while True:
            try:
                return step(*args)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(65536)
                if not data:
                    return b''
                self.count(data)
                self.came.write(data)
            finally:
                self.flush()

    def flush(self):
        if self.goes.pending:
            self.socket.sendall(self.goes.read())

    def sendall(self, data):
        self.complete(self.tls.write, data)

    def recv(self, n):
        return self.complete(self.tls.read, n)

    def close(self):
        self.socket.close()
