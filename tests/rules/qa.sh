#!/bin/sh
# The test cases of this folder, each a TAP line.
exec "$CRUMBGATE" test --tap "$srcdir/tests/rules"
