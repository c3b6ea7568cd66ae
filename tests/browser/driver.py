"""Just enough WebDriver to drive Chromium by chromedriver, with the standard library only."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import kit  # noqa: E402

CHROMIUM = shutil.which('chromium')
CHROMEDRIVER = shutil.which('chromedriver')


class Browser:
    """A fresh headless Chromium; every host name is loopback, our development CA's certificates are accepted."""

    def __init__(self, *arguments):
        if not CHROMIUM or not CHROMEDRIVER:
            raise kit.Skip('chromium and chromium-driver are not installed')
        self.home = tempfile.mkdtemp(prefix='crumbgate-browser-')
        port = kit.free_port()
        self.base = f'http://127.0.0.1:{port}'
        self.process = subprocess.Popen([CHROMEDRIVER, f'--port={port}'], stdin=kit.DEVNULL, stdout=kit.DEVNULL,
                                        stderr=kit.DEVNULL, env=dict(os.environ, HOME=self.home))
        kit.wait_for(self._up, 'chromedriver')
        args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
                '--disable-background-networking', '--disable-component-update', '--disable-sync',
                '--disable-dev-shm-usage', '--user-data-dir=' + os.path.join(self.home, 'profile'),
                '--host-resolver-rules=MAP * 127.0.0.1', '--window-size=1000,760', *arguments]
        answer = self.call('POST', '/session', {'capabilities': {'alwaysMatch': {
            'browserName': 'chrome', 'acceptInsecureCerts': True,
            'goog:chromeOptions': {'binary': CHROMIUM, 'args': args}}}})
        self.base += '/session/' + answer['sessionId']

    def _up(self):
        try:
            return self.call('GET', '/status')['ready']
        except OSError:
            return False

    def call(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == 'POST' else None
        r = urllib.request.Request(self.base + path, data, {'Content-Type': 'application/json'}, method=method)
        try:
            with urllib.request.urlopen(r, timeout=120) as f:
                return json.load(f)['value']
        except urllib.error.HTTPError as e:
            raise AssertionError(f'{method} {path}: {e.read().decode()[:1000]}') from None

    def go(self, url):
        self.call('POST', '/url', {'url': url})

    def script(self, text):
        return self.call('POST', '/execute/sync', {'script': text, 'args': []})

    def cookies(self):
        """{name: cookie} of what the device holds for the current page, HttpOnly ones included."""
        return {c['name']: c for c in self.call('GET', '/cookie')}

    def text(self):
        return self.script('return document.documentElement.innerText')

    def screenshot(self, path):
        with open(path, 'wb') as f:
            f.write(base64.b64decode(self.call('GET', '/screenshot')))

    def close(self):
        try:
            self.call('DELETE', '')
        except OSError:
            pass
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
