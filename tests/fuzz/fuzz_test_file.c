/* Any octets as a test file: it is read or complained about, within bounds, and all complaints can be shown. */
#include <stdint.h>
#include <stdlib.h>

#include "rules/harness/test_file.h"

#define INPUT_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every slice that the parser handed out must be readable. */
static size_t touch(struct slice s)
{
	size_t sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

static size_t touch_case(const struct test_case *c)
{
	size_t sum = touch(c->name) + touch(c->rules) + touch(c->visitor) + touch(c->request.target) +
		     touch(c->request_body) + touch(c->origin_body) + touch(c->given.region) + touch(c->at.source);

	for (size_t i = 0; i < c->request.fields.n; i++)
		sum += touch(c->request.fields.v[i].name) + touch(c->request.fields.v[i].value);
	for (const struct expectation *e = c->first; e; e = e->next)
		sum += touch(e->name) + touch(e->value) + touch(e->text) + touch(e->at.source);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static volatile size_t sum;
	struct test_file file;
	struct diagnostics d;
	struct buffer shown;
	size_t n = 0;
	bool ok;

	if (size > INPUT_MAX)
		return 0;
	diagnostics_init(&d);
	ok = test_file_parse(SLICE("fuzz.test"), slice_of((const char *)data, size), &file, &d);
	CG_CHECK(ok == diagnostics_ok(&d));
	for (const struct test_case *c = file.first; c; c = c->next, n++)
		sum += touch_case(c);
	(void)sum; /* volatile: adding reads every octet, and none may be past its slice's end */
	CG_CHECK(!ok || (n > 0 && n == file.n_cases));
	buffer_init(&shown, 1024 * 1024);
	(void)diagnostics_render(&d, true, &shown);
	buffer_free(&shown);
	test_file_free(&file);
	diagnostics_free(&d);
	return 0;
}
