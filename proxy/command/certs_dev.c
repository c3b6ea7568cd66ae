/* crumbgate certs dev: an authority of one's own and certificates by it. */
#include <errno.h>
#include <getopt.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "certs/development.h"
#include "proxy/command/certs.h"
#include "proxy/command/command.h"
#include "proxy/config/disk_loader.h"

#define PATH_SIZE 1024

struct dev {
	const char *dir;
	struct slice names[CERTS_DEV_NAMES_MAX];
	size_t n;
	struct disk_loader *disk;
	struct certs_dev made;
	bool new_authority;
	char ca[PATH_SIZE], ca_key[PATH_SIZE], chain[PATH_SIZE], key[PATH_SIZE];
};

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "crumbgate certs dev: %s: %s\n", path, why);
	return EXIT_USAGE;
}

/* "*.example.com" -> "_wildcard.example.com", "::1" -> "--1": what every file system takes. */
static void file_name(struct slice name, char out[300])
{
	size_t n = 0;

	if (name.p[0] == '*') {
		n = (size_t)snprintf(out, 300, "_wildcard");
		name = slice_from(name, 1);
	}
	for (size_t i = 0; i < name.n && n < 299; i++)
		out[n++] = name.p[i] == ':' ? '-' : name.p[i];
	out[n] = '\0';
}

static bool set_paths(struct dev *dev)
{
	char stem[300];
	int n;

	file_name(dev->names[0], stem);
	n = snprintf(dev->chain, PATH_SIZE, "%s/%s.pem", dev->dir, stem);
	snprintf(dev->key, PATH_SIZE, "%s/%s.key", dev->dir, stem);
	snprintf(dev->ca, PATH_SIZE, "%s/ca.pem", dev->dir);
	snprintf(dev->ca_key, PATH_SIZE, "%s/ca.key", dev->dir);
	return n > 0 && n < PATH_SIZE;
}

/* LOAD_MISSING leaves the buffer empty. */
static enum load_result read_file(struct dev *dev, const char *path, struct buffer *out)
{
	struct slice text;
	enum load_result r = dev->disk->loader.load(dev->disk->loader.arg, slice_str(path), &text);

	if (r == LOAD_OK && !buffer_add(out, text))
		return LOAD_TOO_LARGE;
	return r;
}

static int read_authority(struct dev *dev)
{
	enum load_result certificate = read_file(dev, dev->ca, &dev->made.ca);
	enum load_result key = read_file(dev, dev->ca_key, &dev->made.ca_key);

	dev->new_authority = certificate == LOAD_MISSING && key == LOAD_MISSING;
	if (dev->new_authority || (certificate == LOAD_OK && key == LOAD_OK))
		return EXIT_GOOD;
	if (certificate != LOAD_OK)
		return complain(dev->ca, load_result_text(certificate));
	return complain(dev->ca_key, load_result_text(key));
}

static bool issued_by(struct slice leaf, struct slice authority)
{
	struct certs_pem a, b = {0};
	bool good = certs_pem_read(&a, leaf) && certs_pem_read(&b, authority) && sk_X509_num(a.certificates) > 0 &&
		    sk_X509_num(b.certificates) > 0 &&
		    X509_check_issued(sk_X509_value(b.certificates, 0), sk_X509_value(a.certificates, 0)) == X509_V_OK;

	certs_pem_free(&a);
	certs_pem_free(&b);
	return good;
}

/* A certificate that somebody bought must not be overwritten by one for trying things out. */
static int check_target(struct dev *dev)
{
	struct buffer there;
	bool ours;

	buffer_init(&there, 1024 * 1024);
	ours = read_file(dev, dev->chain, &there) == LOAD_MISSING ||
	       issued_by(buffer_slice(&there), buffer_slice(&dev->made.ca));
	buffer_free(&there);
	if (ours)
		return EXIT_GOOD;
	return complain(dev->chain, "exists and is not from this folder's authority; it is left as it is.\n"
				    "use another folder with --dir, or move that file away");
}

