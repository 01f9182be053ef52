/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"

#include "regs/nv_error.h"
#include "regs/nv_mmu.h"

IGT_TEST_DESCRIPTION("The trace events: each step of a job, once and in order. Documentation/observability.rst");

/* An instance of our own: nobody else's tracing is disturbed. */
#define TRACING		"/sys/kernel/tracing/instances/igt_nova_events"
#define EVENTS_MAX	512
#define PAGE		IGT_NOVA_PAGE
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM

/**
 * struct event - one line of the trace
 * @name: of the event
 * @fields: "NAME=VALUE ..." as printed, between spaces
 */
struct event {
	char name[32];
	char fields[256];
};

static struct event events[EVENTS_MAX];
static size_t event_count;

static int put(const char *file, const char *text)
{
	char path[128];
	int fd, ret = 0;

	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void trace_off(void)
{
	if (access(TRACING, F_OK))
		return;
	put("events/nova/enable", "0");
	rmdir(TRACING);
}

static void trace_start(void)
{
	trace_off();
	igt_require_f(mkdir(TRACING, 0700) == 0, "no tracefs\n");
	igt_assert_eq(put("events/nova/enable", "1"), 0);
}

/* "task-pid [cpu] flags time: event: fields" */
static void parse(const char *line)
{
	const char *name = strstr(line, ": nova_"), *fields;
	struct event *event = &events[event_count];

	if (line[0] == '#' || !name)
		return;
	name += 2;
	fields = strstr(name, ": ");
	igt_assert(fields && (size_t)(fields - name) < sizeof(event->name));
	igt_assert(event_count < EVENTS_MAX);
	snprintf(event->name, sizeof(event->name), "%.*s", (int)(fields - name), name);
	snprintf(event->fields, sizeof(event->fields), " %s", fields + 2);
	event->fields[strcspn(event->fields, "\n")] = ' ';
	event_count++;
}

static void trace_stop(void)
{
	char line[512];
	FILE *stream;

	igt_assert_eq(put("tracing_on", "0"), 0);
	stream = fopen(TRACING "/trace", "re");
	igt_assert(stream);
	event_count = 0;
	while (fgets(line, sizeof(line), stream))
		parse(line);
	fclose(stream);
	trace_off();
}

static int64_t field(const struct event *event, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), " %s=", name);
	at = strstr(event->fields, key);
	igt_assert_f(at, "%s has no %s:%s\n", event->name, name, event->fields);
	return (int64_t)strtoull(at + strlen(key), NULL, 0);
}

/* The first one from @from on in which @key is @value; NULL: whatever it is. */
static size_t find(size_t from, const char *name, const char *key, int64_t value)
{
	for (size_t i = from; i < event_count; i++)
		if (!strcmp(events[i].name, name) && (!key || field(&events[i], key) == value))
			return i;
	for (size_t i = 0; i < event_count; i++)
		igt_info("%zu: %s%s\n", i, events[i].name, events[i].fields);
	igt_assert_f(false, "no %s with %s=%lld from %zu on\n", name, key ? key : "",
		     (long long)value, from);
	return 0;
}

static size_t count_of(const char *name, const char *key, int64_t value)
{
	size_t count = 0;

	for (size_t i = 0; i < event_count; i++)
		count += !strcmp(events[i].name, name) && field(&events[i], key) == value;
	return count;
}

