"""Writes entity_table.h: python3 rules/html/entity_table.py > rules/html/entity_table.h

The names and code points are those of the HTML standard (https://html.spec.whatwg.org/entities.json, copyright WHATWG,
BSD 3-Clause), which Python's html.entities carries.
"""
import html.entities

names = {}
for key, value in html.entities.html5.items():
    bare = not key.endswith(';')
    name = key.rstrip(';')
    names[name] = (value, bare or names.get(name, ('', False))[1])
assert len(html.entities.html5) == 2231

blob, rows = '', []
for name in sorted(names):
    value, bare = names[name]
    points = [ord(c) for c in value] + [0]
    rows.append(f'{{{len(blob)}, {len(name)}, {int(bare)}, 0x{points[0]:x}, 0x{points[1]:x}}},')
    blob += name

print('/*')
print(' * Written by entity_table.py. Names and code points of the HTML standard, https://html.spec.whatwg.org/entities.json:')
print(' * Copyright (c) WHATWG (Apple, Google, Mozilla, Microsoft). BSD 3-Clause License: redistribution and use, with or')
print(' * without modification, are permitted provided that this notice is kept; the names of the copyright holders may not')
print(' * be used to endorse derived products; provided "as is", without warranty or liability of any kind.')
print(' */')
print('static const char entity_names[] =')
for i in range(0, len(blob), 100):
    print(f'\t"{blob[i:i + 100]}"' + (';' if i + 100 >= len(blob) else ''))
print('\n/* Sorted by name. bare: known without a semicolon too. second: 0 or another code point. */')
print('static const struct entity {\n\tunsigned short at;\n\tunsigned char length, bare;\n\tunsigned first, second;\n'
      '} entities[] = {')
line = '\t'
for row in rows:
    if len(line) + len(row) > 118:
        print(line.rstrip())
        line = '\t'
    line += row + ' '
print(line.rstrip())
print('};')
