#include "rules/decide/guard.h"

#include <stdlib.h>

#include "rules/decide/guard_internal.h"
#include "rules/decide/guard_table.h"

struct guard {
	struct buffer text;
	unsigned char hash[32];
	bool has_hash;
	size_t left_out;
};

#define TEXT_MAX (sizeof(guard_script) + 2 * GUARD_DATA_MAX + 8192)

static bool make_text(struct guard *g, const struct ruleset *rs)
{
	buffer_init(&g->text, TEXT_MAX);
	buffer_add(&g->text, slice_of(guard_script, sizeof(guard_script) - 1));
	buffer_add_char(&g->text, '(');
	if (!guard_data_write(rs, &g->text, &g->left_out))
		return false;
	return buffer_add_str(&g->text, ");");
}

struct guard *guard_new(const struct ruleset *rs, void (*sha256)(struct slice data, unsigned char out[32]))
{
	struct guard *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	if (!make_text(g, rs)) {
		guard_free(g);
		return NULL;
	}
	if (sha256) {
		sha256(buffer_slice(&g->text), g->hash);
		g->has_hash = true;
	}
	return g;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	buffer_free(&g->text);
	free(g);
}

struct slice guard_text(const struct guard *g)
{
	return buffer_slice(&g->text);
}

bool guard_has_hash(const struct guard *g)
{
	return g->has_hash;
}

const unsigned char *guard_hash(const struct guard *g)
{
	return g->hash;
}

size_t guard_left_out(const struct guard *g)
{
	return g->left_out;
}

/* The value of an attribute in double quotes. */
static void add_value(struct buffer *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buffer_add_str(out, "&quot;");
		else if (s.p[i] == '&')
			buffer_add_str(out, "&amp;");
		else
			buffer_add_char(out, s.p[i]);
	}
}

bool guard_start_tag(const struct ruleset *rs, purposes granted, struct slice nonce, struct buffer *out)
{
	const char *between = "";

	buffer_add_str(out, "<script");
	if (nonce.n) {
		buffer_add_str(out, " nonce=\"");
		add_value(out, nonce);
		buffer_add_char(out, '"');
	}
	buffer_add_str(out, " data-cg-guard=\"");
	for (size_t i = 1; i < ruleset_purpose_count(rs); i++) {
		if (!(granted >> i & 1))
			continue;
		buffer_add_str(out, between);
		add_value(out, ruleset_purpose(rs, i)->name);
		between = ",";
	}
	return buffer_add_str(out, "\">");
}

bool guard_element(const struct guard *g, const struct ruleset *rs, purposes granted, struct slice nonce,
		   struct buffer *out)
{
	return guard_start_tag(rs, granted, nonce, out) && buffer_add(out, guard_text(g)) &&
	       buffer_add_str(out, "</script>");
}
