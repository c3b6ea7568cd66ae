/*
 * Fields of requests and responses of pages, "Name: value" a line; an empty line parts the request's from the
 * response's. Nothing is granted. What a response is edited to needs no edit when it comes a second time but for its
 * validators: nothing denied is left in it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/decide/decide.h"
#include "rules/decide/guard.h"

#define ARENA_CAP (1 << 26)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules_text[] = "purpose analytics\n"
				 "cookie SID is necessary\n"
				 "beacon ||ok.t.example^ is necessary\n"
				 "beacon ||t.example^ is analytics\n"
				 "beacon ||img.example^$image is analytics\n"
				 "inject html at head-end is necessary <<X\n"
				 "<script>{uuid}</script><style nonce={nonce}>{host}</style>\n"
				 "X\n"
				 "pages {\ncsp narrow\n}\n";

static struct ruleset *rules;
static struct pattern_scratch *scratch;
static struct guard *guard;
static size_t dropped;

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = slice_str(rules_text);
	return LOAD_OK;
}

static void zeros(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	memset(out, 0, n);
}

static void sum(struct slice data, unsigned char out[32])
{
	uint64_t h = slice_hash(data);

	memset(out, 0, 32);
	memcpy(out, &h, sizeof h);
}

static bool no_mac(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	(void)arg;
	(void)key;
	(void)data;
	(void)out;
	return false;
}

static void count(void *arg, const struct verdict *v)
{
	(void)arg;
	CG_CHECK(v->kind != VERDICT_DROP || v->rule || v->subject != SUBJECT_HEADER);
	dropped += v->kind == VERDICT_DROP && v->subject == SUBJECT_HEADER;
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
	guard = guard_new(rules, sum);
	CG_CHECK(guard);
}

static void parse(struct slice *rest, struct fields *f, struct arena *arena)
{
	struct slice line, name, value;

	fields_init(f, arena);
	while (rest->n) {
		slice_cut(*rest, '\n', &line, rest);
		if (line.n == 0)
			return;
		slice_cut(line, ':', &name, &value);
		if (is_token(name) && slice_find_char(value, '\0') == value.n &&
		    slice_find_char(value, '\r') == value.n)
			CG_CHECK(fields_add(f, name, slice_trim(value)));
	}
}

static bool is_our_tag(struct slice s)
{
	if (!slice_starts_with(s, SLICE("\"")) || !slice_ends_with(s, SLICE(";cg-s0123456789\"")))
		return false;
	s = slice_from(slice_head(s, s.n - 1), 1);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == 0x7F)
			return false;
	return true;
}

/* The origin knows no tag of ours, and answers with no part of a page under one. */
static void check_request(const struct request *req)
{
	for (size_t i = 0; i < req->fields.n; i++) {
		const struct field *f = &req->fields.v[i];

		if (f->id == FIELD_IF_NONE_MATCH || f->id == FIELD_IF_MATCH || f->id == FIELD_IF_RANGE)
			CG_CHECK(!is_our_tag(f->value));
	}
}

static void respond(const struct decide_env *env, struct response *resp, struct arena *arena, struct decision *d)
{
	dropped = 0;
	CG_CHECK(decide_response(env, resp, false, arena, d) == DECIDE_OK);
}

static void check_response(const struct decide_env *env, struct response *resp, struct arena *arena, struct decision *d)
{
	size_t n = resp->fields.n;

	if (d->page.work == PAGE_WHOLE)
		return;
	if (d->page.by_consent) {
		CG_CHECK(fields_list_has(&resp->fields, FIELD_CACHE_CONTROL, SLICE("private")) || resp->status == 304);
		CG_CHECK(!fields_find(&resp->fields, FIELD_LAST_MODIFIED) || resp->status == 304);
	}
	respond(env, resp, arena, d);
	CG_CHECK(dropped == 0);
	CG_CHECK(resp->fields.n == n || resp->status == 304);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned statuses[] = {200, 304, 206, 404};
	struct slice rest = slice_of((const char *)data, size);
	const struct consent_mac mac = {.mac = no_mac};
	struct arena arena;
	struct request req = {.method = SLICE("GET"),
			      .target = SLICE("/a"),
			      .authority = SLICE("www.example"),
			      .host = SLICE("www.example"),
			      .secure = true,
			      .minor = 1};
	struct response resp;
	struct decision d;
	struct decide_env env;

	if (!rules)
		set_up();
	if (size == 0 || size > 8192)
		return 0;
	env = (struct decide_env){.rules = rules,
				  .mac = &mac,
				  .site = SLICE("www.example"),
				  .scratch = scratch,
				  .guard = guard,
				  .sha256 = sum,
				  .random = zeros,
				  .sink = count};
	arena_init(&arena, 0, ARENA_CAP);
	resp = (struct response){.status = statuses[data[0] & 3]};
	rest = slice_from(rest, 1);
	parse(&rest, &req.fields, &arena);
	parse(&rest, &resp.fields, &arena);
	CG_CHECK(decide_request(&env, &req, slice_of(NULL, 0), INT64_C(1780000000), &arena, &d) == DECIDE_OK);
	check_request(&req);
	respond(&env, &resp, &arena, &d);
	check_response(&env, &resp, &arena, &d);
	arena_free(&arena);
	return 0;
}
