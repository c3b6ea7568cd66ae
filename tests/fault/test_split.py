"""The tests of framing and consent and some others once more, with every socket operation cut to a few octets (split.c)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import kit  # noqa: E402
import test_consent  # noqa: E402
import test_framing  # noqa: E402
import test_h2  # noqa: E402
import test_h2_end  # noqa: E402
import test_h2_random  # noqa: E402
import test_h2_strict  # noqa: E402
import test_h2_tunnel  # noqa: E402
import test_interim  # noqa: E402
import test_pages  # noqa: E402
import test_websocket  # noqa: E402

# Volume is not the point here: these move megabytes, which would take minutes at a few octets a call.
PAGES = ('test_utf16', 'test_head_and_304', 'test_range', 'test_first_half', 'test_pipelined')
TUNNELS = ('test_handshake', 'test_closing', 'test_other_upgrades', 'test_refused', 'test_early_words', 'test_reset')
HTTP2 = {test_h2_end: ('test_drain', 'test_idle', 'test_silence', 'test_malformed_is_not_slow'),
         test_h2_tunnel: ('test_early_content', 'test_origin_refuses', 'test_many')}
LEFT_OUT = {'test_chunked_both_ways', 'test_close_delimited', 'test_final_instead_of_continue',
            # What depends on what leaves in one piece.
            'test_plain_on_tls', 'test_curl_and_early_error'}

SHIM = os.path.join(os.environ.get('builddir', '.'), 'tests', 'fault', 'split.so')


def preloaded(name, f):
    def test():
        os.environ['CRUMBGATE_PRELOAD'] = kit.preload(SHIM)
        f()
    test.__doc__ = 'split: ' + (f.__doc__ or name).strip()
    return test


for module in (test_framing, test_interim, test_consent):
    for name, f in list(vars(module).items()):
        if name.startswith('test_') and callable(f) and name not in LEFT_OUT:
            globals()[name] = preloaded(name, f)

test_h2_random.ROUNDS = min(test_h2_random.ROUNDS, 3)
for module in (test_h2, test_h2_strict, test_h2_end, test_h2_tunnel, test_h2_random):
    for name in HTTP2.get(module) or [x for x in vars(module) if x.startswith('test_') and x not in LEFT_OUT]:
        globals()[f'{module.__name__}_{name[5:]}'] = preloaded(name, getattr(module, name))

for name in PAGES:
    globals()['test_page_' + name[5:]] = preloaded(name, getattr(test_pages, name))

for name in TUNNELS:
    globals()['test_tunnel_' + name[5:]] = preloaded(name, getattr(test_websocket, name))

if __name__ == '__main__':
    kit.run(sys.modules[__name__])
