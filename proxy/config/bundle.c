#include "proxy/config/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/config/internal.h"

#define MAGIC	    "CGBUNDL1"
#define MAGIC_SIZE  8
#define HEADER_SIZE 9
#define KIND_END    0

struct record {
	struct record *next;
	enum bundle_kind kind;
	struct slice name;
	struct slice data;
	char bytes[]; /* of both */
};

struct bundle {
	struct record *first; /* newest first; a configuration has dozens of files, not thousands */
	size_t octets;
};

struct bundle *bundle_new(void)
{
	return calloc(1, sizeof(struct bundle));
}

static void record_free(struct record *r)
{
	explicit_bzero(r->bytes, r->name.n + r->data.n);
	free(r);
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	while (b->first) {
		struct record *next = b->first->next;

		record_free(b->first);
		b->first = next;
	}
	free(b);
}

static struct record **find(struct record *const *first, enum bundle_kind kind, struct slice name)
{
	struct record **at = (struct record **)first;

	while (*at && !((*at)->kind == kind && slice_eq((*at)->name, name)))
		at = &(*at)->next;
	return at;
}

bool bundle_put(struct bundle *b, enum bundle_kind kind, struct slice name, struct slice data)
{
	size_t size = HEADER_SIZE + name.n + data.n;
	struct record **at, *r;

	if (name.n > BUNDLE_NAME_MAX || data.n > BUNDLE_DATA_MAX || size > BUNDLE_MAX - b->octets)
		return false;
	r = malloc(sizeof *r + name.n + data.n);
	if (!r)
		return false;
	*r = (struct record){.kind = kind, .name = {r->bytes, name.n}, .data = {r->bytes + name.n, data.n}};
	if (name.n)
		memcpy(r->bytes, name.p, name.n);
	if (data.n)
		memcpy(r->bytes + name.n, data.p, data.n);
	at = find(&b->first, kind, name);
	if (*at) {
		struct record *old = *at;

		*at = old->next;
		b->octets -= HEADER_SIZE + old->name.n + old->data.n;
		record_free(old);
	}
	r->next = b->first;
	b->first = r;
	b->octets += size;
	return true;
}

bool bundle_find(const struct bundle *b, enum bundle_kind kind, struct slice name, struct slice *data)
{
	const struct record *r = *find(&b->first, kind, name);

	if (r)
		*data = r->data;
	return r != NULL;
}

/* -- writing ------------------------------------------------------------------------------------------------------ */

static bool write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0)
			s = slice_from(s, (size_t)n);
	}
	return true;
}

static void put_u32(char *p, size_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(value >> (8 * i) & 0xFF);
}

static bool write_record(int fd, char kind, struct slice name, struct slice data)
{
	char header[HEADER_SIZE] = {kind};

	put_u32(header + 1, name.n);
	put_u32(header + 5, data.n);
	return write_all(fd, slice_of(header, sizeof header)) && write_all(fd, name) && write_all(fd, data);
}

bool bundle_write(const struct bundle *b, int fd)
{
	if (!write_all(fd, SLICE(MAGIC)))
		return false;
	for (const struct record *r = b->first; r; r = r->next)
		if (!write_record(fd, (char)r->kind, r->name, r->data))
			return false;
	return write_record(fd, KIND_END, slice_of(NULL, 0), slice_of(NULL, 0));
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

static bool read_all(int fd, char *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, p + done, n - done, (off_t)done);

		if (got == 0 || (got == -1 && errno != EINTR))
			return false;
		if (got > 0)
			done += (size_t)got;
	}
	return true;
}

static size_t get_u32(const char *p)
{
	size_t value = 0;

	for (int i = 3; i >= 0; i--)
		value = value << 8 | (unsigned char)p[i];
	return value;
}