static const char *write_all(struct dev *dev, const char **path)
{
	const struct {
		const char *path;
		const struct buffer *content;
		unsigned mode;
		bool wanted, replace;
	} files[] = {
		{dev->ca_key, &dev->made.ca_key, 0600, dev->new_authority, false},
		{dev->ca, &dev->made.ca, 0644, dev->new_authority, false},
		{dev->key, &dev->made.key, 0600, true, true},
		{dev->chain, &dev->made.chain, 0644, true, true},
	};
	const char *why = NULL;

	for (size_t i = 0; i < CG_COUNT(files) && !why; i++) {
		*path = files[i].path;
		if (files[i].wanted)
			why = certs_write_file(files[i].path, buffer_slice(files[i].content), files[i].mode,
					       files[i].replace);
	}
	return why;
}

static void print_report(const struct dev *dev, int64_t now)
{
	char until[CERTS_TIME_SIZE];
	struct slice host = dev->names[0];

	if (dev->new_authority)
		printf("made   %s and %s, an authority of your own\n", dev->ca, dev->ca_key);
	else
		printf("using  %s and %s\n", dev->ca, dev->ca_key);
	printf("made   %s and %s for", dev->chain, dev->key);
	for (size_t i = 0; i < dev->n; i++)
		printf("%s %.*s", i ? "," : "", SLICE_ARG(dev->names[i]));
	printf(", good until %s\n", certs_time_text(now + (int64_t)CERTS_DEV_LEAF_DAYS * 86400, until));
	printf("\nIn crumbgate.conf (paths are relative to that file):\n\n"
	       "    certificate  %s key %s\n\n",
	       dev->chain, dev->key);
	printf("To trust it:\n\n"
	       "    curl      curl --cacert %s https://%s%.*s%s/\n",
	       dev->ca, slice_find_char(host, ':') < host.n ? "[" : "", SLICE_ARG(host),
	       slice_find_char(host, ':') < host.n ? "]" : "");
	printf("    Chromium  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n crumbgate-development -i %s\n"
	       "              (Debian package libnss3-tools; Chromium must be restarted)\n"
	       "    Debian    sudo cp %s /usr/local/share/ca-certificates/crumbgate-development.crt\n"
	       "              sudo update-ca-certificates\n\n"
	       "Keep %s to yourself: who has it can pose as any site to whoever trusts the authority.\n",
	       dev->ca, dev->ca, dev->ca_key);
}

static int make(struct dev *dev)
{
	int64_t now = (int64_t)time(NULL);
	const char *path = dev->ca, *why;

	if (!set_paths(dev))
		return complain(dev->dir, "the path is too long");
	if (mkdir(dev->dir, 0755) == -1 && errno != EEXIST)
		return complain(dev->dir, strerror(errno));
	if (read_authority(dev) != EXIT_GOOD || check_target(dev) != EXIT_GOOD)
		return EXIT_USAGE;
	why = certs_dev_make(&dev->made, dev->names, dev->n, now);
	if (!why)
		why = write_all(dev, &path);
	if (why)
		return complain(path, why);
	print_report(dev, now);
	return EXIT_GOOD;
}

static int take_names(struct dev *dev, int argc, char **argv)
{
	for (int i = optind; i < argc; i++) {
		struct slice name = slice_str(argv[i]);

		if (dev->n == CERTS_DEV_NAMES_MAX)
			return certs_usage_error("dev: too many names for one certificate");
		if (!certs_dev_name_ok(name))
			return complain(argv[i],
					"is neither a host name nor an IP address\n"
					"write a name like www.example.com, *.example.com, localhost or 127.0.0.1");
		dev->names[dev->n++] = name;
	}
	return dev->n ? EXIT_GOOD : certs_usage_error("dev: name the hosts that the certificate is for");
}

int certs_dev_command(int argc, char **argv)
{
	static const struct option options[] = {{"dir", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
	struct dev dev = {.dir = "certs"};
	int c, status;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":d:", options, NULL)) != -1) {
		if (c == ':')
			return certs_usage_error("dev: --dir needs a folder");
		if (c != 'd')
			return certs_usage_error("dev: unknown option");
		dev.dir = optarg;
	}
	status = take_names(&dev, argc, argv);
	if (status != EXIT_GOOD)
		return status;
	dev.disk = disk_loader_new();
	certs_dev_init(&dev.made);
	status = dev.disk ? make(&dev) : complain(dev.dir, "memory ran out");
	certs_dev_free(&dev.made);
	disk_loader_free(dev.disk);
	return status;
}
