/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <limits.h>

#include "igt.h"
#include "igt_nova_failnth.h"

#define DEBUGFS		"/sys/kernel/debug"
#define FAIL_NTH	"/proc/thread-self/fail-nth"
/* More allocations than any one call makes: something repeats itself. */
#define NTH_MAX		100000u
/* "times" counts down from here, once per failure. */
#define TIMES		1000000

#define EVERYWHERE	UINT64_MAX

const char *const igt_nova_fail_kind_names[IGT_NOVA_FAIL_KINDS] = {
	[IGT_NOVA_FAIL_MEMORY] = "allocations",
	[IGT_NOVA_FAIL_USERCOPY] = "user copies",
};

/* The fault attributes that fail-nth consults. */
static const struct {
	const char *name;
	enum igt_nova_fail_kind kind;
} attributes[] = {
	{ "failslab", IGT_NOVA_FAIL_MEMORY },
	{ "fail_page_alloc", IGT_NOVA_FAIL_MEMORY },
	{ "fail_usercopy", IGT_NOVA_FAIL_USERCOPY },
};

/*
 * One of TTM's own, for buffers that come back from swap. fail-nth consults it as well, and it tells each
 * time; what it injects is a signal, not a lack of memory.
 */
#define BACKUP		"ttm/backup_fault_inject"

static int fail_nth = -1;
static unsigned int total[IGT_NOVA_FAIL_KINDS];

static void knob_path(char path[PATH_MAX], const char *attribute, const char *file)
{
	snprintf(path, PATH_MAX, DEBUGFS "/%s/%s", attribute, file);
}

