/*
 * Requests for crumbgate's own pages. The first octet chooses the method, the page and whether the form's token is
 * good; the lines up to an empty one are fields, behind it is the form, in which "T" stands for the token.
 *
 * Whatever comes: nothing is set but by a good form of the same origin, every Location is a path of the site, every
 * answer says no-store, and no field holds a control octet.
 */
#include <stdint.h>

#include "rules/decide/decide.h"
#include "rules/http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "policy 1 {\nstorage cleared\n}\npurpose a\npurpose b\nopt-out cookie o=1 denies b\n"
			   "signal gpc denies b\ncookie x is a\ncookie * is b\nbanner {\n}\n";

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = slice_str(text);
	return LOAD_OK;
}

static bool mac(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	(void)arg;
	for (size_t i = 0; i < CONSENT_MAC_SIZE; i++)
		out[i] = (unsigned char)(slice_hash(data) >> (i % 8 * 8));
	return key == 0;
}

static void zeros(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	memset(out, 0, n);
}

static const struct consent_mac keys = {.mac = mac};
static struct ruleset *rules;

static void set_up(void)
{
	static const struct loader loader = {.load = load};
	struct diagnostics d;

	diagnostics_init(&d);
	rules = ruleset_load(&loader, SLICE("x.rules"), &d);
	CG_CHECK(rules);
	diagnostics_free(&d);
}

static void check_answer(const struct decide_env *env, const struct request *req, const struct response *resp)
{
	bool no_store = false, same = own_same_origin(&req->fields, req->authority);

	(void)env;
	for (size_t i = 0; i < resp->fields.n; i++) {
		const struct field *f = &resp->fields.v[i];

		for (size_t k = 0; k < f->value.n; k++)
			CG_CHECK((unsigned char)f->value.p[k] >= ' ' || f->value.p[k] == '\t');
		if (f->id == FIELD_LOCATION)
			CG_CHECK(own_back_ok(f->value) && resp->status == 303);
		if (f->id == FIELD_SET_COOKIE)
			CG_CHECK(same && slice_eq(req->method, SLICE("POST")) &&
				 (resp->status == 303 || resp->status == 200));
		no_store |= f->id == FIELD_CACHE_CONTROL && slice_eq(f->value, SLICE("no-store"));
	}
	CG_CHECK(no_store && resp->status >= 200 && resp->status < 504);
}

static void take_field(struct fields *f, struct slice line)
{
	struct slice name, value;

	if (!slice_cut(line, ':', &name, &value) || !is_token(name))
		return;
	value = slice_trim(value);
	for (size_t i = 0; i < value.n; i++) /* as the codecs refuse it */
		if ((unsigned char)value.p[i] < ' ' && value.p[i] != '\t')
			return;
	(void)fields_add(f, name, value);
}

static struct slice with_token(struct slice form, struct arena *arena)
{
	const struct consent_query q = {.rules = rules, .mac = &keys, .site = SLICE("www.example.com")};
	const struct slice parts[] = {SLICE("token="), own_token(&q, arena), SLICE("&"), form};

	return arena_concat(arena, parts, CG_COUNT(parts));
}

static void run(unsigned how, struct slice rest, struct arena *arena)
{
	static const char *const pages[] = {
		"", "/preferences?back=", "/decision", "/withdraw", "/opt-out", "/opt-in", "/state", "/receipt"};
	const struct decide_env env = {.rules = rules, .mac = &keys, .site = SLICE("www.example.com"), .random = zeros};
	struct request req = {.method = how & 1 ? SLICE("POST") : SLICE("GET"),
			      .authority = SLICE("www.example.com"),
			      .host = SLICE("www.example.com"),
			      .secure = true};
	const struct slice target[] = {SLICE("/.crumbgate"), slice_str(pages[how >> 1 & 7])};
	struct own_body body = {0};
	struct response resp = {0};
	struct decision d;
	struct slice line, content;

	req.target = arena_concat(arena, target, CG_COUNT(target));
	fields_init(&req.fields, arena);
	if (how & 32) {
		(void)fields_add(&req.fields, SLICE("Sec-Fetch-Site"), SLICE("same-origin"));
		(void)fields_add(&req.fields, SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded"));
	}
	while (slice_cut(rest, '\n', &line, &rest) && line.n)
		take_field(&req.fields, line);
	body.octets = how & 16 ? with_token(rest, arena) : rest;
	body.too_long = body.octets.n > OWN_FORM_MAX;
	CG_CHECK(decide_request(&env, &req, slice_of(NULL, 0), 1770000000, arena, &d) == DECIDE_OK);
	CG_CHECK(d.action == DECIDE_ANSWER);
	CG_CHECK(decide_answer(&env, &req, &body, arena, &d, &resp, &content) == DECIDE_OK);
	check_answer(&env, &req, &resp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;

	if (size == 0 || size > 1 << 15)
		return 0;
	if (!rules)
		set_up();
	arena_init(&arena, 0, 64 << 20);
	run(data[0], slice_of((const char *)data + 1, size - 1), &arena);
	arena_free(&arena);
	return 0;
}
