#include "rules/language/loader.h"

const char *load_result_text(enum load_result r)
{
	switch (r) {
	case LOAD_OK:
		return "was read";
	case LOAD_MISSING:
		return "does not exist";
	case LOAD_DENIED:
		return "may not be read";
	case LOAD_TOO_LARGE:
		return "is too large";
	case LOAD_FAILED:
		break;
	}
	return "cannot be read";
}

/* `path` up to and including its last '/', empty if it has none. */
static struct slice folder_of(struct slice path)
{
	size_t n = path.n;

	while (n && path.p[n - 1] != '/')
		n--;
	return slice_head(path, n);
}

/* Takes the last segment off what was written so far, unless there is none that ".." may take. */
static bool drop_segment(char *out, size_t root, size_t *n)
{
	size_t at = *n;

	if (at == root)
		return root > 0; /* "/.." is "/" */
	while (at > root && out[at - 1] != '/')
		at--;
	if (*n - at == 2 && memcmp(out + at, "..", 2) == 0)
		return false;
	*n = at > root ? at - 1 : at;
	return true;
}

static void add_segment(char *out, size_t root, size_t *n, struct slice segment)
{
	if (segment.n == 0 || slice_eq(segment, SLICE(".")))
		return;
	if (slice_eq(segment, SLICE("..")) && drop_segment(out, root, n))
		return;
	if (*n > root)
		out[(*n)++] = '/';
	memcpy(out + *n, segment.p, segment.n);
	*n += segment.n;
}

struct slice loader_resolve(struct arena *arena, struct slice from, struct slice path)
{
	bool absolute = path.n && path.p[0] == '/';
	struct slice parts[2] = {absolute ? slice_of(NULL, 0) : folder_of(from), path}, rest, segment;
	size_t root, n;
	char *out;

	rest = arena_concat(arena, parts, 2);
	out = arena_alloc(arena, rest.n + 1);
	if (!out)
		return slice_of(NULL, 0);
	root = n = rest.n && rest.p[0] == '/';
	out[0] = '/';
	while (rest.n) {
		(void)slice_cut(rest, '/', &segment, &rest);
		add_segment(out, root, &n, segment);
	}
	if (n == 0)
		out[n++] = '.';
	return slice_of(out, n);
}
