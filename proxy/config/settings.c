/* The statements of the top level that are plain values, and the blocks tls, timeouts and limits. */
#include <arpa/inet.h>

#include "proxy/config/internal.h"
#include "rules/http/field.h"

#define WORKERS_MAX    256
#define TICKETS_MAX    10
#define TIMEOUT_MAX_MS (86400 * 1000)

void read_top_workers(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;
	uint64_t n;

	if (!word_is(&s->words[1], "auto") && word_number(s, &s->words[1], l->d, 1, WORKERS_MAX, &n))
		c->workers = (unsigned)n;
}

void read_top_user(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;

	if (!config_plain(l, s, &s->words[1]))
		return;
	c->user = s->words[1].text;
	c->user_line = s->words[0].line;
}

void read_top_chroot(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;

	if (!config_plain(l, s, &s->words[1]))
		return;
	c->chroot = config_path(l, s, &s->words[1]);
	c->chroot_line = s->words[0].line;
}

void read_top_access_log(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;
	const struct word *where = &s->words[1];

	if (!config_plain(l, s, where))
		return;
	c->access_log = where->text;
	c->access_log_line = s->words[0].line;
	if (!word_is(where, "stdout") && !word_is(where, "stderr") && !word_is(where, "off"))
		c->access_log = config_path(l, s, where);
	if (s->n_words == 2)
		return;
	c->log_full_addresses = word_is(&s->words[2], "full-addresses");
	if (!c->log_full_addresses)
		config_error(l, s, &s->words[2], "write full-addresses, or nothing for addresses cut to /24 and /48",
			     "unknown word \"%.*s\"", SLICE_ARG(s->words[2].text));
}

void read_top_consent_keys(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;

	if (!config_plain(l, s, &s->words[1]))
		return;
	c->consent_key_file = config_path(l, s, &s->words[1]);
	c->consent_keys_line = s->words[0].line;
}

/* -- regions ------------------------------------------------------------------------------------------------------ */

static void said_twice(struct loading *l, const struct statement *s)
{
	config_error(l, s, &s->words[0], "keep one of them", "where regions come from is said twice");
}

static bool region_field(struct loading *l, const struct statement *s, const struct word *w, struct slice *out)
{
	if (!config_plain(l, s, w))
		return false;
	if (!is_token(w->text)) {
		config_error(l, s, w, "write, e.g.: regions from header CF-IPCountry",
			     "\"%.*s\" is not the name of a header field", SLICE_ARG(w->text));
		return false;
	}
	*out = w->text;
	return true;
}

/* regions from header COUNTRY [SUBDIVISION] */
static void regions_from(struct loading *l, const struct statement *s, struct config *c)
{
	if (s->n_words < 4 || !word_is(&s->words[2], "header")) {
		config_error(l, s, &s->words[s->n_words - 1], "write, e.g.: regions from header CF-IPCountry",
			     "\"header\" and the name of a field are missing");
		return;
	}
	if (c->region_country.n) {
		said_twice(l, s);
		return;
	}
	if (region_field(l, s, &s->words[3], &c->region_country) && s->n_words > 4)
		(void)region_field(l, s, &s->words[4], &c->region_subdivision);
	c->region_word = &s->words[3];
	c->region_statement = s;
}

void read_top_regions(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;

	c->regions_line = s->words[0].line;
	if (word_is(&s->words[1], "from")) {
		regions_from(l, s, c);
		return;
	}
	if (s->n_words > 2)
		config_error(l, s, &s->words[2], "write: regions FILE, or: regions from header COUNTRY [SUBDIVISION]",
			     "unexpected \"%.*s\"", SLICE_ARG(s->words[2].raw));
	else if (c->regions_file.n)
		said_twice(l, s);
	else if (config_plain(l, s, &s->words[1]))
		c->regions_file = config_path(l, s, &s->words[1]);
}

/* -- trusted-proxy ------------------------------------------------------------------------------------------------ */

static bool cidr_address(struct slice text, struct config_cidr *out, unsigned *most)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	char host[INET6_ADDRSTRLEN];

	if (text.n >= sizeof host)
		return false;
	memcpy(host, text.p, text.n);
	host[text.n] = '\0';
	if (inet_pton(AF_INET, host, out->addr + 12) == 1) {
		memcpy(out->addr, mapped, sizeof mapped);
		*most = 32;
		return true;
	}
	*most = 128;
	return inet_pton(AF_INET6, host, out->addr) == 1;
}

