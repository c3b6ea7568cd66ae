/* Content codings for the harness: what proxy/page does with a page, for "crumbgate test". */
#ifndef CG_PROXY_COMMAND_TEST_CODEC_H
#define CG_PROXY_COMMAND_TEST_CODEC_H

#include "rules/harness/page.h"

struct test_codec;

/* NULL if memory ran out. */
struct test_codec *test_codec_new(void);
void test_codec_free(struct test_codec *c); /* NULL is fine */
/* gzip, deflate, br and zstd; as long as the codec. */
const struct harness_codec *test_codec_ops(const struct test_codec *c);

#endif