void igt_nova_fail_set(const char *attribute, const char *file, const char *value)
{
	char path[PATH_MAX];
	int fd;

	knob_path(path, attribute, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	igt_assert_f(fd >= 0, "%s: %m\n", path);
	igt_assert_f(write(fd, value, strlen(value)) == (ssize_t)strlen(value),
		     "%s = %s: %m\n", path, value);
	close(fd);
}

static long get(const char *attribute, const char *file)
{
	char path[PATH_MAX];
	FILE *stream;
	long value;

	knob_path(path, attribute, file);
	stream = fopen(path, "re");
	igt_assert_f(stream && fscanf(stream, "%ld", &value) == 1, "%s: %m\n", path);
	fclose(stream);
	return value;
}

static void set_range(const char *attribute, const char *kind, uint64_t start, uint64_t end)
{
	char file[32], text[32];

	snprintf(file, sizeof(file), "%s-start", kind);
	snprintf(text, sizeof(text), "%#" PRIx64, start);
	igt_nova_fail_set(attribute, file, text);
	snprintf(file, sizeof(file), "%s-end", kind);
	snprintf(text, sizeof(text), "%#" PRIx64, end);
	igt_nova_fail_set(attribute, file, text);
}

/* An attribute that looks at no caller and requires one never fails: that is how it is put off. */
static void set_off(const char *attribute)
{
	igt_nova_fail_set(attribute, "probability", "0");
	igt_nova_fail_set(attribute, "times", "-1");
	igt_nova_fail_set(attribute, "stacktrace-depth", "0");
	set_range(attribute, "require", 0, 0);
	set_range(attribute, "reject", 0, 0);
}

static void set_on(const char *attribute, const struct igt_nova_fail_range *range)
{
	igt_nova_fail_set(attribute, "stacktrace-depth", "32");
	if (range)
		set_range(attribute, "require", range->start, range->end);
	else
		set_range(attribute, "require", 0, EVERYWHERE);
}

static void require_attribute(const char *attribute)
{
	char path[PATH_MAX];

	knob_path(path, attribute, "require-end");
	igt_require_f(access(path, W_OK) == 0,
		      "the kernel has no %s with a stack trace filter (CONFIG_FAULT_INJECTION...)\n",
		      attribute);
}

void igt_nova_fail_init(void)
{
	fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	igt_require_f(fail_nth >= 0, "the kernel has no fail-nth (CONFIG_FAULT_INJECTION)\n");
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		require_attribute(attributes[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		set_off(attributes[i].name);
		igt_nova_fail_set(attributes[i].name, "verbose", "0");
		igt_nova_fail_set(attributes[i].name, "interval", "1");
		igt_nova_fail_set(attributes[i].name, "space", "0");
		igt_nova_fail_set(attributes[i].name, "task-filter", "N");
	}
	if (access(DEBUGFS "/" BACKUP, F_OK) == 0)
		set_off(BACKUP);
	igt_nova_fail_set("failslab", "ignore-gfp-wait", "N");
	igt_nova_fail_set("failslab", "cache-filter", "N");
	igt_nova_fail_set("fail_page_alloc", "ignore-gfp-wait", "N");
	igt_nova_fail_set("fail_page_alloc", "ignore-gfp-highmem", "N");
	igt_nova_fail_set("fail_page_alloc", "min-order", "0");
}

void igt_nova_fail_fini(void)
{
	if (fail_nth < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		set_off(attributes[i].name);
	close(fail_nth);
	fail_nth = -1;
	igt_info("injected in total: %u allocations, %u user copies\n",
		 total[IGT_NOVA_FAIL_MEMORY], total[IGT_NOVA_FAIL_USERCOPY]);
}

/*
 * Each part of the kernel says it in its own words; a splat is found by the lab in any case. In one
 * expression: the last one that a test announces is in force.
 */
void igt_nova_fail_expect_logged(void)
{
	igt_emit_ignore_dmesg_regex("nova|[Ff]ail|ERROR|-12|[Cc]an ?not|VM_FAULT_OOM");
}

static void select_kind(enum igt_nova_fail_kind kind, const struct igt_nova_failnth *what)
{
	struct igt_nova_fail_range without = { 0 };

	if (what->without)
		without = igt_nova_fail_range_of(what->without);
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		set_off(attributes[i].name);
		if (attributes[i].kind != kind)
			continue;
		set_range(attributes[i].name, "reject", without.start, without.end);
		set_on(attributes[i].name, what->within);
	}
}

static void arm(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	igt_assert_f(pwrite(fail_nth, text, length, 0) == length, FAIL_NTH ": %m\n");
}

/* Was the failure injected? If not, what is left of the count may hit these very copies. */
static bool disarm(void)
{
	char text[16] = "";
	bool injected = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';

	while (pwrite(fail_nth, "0", 1, 0) != 1)
		igt_assert_eq(errno, EFAULT);
	return injected;
}

static bool may_return(const struct igt_nova_failnth *what, enum igt_nova_fail_kind kind,
		       int error)
{
	if (kind == IGT_NOVA_FAIL_USERCOPY)
		return error == EFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(what->errors); i++)
		if (error && what->errors[i] == error)
			return true;
	return error == ENOMEM;
}

/* One call, with the n-th failing. Returns what it returned. */
static int fail_once(const struct igt_nova_failnth *what, enum igt_nova_fail_kind kind, void *data,
		     unsigned int n, bool *injected)
{
	int ret;

	if (what->prepare)
		what->prepare(data);
	arm(n);
	ret = what->call(data);
	*injected = disarm();
	igt_assert_f(ret <= 0, "%s returned %d\n", what->name, ret);
	igt_assert_f(*injected || ret == 0, "%s without an injection: %s\n", what->name,
		     strerror(-ret));
	igt_assert_f(ret == 0 || may_return(what, kind, -ret), "%s, failure %u of %s: %s\n",
		     what->name, n, igt_nova_fail_kind_names[kind], strerror(-ret));
	if (what->finish)
		what->finish(data, ret, *injected);
	return ret;
}

void igt_nova_failnth(const struct igt_nova_failnth *what, enum igt_nova_fail_kind kind,
		      void *data)
{
	unsigned int failures = 0, absorbed = 0;
	bool injected = true;

	/* Without a count in fail-nth they let everything pass. */
	select_kind(kind, what);
	for (unsigned int n = 1; injected; n++) {
		unsigned int attempts = what->attempts;
		int ret;

		igt_assert_f(n < NTH_MAX, "%s: no end\n", what->name);
		do {
			ret = fail_once(what, kind, data, n, &injected);
			failures += injected;
			absorbed += injected && ret == 0;
		} while (injected && ret == 0 && attempts-- > 1);
	}
	total[kind] += failures;
	igt_info("%s: %u %s failed, %u of them without an error\n", what->name, failures,
		 igt_nova_fail_kind_names[kind], absorbed);
}

void igt_nova_fail_always_begin(const struct igt_nova_fail_range *range, const char *without)
{
	struct igt_nova_fail_range reject = { 0 };
	char text[16];

	if (without)
		reject = igt_nova_fail_range_of(without);
	snprintf(text, sizeof(text), "%d", TIMES);
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (attributes[i].kind != IGT_NOVA_FAIL_MEMORY)
			continue;
		igt_nova_fail_set(attributes[i].name, "times", text);
		set_range(attributes[i].name, "reject", reject.start, reject.end);
		set_on(attributes[i].name, range);
	}
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (attributes[i].kind == IGT_NOVA_FAIL_MEMORY)
			igt_nova_fail_set(attributes[i].name, "probability", "100");
}

