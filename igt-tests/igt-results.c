/* SPDX-License-Identifier: MIT */
/*
 * usage: igt-results RESULTS.JSON LIST [OUT.TSV [FINDINGS]]
 *
 * Reads what igt_runner wrote and prints one line per test of LIST (names as
 * igt_runner has them, "igt@nova_vm@split"), "PASS|FAIL|SKIP name [why]", and a last
 * line "igt: N passed, N failed, N skipped". A test counts as passed only if its result is
 * "pass", the kernel log of its run shows no splat, and FINDINGS has no line of it
 * ("test <tab> why"); one that did not run has failed. A finding of a test that is not in
 * the list is a failure of its own. Exit code 0 if none failed and at least one passed, 1 if not, 2 if the files
 * cannot be read.
 */
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

#define WHY_MAX		160

/* Lines of a kernel log that no healthy run has, whatever their level. */
static const char *const splats =
	"BUG[: ]|WARNING:|Oops|Kernel panic|general protection fault|unable to handle|KASAN|"
	"KFENCE|KCSAN|UBSAN|refcount_t|list_(add|del) corruption|possible .* detected|"
	"inconsistent lock state|suspicious RCU usage|sleeping function called|"
	"scheduling while atomic|detected stall|soft lockup|hard lockup|blocked for more than|"
	"DMAR:.*[Ff]ault|nobody cared|Call Trace:|audit: .*survived";

/* Warnings of a slow virtual machine about its clocks, at random moments: not of the driver. */
static const char *const noise =
	"clocksource: |TSC found unstable|tsc: Marking TSC|hrtimer: interrupt took|"
	"perf: interrupt took too long";

enum verdict {
	PASS,
	FAIL,
	SKIP,
	VERDICTS
};

static const char *const verdict_names[VERDICTS] = { "PASS", "FAIL", "SKIP" };

/**
 * struct finding - what the harness itself found after a test
 * @test: name as in the list
 * @why: the rest of the line
 * @used: a test of the list failed for it
 */
struct finding {
	char test[WHY_MAX];
	char why[WHY_MAX];
	bool used;
};

struct report {
	struct json_object *tests;
	FILE *tsv;
	struct finding *findings;
	size_t finding_count;
	regex_t splat;
	regex_t noise;
	unsigned int count[VERDICTS];
};

static const char *text_of(struct json_object *test, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(test, key, &value))
		return "";
	return json_object_get_string(value);
}

/* Copies one line, without the control characters that would break a table. */
static void copy_line(char why[WHY_MAX], const char *from)
{
	size_t length = 0;

	for (; *from && *from != '\n' && length < WHY_MAX - 1; from++)
		why[length++] = (unsigned char)*from < ' ' ? ' ' : *from;
	why[length] = '\0';
}

static const char *line_of(const char *log, const char *at)
{
	while (at > log && at[-1] != '\n')
		at--;
	return at;
}

/*
 * Behind KCSAN's report that begins at @line, if it is about the kernel alone: no frame is in a
 * module of ours. NULL if it is not that. The kernel is full of races that it lives with.
 */
static const char *behind_kernel_race(const char *line)
{
	static const char *const ours[] = { "[nova_core]", "[nova_drm]" };
	const char *end;

	if (!memmem(line, strcspn(line, "\n"), "BUG: KCSAN: ", 12))
		return NULL;
	end = strstr(line, "======");
	if (!end)
		end = line + strlen(line);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (memmem(line, end - line, ours[i], strlen(ours[i])))
			return NULL;
	}
	return end;
}

/* The first splat of a log, if there is one. */
static bool find_splat(const struct report *report, const char *log, char why[WHY_MAX])
{
	const char *line, *next = log;
	regmatch_t match;

	do {
		log = next;
		if (regexec(&report->splat, log, 1, &match, 0))
			return false;
		line = line_of(log, log + match.rm_so);
		next = behind_kernel_race(line);
	} while (next);
	copy_line(why, line);
	return true;
}

