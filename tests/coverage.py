"""Adds up line coverage per folder from gcov's JSON: coverage.py BUILD FOLDER..."""
import gzip
import json
import os
import subprocess
import sys
import tempfile


def notes(build):
    for folder, _, names in os.walk(build):
        for name in names:
            if name.endswith('.gcda'):
                yield os.path.join(folder, name)


def lines_of(build):
    """{source: {line: executed?}} over all object files."""
    seen = {}
    with tempfile.TemporaryDirectory() as tmp:
        for gcda in notes(build):
            subprocess.run(['gcov', '--json-format', os.path.abspath(gcda)], cwd=tmp, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name in os.listdir(tmp):
                with gzip.open(os.path.join(tmp, name)) as f:
                    data = json.load(f)
                os.unlink(os.path.join(tmp, name))
                for source in data['files']:
                    here = seen.setdefault(source['file'], {})
                    for line in source['lines']:
                        n = line['line_number']
                        here[n] = here.get(n, False) or line['count'] > 0
    return seen


def main():
    build, folders = sys.argv[1], sys.argv[2:]
    seen = lines_of(build)
    worst = 100.0
    for folder in folders:
        rows, hit, total = [], 0, 0
        for source, lines in sorted(seen.items()):
            at = source.find(folder + '/')
            if at < 0 or not source.endswith('.c') or 'tests/' in source:
                continue
            good = sum(lines.values())
            hit, total = hit + good, total + len(lines)
            rows.append((source[at:], good, len(lines)))
        for name, good, n in rows:
            print(f'{100 * good / max(n, 1):6.1f} %  {good:5d} of {n:5d}  {name}')
        share = 100 * hit / max(total, 1)
        worst = min(worst, share)
        print(f'{share:6.1f} %  {hit:5d} of {total:5d}  {folder} in all\n')
    return 0 if worst >= 90 else 1


if __name__ == '__main__':
    sys.exit(main())
