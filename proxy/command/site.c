#include "proxy/command/site.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (4 * 1024 * 1024)

static bool resolve_to_nowhere(void *arg, const char *host, uint16_t port, struct arena *arena,
			       struct config_address **addresses, size_t *n, const char **why)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct config_address *a = arena_calloc(arena, 1, sizeof *a);

	(void)arg;
	(void)host;
	if (!a) {
		*why = "memory ran out";
		return false;
	}
	memcpy(&a->addr, &sa, sizeof sa);
	a->len = sizeof sa;
	a->text = SLICE("0.0.0.0");
	*addresses = a;
	*n = 1;
	return true;
}

struct config *site_config_load(const struct loader *loader, const char *path, struct diagnostics *d)
{
	static const struct config_resolver nowhere = {.resolve = resolve_to_nowhere};

	return config_load(loader, &nowhere, slice_str(path), d);
}

struct tls_consent_keys *site_keys_load(const struct loader *loader, const struct config *config, struct diagnostics *d,
					bool *named)
{
	const struct position at = config_position(config, config->consent_keys_line);

	*named = config->consent_key_file.n > 0;
	return *named ? tls_consent_keys_load(loader, config->consent_key_file, &at, d) : NULL;
}

const struct ruleset *site_rules_of(void *arg, struct slice host, struct slice *site)
{
	const struct config_site *s = config_site_find(arg, host);

	if (!s)
		return NULL;
	*site = s->names[0];
	return s->rules;
}

static bool unknown_purpose(const struct ruleset *rs, struct slice name, const char *command)
{
	fprintf(stderr, "%s: unknown purpose \"%.*s\"; the rules have:", command, SLICE_ARG(name));
	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++)
		fprintf(stderr, " %.*s", SLICE_ARG(ruleset_purpose(rs, bit)->name));
	fputc('\n', stderr);
	return false;
}

bool site_purposes(const struct ruleset *rs, const char *text, const char *command, purposes *set)
{
	*set = PURPOSE_NECESSARY;
	while (*text) {
		size_t n = strcspn(text, " ,");
		struct slice name = slice_of(text, n);
		int bit = ruleset_purpose_find(rs, name);

		if (slice_eq(name, SLICE("all")))
			*set |= ruleset_all_purposes(rs);
		else if (bit >= 0)
			*set |= (purposes)1 << bit;
		else if (n && !slice_eq(name, SLICE("none")))
			return unknown_purpose(rs, name, command);
		text += n + (text[n] != 0);
	}
	return true;
}

bool wants_colour(int fd)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fd) == 1 && !(no && *no);
}

void print_diagnostics(const struct diagnostics *d)
{
	struct buffer out;

	buffer_init(&out, OUTPUT_MAX);
	diagnostics_render(d, wants_colour(STDERR_FILENO), &out);
	if (out.n)
		(void)fwrite(out.p, 1, out.n, stderr);
	buffer_free(&out);
}
