/*
 * Pages and fields, decided about and rewritten, and then looked at by the judge of "crumbgate test --all-classes",
 * which shares no code with what holds things back: it must find nothing. The first octet of the input says what is
 * granted, and whether it is XHTML; each line up to an empty one is a field of the response, "Link: </x>; rel=preload";
 * the rest is the page.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/harness/leak.h"
#include "rules/harness/page.h"
#include "rules/http/field.h"

static const char rules_text[] = "purpose preferences\n"
				 "purpose analytics\n"
				 "purpose advertising\n"
				 "cookie s is necessary\n"
				 "cookie * is analytics\n"
				 "beacon ||ok.a.example^ is necessary\n"
				 "beacon ||a.example^ is analytics\n"
				 "beacon ||b.example^ /px? is advertising\n"
				 "beacon ||c.example^ is preferences removed\n"
				 "beacon ||d.example^ is analytics advertising replaced by placeholder\n"
				 "beacon iframe.v is preferences replaced by \"<hr>\"\n"
				 "beacon script#ok is necessary\n"
				 "beacon script containing \"fbq(\" is advertising\n"
				 "beacon img[width=\"1\"] is advertising removed\n"
				 "beacon div.ad > p, .x is advertising\n"
				 "pages {\nguard off\n}\n";

static struct ruleset *rules;
static struct pattern_scratch *scratch;

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = slice_str(rules_text);
	return LOAD_OK;
}

static void set_up(void)
{
	const struct loader loader = {.load = load};
	struct diagnostics d;

	diagnostics_init(&d);
	rules = ruleset_load(&loader, SLICE("fuzz.rules"), &d);
	scratch = pattern_scratch_new();
	diagnostics_free(&d);
	CG_CHECK(rules && scratch);
}

/* Of fields whose grammar the judge only reads in part (lists and JSON) a browser would take less than it does. */
static bool is_wanted(struct slice name)
{
	return slice_ieq(name, SLICE("Link")) || slice_ieq(name, SLICE("Refresh")) ||
	       slice_ieq(name, SLICE("Content-Security-Policy")) || field_id_of(name) == FIELD_SET_COOKIE;
}

/* A head with others is refused (RFC 9110 5.5). */
static bool is_possible(struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* The fields in front of the page; what is left is the page. */
static struct slice take_fields(struct slice input, struct fields *fields)
{
	struct slice line, rest = input, name, value;

	while (slice_cut(rest, '\n', &line, &rest) && line.n)
		if (slice_cut(line, ':', &name, &value) && is_wanted(name) && is_possible(slice_trim(value)))
			(void)fields_add(fields, name, slice_trim(value));
	return rest;
}

static void play(const struct prepared *x, struct arena *arena)
{
	struct failure *leaks = NULL;
	struct outcome o;

	CG_CHECK(exchange_play(x, arena, &o));
	CG_CHECK(leaks_find(x, &o, arena, &leaks));
	if (leaks) {
		fprintf(stderr, "%.*s\n%.*s\n", SLICE_ARG(leaks->rows->actual), SLICE_ARG(leaks->rows->why));
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct test_case test = {.url = SLICE("https://www.site.example/d/p?q"), .origin = {.status = 200}};
	struct prepared x = {.test = &test, .mac = &harness_mac, .site = SLICE("www.site.example"), .now = HARNESS_NOW};
	struct slice input = slice_of((const char *)data, size);
	struct arena arena;

	if (size == 0)
		return 0;
	if (!rules)
		set_up();
	arena_init(&arena, 0, 256u << 20);
	x.rules = rules;
	x.scratch = scratch;
	test.given.consent = GIVEN_VALID;
	test.given.granted.mask = (purposes)(data[0] & 7) << 1 | PURPOSE_NECESSARY;
	test.request = (struct request){.method = SLICE("GET"),
					.target = SLICE("/d/p?q"),
					.authority = SLICE("www.site.example"),
					.host = SLICE("www.site.example"),
					.secure = true};
	fields_init(&test.request.fields, &arena);
	fields_init(&test.origin.fields, &arena);
	test.origin_body = take_fields(slice_from(input, 1), &test.origin.fields);
	(void)fields_add_id(&test.origin.fields, FIELD_CONTENT_TYPE,
			    data[0] & 8 ? SLICE("application/xhtml+xml") : SLICE("text/html; charset=utf-8"));
	CG_CHECK(exchange_prepare(&x, &arena));
	play(&x, &arena);
	arena_free(&arena);
	return 0;
}
