/*
 * Opening sealed cookies. The first octet says how: any text as a sealed value; any octets behind an authentic tag, so
 * that what stands behind the cipher is reached; or a good value with some of it changed, which must not open.
 */
#include <stdlib.h>

#include "rules/consent/sealed.h"
#include "rules/harness/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1780000000)

/* A cipher that believes everything. */
static bool believe(void *arg, size_t key, const unsigned char nonce[SEAL_NONCE], struct slice bound,
		    struct slice sealed, unsigned char *out)
{
	(void)arg;
	(void)key;
	(void)nonce;
	CG_CHECK(bound.n && sealed.n >= SEAL_TAG + SEALED_TIMES);
	memcpy(out, sealed.p, sealed.n - SEAL_TAG);
	return true;
}

static bool any_key_id(void *arg, size_t key, unsigned char id[SEAL_ID])
{
	const unsigned char *first = arg;

	memcpy(id, first, SEAL_ID);
	return key == 0;
}

static enum sealed_state open_text(const struct sealing *s, struct slice text, struct arena *arena, struct slice *value)
{
	enum sealed_state state = sealed_open(s, text, -1, arena, value);

	CG_CHECK((unsigned)state < SEALED_COPY);
	return state;
}

static void any_text(struct sealing *s, struct slice text, struct arena *arena)
{
	struct slice value = {0};

	CG_CHECK(open_text(s, text, arena, &value) != SEALED_OPENED || text.n == SEALED_SIZE(value.n));
}

static void any_octets(struct sealing *s, struct slice octets, struct arena *arena)
{
	struct seal_ops ops = {.arg = (void *)(uintptr_t)octets.p, .key_id = any_key_id, .open = believe};
	size_t n = BASE64URL_TEXT(octets.n);
	char *text = arena_alloc(arena, n + 2);
	struct slice value = {0};

	if (!text || octets.n < SEAL_ID)
		return;
	memcpy(text, SEALED_PREFIX, 2);
	base64url_encode((const unsigned char *)octets.p, octets.n, text + 2);
	s->ops = &ops;
	if (open_text(s, slice_of(text, n + 2), arena, &value) == SEALED_OPENED)
		CG_CHECK(SEALED_HEAD + SEALED_TIMES + value.n + SEAL_TAG == octets.n);
}

/* Value, then pairs of a place and what to change there. */
static void changed(struct sealing *s, struct slice input, struct arena *arena)
{
	struct slice what = slice_head(input, slice_find_char(input, '\n')), good, copy, value = {0};

	input = slice_from(input, what.n < input.n ? what.n + 1 : what.n);
	good = sealed_make(s, what, 0, arena);
	copy = arena_copy(arena, good);
	if (!copy.n)
		return;
	CG_CHECK(open_text(s, good, arena, &value) == SEALED_OPENED && slice_eq(value, what));
	for (size_t i = 0; i + 1 < input.n; i += 2)
		((char *)(uintptr_t)copy.p)[(unsigned char)input.p[i] % copy.n] ^= input.p[i + 1];
	CG_CHECK(slice_eq(copy, good) || open_text(s, copy, arena, &value) != SEALED_OPENED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ways[])(struct sealing *, struct slice, struct arena *) = {any_text, any_octets, changed};
	struct sealing s = {.ops = &harness_seal, .site = SLICE("www.example.com"), .name = SLICE("sid"), .now = NOW};
	struct arena arena;

	if (size == 0 || size > 8192)
		return 0;
	arena_init(&arena, 4096, 1 << 20);
	ways[data[0] % CG_COUNT(ways)](&s, slice_of((const char *)data + 1, size - 1), &arena);
	arena_free(&arena);
	return 0;
}
