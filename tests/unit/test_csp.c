/* Content-Security-Policy: what may run, the least edit that lets ours run, and what is taken out. */
#include "tests/support/slice_assert.h"

#include "rules/http/csp.h"

#define SCRIPT "'sha256-sss='"
#define STYLE  "'sha256-ttt='"
#define FORM   "https://a.example/own/"
#define OTHER  "'sha256-uuu='"

/* Of a script that carries the nonce abc, one that carries none, and a style. */
static const struct {
	const char *value;
	bool nonced, script, style;
} allowed[] = {
	{"", true, true, true},
	{" , ;", true, true, true},
	{"img-src 'self'", true, true, true},
	{"script-src 'self'", false, false, true},
	{"default-src 'self'", false, false, false},
	{"default-src", false, false, false},
	{"script-src 'unsafe-inline'", true, true, true},
	{"SCRIPT-SRC 'Unsafe-Inline'", true, true, true},
	{"script-src\t'unsafe-inline'", true, true, true},
	{"script-src 'unsafe-inline' 'nonce-abc'", true, false, true},
	{"script-src 'unsafe-inline' 'nonce-xyz'", false, false, true},
	{"script-src 'unsafe-inline' 'nonce-'", true, true, true},    /* no nonce */
	{"script-src 'unsafe-inline' 'nonce-a b'", true, true, true}, /* two words */
	{"script-src 'unsafe-inline' 'sha384-xyz'", false, false, true},
	{"script-src 'unsafe-inline' 'strict-dynamic'", false, false, true},
	{"style-src 'unsafe-inline' 'strict-dynamic'", true, true, true},
	{"script-src 'unsafe-inline'; script-src-elem 'self'", false, false, true},
	{"script-src 'self'; script-src-elem 'unsafe-inline'", true, true, true},
	{"script-src-attr 'none'", true, true, true},
	{"default-src 'none'; script-src 'unsafe-inline'", true, true, false},
	{"script-src 'unsafe-inline'; script-src 'none'", true, true, true}, /* the first counts */
	{"script-src 'self' \xC3\xA4; script-src 'unsafe-inline'", true, true, true},
	{"script-src 'unsafe-inline', script-src 'self'", false, false, true}, /* all policies must */
	{"script-src 'NONCE-abc'", true, false, true},
	{"script-src 'nonce-ABC'", false, false, true},
	{"script-src " SCRIPT, false, true, true},
	{"default-src " SCRIPT " " STYLE, false, true, true},
	{"script-src https: * blob:", false, false, true},
};

static struct csp_inline element(enum csp_kind kind, bool nonced, const char *source)
{
	return (struct csp_inline){.kind = kind, .nonced = nonced, .source = slice_str(source)};
}

static void test_allows(void **state)
{
	const struct csp_inline nonced = element(CSP_SCRIPT, true, ""), script = element(CSP_SCRIPT, false, SCRIPT),
				style = element(CSP_STYLE, false, STYLE);

	(void)state;
	for (size_t i = 0; i < CG_COUNT(allowed); i++) {
		struct slice v = slice_str(allowed[i].value), nonce = SLICE("abc");

		if (csp_allows(v, nonce, &nonced) != allowed[i].nonced ||
		    csp_allows(v, nonce, &script) != allowed[i].script ||
		    csp_allows(v, nonce, &style) != allowed[i].style)
			fail_msg("case %zu: %s", i, allowed[i].value);
	}
	/* An element that carries the empty nonce carries none. */
	assert_false(csp_allows(SLICE("script-src 'nonce-abc'"), SLICE(""), &nonced));
}

static const struct {
	const char *value;
	const char *script;
	const char *style;
} nonces[] = {
	{"", "", ""},
	{"script-src 'nonce-r4nd+/-_=='", "r4nd+/-_==", ""},
	{"default-src 'nonce-abc' 'nonce-def'", "abc", "abc"},
	{"script-src 'self'; default-src 'nonce-abc'", "", "abc"},
	{"script-src 'nonce-a\"b'", "", ""},
	{"script-src 'nonce-a=b'", "", ""},
	{"script-src 'nonce-===' 'nonce-x==='", "", ""},
	{"script-src 'nonce-abc", "", ""},
	{"script-src 'self', script-src 'nonce-two'", "two", ""},
	{"script-src 'nonce-a'; script-src-elem 'nonce-b'", "b", ""},
};

