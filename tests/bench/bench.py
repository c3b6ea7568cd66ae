"""Prints one table of what programs of bench.h measure, with the user instructions of each operation beside.

Usage: bench.py PROGRAM... Instructions are callgrind's; without valgrind there are none.
"""
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
from counters import CALLGRIND  # noqa: E402

COUNTED = 10  # as in bench.c
ROW = '{:52}  {:>14}  {:>14}  {:>7}  {:>10}  {:>8}'


def instructions(program):
    """Of each operation, in the order of the program: callgrind writes a file whenever bench_counted() returns."""
    if not shutil.which('valgrind'):
        return
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'out')
        tool = [*CALLGRIND, '--toggle-collect=bench_counted', '--dump-after=bench_counted', f'--callgrind-out-file={out}']
        subprocess.run([*tool, program, '-c'], capture_output=True, check=False)
        for i in itertools.takewhile(lambda i: os.path.exists(f'{out}.{i}'), itertools.count(1)):
            with open(f'{out}.{i}', encoding='utf-8') as f:
                yield int(re.search(r'^totals: (\d+)', f.read(), re.M).group(1)) // COUNTED


def main():
    print(ROW.format('operation', 'ns', 'instructions', 'GB/s', 'result', 'KB more'))
    for program in map(os.path.abspath, sys.argv[1:]):
        print('\n' + os.path.basename(program), flush=True)
        rows = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[1:]
        for line, counted in itertools.zip_longest(rows, list(instructions(program)), fillvalue='-'):
            name, ns, *rest = re.split(r'  +', line.strip())
            print(ROW.format(name, ns, counted, *rest), flush=True)


if __name__ == '__main__':
    main()