/* Takes one record off the front of *in; false if it is malformed. *end: it was the last one. */
static bool take_record(struct bundle *b, struct slice *in, bool *end)
{
	size_t name, data;
	char kind;

	if (in->n < HEADER_SIZE)
		return false;
	kind = in->p[0];
	name = get_u32(in->p + 1);
	data = get_u32(in->p + 5);
	*in = slice_from(*in, HEADER_SIZE);
	if (name > in->n || data > in->n - name)
		return false;
	*end = kind == KIND_END;
	if (*end)
		return name == 0 && data == 0 && in->n == 0;
	if (kind < BUNDLE_FILE || kind > BUNDLE_BLOB ||
	    !bundle_put(b, (enum bundle_kind)kind, slice_head(*in, name), slice_of(in->p + name, data)))
		return false;
	*in = slice_from(*in, name + data);
	return true;
}

static struct bundle *parse(struct slice in, const char **why)
{
	struct bundle *b = bundle_new();
	bool end = false;

	*why = "the bundle is malformed";
	if (!slice_starts_with(in, SLICE(MAGIC))) {
		bundle_free(b);
		return NULL;
	}
	in = slice_from(in, MAGIC_SIZE);
	while (b && !end)
		if (!take_record(b, &in, &end)) {
			bundle_free(b);
			return NULL;
		}
	return b;
}

struct bundle *bundle_read(int fd, const char **why)
{
	struct bundle *b = NULL;
	struct stat st;
	size_t size;
	char *p;

	*why = "the bundle cannot be read";
	if (fstat(fd, &st) != 0 || st.st_size < MAGIC_SIZE || (uint64_t)st.st_size > BUNDLE_MAX)
		return NULL;
	size = (size_t)st.st_size;
	p = malloc(size);
	if (!p)
		return NULL;
	if (read_all(fd, p, size))
		b = parse(slice_of(p, size), why);
	explicit_bzero(p, size);
	free(p);
	return b;
}

/* -- serving ------------------------------------------------------------------------------------------------------ */

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	return bundle_find(arg, BUNDLE_FILE, path, content) ? LOAD_OK : LOAD_MISSING;
}

struct loader bundle_loader(struct bundle *b)
{
	return (struct loader){.arg = b, .load = load};
}

/* "host:port"; the empty slice if it does not fit. */
static struct slice address_name(const char *host, uint16_t port, char *out, size_t size)
{
	int n = snprintf(out, size, "%s:%u", host, port);

	return n > 0 && (size_t)n < size ? slice_of(out, (size_t)n) : slice_of(NULL, 0);
}

bool bundle_put_addresses(struct bundle *b, const char *host, uint16_t port, const struct config_address *addresses,
			  size_t n)
{
	char name[512];
	struct buffer lines;
	bool good;

	buffer_init(&lines, 64 * 1024);
	for (size_t i = 0; i < n; i++) {
		buffer_add(&lines, addresses[i].text);
		buffer_add_char(&lines, '\n');
	}
	good = !lines.failed &&
	       bundle_put(b, BUNDLE_ADDRESSES, address_name(host, port, name, sizeof name), buffer_slice(&lines));
	buffer_free(&lines);
	return good;
}

static bool resolve(void *arg, const char *host, uint16_t port, struct arena *arena, struct config_address **addresses,
		    size_t *n, const char **why)
{
	struct slice lines, line;
	char name[512];
	size_t count = 0;

	*n = 0;
	*why = "its addresses are not in the bundle";
	if (!bundle_find(arg, BUNDLE_ADDRESSES, address_name(host, port, name, sizeof name), &lines))
		return false;
	for (size_t i = 0; i < lines.n; i++)
		count += lines.p[i] == '\n';
	*addresses = arena_calloc(arena, count, sizeof **addresses);
	while (*addresses && slice_cut(lines, '\n', &line, &lines))
		if (config_address_parse(arena, line, &(*addresses)[*n]))
			(*n)++;
	return *n > 0;
}

struct config_resolver bundle_resolver(struct bundle *b)
{
	return (struct config_resolver){.arg = b, .resolve = resolve};
}
