/*
 * Results for people and machines, written to a buffer; whoever runs the harness brings them out.
 */
#ifndef CG_RULES_HARNESS_REPORT_H
#define CG_RULES_HARNESS_REPORT_H

#include "rules/base/buffer.h"
#include "rules/harness/harness.h"

/*
 * For people:
 *
 *   failed  an opted-out visitor carries no analytics cookie                              opt-out.test:5
 *           opt-out.test:16: expect origin-sees
 *               expected       | actual
 *               PHPSESSID=1    | PHPSESSID=1
 *             >                | _ga=GA1.2.3      kept by marketing.rules:12: cookie _ga is necessary
 */
void report_text_case(struct buffer *out, bool colour, const struct case_result *r);
/* "12 cases: 11 ok, 1 failed" */
void report_text_summary(struct buffer *out, bool colour, const struct harness_counts *n);

/* A rule that no case exercised; first: the first of them. tap: as a comment. */
void report_uncovered(struct buffer *out, bool tap, bool colour, bool first, const struct rule *rule);
/* "coverage: 10 of 12 rules" */
void report_coverage(struct buffer *out, bool tap, const struct coverage *c);

/* TAP 13: "1..N" first; broken cases are not ok, skipped ones "ok ... # SKIP why". */
void report_tap_head(struct buffer *out, size_t cases);
void report_tap_case(struct buffer *out, size_t number, const struct case_result *r);

/* One element of a JSON list, without separator. */
void report_json_case(struct buffer *out, const struct case_result *r);
void report_json_counts(struct buffer *out, const struct harness_counts *n);
/* Elements of a list that was opened; report_json_coverage() closes it and tells the numbers. */
void report_json_rule(struct buffer *out, bool first, const struct rule *rule);
void report_json_coverage(struct buffer *out, const struct coverage *c);

/*
 * JUnit's XML, as CI systems read it: a <testsuite> for each file. Cases go to a buffer of their own, since their
 * suite's head holds the counts; junit_suite() wraps them.
 */
void report_junit_case(struct buffer *cases, const struct case_result *r);
void report_junit_suite(struct buffer *out, struct slice name, const struct harness_counts *n, struct slice cases);

#endif
