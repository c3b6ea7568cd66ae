"""Writes small MMDB files (MaxMind DB format 2.0): networks with what is known of them."""
import ipaddress

UINT16, UINT32, UINT64 = 5, 6, 9


def number(kind, value):
    octets = value.to_bytes((value.bit_length() + 7) // 8, 'big')
    return control(kind, len(octets)) + octets


def control(kind, size):
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def encode(value):
    """Numbers are pairs of their type and value."""
    if isinstance(value, str):
        text = value.encode()
        if len(text) >= 29:
            return bytes([2 << 5 | 29, len(text) - 29]) + text
        return control(2, len(text)) + text
    if isinstance(value, dict):
        return control(7, len(value)) + b''.join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return control(11, len(value)) + b''.join(encode(v) for v in value)
    kind, n = value
    return number(kind, n)


def write(path, networks, version=6):
    """networks: {'192.0.2.0/24': {'country': {'iso_code': 'DE'}}}; IPv4 ones stand in ::/96 of a version 6 file."""
    nodes = [[None, None]]
    data, offsets = b'', {}
    for text, value in networks.items():
        net = ipaddress.ip_network(text)
        bits = int(net.network_address)
        length, width = net.prefixlen, net.max_prefixlen
        if version == 6 and net.version == 4:
            length, width = length + 96, 128
        encoded = encode(value)
        if encoded not in offsets:
            offsets[encoded] = len(data)
            data += encoded
        at = 0
        for i in range(length):
            side = bits >> (width - 1 - i) & 1
            if i == length - 1:
                nodes[at][side] = ('data', offsets[encoded])
            else:
                if nodes[at][side] is None:
                    nodes.append([None, None])
                    nodes[at][side] = ('node', len(nodes) - 1)
                at = nodes[at][side][1]
    tree = b''
    for node in nodes:
        for record in node:
            kind, where = record or ('none', 0)
            value = {'none': len(nodes), 'node': where, 'data': len(nodes) + 16 + where}[kind]
            tree += value.to_bytes(3, 'big')
    meta = encode({'node_count': (UINT32, len(nodes)), 'record_size': (UINT16, 24), 'ip_version': (UINT16, version),
                   'database_type': 'Test', 'languages': ['en'], 'binary_format_major_version': (UINT16, 2),
                   'binary_format_minor_version': (UINT16, 0), 'build_epoch': (UINT64, 1780000000),
                   'description': {'en': 'test'}})
    with open(path, 'wb') as f:
        f.write(tree + bytes(16) + data + b'\xab\xcd\xefMaxMind.com' + meta)
