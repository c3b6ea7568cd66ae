/* What can be said only when the whole file is read. */
#include <arpa/inet.h>

#include "proxy/config/internal.h"

static struct position file_position(const struct loading *l)
{
	return (struct position){.file = l->config->path};
}

static const struct config_listen *first_tls(const struct config *c)
{
	for (size_t i = 0; i < c->n_listens; i++)
		if (c->listens[i].tls)
			return &c->listens[i];
	return NULL;
}

static bool has_plain(const struct config *c)
{
	for (size_t i = 0; i < c->n_listens; i++)
		if (!c->listens[i].tls && !c->listens[i].redirect)
			return true;
	return false;
}

static bool any_certificate(const struct config *c)
{
	for (size_t i = 0; i < c->n_sites; i++)
		if (c->sites[i].n_certificates)
			return true;
	return false;
}

static void set_redirects(struct loading *l)
{
	const struct config_listen *tls = first_tls(l->config);

	for (size_t i = 0; i < l->config->n_listens; i++)
		l->config->listens[i].redirect_port = tls ? config_address_port(&tls->address) : 443;
}

/* A site that visitors of the listeners cannot reach, or reach with a certificate that is never used. */
static void check_certificates(struct loading *l, const struct config_site *site)
{
	const struct config_listen *tls = first_tls(l->config);
	struct position at = statement_position(site->statement);

	if (tls && !site->n_certificates)
		config_say(l, has_plain(l->config) && any_certificate(l->config) ? SEVERITY_WARNING : SEVERITY_ERROR,
			   at,
			   "write in its block: certificate FILE [key FILE]; \"crumbgate certs dev NAME\" makes one "
			   "for trials",
			   "the site has no certificate, but the listener in line %u uses tls", tls->line);
	if (!tls && site->n_certificates)
		config_say(l, SEVERITY_WARNING, at, "write: listen *:443 tls",
			   "the site has a certificate, but no listener uses tls");
}

static bool is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
}

static bool is_any(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr == 0;
}

static bool reaches(const struct config_address *origin, const struct config_listen *listen)
{
	if (is_any(&origin->addr) || config_address_port(origin) != config_address_port(&listen->address))
		return false;
	return config_address_eq(origin, &listen->address) ||
	       (is_any(&listen->address.addr) && is_loopback(&origin->addr));
}

static void check_loop(struct loading *l, const struct config_site *site, const struct config_origin *o)
{
	for (size_t i = 0; i < l->config->n_listens; i++)
		for (size_t j = 0; j < o->n_addresses; j++) {
			if (!reaches(&o->addresses[j], &l->config->listens[i]))
				continue;
			config_say(l, SEVERITY_ERROR, word_position(site->statement->source, o->word),
				   "name the web server behind crumbgate",
				   "the upstream %.*s is crumbgate itself: line %u listens there",
				   SLICE_ARG(o->authority), l->config->listens[i].line);
			return;
		}
}

/* Anybody could send the field; it is believed only if a trusted proxy does. */
static void check_region_header(struct loading *l)
{
	const struct config *c = l->config;

	if (c->region_country.n && !c->n_trusted)
		config_error(l, c->region_statement, c->region_word, "write: trusted-proxy ADDRESS...",
			     "a field tells the region, but there is no proxy whose word is believed");
}

void config_check_whole(struct loading *l)
{
	struct config *c = l->config;

	/* If a line was not understood it may have been the one that seems to be missing. */
	if (!c->n_listens && diagnostics_ok(l->d))
		config_say(l, SEVERITY_ERROR, file_position(l), "write: listen *:443 tls", "there is no listener");
	if (!c->n_sites && diagnostics_ok(l->d))
		config_say(l, SEVERITY_ERROR, file_position(l), "write: site www.example.com { ... }",
			   "there is no site");
	set_redirects(l);
	check_region_header(l);
	for (size_t i = 0; i < c->n_sites; i++) {
		if (diagnostics_ok(l->d) || !c->sites[i].incomplete)
			check_certificates(l, &c->sites[i]);
		for (size_t j = 0; j < c->sites[i].n_origins; j++)
			check_loop(l, &c->sites[i], &c->sites[i].origins[j]);
	}
}

/* -- rules -------------------------------------------------------------------------------------------------------- */

/* Rules that grant by region, and nothing that tells where a visitor is. */
static void warn_regions(struct loading *l, const struct ruleset *rules)
{
	const struct policy *policy = ruleset_policy(rules);

	if (l->config->regions_file.n || l->config->region_country.n)
		return;
	for (size_t i = 0; i < policy->n_regions; i++) {
		const struct rule *r = &policy->regions[i].rule;
		const struct position at = {
			.file = r->file, .source = r->text, .line = r->line, .column = 1, .width = (unsigned)r->text.n};

		diagnostics_add(l->d, SEVERITY_WARNING, &at,
				"write in crumbgate.conf: regions FILE, or: regions from header CF-IPCountry",
				"nothing tells which region a visitor is in, so all are treated as of none");
	}
}

/* Keys of this process alone would sign out every visitor when it ends, and differ from those of the next machine. */
static void check_sealed(struct loading *l, const struct ruleset *rules)
{
	const struct rule *r = ruleset_sealed(rules);

	if (!r || l->config->consent_key_file.n)
		return;
	diagnostics_add(
		l->d, SEVERITY_ERROR,
		&(struct position){
			.file = r->file, .source = r->text, .line = r->line, .column = 1, .width = (unsigned)r->text.n},
		"make a file with \"crumbgate certs keys FILE\" and write in crumbgate.conf: consent-keys FILE",
		"cookies are sealed, but there is no key");
}

/* A decision must be signed, or nobody could trust it. */
static void check_banner(struct loading *l, const struct ruleset *rules)
{
	const struct rule *r = &ruleset_banner(rules)->banner.rule;

	if (!ruleset_has_banner(rules) || l->config->consent_key_file.n)
		return;
	diagnostics_add(
		l->d, SEVERITY_WARNING,
		&(struct position){
			.file = r->file, .source = r->text, .line = r->line, .column = 1, .width = (unsigned)r->text.n},
		"make a file with \"crumbgate certs keys FILE\" and write in crumbgate.conf: consent-keys FILE",
		"nobody is asked and there are no settings, as there is no key that a decision could be signed with");
}

static void report_missing(struct loading *l, const struct config_site *site, enum load_result r)
{
	config_say(l, SEVERITY_ERROR, word_position(site->statement->source, site->rules_word),
		   "the path is relative to the folder of this file", "the rules file %.*s %s",
		   SLICE_ARG(site->rules_file), load_result_text(r));
}

static void load_site_rules(struct loading *l, struct config_site *site)
{
	struct slice text;
	enum load_result r;

	for (struct config_site *other = l->config->sites; other != site; other++)
		if (slice_eq(other->rules_file, site->rules_file)) {
			site->rules = other->rules;
			return;
		}
	/* Read here first: a file that is missing is the fault of the line that names it. */
	r = l->loader->load(l->loader->arg, site->rules_file, &text);
	if (r != LOAD_OK) {
		report_missing(l, site, r);
		return;
	}
	site->rules = ruleset_load(l->loader, site->rules_file, l->d);
	if (!site->rules)
		return;
	warn_regions(l, site->rules);
	check_sealed(l, site->rules);
	check_banner(l, site->rules);
}

void config_load_rules(struct loading *l)
{
	for (size_t i = 0; i < l->config->n_sites; i++)
		if (l->config->sites[i].rules_file.n)
			load_site_rules(l, &l->config->sites[i]);
}
