/* Compiler attributes used on prototypes, and the always-on check of internal invariants. */
#ifndef CG_RULES_BASE_ATTRIBUTES_H
#define CG_RULES_BASE_ATTRIBUTES_H

#define CG_WARN_UNUSED	     __attribute__((warn_unused_result))
#define CG_NONNULL	     __attribute__((nonnull))
#define CG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* An internal invariant: its failure is a bug of ours, never something traffic or a file can cause. Always on. */
#define CG_CHECK(cond) ((cond) ? (void)0 : __builtin_trap())

#define CG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