static void open_client(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

/* The events of the queue's first job, which ends with @error; returns the place of its end. */
static size_t check_job(uint32_t queue, uint32_t pushes, int error)
{
	size_t submit = find(0, "nova_job_submit", "queue", queue);
	int64_t context = field(&events[submit], "context");
	size_t run = find(submit + 1, "nova_job_run", "context", context);
	size_t complete = find(run + 1, "nova_job_complete", "context", context);

	igt_assert_eq(field(&events[submit], "seqno"), 1);
	igt_assert_eq(field(&events[submit], "pushes"), pushes);
	igt_assert_eq(field(&events[run], "seqno"), 1);
	/* The pushes and the release. */
	igt_assert_eq(field(&events[run], "gp_put"), pushes + 1);
	igt_assert_eq(field(&events[complete], "seqno"), 1);
	igt_assert_eq(field(&events[complete], "error"), error);
	igt_assert_eq(count_of("nova_job_submit", "context", context), 1);
	igt_assert_eq(count_of("nova_job_run", "context", context), 1);
	igt_assert_eq(count_of("nova_job_complete", "context", context), 1);
	return complete;
}

static void test_job(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo bo;
	uint32_t queue;
	size_t bind;

	(void)fd;
	trace_start();
	open_client(&client);
	igt_nova_client_bo(&client, &bo, 2 * PAGE, SYSTEM);
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_push_begin(&client, &push, 32);
	igt_nova_push_fill(&push, bo.va, 1, 4);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), 1);
	igt_nova_vm_unmap(client.fd, client.vm, bo.va, 2 * PAGE, 0);
	trace_stop();

	bind = find(0, "nova_vm_bind", "va", (int64_t)bo.va);
	igt_assert_eq(field(&events[bind], "op"), DRM_NOVA_VM_BIND_OP_MAP);
	igt_assert_eq(field(&events[bind], "vm"), client.vm);
	igt_assert_eq(field(&events[bind], "handle"), bo.handle);
	igt_assert_eq(field(&events[bind], "size"), 2 * PAGE);
	igt_assert(bind < find(0, "nova_job_submit", "queue", queue));
	bind = find(check_job(queue, 1, 0), "nova_vm_bind", "va", (int64_t)bo.va);
	igt_assert_eq(field(&events[bind], "op"), DRM_NOVA_VM_BIND_OP_UNMAP);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

static void test_fault(int fd)
{
	struct drm_nova_vm_get_state state;
	struct igt_nova_client client;
	size_t run, fault, kill;
	struct igt_nova_push push;
	uint32_t queue;
	uint64_t va;

	(void)fd;
	igt_nova_expect_errors_logged();
	trace_start();
	open_client(&client);
	queue = igt_nova_client_queue(&client, 0);
	va = igt_nova_client_va(&client, PAGE);
	igt_nova_push_begin(&client, &push, 64);
	igt_nova_push_fill(&push, va, 1, 4);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), -ECANCELED);
	/* The job can have ended by the error of its channel, before the fault itself was read. */
	do
		igt_nova_vm_state(client.fd, client.vm, &state, NULL, 0);
	while (!state.fault_count);
	trace_stop();

	run = find(0, "nova_job_run", NULL, 0);
	fault = find(run + 1, "nova_fault", "va", (int64_t)va);
	igt_assert_eq(field(&events[fault], "chid"), field(&events[run], "chid"));
	igt_assert_eq(field(&events[fault], "access"), NV_FAULT_ACCESS_WRITE);
	kill = find(0, "nova_queue_kill", "queue", queue);
	igt_assert_eq(field(&events[kill], "flags"), DRM_NOVA_QUEUE_STATE_GUILTY);
	igt_assert_eq(field(&events[kill], "code"), NV_ERROR_MMU_FAULT);
	igt_assert_eq(field(&events[kill], "error"), -ECANCELED);
	igt_assert(kill < check_job(queue, 1, -ECANCELED));
	igt_nova_client_close(&client);
}

/* The device goes with a job under way. */
static void test_unplug(int fd)
{
	struct igt_nova_client client;
	size_t unplug, kill, complete;
	struct igt_nova_push push;
	struct igt_nova_bo bo;
	uint32_t queue, fence;
	int sync_file;

	(void)fd;
	open_client(&client);
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	queue = igt_nova_client_queue(&client, 0);
	trace_start();
	igt_nova_push_begin(&client, &push, 32);
	igt_nova_push_acquire(&push, bo.va, 1);
	fence = igt_nova_submit_fence(client.fd, queue, &push);
	sync_file = igt_nova_sync_file(client.fd, fence);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_sync_file_status(sync_file), -ENODEV);
	close(sync_file);
	trace_stop();

	unplug = find(0, "nova_unplug", NULL, 0);
	kill = find(unplug + 1, "nova_queue_kill", "queue", queue);
	igt_assert_eq(field(&events[kill], "flags"),
		      DRM_NOVA_QUEUE_STATE_LOST | DRM_NOVA_QUEUE_STATE_INNOCENT);
	igt_assert_eq(field(&events[kill], "error"), -ENODEV);
	complete = find(kill + 1, "nova_job_complete", "context",
			field(&events[kill], "context"));
	igt_assert_eq(field(&events[complete], "error"), -ENODEV);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "job", "Bind, submit, run, complete, unbind.", test_job },
	{ "fault", "A fault, the end of its queue and of its job.", test_fault },
	{ "unplug", "The device goes, and with it a queue and its job.", test_unplug },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(trace_off);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