/*
 * What a failed assertion says: libigt logs the place, the condition, errno if it is set,
 * and the message or the values, each as a line with this mark, in a row. Values alone
 * say little: they are put behind the condition.
 */
static bool find_assertion(const char *log, char why[WHY_MAX])
{
	static const char mark[] = " CRITICAL: ", condition[] = "Failed assertion: ";
	const char *line = strstr(log, condition);
	char detail[WHY_MAX];

	if (!line)
		return false;
	copy_line(why, line + sizeof(condition) - 1);
	for (;;) {
		const char *next = strchr(line, '\n');

		line = next ? strstr(next, mark) : NULL;
		/* Not in the next line: that is the log's repetition further down. */
		if (!line || memchr(next + 1, '\n', line - next - 1))
			return true;
		line += sizeof(mark) - 1;
		if (strncmp(line, "Last errno: ", 12) == 0)
			continue;
		copy_line(detail, line);
		if (strncmp(line, "values: ", 8) == 0 || strncmp(line, "error: ", 7) == 0)
			snprintf(why + strlen(why), WHY_MAX - strlen(why), "; %.60s", detail);
		else
			copy_line(why, line);
	}
}

static bool find_requirement(const char *log, char why[WHY_MAX])
{
	const char *line = strstr(log, "Test requirement: ");
	const char *message = line ? strchr(line, '\n') : NULL;

	if (!line)
		return false;
	/* A message of the test's own comes behind the condition. */
	if (message && strncmp(message + 1, "Last errno", 10) != 0 &&
	    strncmp(message + 1, "Subtest ", 8) != 0)
		copy_line(why, message + 1);
	else
		copy_line(why, line);
	return true;
}

static void find_reason(struct json_object *test, char why[WHY_MAX])
{
	const char *err = text_of(test, "err"), *out = text_of(test, "out");
	const char *timeout = strstr(out, "Timed out");

	copy_line(why, text_of(test, "result"));
	if (find_assertion(err, why) || find_requirement(out, why))
		return;
	if (timeout)
		copy_line(why, timeout);
}

