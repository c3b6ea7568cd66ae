#include "rules/data/shipped.h"

/* shipped_files[]: made by embed.sh. */
#include "rules/data/shipped_table.h"

size_t shipped_count(void)
{
	return sizeof shipped_files / sizeof *shipped_files;
}

const struct shipped_file *shipped_at(size_t i)
{
	return i < shipped_count() ? &shipped_files[i] : NULL;
}

bool shipped_find(struct slice path, struct slice *text)
{
	for (size_t i = 0; i < shipped_count(); i++) {
		if (slice_eq(shipped_files[i].path, path)) {
			*text = shipped_files[i].text;
			return true;
		}
	}
	return false;
}