static void test_nonces(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(nonces); i++) {
		assert_slice(csp_nonce(slice_str(nonces[i].value), CSP_SCRIPT), nonces[i].script);
		assert_slice(csp_nonce(slice_str(nonces[i].value), CSP_STYLE), nonces[i].style);
	}
}

/* out NULL: the very same */
static const struct {
	const char *in;
	const char *out;
} lets_run[] = {
	{"", NULL},
	{"img-src 'self'", NULL},
	{"script-src 'unsafe-inline'; style-src 'unsafe-inline'", NULL},
	{"script-src 'self'", "script-src 'self' " SCRIPT},
	{"script-src 'none'", "script-src " SCRIPT},
	{"script-src 'NONE' ; img-src *", "script-src " SCRIPT " ; img-src *"},
	{"script-src", "script-src " SCRIPT},
	{"script-src 'none' 'self'", "script-src 'none' 'self' " SCRIPT},
	{"  script-src\t'self'  ;;img-src x ;", "  script-src\t'self' " SCRIPT "  ;;img-src x ;"},
	{"style-src 'self'; script-src 'self'", "style-src 'self' " STYLE "; script-src 'self' " SCRIPT},
	{"script-src 'self'; style-src 'self'", "script-src 'self' " SCRIPT "; style-src 'self' " STYLE},
	{"script-src-elem 'self'; script-src 'unsafe-inline'",
	 "script-src-elem 'self' " SCRIPT "; script-src 'unsafe-inline'"},
	{"default-src 'self'", "default-src 'self'; script-src 'self' " SCRIPT "; style-src 'self' " STYLE},
	{"default-src 'self' ; ", "default-src 'self' ; script-src 'self' " SCRIPT "; style-src 'self' " STYLE " "},
	{"default-src 'none'", "default-src 'none'; script-src " SCRIPT "; style-src " STYLE},
	{"default-src a.example; style-src 'unsafe-inline'",
	 "default-src a.example; style-src 'unsafe-inline'; script-src a.example " SCRIPT},
	{"script-src 'nonce-xyz' 'unsafe-inline'", "script-src 'nonce-xyz' 'unsafe-inline' " SCRIPT},
	{"script-src 'nonce-abc'", "script-src 'nonce-abc' " SCRIPT}, /* the one without a nonce */
	{"script-src 'self' , img-src x,script-src 'unsafe-inline'",
	 "script-src 'self' " SCRIPT " , img-src x,script-src 'unsafe-inline'"},
	{"script-src 'self'; script-src 'none'", "script-src 'self' " SCRIPT "; script-src 'none'"},
	{"form-action 'none'", "form-action " FORM},
	{"form-action x; script-src x;style-src x",
	 "form-action x " FORM "; script-src x " SCRIPT ";style-src x " STYLE},
	{"style-src x;form-action; default-src *",
	 "style-src x " STYLE ";form-action " FORM "; default-src *; script-src * " SCRIPT},
	{"form-action 'SELF'", NULL},
	{"form-action https:", NULL},
	{"form-action " FORM ", form-action *", NULL},
	{"form-action 'none', form-action b", "form-action " FORM ", form-action b " FORM},
};

