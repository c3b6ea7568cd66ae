/*
 * Google Consent Mode, of requests to Google: gcs = "G1" AD ANALYTICS, each 1, 0 or '-'; gcd, where the characters at
 * 2, 4, 6 and 8 are ad_storage, analytics_storage, ad_user_data and ad_personalization: the index in 0-9 a-z A-Z - _
 * holds the default (bits 2, 3) and the update (bits 0, 1), which counts if it is set: 1 unset, 2 denied, 3 granted.
 */
#include "rules/consent/foreign/internal.h"

static const struct slice storages[] = {SLICE_INIT("advertising"), SLICE_INIT("analytics")};

static bool decode_gcs(struct foreign_findings *f, struct slice s)
{
	if (s.n != 4 || s.p[0] != 'G' || s.p[1] != '1')
		return false;
	for (size_t i = 0; i < CG_COUNT(storages); i++)
		foreign_say(f, storages[i], foreign_answer(slice_of(s.p + 2 + i, 1)));
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static void take_storage(struct foreign_findings *f, struct slice name, unsigned value)
{
	unsigned by_default = value >> 2 & 3, update = value & 3;
	unsigned state = update > 1 ? update : by_default;

	if (state > 1)
		foreign_say(f, name, foreign_of(state == 3));
	if (update > 1)
		foreign_act(f, FOREIGN_ACTED);
}

static bool decode_gcd(struct foreign_findings *f, struct slice s)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

	if (s.n < 9)
		return false;
	for (size_t i = 0; i < CG_COUNT(storages); i++) {
		const char *digit = memchr(digits, s.p[2 + 2 * i], sizeof digits - 1);

		if (!digit)
			return false;
		take_storage(f, storages[i], (unsigned)(digit - digits));
	}
	return true;
}

bool foreign_consent_mode(struct slice param, struct slice value, struct foreign_findings *f)
{
	return slice_eq(param, SLICE("gcs")) ? decode_gcs(f, value)
					     : slice_eq(param, SLICE("gcd")) && decode_gcd(f, value);
}
