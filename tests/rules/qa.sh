#!/bin/sh
# The test cases of this folder, each a TAP line, and once more in each consent class.
exec "$CRUMBGATE" test --tap --all-classes "$srcdir/tests/rules"
