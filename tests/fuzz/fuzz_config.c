/*
 * Any octets as a configuration, or as a bundle: no crash, and never a configuration that lacks what the rest of the
 * program relies on. The rules that it names are always the same; no name is looked up and no file opened.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/config/bundle.h"
#include "proxy/config/config.h"
#include "proxy/config/internal.h"
#include "proxy/config/report.h"

#define INPUT_MAX (16 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	if (slice_eq(path, SLICE("fuzz.conf"))) {
		*content = *(struct slice *)arg;
		return LOAD_OK;
	}
	*content = SLICE("purpose analytics \"A\"\ncookie _ga is analytics\n");
	return slice_ends_with(path, SLICE("r.rules")) ? LOAD_OK : LOAD_MISSING;
}

static bool resolve(void *arg, const char *host, uint16_t port, struct arena *arena, struct config_address **addresses,
		    size_t *n, const char **why)
{
	(void)arg;
	(void)host;
	(void)port;
	*why = "fuzz";
	*addresses = arena_calloc(arena, 1, sizeof **addresses);
	*n = *addresses && config_address_parse(arena, SLICE("192.0.2.1:80"), *addresses);
	return *n > 0;
}

static void check_good(const struct config *c)
{
	CG_CHECK(c->n_listens && c->n_sites && c->workers);
	for (size_t i = 0; i < c->n_sites; i++) {
		const struct config_site *s = &c->sites[i];

		CG_CHECK(s->rules && s->n_names && s->n_origins);
		for (size_t j = 0; j < s->n_origins; j++)
			CG_CHECK(s->origins[j].n_addresses && s->origins[j].host.n);
		for (size_t j = 0; j < s->n_names; j++)
			CG_CHECK(config_site_find(c, s->names[j]) != NULL);
	}
	(void)config_trusts(c, (const struct sockaddr *)&c->listens[0].address.addr);
}

static void check_bundle(struct slice in)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	const char *why;
	struct bundle *b;

	if (fd != -1 && write(fd, in.p, in.n) == (ssize_t)in.n) {
		b = bundle_read(fd, &why);
		CG_CHECK(b || why);
		bundle_free(b);
	}
	if (fd != -1)
		close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config_resolver resolver = {.resolve = resolve};
	struct slice text = {(const char *)data, size};
	struct loader loader = {.arg = &text, .load = load};
	struct diagnostics d;
	struct config *c;

	if (size > INPUT_MAX)
		return 0;
	if (slice_starts_with(text, SLICE("CGBUNDL1"))) {
		check_bundle(text);
		return 0;
	}
	diagnostics_init(&d);
	c = config_read(&loader, &resolver, SLICE("fuzz.conf"), &d);
	if (c && diagnostics_ok(&d))
		check_good(c);
	CG_CHECK(c || !diagnostics_ok(&d));
	report_order(&d, SLICE("fuzz.conf"), text);
	config_free(c);
	diagnostics_free(&d);
	return 0;
}