unsigned int igt_nova_fail_always_end(void)
{
	unsigned int failures = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (attributes[i].kind != IGT_NOVA_FAIL_MEMORY)
			continue;
		igt_nova_fail_set(attributes[i].name, "probability", "0");
		failures += TIMES - get(attributes[i].name, "times");
		set_off(attributes[i].name);
	}
	return failures;
}

/* One line of kallsyms is "address type name" and, of a module, "\t[module]". */
static bool next_text(FILE *kallsyms, uint64_t *address, char name[512], char module[64])
{
	char line[1024], type;

	while (fgets(line, sizeof(line), kallsyms)) {
		module[0] = '\0';
		if (sscanf(line, "%" SCNx64 " %c %511s [%63[^]]]", address, &type, name,
			   module) >= 3 && (type == 't' || type == 'T'))
			return true;
	}
	return false;
}

static FILE *open_kallsyms(void)
{
	FILE *kallsyms = fopen("/proc/kallsyms", "re");

	igt_require_f(kallsyms, "no /proc/kallsyms\n");
	return kallsyms;
}

struct igt_nova_fail_range igt_nova_fail_range_of_modules(void)
{
	struct igt_nova_fail_range range = { .start = UINT64_MAX };
	FILE *kallsyms = open_kallsyms();
	char name[512], module[64];
	uint64_t address;

	while (next_text(kallsyms, &address, name, module)) {
		if (strcmp(module, "nova_core") != 0 && strcmp(module, "nova_drm") != 0)
			continue;
		if (address < range.start)
			range.start = address;
		/* Where a function ends is not told; text is mapped in whole pages. */
		if (address >= range.end)
			range.end = (address | 4095) + 1;
	}
	fclose(kallsyms);
	igt_require_f(range.end, "the modules' text is not in /proc/kallsyms\n");
	return range;
}

struct igt_nova_fail_range igt_nova_fail_range_of(const char *function)
{
	struct igt_nova_fail_range range = { 0 };
	FILE *kallsyms = open_kallsyms();
	char name[512], module[64];
	uint64_t address;

	while (!range.start && next_text(kallsyms, &address, name, module))
		if (strcmp(name, function) == 0)
			range.start = address;
	rewind(kallsyms);
	while (range.start && next_text(kallsyms, &address, name, module))
		if (address > range.start && (!range.end || address < range.end))
			range.end = address;
	fclose(kallsyms);
	igt_require_f(range.end, "%s is not in /proc/kallsyms\n", function);
	return range;
}
