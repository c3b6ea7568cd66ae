"""crumbgate certs: what it makes is what clients accept, and what it must not touch stays."""
import os
import ssl
import subprocess
import sys

import kit
from kit import CRUMBGATE, same, true


def certs(*args, cwd):
    return subprocess.run([CRUMBGATE, 'certs', *args], cwd=cwd, capture_output=True, text=True, timeout=60)


def read(*path):
    with open(os.path.join(*path), 'rb') as f:
        return f.read()


def mode(*path):
    return os.stat(os.path.join(*path)).st_mode & 0o777


def handshake(folder, name, trusted='certs/ca.pem'):
    """A client that trusts the authority, against a server that has the certificate, in memory."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(os.path.join(folder, 'certs/localhost.pem'),
                                   os.path.join(folder, 'certs/localhost.key'))
    client_context = ssl.create_default_context(cafile=os.path.join(folder, trusted))
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(a, b, server_hostname=name)
    server = server_context.wrap_bio(b, a, server_side=True)
    for _ in range(5):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return client.version()


def test_development_certificates_are_accepted():
    with kit.scratch() as folder:
        r = certs('dev', 'localhost', '*.shop.example', '127.0.0.1', '::1', cwd=folder)
        same(r.returncode, 0, r.stderr)
        for part in ('curl --cacert certs/ca.pem https://localhost/', 'certutil', 'certificate  certs/localhost.pem'):
            true(part in r.stdout, r.stdout)
        for secret in ('ca.key', 'localhost.key'):
            same(mode(folder, 'certs', secret), 0o600, secret)
        for name in ('localhost', 'a.shop.example', '127.0.0.1', '::1'):
            same(handshake(folder, name), 'TLSv1.3', name)
        for name in ('shop.example', '127.0.0.2'):
            try:
                handshake(folder, name)
            except ssl.SSLCertVerificationError:
                continue
            raise AssertionError(name + ' was accepted')


def test_the_authority_is_used_again():
    with kit.scratch() as folder:
        certs('dev', 'localhost', cwd=folder)
        ca, leaf = read(folder, 'certs/ca.pem'), read(folder, 'certs/localhost.pem')
        r = certs('dev', 'localhost', '*.example.com', cwd=folder)
        same(r.returncode, 0, r.stderr)
        same(read(folder, 'certs/ca.pem'), ca)
        true(read(folder, 'certs/localhost.pem') != leaf, 'the certificate is not a new one')
        same(handshake(folder, 'www.example.com'), 'TLSv1.3')
        os.unlink(os.path.join(folder, 'certs/ca.key'))
        r = certs('dev', 'localhost', cwd=folder)
        same(r.returncode, 2)
        true('certs/ca.key' in r.stderr, r.stderr)


def test_a_foreign_certificate_is_not_overwritten():
    with kit.scratch() as folder:
        certs('dev', 'localhost', cwd=folder)
        foreign = read(folder, 'certs/ca.pem')
        certs('dev', '--dir', 'other', 'localhost', cwd=folder)
        with open(os.path.join(folder, 'other/localhost.pem'), 'wb') as f:
            f.write(foreign)
        r = certs('dev', '--dir', 'other', 'localhost', cwd=folder)
        same(r.returncode, 2)
        true('not from this folder' in r.stderr, r.stderr)
        same(read(folder, 'other/localhost.pem'), foreign)


def test_show_finds_what_is_wrong():
    with kit.scratch() as folder:
        certs('dev', 'localhost', '192.0.2.1', cwd=folder)
        certs('dev', 'other.example', cwd=folder)
        with open(os.path.join(folder, 'reversed.pem'), 'wb') as f:
            f.write(read(folder, 'certs/ca.pem') + read(folder, 'certs/localhost.pem'))
        table = (
            (('certs/localhost.pem',), 0, 'names    localhost, 192.0.2.1'),
            (('certs/localhost.pem', '--key', 'certs/localhost.key'), 0, "belongs to the site's certificate"),
            (('certs/localhost.pem', '-k', 'certs/other.example.key'), 1, 'does not belong to the certificate for localhost'),
            (('reversed.pem', '-k', 'certs/localhost.key'), 1, 'number 2 and must come first'),
            (('certs/localhost.key',), 2, 'there is no certificate in this file'),
            (('absent.pem',), 2, 'absent.pem: error: '),
            ((), 2, 'name one file'),
        )
        for args, status, text in table:
            r = certs('show', *args, cwd=folder)
            same(r.returncode, status, r.stderr)
            true(text in r.stdout + r.stderr, r.stdout + r.stderr)


def test_consent_keys_are_made_and_rotated():
    def keys():
        return [line.split()[0] for line in read(folder, 'consent.keys').decode().splitlines()
                if line and not line.startswith('#')]

    with kit.scratch() as folder:
        same(certs('keys', 'consent.keys', cwd=folder).returncode, 0)
        same(mode(folder, 'consent.keys'), 0o600)
        first = keys()
        same(len(first), 1)
        same(len(first[0]), 64)
        same(certs('keys', 'consent.keys', cwd=folder).returncode, 2)
        same(keys(), first)
        for n in (2, 3, 4, 4):
            before = keys()
            same(certs('keys', '--rotate', 'consent.keys', cwd=folder).returncode, 0)
            same(len(keys()), n)
            same(keys()[1:], before[:3])
        with open(os.path.join(folder, 'consent.keys'), 'a') as f:
            f.write('not a key\n')
        r = certs('keys', '--rotate', 'consent.keys', cwd=folder)
        same(r.returncode, 2)
        true('consent.keys:' in r.stderr, r.stderr)


if __name__ == '__main__':
    kit.run(sys.modules[__name__])
