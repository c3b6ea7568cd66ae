"""What other consent managers store, as it was seen on the web: one test a row.

Prints TAP. Reads ../shared/testdata/cmp-cookies.tsv (or $CMP_COOKIES) and skips without it. Its columns: the manager, the
cookie's name and value, what is expected of functional, analytics and advertising, where it is from, whether that was
verified, and whether the visitor acted.
"""
import csv
import os
import subprocess
import sys

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('builddir', '.')
ROWS = os.environ.get('CMP_COOKIES') or os.path.join(SRC, '..', 'shared', 'testdata', 'cmp-cookies.tsv')
# What the table calls otherwise than the rules.
NAMES = {'cookieyes-legacy': 'cookieyes', 'osano-oss': 'osano', 'drupal-eucc': 'drupal', 'iab-tcf': 'tcf', 'iab-gpp': 'gpp',
         'iab-usp': 'usprivacy'}


def rows():
    with open(ROWS, encoding='utf-8', newline='') as f:
        return list(csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE))


def line_of(row):
    name = row['cookie-name']
    if name.startswith('query:'):
        return f"query\t{name[6:]}\t{row['raw']}\n"
    return f"{NAMES.get(row['cmp'], row['cmp'])}\t{name}\t{row['raw']}\n"


def main():
    if not os.path.exists(ROWS):
        print(f'1..0 # SKIP no rows at {ROWS}')
        return 0
    table = rows()
    out = subprocess.run([os.path.join(BUILD, 'tests', 'consent', 'rows')], input=''.join(line_of(r) for r in table),
                         capture_output=True, text=True)
    got = out.stdout.split('\n')[:-1]
    got += ['no answer'] * (len(table) - len(got))
    print(f'1..{len(table)}')
    failed = 0
    for i, (row, answer) in enumerate(zip(table, got), 1):
        expected = ' '.join(row[c] for c in ('functional', 'analytics', 'advertising', 'explicit'))
        failed += answer != expected
        print(f"{'ok' if answer == expected else 'not ok'} {i} - {row['cmp']} {row['cookie-name']} {row['raw'][:60]}"
              .replace('#', '\\#'))
        if answer != expected:
            print(f"# {row['raw']}\n# expected {expected}\n# got      {answer}")
    for line in out.stderr.splitlines():
        print('# ' + line)
    return 1 if failed or out.returncode else 0


if __name__ == '__main__':
    sys.exit(main())
