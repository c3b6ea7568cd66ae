/* crumbgate certs keys: the file of keys that consent cookies are signed with, and others sealed. */
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <time.h>

#include "certs/development.h"
#include "proxy/command/certs.h"
#include "proxy/command/command.h"
#include "proxy/config/disk_loader.h"
#include "proxy/tls/tls.h"
#include "rules/consent/consent.h"

#define KEYS_FILE_MAX 65536

static const char head[] = "# Keys that sign consent cookies and seal others, newest first. Keep this file secret; all "
			   "machines that serve\n"
			   "# the same site need the same one. Renew with: crumbgate certs keys FILE --rotate\n";

static void add_new_key(struct buffer *out)
{
	unsigned char key[32];
	char when[CERTS_TIME_SIZE];

	tls_random(NULL, key, sizeof key);
	for (size_t i = 0; i < sizeof key; i++)
		buffer_printf(out, "%02x", key[i]);
	buffer_printf(out, "  # %s\n", certs_time_text((int64_t)time(NULL), when));
	OPENSSL_cleanse(key, sizeof key);
}

static bool is_key(struct slice line)
{
	line = slice_trim(line);
	return line.n && line.p[0] != '#';
}

/* The new key goes before the first, comments stay, keys beyond the maximum go. Returns how many keys there are now. */
static size_t rotate(struct slice text, struct buffer *out)
{
	size_t keys = 0;

	while (text.n) {
		struct slice line;

		slice_cut(text, '\n', &line, &text);
		if (is_key(line)) {
			if (keys++ == 0)
				add_new_key(out);
			if (keys >= CONSENT_KEYS_MAX)
				continue;
		}
		buffer_add(out, line);
		buffer_add_char(out, '\n');
	}
	return keys < CONSENT_KEYS_MAX ? keys + 1 : CONSENT_KEYS_MAX;
}

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "crumbgate certs keys: %s: %s\n", path, why);
	return EXIT_USAGE;
}

/* The file must be one that crumbgate would take, or rotating would hide what is wrong with it. */
static bool loads(struct disk_loader *disk, const char *path)
{
	struct tls_consent_keys *k;
	struct diagnostics d;
	struct buffer text;

	diagnostics_init(&d);
	buffer_init(&text, KEYS_FILE_MAX);
	k = tls_consent_keys_load(&disk->loader, slice_str(path), NULL, &d);
	if (diagnostics_render(&d, false, &text) && text.n)
		fprintf(stderr, "%.*s", SLICE_ARG(buffer_slice(&text)));
	tls_consent_keys_free(k);
	buffer_free(&text);
	diagnostics_free(&d);
	return k != NULL;
}

static int rotate_file(const char *path, struct buffer *out)
{
	struct slice text = {0};
	const char *why;
	struct disk_loader *disk = disk_loader_new();
	size_t n = 0;

	if (disk && loads(disk, path) && disk->loader.load(disk->loader.arg, slice_str(path), &text) == LOAD_OK)
		n = rotate(text, out);
	if (text.n)
		OPENSSL_cleanse((char *)(uintptr_t)text.p, text.n);
	disk_loader_free(disk);
	if (n == 0)
		return EXIT_USAGE;
	why = out->failed ? "the file is too large" : certs_write_file(path, buffer_slice(out), 0600, true);
	if (why)
		return complain(path, why);
	printf("%s has a new key and %zu older; reload crumbgate to use it (SIGHUP)\n", path, n - 1);
	return EXIT_GOOD;
}

static int new_file(const char *path, struct buffer *out)
{
	const char *why;

	buffer_add_str(out, head);
	add_new_key(out);
	why = certs_write_file(path, buffer_slice(out), 0600, false);
	if (why)
		return complain(path, slice_eq(slice_str(why), SLICE("File exists"))
					      ? "exists already; to add a new key to it: --rotate"
					      : why);
	printf("made %s; in crumbgate.conf: consent-keys %s\n", path, path);
	return EXIT_GOOD;
}

int certs_keys_command(int argc, char **argv)
{
	static const struct option options[] = {{"rotate", no_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	struct buffer out;
	bool again = false;
	int c, status;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "r", options, NULL)) != -1) {
		if (c != 'r')
			return certs_usage_error("keys: unknown option");
		again = true;
	}
	if (argc - optind != 1)
		return certs_usage_error("keys: name one file");
	buffer_init(&out, KEYS_FILE_MAX);
	status = again ? rotate_file(argv[optind], &out) : new_file(argv[optind], &out);
	if (out.p)
		OPENSSL_cleanse(out.p, out.cap);
	buffer_free(&out);
	return status;
}
