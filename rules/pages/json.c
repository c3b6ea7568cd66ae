#include "rules/base/json.h"

#include "rules/pages/internal.h"

#define JSON_MAX 65536

static void names(struct buffer *b, const struct ruleset *rs, purposes set)
{
	bool first = true;

	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++) {
		if (!(set >> bit & 1))
			continue;
		if (!first)
			buffer_add_char(b, ',');
		json_add_string(b, ruleset_purpose(rs, bit)->name);
		first = false;
	}
}

static void list(struct buffer *b, const char *key, const struct ruleset *rs, purposes set)
{
	buffer_printf(b, ",\"%s\":[", key);
	names(b, rs, set);
	buffer_add_char(b, ']');
}

static void string(struct buffer *b, const char *key, struct slice value)
{
	buffer_printf(b, ",\"%s\":", key);
	json_add_string(b, value);
}

static void truth(struct buffer *b, const char *key, bool value)
{
	buffer_printf(b, ",\"%s\":%s", key, value ? "true" : "false");
}

/* Of what was written the copy in the arena; frees it. */
static struct slice take(struct buffer *b, struct arena *arena)
{
	struct slice json = b->failed ? slice_of(NULL, 0) : arena_copy(arena, buffer_slice(b));

	arena->failed |= b->failed;
	buffer_free(b);
	return json;
}

static void head(struct buffer *b, const struct own_view *v)
{
	buffer_init(b, JSON_MAX);
	buffer_add_str(b, "{\"site\":");
	json_add_string(b, v->query->site);
	string(b, "policy", ruleset_policy(v->query->rules)->version);
}

static void times(struct buffer *b, const struct own_view *v)
{
	int64_t at = v->consent->decided_at;

	string(b, "decided_at", iso_time(v->arena, at));
	string(b, "expires_at", iso_time(v->arena, at + ruleset_policy(v->query->rules)->remember));
}

struct slice own_state_json(const struct own_view *v, struct slice token)
{
	const struct ruleset *rs = v->query->rules;
	const struct consent *c = v->consent;
	struct buffer b;

	head(&b, v);
	truth(&b, "decided", c->decided);
	if (c->source == CONSENT_SIGNED)
		times(&b, v);
	list(&b, "granted", rs, c->granted);
	list(&b, "denied", rs, ruleset_all_purposes(rs) & ~c->granted);
	list(&b, "opted_out_of", rs, c->denied_by_opt_out);
	list(&b, "denied_by_signal", rs, c->denied_by_signal);
	truth(&b, "gpc", v->gpc);
	if (token.n)
		string(&b, "token", token);
	buffer_add_str(&b, "}\n");
	return take(&b, v->arena);
}

struct slice own_receipt_json(const struct own_view *v)
{
	const struct ruleset *rs = v->query->rules;
	const struct consent *c = v->consent;
	struct buffer b;

	if (c->source != CONSENT_SIGNED)
		return slice_of(NULL, 0);
	head(&b, v);
	string(&b, "receipt", consent_token_id(c->value));
	times(&b, v);
	string(&b, "method", slice_str(consent_method_text(consent_token_method(c->value))));
	list(&b, "granted", rs, c->chosen);
	list(&b, "refused", rs, ruleset_all_purposes(rs) & ~c->chosen);
	string(&b, "notice", own_notice(v));
	string(&b, "contact", ruleset_policy(rs)->contact);
	string(&b, "signed", c->value);
	buffer_add_str(&b, "}\n");
	return take(&b, v->arena);
}

/* "2026-03-01": the version is a date that says when the policy was changed. */
static bool is_date(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (i == 4 || i == 7 ? s.p[i] != '-' : !ascii_is_digit(s.p[i]))
			return false;
	return s.n == 10;
}

struct slice own_gpc_json(const struct ruleset *rs, struct arena *arena)
{
	struct slice version = ruleset_policy(rs)->version;

	if (is_date(version))
		return arena_printf(arena, "{\"gpc\":true,\"lastUpdate\":\"%.*s\"}\n", SLICE_ARG(version));
	return arena_copy(arena, SLICE("{\"gpc\":true}\n"));
}
