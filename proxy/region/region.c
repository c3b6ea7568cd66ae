#include "proxy/region/region.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP 65536

struct regions {
	MMDB_s db;
};

/* -- in the parent ------------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done == -1 && errno != EINTR)
			return false;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return true;
}

static bool copy(int from, int to)
{
	static char part[STEP]; /* the parent has one thread */
	size_t all = 0;

	for (;;) {
		ssize_t n = read(from, part, sizeof part);

		if (n == 0)
			return true;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || !write_all(to, part, (size_t)n))
			return false;
		all += (size_t)n;
		if (all > REGIONS_FILE_MAX) {
			errno = EFBIG;
			return false;
		}
	}
}

int regions_copy(const char *path, const char **why)
{
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), to = -1, saved;
	bool ok = false;

	if (from != -1)
		to = memfd_create("regions", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (to != -1)
		ok = copy(from, to) &&
		     fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
	saved = errno;
	if (from != -1)
		close(from);
	if (ok)
		return to;
	if (to != -1)
		close(to);
	*why = strerror(saved);
	return -1;
}

/* -- in a worker --------------------------------------------------------------------------------------------------- */

struct regions *regions_open(int fd, const char **why)
{
	struct regions *r = calloc(1, sizeof *r);
	char path[32];
	int status;

	if (!r) {
		*why = "memory ran out";
		return NULL;
	}
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	status = MMDB_open(path, MMDB_MODE_MMAP, &r->db);
	if (status == MMDB_SUCCESS)
		return r;
	*why = MMDB_strerror(status);
	free(r);
	return NULL;
}

void regions_free(struct regions *r)
{
	if (!r)
		return;
	MMDB_close(&r->db);
	free(r);
}

/* -- lookups ------------------------------------------------------------------------------------------------------- */

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_country(struct slice s)
{
	return s.n == 2 && ascii_is_alpha(s.p[0]) && ascii_is_alpha(s.p[1]);
}

static bool is_subdivision(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]))
			return false;
	return s.n >= 1 && s.n <= 3;
}

struct slice region_of_codes(struct slice country, struct slice subdivision, char out[REGION_MAX])
{
	size_t n = 0;

	if (!is_country(country))
		return slice_of(NULL, 0);
	if (subdivision.n > 3 && subdivision.p[2] == '-' && slice_ieq(slice_head(subdivision, 2), country))
		subdivision = slice_from(subdivision, 3);
	out[n++] = upper(country.p[0]);
	out[n++] = upper(country.p[1]);
	if (!is_subdivision(subdivision))
		return slice_of(out, n);
	out[n++] = '-';
	for (size_t i = 0; i < subdivision.n; i++)
		out[n++] = upper(subdivision.p[i]);
	return slice_of(out, n);
}

/* The text at that path; empty if there is none. */
static struct slice text_at(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return slice_of(NULL, 0);
	return slice_of(data.utf8_string, data.data_size);
}

/* Those who make such files agree on the format, less so on the names. */
struct slice regions_find(const struct regions *r, const struct sockaddr *address, char out[REGION_MAX])
{
	static const char *const countries[][3] = {
		{"country", "iso_code", NULL}, {"country_code", NULL}, {"country", NULL}};
	static const char *const subdivisions[][4] = {
		{"subdivisions", "0", "iso_code", NULL}, {"region_code", NULL}, {"state_code", NULL}};
	struct slice country = {0}, subdivision = {0};
	MMDB_lookup_result_s found;
	int status;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return country;
	found = MMDB_lookup_sockaddr(&r->db, address, &status);
	if (status != MMDB_SUCCESS || !found.found_entry)
		return country;
	for (size_t i = 0; i < CG_COUNT(countries) && !is_country(country); i++)
		country = text_at(&found.entry, countries[i]);
	for (size_t i = 0; i < CG_COUNT(subdivisions) && !subdivision.n; i++)
		subdivision = text_at(&found.entry, subdivisions[i]);
	return region_of_codes(country, subdivision, out);
}