static const char *line_after(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

/* The first warning that is no noise: what made a "dmesg-warn" of a pass. */
static bool find_warning(const struct report *report, const char *warnings, char why[WHY_MAX])
{
	const char *line = warnings;

	while (*line) {
		/* A report of KCSAN is between two lines of these. */
		bool opens = memmem(line, strcspn(line, "\n"), "======", 6);
		const char *behind = behind_kernel_race(opens ? line_after(line) : line);

		copy_line(why, line);
		if (!behind && why[0] && regexec(&report->noise, why, 0, NULL, 0))
			return true;
		line = line_after(behind ? behind : line);
	}
	why[0] = '\0';
	/* A result of that name must have a reason: without one it is not believed. */
	if (!*warnings)
		copy_line(why, "dmesg-warn");
	return !*warnings;
}

static bool load_findings(struct report *report, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[2 * WHY_MAX];

	if (!file)
		return errno == ENOENT;
	while (fgets(line, sizeof(line), file)) {
		size_t name = strcspn(line, "\t\n");
		struct finding *finding;

		report->findings = reallocarray(report->findings, report->finding_count + 1,
						sizeof(*report->findings));
		if (!report->findings)
			return false;
		finding = &report->findings[report->finding_count++];
		*finding = (struct finding){ 0 };
		snprintf(finding->test, WHY_MAX, "%.*s", (int)name, line);
		copy_line(finding->why, line + name + (line[name] == '\t'));
	}
	fclose(file);
	return true;
}

/* Of the test, or of a dynamic subtest of it. */
static bool find_finding(const struct report *report, const char *name, char why[WHY_MAX])
{
	size_t i, length = strlen(name);
	bool found = false;

	for (i = 0; i < report->finding_count; i++) {
		struct finding *finding = &report->findings[i];

		if (strncmp(finding->test, name, length) ||
		    (finding->test[length] && finding->test[length] != '@'))
			continue;
		if (!found)
			snprintf(why, WHY_MAX, "%s", finding->why);
		finding->used = found = true;
	}
	return found;
}

/*
 * The runner calls a pass "warn" when standard error has more than the two lines of one subtest,
 * as it has when one process runs many and forks. What counts is a warning of the test's own.
 */
static bool find_own_warning(const char *log, char why[WHY_MAX])
{
	static const char mark[] = " WARNING: ";
	const char *line = strstr(log, mark);

	if (line)
		copy_line(why, line + sizeof(mark) - 1);
	return line;
}

static enum verdict judge(const struct report *report, const char *name, char why[WHY_MAX])
{
	struct json_object *test;
	const char *result;

	why[0] = '\0';
	if (!json_object_object_get_ex(report->tests, name, &test)) {
		copy_line(why, "did not run");
		return FAIL;
	}
	if (find_splat(report, text_of(test, "dmesg"), why) || find_finding(report, name, why))
		return FAIL;
	result = text_of(test, "result");
	if (strcmp(result, "pass") == 0)
		return PASS;
	if (strcmp(result, "dmesg-warn") == 0)
		return find_warning(report, text_of(test, "dmesg-warnings"), why) ? FAIL : PASS;
	if (strcmp(result, "warn") == 0)
		return find_own_warning(text_of(test, "err"), why) ? FAIL : PASS;
	find_reason(test, why);
	return strcmp(result, "skip") == 0 ? SKIP : FAIL;
}

static void report_verdict(struct report *report, enum verdict verdict, const char *name,
			   const char *why)
{
	/* Shorter, and as the command line takes it: nova_vm@split. */
	const char *shown = strncmp(name, "igt@", 4) ? name : name + 4;

	report->count[verdict]++;
	printf("%s %s%s%s\n", verdict_names[verdict], shown, why[0] ? " " : "", why);
	if (report->tsv)
		fprintf(report->tsv, "%s\t%s\t%s\n", verdict_names[verdict], shown, why);
}

static void report_test(struct report *report, const char *name)
{
	char why[WHY_MAX];
	enum verdict verdict = judge(report, name, why);

	report_verdict(report, verdict, name, why);
}

static void report_other_findings(struct report *report)
{
	size_t i;

	for (i = 0; i < report->finding_count; i++)
		if (!report->findings[i].used)
			report_verdict(report, FAIL, report->findings[i].test,
				       report->findings[i].why);
}

static bool report_list(struct report *report, const char *path)
{
	FILE *list = fopen(path, "re");
	char line[256];

	if (!list)
		return false;
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] && line[0] != '#')
			report_test(report, line);
	}
	fclose(list);
	return true;
}

int main(int argc, char **argv)
{
	struct report report = { 0 };
	struct json_object *root;
	bool listed;

	if (argc < 3 || argc > 5) {
		fprintf(stderr, "usage: igt-results RESULTS.JSON LIST [OUT.TSV [FINDINGS]]\n");
		return 2;
	}
	root = json_object_from_file(argv[1]);
	if (!root || !json_object_object_get_ex(root, "tests", &report.tests)) {
		fprintf(stderr, "igt-results: %s has no results\n", argv[1]);
		return 2;
	}
	if (argc >= 4 && !(report.tsv = fopen(argv[3], "we"))) {
		perror(argv[3]);
		return 2;
	}
	if (argc == 5 && !load_findings(&report, argv[4])) {
		perror(argv[4]);
		return 2;
	}
	if (regcomp(&report.splat, splats, REG_EXTENDED | REG_NEWLINE) ||
	    regcomp(&report.noise, noise, REG_EXTENDED | REG_NOSUB))
		return 2;
	listed = report_list(&report, argv[2]);
	if (!listed)
		perror(argv[2]);
	report_other_findings(&report);
	free(report.findings);
	regfree(&report.splat);
	regfree(&report.noise);
	json_object_put(root);
	if (report.tsv && fclose(report.tsv))
		return 2;
	printf("igt: %u passed, %u failed, %u skipped\n", report.count[PASS], report.count[FAIL],
	       report.count[SKIP]);
	if (!listed)
		return 2;
	return report.count[FAIL] || !report.count[PASS];
}
