#ifndef CG_TESTS_SUPPORT_REWRITER_STUB_H
#define CG_TESTS_SUPPORT_REWRITER_STUB_H

#include "rules/decide/rewriter.h"

#define STUB_INSERT "[inserted]"

extern size_t rewriters_alive;

#endif
