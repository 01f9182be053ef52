/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova_trace.h"

/* An instance of our own: nobody else's tracing is disturbed. */
#define TRACING	"/sys/kernel/tracing/instances/igt_nova"

/* The kernel may take a word at a time. */
static int put(const char *file, const char *text)
{
	size_t size = strlen(text), used = 0;
	int fd, ret = 0;
	char path[128];

	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return -errno;
	while (used < size && !ret) {
		ssize_t put = write(fd, text + used, size - used);

		if (put > 0)
			used += put;
		else
			ret = -errno;
	}
	close(fd);
	return ret;
}

void igt_nova_trace_start(struct igt_nova_trace *trace, const char *const *functions, size_t count)
{
	char filter[1024] = "", pid[16];

	igt_require_f((mkdir(TRACING, 0700) == 0 || errno == EEXIST) &&
		      access(TRACING "/set_ftrace_filter", W_OK) == 0, "no function tracer\n");
	for (size_t i = 0; i < count; i++) {
		strcat(filter, functions[i]);
		strcat(filter, "\n");
	}
	igt_assert(strlen(filter) < sizeof(filter) - 1);
	trace->functions = functions;
	trace->count = count;
	trace->call_count = 0;
	snprintf(pid, sizeof(pid), "%d", (int)gettid());
	igt_assert_f(put("set_ftrace_filter", filter) == 0, "a function is not there: %s\n", filter);
	igt_assert_eq(put("set_ftrace_pid", pid), 0);
	igt_assert_eq(put("current_tracer", "function"), 0);
	igt_assert_eq(put("tracing_on", "1"), 0);
}

/* "task-pid [cpu] flags time: function <-caller" */
static void parse(struct igt_nova_trace *trace, const char *line)
{
	const char *name = strstr(line, ": ");

	if (line[0] == '#' || !name)
		return;
	name += 2;
	for (size_t i = 0; i < trace->count; i++) {
		size_t length = strlen(trace->functions[i]);

		if (strncmp(name, trace->functions[i], length) == 0 && name[length] == ' ') {
			igt_assert(trace->call_count < IGT_NOVA_TRACE_MAX);
			trace->calls[trace->call_count++] = i;
		}
	}
}

void igt_nova_trace_stop(struct igt_nova_trace *trace)
{
	char line[512];
	FILE *stream;

	igt_assert_eq(put("tracing_on", "0"), 0);
	stream = fopen(TRACING "/trace", "re");
	igt_assert(stream);
	while (fgets(line, sizeof(line), stream))
		parse(trace, line);
	fclose(stream);
	igt_nova_trace_off();
}

void igt_nova_trace_off(void)
{
	if (access(TRACING, F_OK))
		return;
	put("tracing_on", "0");
	put("current_tracer", "nop");
	rmdir(TRACING);
}

long igt_nova_trace_first(const struct igt_nova_trace *trace, size_t function)
{
	for (size_t i = 0; i < trace->call_count; i++)
		if (trace->calls[i] == function)
			return i;
	return -1;
}