static void test_allow(void **state)
{
	const struct csp_inline elements[] = {
		element(CSP_SCRIPT, true, SCRIPT), /* carries the nonce */
		element(CSP_SCRIPT, false, SCRIPT), element(CSP_STYLE, false, STYLE),
		element(CSP_SCRIPT, false, SCRIPT), /* twice the same */
		element(CSP_STYLE, false, ""),	    /* not known */
		element(CSP_FORM, false, FORM),
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	for (size_t i = 0; i < CG_COUNT(lets_run); i++) {
		struct slice in = slice_str(lets_run[i].in), out, again;

		assert_true(csp_allow(in, SLICE("abc"), elements, CG_COUNT(elements), &arena, &out));
		assert_slice(out, lets_run[i].out ? lets_run[i].out : lets_run[i].in);
		assert_true(lets_run[i].out != NULL || out.p == in.p);
		assert_true(csp_allow(out, SLICE("abc"), elements, CG_COUNT(elements), &arena, &again));
		assert_ptr_equal(again.p, out.p);
	}
	arena_free(&arena);
}

static void test_several_hashes(void **state)
{
	const struct csp_inline elements[] = {element(CSP_SCRIPT, true, SCRIPT), element(CSP_SCRIPT, false, OTHER)};
	struct arena arena;
	struct slice out;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	assert_true(csp_allow(SLICE("script-src x"), SLICE("abc"), elements, 2, &arena, &out));
	assert_slice(out, "script-src x " SCRIPT " " OTHER);
	assert_true(csp_allow(SLICE("script-src 'nonce-abc'"), SLICE("abc"), elements, 2, &arena, &out));
	assert_slice(out, "script-src 'nonce-abc' " OTHER);
	assert_true(csp_allow(SLICE("script-src 'nonce-abc'"), SLICE("abc"), elements, 1, &arena, &out));
	assert_slice(out, "script-src 'nonce-abc'");
	arena_free(&arena);
}

static void test_hash_source(void **state)
{
	/* SHA-256 of nothing. */
	static const unsigned char sha256[32] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
						 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
						 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
	char out[CSP_HASH_SOURCE_SIZE];

	(void)state;
	csp_hash_source(sha256, out);
	assert_slice(slice_of(out, sizeof out), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

/* Everything with "bad" in it is refused; what was asked for is noted. */
struct notes {
	char text[1024];
	size_t n;
};

static bool judge(void *arg, const struct csp_reference *ref)
{
	struct notes *notes = arg;
	size_t n = (size_t)snprintf(notes->text + notes->n, sizeof notes->text - notes->n, "%c%.*s ",
				    "SRG"[ref->subject], SLICE_ARG(ref->url));

	notes->n += n;
	return slice_find(ref->url, SLICE("bad")) == ref->url.n;
}

static const struct {
	const char *in;
	const char *out;
	const char *judged;
} filters[] = {
	{"", NULL, ""},
	{"default-src 'self' https: data: * *:443 https://* 'nonce-bad'", NULL, ""},
	{"script-src ok.example bad.example", "script-src ok.example", "S//ok.example S//bad.example "},
	{"script-src bad.example ok.example", "script-src ok.example", "S//bad.example S//ok.example "},
	{"script-src bad1 'self' bad2  x; img-src y", "script-src 'self'  x; img-src y", "S//bad1 S//bad2 S//x S//y "},
	{"script-src bad.example", "script-src 'none'", "S//bad.example "},
	{"Script-Src-Elem bad1 bad2 ;img-src y", "Script-Src-Elem 'none' ;img-src y", "S//bad1 S//bad2 S//y "},
	{"script-src https://*.bad.example:*/a/b", "script-src 'none'", "Shttps://bad.example/a/b "},
	{"img-src *.x:8080 wss://y", NULL, "S//x:8080 Swss://y "},
	{"form-action bad; frame-ancestors bad; base-uri bad; sandbox bad", NULL, ""},
	{"a b; report-uri https://bad/r; c d", "a b; c d", "Rhttps://bad/r "},
	{"report-uri bad", "", "Rbad "},
	{"a b; report-uri /r bad", "a b; report-uri /r", "R/r Rbad "},
	{"report-to bad, report-to ok", ", report-to ok", "Gbad Gok "},
	{"script-src bad,img-src bad x", "script-src 'none',img-src x", "S//bad S//bad S//x "},
};

static void test_filter(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	for (size_t i = 0; i < CG_COUNT(filters); i++) {
		struct notes notes = {.n = 0};
		struct slice in = slice_str(filters[i].in), out;

		assert_true(csp_filter(in, judge, &notes, &arena, &out));
		assert_slice(out, filters[i].out ? filters[i].out : filters[i].in);
		assert_true(filters[i].out != NULL || out.p == in.p);
		assert_slice(slice_of(notes.text, notes.n), filters[i].judged);
	}
	arena_free(&arena);
}

/* Where the arena refuses, that is told. */
static void test_no_memory(void **state)
{
	const struct csp_inline script = element(CSP_SCRIPT, false, SCRIPT);
	struct notes notes = {.n = 0};
	struct slice out;

	(void)state;
	for (size_t cap = 0; cap < 256; cap += 16) {
		struct arena arena;

		arena_init(&arena, 0, cap);
		assert_false(csp_allow(SLICE("script-src x"), SLICE(""), &script, 1, &arena, &out));
		arena_free(&arena);
		arena_init(&arena, 0, cap);
		assert_false(csp_filter(SLICE("script-src bad x"), judge, &notes, &arena, &out));
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allows),	    cmocka_unit_test(test_nonces),
		cmocka_unit_test(test_allow),	    cmocka_unit_test(test_several_hashes),
		cmocka_unit_test(test_hash_source), cmocka_unit_test(test_filter),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("csp", tests, NULL, NULL);
}
