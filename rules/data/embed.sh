#!/bin/sh
# embed.sh DIR FILE...: the files DIR/FILE as the C table shipped_files[], on standard output.
set -e
dir=$1
shift
echo '/* Made by rules/data/embed.sh; do not edit. */'
echo 'static const struct shipped_file shipped_files[] = {'
for file in "$@"; do
	name=${file#rules/data/}
	printf '\t{SLICE_INIT("%s"), "%s",\n\t SLICE_INIT(\n' "$name" "$name"
	LC_ALL=C sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/?/\\?/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$dir/$file"
	printf '\t)},\n'
done
echo '};'
