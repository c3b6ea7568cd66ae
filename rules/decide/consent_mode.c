/* Google's consent mode: the defaults as this visitor's consent has them, and what follows when it changes. */
#include "rules/decide/internal.h"

static void add_pair(struct text *out, bool *first, const char *key)
{
	text_add(out, *first ? SLICE("\"") : SLICE(",\""));
	text_add(out, slice_str(key));
	text_add(out, SLICE("\":"));
	*first = false;
}

/* {"ad_storage":"denied",...} */
static void add_defaults(const struct deciding *x, const struct consent_mode *mode, struct text *out)
{
	bool first = true;

	for (size_t i = 0; i < CONSENT_MODE_TYPES; i++) {
		add_pair(out, &first, consent_mode_type(i));
		text_add(out,
			 mode->needs[i] && is_granted(x, mode->needs[i]) ? SLICE("\"granted\"") : SLICE("\"denied\""));
	}
}

/* {"ad_storage":["advertising"],...}, of those that the visitor can change. */
static void add_needs(const struct deciding *x, const struct consent_mode *mode, struct text *out)
{
	const struct ruleset *rs = x->env->rules;
	bool first = true;

	for (size_t i = 0; i < CONSENT_MODE_TYPES; i++) {
		bool first_purpose = true;

		if (!(mode->needs[i] & ~PURPOSE_NECESSARY))
			continue;
		add_pair(out, &first, consent_mode_type(i));
		text_add(out, SLICE("["));
		for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++) {
			if (!(mode->needs[i] >> bit & 1))
				continue;
			text_add(out, first_purpose ? SLICE("\"") : SLICE(",\""));
			text_add(out, ruleset_purpose(rs, bit)->name);
			text_add(out, SLICE("\""));
			first_purpose = false;
		}
		text_add(out, SLICE("]"));
	}
}

/* Without '<' and '&', so that it means the same in XML. The names of purposes need no escape in a string. */
void consent_mode_html(const struct deciding *x, const struct consent_mode *mode, struct text *out)
{
	text_add(out, SLICE("<script>window.dataLayer=window.dataLayer||[];"
			    "function gtag(){dataLayer.push(arguments)}gtag(\"consent\",\"default\",{"));
	add_defaults(x, mode, out);
	text_add(out, SLICE("});document.addEventListener(\"crumbgate:consent\",function(e){var n={"));
	add_needs(x, mode, out);
	text_add(out, SLICE("},c={},k;for(k in n)c[k]=n[k].every(function(p){return e.detail.granted.indexOf(p)!=-1})?"
			    "\"granted\":\"denied\";gtag(\"consent\",\"update\",c)});</script>"));
}
