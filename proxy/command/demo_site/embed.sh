#!/bin/sh
# embed.sh DIR FILE...: the text files DIR/FILE as the C table demo_files[], on standard output.
set -e
dir=$1
shift
echo '/* Made by embed.sh; do not edit. */'
echo 'static const struct demo_file demo_files[] = {'
for file in "$@"; do
	printf '\t{SLICE_INIT("%s"), SLICE_INIT(\n' "${file##*/}"
	LC_ALL=C sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/?/\\?/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$dir/$file"
	printf '\t)},\n'
done
echo '};'
