/* codec encode|decode CODING: standard input to standard output, for tests that speak br and zstd. */
#include <stdio.h>
#include <stdlib.h>

#include "proxy/coding/coder.h"
#include "tests/support/coder_drive.h"

static bool read_all(struct buffer *in)
{
	char piece[65536];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, stdin)) > 0)
		if (!buffer_add(in, slice_of(piece, n)))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	struct coder_drive how = {0};
	struct coding_stack stack = {.n = 1};
	enum coder_result r = CODER_ERROR;
	struct coder_pool pool;
	enum coder_error error;
	struct buffer in, out;

	buffer_init(&in, 256u << 20);
	buffer_init(&out, 256u << 20);
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	if (argc != 3 || !coding_of(slice_str(argv[2]), &stack.v[0]) || !read_all(&in))
		return 2;
	if (argv[1][0] == 'e')
		r = coder_drive_encode(&pool, stack.v[0], buffer_slice(&in), &how, &out);
	else
		r = coder_drive_decode(&pool, &stack, buffer_slice(&in), &how, &out, &error);
	if (out.n && fwrite(out.p, 1, out.n, stdout) != out.n)
		return 2;
	coder_pool_free(&pool);
	buffer_free(&in);
	buffer_free(&out);
	return r == CODER_END ? 0 : 1;
}
