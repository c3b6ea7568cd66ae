#include "tests/support/decide_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool keyed_hash(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	const uint64_t *other = arg;
	uint64_t h = slice_hash(data) ^ (key + 1) * UINT64_C(0x9E3779B97F4A7C15) ^ (other ? *other : 0);

	if (key > 1)
		return false;
	for (size_t i = 0; i < CONSENT_MAC_SIZE; i++) {
		h = (h ^ h >> 29) * UINT64_C(0xBF58476D1CE4E5B9) + i;
		out[i] = (unsigned char)(h >> 32);
	}
	return true;
}

const struct consent_mac fixture_mac = {.mac = keyed_hash};

static enum load_result load_text(void *arg, struct slice path, struct slice *content)
{
	if (!slice_eq(path, SLICE("test.rules")))
		return LOAD_MISSING;
	*content = slice_str(arg);
	return LOAD_OK;
}

struct ruleset *fixture_rules(const char *text)
{
	const struct loader loader = {.arg = (void *)(uintptr_t)text, .load = load_text};
	struct diagnostics d;
	struct buffer b;
	struct ruleset *rs;

	diagnostics_init(&d);
	buffer_init(&b, 1 << 16);
	rs = ruleset_load(&loader, SLICE("test.rules"), &d);
	if (!rs) {
		diagnostics_render(&d, false, &b);
		print_error("%.*s\n", SLICE_ARG(buffer_slice(&b)));
	}
	buffer_free(&b);
	diagnostics_free(&d);
	assert_non_null(rs);
	return rs;
}

static void log_verdict(void *arg, const struct verdict *v)
{
	struct fixture *f = arg;

	buffer_printf(&f->log, "%s %s %.*s %u\n", verdict_kind_text(v->kind), verdict_subject_text(v->subject),
		      SLICE_ARG(v->name), v->rule ? v->rule->line : 0);
}

static void counting(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)(i * 17);
}

void fixture_open(struct fixture *f, const char *rules)
{
	*f = (struct fixture){.rules = fixture_rules(rules)};
	arena_init(&f->arena, 0, 1 << 20);
	buffer_init(&f->log, 1 << 20);
	f->env = (struct decide_env){
		.rules = f->rules,
		.mac = &fixture_mac,
		.site = SLICE("www.example.com"),
		.scratch = pattern_scratch_new(),
		.random = counting,
		.sink = log_verdict,
		.sink_arg = f,
	};
	assert_non_null(f->env.scratch);
}

void fixture_close(struct fixture *f)
{
	pattern_scratch_free(f->env.scratch);
	ruleset_free(f->rules);
	arena_free(&f->arena);
	buffer_free(&f->log);
}

void fixture_parse(struct arena *arena, struct fields *out, const char *text)
{
	struct slice rest = slice_str(text), line, name, value;

	fields_init(out, arena);
	while (rest.n) {
		slice_cut(rest, '\n', &line, &rest);
		assert_true(slice_cut(line, ':', &name, &value));
		assert_true(fields_add(out, name, slice_trim(value)));
	}
}

void fixture_request(struct fixture *f, const char *target, const char *fields)
{
	f->request = (struct request){
		.method = SLICE("GET"),
		.target = slice_str(target),
		.authority = SLICE("www.example.com"),
		.host = SLICE("www.example.com"),
		.secure = true,
		.minor = 1,
	};
	fixture_parse(&f->arena, &f->request.fields, fields);
	buffer_clear(&f->log);
}

void fixture_response(struct fixture *f, unsigned status, const char *fields)
{
	f->response = (struct response){.status = status};
	fixture_parse(&f->arena, &f->response.fields, fields);
	buffer_clear(&f->log);
}

purposes fixture_purposes(const struct ruleset *rs, const char *names)
{
	struct slice rest = slice_str(names), name;
	purposes set = 0;

	while (rest.n) {
		slice_cut(rest, ' ', &name, &rest);
		assert_true(ruleset_purpose_find(rs, name) >= 0);
		set |= (purposes)1 << ruleset_purpose_find(rs, name);
	}
	return set;
}

void fixture_grant(struct fixture *f, const char *purpose_names)
{
	static const unsigned char id[16] = {1};
	const struct consent_query q = {
		.rules = f->rules, .mac = f->env.mac, .site = f->env.site, .now = FIXTURE_NOW - 3600};
	const struct slice parts[] = {consent_cookie_name(f->request.secure), SLICE("="),
				      consent_token_make(&q, fixture_purposes(f->rules, purpose_names), id, &f->arena)};

	assert_true(parts[2].n > 0);
	assert_true(fields_add_id(&f->request.fields, FIELD_COOKIE, arena_concat(&f->arena, parts, 3)));
}

void fixture_decide_request(struct fixture *f)
{
	assert_int_equal(decide_request(&f->env, &f->request, slice_of(NULL, 0), FIXTURE_NOW, &f->arena, &f->decision),
			 DECIDE_OK);
}

void fixture_decide_response(struct fixture *f)
{
	assert_int_equal(decide_response(&f->env, &f->response, false, &f->arena, &f->decision), DECIDE_OK);
}

const char *fixture_text(struct fixture *f, const struct fields *fields)
{
	struct slice text = SLICE("");

	for (size_t i = 0; i < fields->n; i++)
		text = arena_printf(&f->arena, "%.*s%.*s: %.*s\n", SLICE_ARG(text), SLICE_ARG(fields->v[i].name),
				    SLICE_ARG(fields->v[i].value));
	return arena_cstr(&f->arena, text);
}

const char *fixture_values(struct fixture *f, const struct fields *fields, enum field_id id)
{
	struct slice text = SLICE("");

	for (size_t i = 0; i < fields->n; i++)
		if (fields->v[i].id == id)
			text = arena_printf(&f->arena, "%.*s%.*s\n", SLICE_ARG(text), SLICE_ARG(fields->v[i].value));
	return arena_cstr(&f->arena, text);
}

const char *fixture_log(struct fixture *f)
{
	return arena_cstr(&f->arena, buffer_slice(&f->log));
}
