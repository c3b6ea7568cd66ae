/* What an origin may be asked for: only content codings that can be undone again. */
#ifndef CG_PROXY_PAGE_ACCEPT_H
#define CG_PROXY_PAGE_ACCEPT_H

#include "proxy/coding/coding.h"

/*
 * Takes out of the Accept-Encoding fields every coding that is none of enum coding (dcb, dcz, compress, ...); "*" with
 * a weight becomes a list of those that are, since it would ask for the others, too. Elements that stay are written as
 * they came; what nothing is left of becomes "identity". Fields that name nothing else are left as they are, and so is
 * their absence. Available-Dictionary and Dictionary-ID (RFC 9842) are removed. False if the arena of the fields
 * refused.
 */
CG_NONNULL CG_WARN_UNUSED bool accept_limit(struct fields *fields);

#endif
