"""WebSocket servers and clients for the tests: python3-websockets in threads of its own, and the bare minimum by hand."""
import asyncio
import contextlib
import sys
import threading

import kit

sys.path.append('/usr/lib/python3/dist-packages')  # Debian's python3-websockets, whichever Python runs this
try:
    import websockets
except ImportError:
    websockets = None


class Loop:
    """An event loop in a thread; run() waits for a coroutine in it."""

    def __init__(self):
        if not websockets:
            raise kit.Skip('python3-websockets is not installed')
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine, seconds=None):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds or 3 * kit.DEADLINE)

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Server(Loop):
    """An origin: handler(connection) is a coroutine; `seen` are the handshakes, `closes` how connections ended."""

    def __init__(self, handler, tls=None, **how):
        super().__init__()
        self.handler, self.seen, self.closes = handler, [], []
        options = {'max_size': None, 'ping_interval': None, 'close_timeout': 2, 'ssl': tls, **how}

        async def serve():
            return await websockets.serve(self.one, '127.0.0.1', 0, **options)
        self.server = self.run(serve())
        self.port = self.server.sockets[0].getsockname()[1]

    async def one(self, connection):
        self.seen.append(connection)
        try:
            await self.handler(connection)
        except websockets.ConnectionClosed:
            pass
        finally:
            await connection.wait_closed()
            self.closes.append((connection.close_code, connection.close_reason))

    def stop(self):
        async def close():
            self.server.close()
            await self.server.wait_closed()
        with contextlib.suppress(Exception):
            self.run(close(), 5)
        super().stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


async def echo(connection):
    async for message in connection:
        await connection.send(message)


def connect(proxy, path='/', **how):
    """To be awaited, or used with `async with`: a client over TLS."""
    how = {'max_size': None, 'ping_interval': None, 'close_timeout': 2, 'origin': f'https://localhost:{proxy.port}', **how}
    return websockets.connect(f'wss://localhost:{proxy.port}{path}', ssl=kit.client_context(), **how)


def visit(proxy, story, path='/', **how):
    """Runs the coroutine story(connection) on a connection of its own."""
    loop = Loop()

    async def go():
        async with connect(proxy, path, **how) as connection:
            return await story(connection)
    try:
        return loop.run(go())
    finally:
        loop.stop()
