#include "proxy/command/visit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rules/decide/guard.h"
#include "rules/http/host.h"
#include "rules/http/url.h"

#define MEMORY_MAX (16 * 1024 * 1024)

bool visit_init(struct visit *v, const char *command)
{
	*v = (struct visit){.command = command, .test = {.origin = {.status = 200}}};
	diagnostics_init(&v->d);
	arena_init(&v->arena, 0, MEMORY_MAX);
	fields_init(&v->test.request.fields, &v->arena);
	fields_init(&v->test.origin.fields, &v->arena);
	v->x.scratch = pattern_scratch_new();
	v->disk = disk_loader_new();
	return (v->disk && v->x.scratch) || visit_complain(v, "beginning", "memory ran out");
}

void visit_free(struct visit *v)
{
	pattern_scratch_free(v->x.scratch);
	guard_free(v->guard);
	ruleset_free(v->own);
	tls_consent_keys_free(v->keys);
	config_free(v->config);
	arena_free(&v->arena);
	diagnostics_free(&v->d);
	disk_loader_free(v->disk);
}

bool visit_complain(const struct visit *v, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", v->command, what, why);
	return false;
}

static const char *default_url(struct visit *v)
{
	struct slice name = v->config ? v->config->sites[0].names[0] : SLICE("www.example.com");

	if (slice_find_char(name, '*') < name.n)
		name = SLICE("localhost");
	return arena_cstr(&v->arena, arena_printf(&v->arena, "https://%.*s/", SLICE_ARG(name)));
}

static bool take_url(struct visit *v)
{
	struct request *r = &v->test.request;
	const char *text = v->url ? v->url : default_url(v);
	struct url url;
	uint16_t port;

	if (!text || !url_parse(slice_str(text), &url) || !authority_parse(url.authority, &v->arena, &r->host, &port))
		return visit_complain(v, text ? text : "URL",
				      "write the whole address, like https://www.example.com/page?x=1");
	v->test.url = slice_str(text);
	r->method = SLICE("GET");
	r->secure = url.secure;
	r->target = url_target(&url, &v->arena);
	r->authority = url.authority;
	r->port = url.has_port ? url.port : 0;
	return true;
}

static bool take_consent(struct visit *v)
{
	struct given *g = &v->test.given;

	if (!v->consent || strcmp(v->consent, "undecided") == 0)
		return true;
	g->consent = GIVEN_VALID;
	return site_purposes(v->rules, v->consent, v->command, &g->granted.mask);
}

static bool load_config(struct visit *v)
{
	bool named;

	v->config = site_config_load(&v->disk->loader, v->config_path, &v->d);
	if (!v->config)
		return false;
	v->keys = site_keys_load(&v->disk->loader, v->config, &v->d, &named);
	return v->keys || !named;
}

static bool load_rules(struct visit *v)
{
	v->site = v->test.request.host;
	if (v->rules_path) {
		v->own = ruleset_load(&v->disk->loader, slice_str(v->rules_path), &v->d);
		v->rules = v->own;
		return v->own != NULL;
	}
	v->rules = site_rules_of(v->config, v->test.request.host, &v->site);
	return v->rules || visit_complain(v, v->config_path, "no site serves the host of the URL");
}

bool visit_load(struct visit *v)
{
	if (!v->rules_path && !v->config_path)
		return visit_complain(v, "no rules", "name a rules file with -r, or a configuration with -c");
	if (v->config_path && !load_config(v))
		return false;
	if (!take_url(v) || !load_rules(v) || !take_consent(v))
		return false;
	v->guard = guard_new(v->rules, tls_sha256);
	if (!v->guard)
		return visit_complain(v, "the visit", "memory ran out");
	v->x.guard = ruleset_pages(v->rules)->guard ? v->guard : NULL;
	v->x.sha256 = tls_sha256;
	v->x.test = &v->test;
	v->x.rules = v->rules;
	v->x.mac = v->keys ? tls_consent_mac(v->keys) : &harness_mac;
	v->x.seal = v->keys ? tls_seal_ops(v->keys) : &harness_seal;
	v->x.site = v->site;
	v->x.now = (int64_t)time(NULL);
	return exchange_prepare(&v->x, &v->arena) || visit_complain(v, "the visit", "memory ran out");
}