/* True if an address bit behind the prefix is set: 10.0.0.1/8 says less than it seems to. */
static bool has_host_bits(const struct config_cidr *c)
{
	for (unsigned bit = c->bits; bit < 128; bit++)
		if (c->addr[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static bool cidr_parse(struct slice text, struct config_cidr *out)
{
	struct slice host, bits;
	unsigned most;
	uint64_t n;
	bool has_bits = slice_cut(text, '/', &host, &bits);

	if (!cidr_address(host, out, &most))
		return false;
	n = most;
	if (has_bits && !slice_to_u64(bits, most, &n))
		return false;
	out->bits = (unsigned)n + (128 - most);
	return true;
}

void read_top_trusted_proxy(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;

	for (size_t i = 1; i < s->n_words; i++) {
		const struct word *w = &s->words[i];
		struct config_cidr cidr = {0}, *added;
		struct slice *text;
		size_t n = c->n_trusted;

		if (!config_plain(l, s, w))
			continue;
		if (!cidr_parse(w->text, &cidr)) {
			config_error(l, s, w, "write 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
				     "\"%.*s\" is not an address or network", SLICE_ARG(w->text));
			continue;
		}
		if (has_host_bits(&cidr))
			config_say(l, SEVERITY_WARNING, word_position(s->source, w),
				   "write the first address of the network, or leave out the '/' and what follows",
				   "the address has bits behind the prefix");
		text = config_push(l, (void **)&c->trusted_proxies, &n, sizeof *text);
		added = config_push(l, (void **)&c->trusted, &c->n_trusted, sizeof cidr);
		if (!text || !added)
			return;
		*text = w->text;
		*added = cidr;
	}
}

/* -- tls ---------------------------------------------------------------------------------------------------------- */

void read_top_tickets(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;
	uint64_t n;

	if (word_number(s, &s->words[1], l->d, 0, TICKETS_MAX, &n))
		c->tickets = (unsigned)n;
}

void read_top_tls(struct loading *l, const struct statement *s, void *target)
{
	config_read_block(l, s->children, &config_block_tls, target);
}

void read_tls_versions(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;
	bool tls13 = false;
	size_t errors = l->d->errors;

	c->tls12 = false;
	for (size_t i = 1; i < s->n_words; i++) {
		struct slice v = s->words[i].text;

		if (slice_eq(v, SLICE("1.2")))
			c->tls12 = true;
		else if (slice_eq(v, SLICE("1.3")))
			tls13 = true;
		else
			config_error(l, s, &s->words[i], "write: versions 1.2 1.3, or: versions 1.3",
				     "\"%.*s\" is not a version of TLS that can be offered", SLICE_ARG(v));
	}
	if (!tls13 && l->d->errors == errors)
		config_error(l, s, &s->words[1], "write: versions 1.2 1.3", "TLS 1.3 cannot be left out");
}

void read_tls_protocols(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;
	bool h1 = false;
	size_t errors = l->d->errors;

	c->h2 = false;
	for (size_t i = 1; i < s->n_words; i++) {
		struct slice v = s->words[i].text;

		if (slice_eq(v, SLICE("h2")))
			c->h2 = true;
		else if (slice_eq(v, SLICE("http/1.1")))
			h1 = true;
		else
			config_error(l, s, &s->words[i], "write: protocols h2 http/1.1, or: protocols http/1.1",
				     "\"%.*s\" is not a protocol that can be offered", SLICE_ARG(v));
	}
	if (!h1 && l->d->errors == errors)
		config_error(l, s, &s->words[1], "write: protocols h2 http/1.1", "http/1.1 cannot be left out");
}

/* -- timeouts and limits ------------------------------------------------------------------------------------------ */

enum kind { SIZE, COUNT };

/* A setting that is one number of 64 bits in a struct. */
struct setting {
	const char *name;
	size_t offset;
	enum kind kind;
	uint64_t least, most;
};

static const struct setting timeouts[] = {
#define CG_TIMEOUT(member, name, value, meaning) \
	{name, offsetof(struct config_timeouts, member), COUNT, 1, TIMEOUT_MAX_MS},
#include "proxy/config/statement_table.h"
#undef CG_TIMEOUT
};

static const struct setting limits[] = {
#define CG_LIMIT(member, name, kind, value, least, most, meaning) \
	{name, offsetof(struct config_limits, member), kind, (least), (most)},
#include "proxy/config/statement_table.h"
#undef CG_LIMIT
};

#define CG_TIMEOUT(member, ...) _Static_assert(sizeof(((struct config_timeouts *)NULL)->member) == 8, #member);
#define CG_LIMIT(member, ...)	_Static_assert(sizeof(((struct config_limits *)NULL)->member) == 8, #member);
#include "proxy/config/statement_table.h"
#undef CG_TIMEOUT
#undef CG_LIMIT

#define SETTINGS_MAX 64
_Static_assert(CG_COUNT(timeouts) <= SETTINGS_MAX && CG_COUNT(limits) <= SETTINGS_MAX, "SETTINGS_MAX");

static const struct setting *find_setting(struct loading *l, const struct statement *s, const struct setting *settings,
					  size_t n, const char *block)
{
	const char *names[SETTINGS_MAX];

	for (size_t i = 0; i < n; i++) {
		if (word_is(&s->words[0], settings[i].name))
			return &settings[i];
		names[i] = settings[i].name;
	}
	config_error(
		l, s, &s->words[0],
		config_hint(l, s->words[0].raw, names, n, "\"crumbgate check --statements\" lists what can be written"),
		"unknown statement \"%.*s\" in %s", SLICE_ARG(s->words[0].raw), block);
	return NULL;
}

/* One name and one value. */
static bool check_pair(struct loading *l, const struct statement *s, const char *example)
{
	const char *hint = config_text(l, "write: %.*s %s", SLICE_ARG(s->words[0].raw), example);

	if (s->n_words == 2 && !s->has_block)
		return true;
	if (s->n_words > 2)
		config_error(l, s, &s->words[2], hint, "too many words");
	else
		config_say(l, SEVERITY_ERROR, statement_end_position(s), hint,
			   s->has_block ? "\"%.*s\" takes no block" : "\"%.*s\" needs a value",
			   SLICE_ARG(s->words[0].raw));
	return false;
}

static bool check_once(struct loading *l, const struct statement *s, unsigned *seen)
{
	if (*seen)
		config_error(l, s, &s->words[0], "keep one of them", "\"%.*s\" was already said in line %u",
			     SLICE_ARG(s->words[0].raw), *seen);
	else
		*seen = s->words[0].line;
	return *seen == s->words[0].line;
}

static bool in_range(struct loading *l, const struct statement *s, uint64_t value, const struct setting *x,
		     const char *unit)
{
	if (value >= x->least && value <= x->most)
		return true;
	config_error(l, s, &s->words[1],
		     config_text(l, "it must be %llu to %llu%s", (unsigned long long)x->least,
				 (unsigned long long)x->most, unit),
		     "the value of \"%s\" is out of range", x->name);
	return false;
}

static void store(void *target, const struct setting *x, uint64_t value)
{
	memcpy((char *)target + x->offset, &value, sizeof value);
}

void read_top_timeouts(struct loading *l, const struct statement *block, void *target)
{
	struct config *c = target;
	unsigned seen[SETTINGS_MAX] = {0};

	for (const struct statement *s = block->children; s; s = s->next) {
		const struct setting *x = find_setting(l, s, timeouts, CG_COUNT(timeouts), "timeouts");
		int64_t ms;

		if (x && check_once(l, s, &seen[x - timeouts]) && check_pair(l, s, "30s") &&
		    word_milliseconds(s, &s->words[1], l->d, &ms) && in_range(l, s, (uint64_t)ms, x, " ms"))
			store(&c->timeouts, x, (uint64_t)ms);
	}
}

void read_top_limits(struct loading *l, const struct statement *block, void *target)
{
	struct config *c = target;
	unsigned seen[SETTINGS_MAX] = {0};

	for (const struct statement *s = block->children; s; s = s->next) {
		const struct setting *x = find_setting(l, s, limits, CG_COUNT(limits), "limits");
		uint64_t v = 0;
		bool good;

		if (!x || !check_once(l, s, &seen[x - limits]) || !check_pair(l, s, x->kind == SIZE ? "64k" : "100"))
			continue;
		if (x->kind == SIZE)
			good = word_size(s, &s->words[1], l->d, x->most, &v) && in_range(l, s, v, x, " octets");
		else
			good = word_number(s, &s->words[1], l->d, x->least, x->most, &v);
		if (good)
			store(&c->limits, x, v);
	}
	if (c->limits.h1.line > c->limits.h1.head || c->limits.h1.field > c->limits.h1.head)
		config_error(l, block, &block->words[0], "raise \"head\", or lower \"line\" and \"field\"",
			     "a whole head may not be smaller than one of its lines");
	if (c->limits.exchange_memory / 2 < c->limits.h1.head)
		config_error(l, block, &block->words[0], "raise \"exchange-memory\", or lower \"head\"",
			     "\"exchange-memory\" must be at least twice as large as \"head\"");
}
