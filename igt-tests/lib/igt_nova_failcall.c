/* SPDX-License-Identifier: MIT */
#include <glob.h>
#include <sys/ioctl.h>

#include "igt.h"
#include "igt_nova_failcall.h"
#include "igt_nova_unplug.h"

#define TIME_LIMIT_S	1200

int igt_nova_ioctl_once(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

/* --- what is in use --- */

static size_t count_files(void)
{
	size_t count;
	glob_t files;

	igt_assert_eq(glob("/proc/self/fd/*", 0, NULL, &files), 0);
	count = files.gl_pathc;
	globfree(&files);
	return count;
}

static void read_level(struct igt_nova_failbench *bench, struct igt_nova_level *level)
{
	struct drm_nova_query_memory memory;
	int fd = bench->client.fd;

	level->handle = igt_nova_gem_create(fd, IGT_NOVA_PAGE, 0, DRM_NOVA_PLACEMENT_SYSTEM, 0, 0);
	igt_nova_gem_close(fd, level->handle);
	level->vm = igt_nova_vm_create(fd, NULL);
	igt_nova_vm_destroy(fd, level->vm, 0);
	level->queue = igt_nova_queue_create(fd, bench->client.vm, 0, 0);
	igt_nova_queue_destroy(fd, level->queue, 0);
	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	level->vram = memory.regions[0].used;
	level->system = memory.regions[1].used;
	level->files = count_files();
}

/* TTM frees some buffers in a worker, which announces nothing: asked again until it has. */
static void check_level(struct igt_nova_failbench *bench, const char *name)
{
	uint64_t deadline = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;
	struct igt_nova_level now;

	do {
		read_level(bench, &now);
	} while ((now.vram != bench->level.vram || now.system != bench->level.system) &&
		 igt_nova_now_ns() < deadline);
	igt_assert_f(now.handle == bench->level.handle && now.vm == bench->level.vm &&
		     now.queue == bench->level.queue && now.files == bench->level.files,
		     "%s leaks: next handle %u (was %u), VM %u (%u), queue %u (%u), files %zu (%zu)\n",
		     name, now.handle, bench->level.handle, now.vm, bench->level.vm, now.queue,
		     bench->level.queue, now.files, bench->level.files);
	igt_assert_f(now.vram == bench->level.vram && now.system == bench->level.system,
		     "%s leaks: %" PRIu64 " bytes of video memory (was %" PRIu64 "), %" PRIu64
		     " of system memory (was %" PRIu64 ")\n", name, now.vram, bench->level.vram,
		     now.system, bench->level.system);
}

/* --- the bench --- */

void igt_nova_failbench_write(struct igt_nova_failbench *bench)
{
	bench->value++;
	bench->push.at -= bench->push.length / 4;
	bench->push.length = 0;
	igt_nova_push_fill(&bench->push, bench->bo.va, bench->value, bench->bo.size / 4);
}

/* The device is as good as before. */
static void check_job(struct igt_nova_failbench *bench)
{
	igt_nova_failbench_write(bench);
	igt_assert_eq(igt_nova_submit_wait(bench->client.fd, bench->queue, &bench->push), 1);
	igt_assert_eq_u64(igt_nova_bo_check(&bench->bo, bench->value), bench->bo.size / 4);
}

static void open_client(struct igt_nova_failbench *bench)
{
	struct igt_nova_dev second;

	igt_nova_client_init(&bench->client, igt_nova_dev_open(igt_nova_unplug_dev()));
	bench->queue = igt_nova_client_queue(&bench->client, 0);
	igt_nova_client_bo(&bench->client, &bench->bo, IGT_NOVA_PAGE, DRM_NOVA_PLACEMENT_VRAM);
	igt_nova_push_begin(&bench->client, &bench->push, 32);
	bench->binary = igt_nova_syncobj_create(bench->client.fd);
	bench->timeline = igt_nova_syncobj_create(bench->client.fd);
	bench->point = 1;
	igt_assert_eq(drmSyncobjSignal(bench->client.fd, &bench->binary, 1), 0);
	igt_assert_eq(drmSyncobjTimelineSignal(bench->client.fd, &bench->timeline, &bench->point,
					       1), 0);
	if (igt_nova_dev_find(&second, 1) && igt_nova_dev_is_bound(&second))
		bench->second = igt_nova_dev_open(&second);
	check_job(bench);
}

static void close_client(struct igt_nova_failbench *bench)
{
	igt_nova_bo_destroy(bench->client.fd, &bench->bo);
	igt_nova_client_close(&bench->client);
	if (bench->second >= 0)
		close(bench->second);
	bench->second = -1;
}

/* What is allocated once only, by the process or the device, is there after the first look. */
static void bench_open(struct igt_nova_failbench *bench)
{
	*bench = (struct igt_nova_failbench) { .fd = -1, .second = -1 };
	open_client(bench);
	read_level(bench, &bench->level);
	read_level(bench, &bench->level);
}

void igt_nova_failbench_submit(struct igt_nova_failbench *bench)
{
	struct drm_nova_sync out = igt_nova_signal(bench->binary, 0);

	bench->id = igt_nova_client_queue(&bench->client, 0);
	igt_nova_failbench_write(bench);
	igt_assert_eq(igt_nova_submit(bench->client.fd, bench->id, &bench->push, &out, 1), 0);
}

void igt_nova_failbench_close_handle(struct igt_nova_failbench *bench)
{
	if (bench->handle)
		igt_nova_gem_close(bench->client.fd, bench->handle);
	bench->handle = 0;
}

/* --- a case --- */

/**
 * struct trial - a case while it runs
 * @bench: what it runs on
 * @call: the case
 * @kind: what fails
 * @next_file: number of the file that the call would open
 */
struct trial {
	struct igt_nova_failbench bench;
	const struct igt_nova_failcall *call;
	enum igt_nova_fail_kind kind;
	int next_file;
};

static void trial_prepare(void *data)
{
	struct trial *trial = data;

	if (trial->call->fail.prepare)
		trial->call->fail.prepare(&trial->bench);
	trial->next_file = dup(STDERR_FILENO);
	close(trial->next_file);
}

static int trial_call(void *data)
{
	struct trial *trial = data;

	return trial->call->fail.call(&trial->bench);
}

static void trial_finish(void *data, int ret, bool injected)
{
	struct trial *trial = data;
	bool orphan = ret && trial->call->orphans && trial->kind == IGT_NOVA_FAIL_USERCOPY;

	/* The file was there before its number could not be delivered. */
	if (orphan)
		close(trial->next_file);
	if (trial->call->fail.finish)
		trial->call->fail.finish(&trial->bench, ret, injected);
	check_job(&trial->bench);
	if (orphan) {
		close_client(&trial->bench);
		open_client(&trial->bench);
	}
	check_level(&trial->bench, trial->call->fail.name);
}

static void test_call(const struct igt_nova_failcall *call)
{
	struct igt_nova_failnth what = call->fail;
	/* Static: a failed assertion jumps over the frames that use it. */
	static struct trial trial;

	what.attempts = 3;
	what.prepare = trial_prepare;
	what.call = trial_call;
	what.finish = trial_finish;
	trial.call = call;
	igt_nova_fail_expect_logged();
	bench_open(&trial.bench);
	for (trial.kind = 0; trial.kind < IGT_NOVA_FAIL_KINDS; trial.kind++)
		igt_nova_failnth(&what, trial.kind, &trial);
	close_client(&trial.bench);
	/* What the driver lost track of is in its audit, or in the emulator's violations. */
	igt_nova_unplug(igt_nova_path("unbind"));
}

static void run_call(const struct igt_nova_failcall *call)
{
	igt_describe(call->describe);
	igt_subtest(call->fail.name) {
		igt_nova_unplug_begin();
		igt_set_timeout(TIME_LIMIT_S, call->fail.name);
		test_call(call);
		igt_reset_timeout();
	}
}

void igt_nova_failcall_run(const struct igt_nova_failcall *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_call(&calls[i]);
}
