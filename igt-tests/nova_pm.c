/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_job.h"
#include "igt_nova_pm.h"
#include "igt_nova_room.h"
#include "igt_nova_share.h"
#include "igt_nova_sysfs.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

IGT_TEST_DESCRIPTION("Sleep of a device that nobody needs.");

#define MIB		(1024ull * 1024)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define DELAY_MS	IGT_NOVA_ROOM_DELAY_MS
/* How often to look at a device that must stay awake. */
#define LOOKS		100
#define ROUNDS		3

static const struct igt_nova_dev *dev(void)
{
	return igt_nova_unplug_dev();
}

static void test_defaults(int fd)
{
	char value[32];

	(void)fd;
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
	igt_assert(igt_nova_dev_power(dev(), "control", value));
	igt_assert_f(strcmp(value, "auto") == 0, "control is %s\n", value);
	igt_assert(igt_nova_dev_power(dev(), "autosuspend_delay_ms", value));
	igt_assert_f(strcmp(value, "5000") == 0, "the delay is %s\n", value);
}

static void test_idle(int fd)
{
	struct igt_nova_room room;

	(void)fd;
	igt_nova_room_begin();
	igt_nova_room_wait_asleep();
	igt_nova_room_open(&room);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		igt_nova_room_wait_asleep();
		igt_nova_room_check(&room, 0x1000 * i + 1);
	}
	igt_nova_room_wait_asleep();
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

static void read_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char text[4096];

	igt_assert_f(fd >= 0, "%s: %m\n", name);
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

static void read_debugfs(int fd)
{
	static const char * const names[] = { "gem", "vm", "queues", "audit", "vram" };
	char path[64];
	struct stat st;

	igt_assert_eq(fstat(fd, &st), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s", minor(st.st_rdev),
			 names[i]);
		if (access(path, R_OK) == 0)
			read_file(AT_FDCWD, path);
	}
}

/* Nothing that only looks at memory, or at what was said before. */
static void test_does_not_wake(int fd)
{
	struct drm_nova_getparam param = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct drm_nova_queue_get_state state;
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_get_state vm_state;
	struct drm_nova_gem_info info;
	struct igt_nova_bo bo;
	struct igt_nova_room room;
	char path[64];
	uint64_t before;

	igt_nova_room_begin();
	igt_nova_room_open(&room);
	fd = room.client.fd;
	before = igt_nova_room_wait_asleep();
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GETPARAM, &param, 0);
	igt_nova_limits(fd, &limits);
	igt_assert(igt_nova_engine_count(fd) > 0);
	igt_nova_gem_info(fd, room.vram.handle, &info, 0);
	igt_nova_gem_mmap_offset(fd, room.vram.handle, 0);
	igt_nova_queue_state(fd, room.queue[0], &state);
	igt_nova_vm_state(fd, room.client.vm, &vm_state, NULL, 0);
	igt_nova_bo_create(fd, &bo, MIB, SYSTEM);
	igt_nova_bo_fill(&bo, 1);
	igt_nova_bo_fill(&room.system, 2);
	igt_nova_bo_destroy(fd, &bo);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	read_file(AT_FDCWD, path);
	read_debugfs(fd);
	close(igt_nova_dev_open(dev()));
	igt_assert(igt_nova_dev_is_asleep(dev()));
	igt_assert_eq_u64(igt_nova_room_sleeps(), before);
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

static void use_time(struct igt_nova_room *room)
{
	igt_nova_gpu_time(room->client.fd);
}

static void use_job(struct igt_nova_room *room)
{
	igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[1], NULL), 1);
}

static void use_bind(struct igt_nova_room *room)
{
	uint64_t va = igt_nova_client_va(&room->client, MIB);

	igt_nova_vm_map(room->client.fd, room->client.vm, room->system.handle, 0, va, MIB, 0, 0);
	igt_nova_dev_wait_asleep(dev());
	igt_nova_vm_unmap(room->client.fd, room->client.vm, va, MIB, 0);
}

static void use_async_bind(struct igt_nova_room *room)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = room->vram.handle,
		.va = igt_nova_client_va(&room->client, MIB), .size = MIB,
	};
	uint32_t out = igt_nova_syncobj_create(room->client.fd);
	struct drm_nova_sync sync = igt_nova_signal(out, 0);

	igt_assert_eq(igt_nova_vm_bind_async(room->client.fd, room->client.vm, &op, 1, &sync, 1),
		      0);
	igt_assert_eq(igt_nova_fence_result(room->client.fd, out), 1);
	igt_nova_syncobj_destroy(room->client.fd, out);
}

static void use_queue(struct igt_nova_room *room)
{
	uint32_t queue = igt_nova_client_queue(&room->client, 0);

	igt_nova_dev_wait_asleep(dev());
	igt_nova_queue_destroy(room->client.fd, queue, 0);
}

static void use_map_read(struct igt_nova_room *room)
{
	uint32_t value;

	igt_assert(igt_nova_safe_read(room->vram.map, &value, sizeof(value)));
	igt_assert_eq_u32(value, 0x77);
}

static void use_map_write(struct igt_nova_room *room)
{
	igt_assert(igt_nova_safe_write(room->vram.map, &(uint32_t) { 0x77 }, sizeof(uint32_t)));
}

static void use_fence(struct igt_nova_room *room)
{
	igt_assert_eq(igt_nova_wait_fence(room->client.fd, room->client.vm, 0, room->vram.va, 0x77),
		      0);
}

static void use_memory(struct igt_nova_room *room)
{
	struct igt_nova_bo bo;

	igt_nova_bo_create(room->client.fd, &bo, MIB, VRAM);
	igt_nova_bo_fill(&bo, 3);
	igt_nova_dev_wait_asleep(dev());
	igt_assert_eq(igt_nova_bo_check(&bo, 3), MIB / 4);
	igt_nova_bo_destroy(room->client.fd, &bo);
}

static void use_client(struct igt_nova_room *room)
{
	struct igt_nova_client client;

	(void)room;
	igt_nova_client_init(&client, igt_nova_dev_open(dev()));
	igt_nova_client_queue(&client, 0);
	igt_nova_dev_wait_asleep(dev());
	igt_nova_client_close(&client);
}

static const struct {
	const char *name;
	void (*use)(struct igt_nova_room *room);
} uses[] = {
	{ "GET_TIME", use_time }, { "EXEC", use_job }, { "VM_BIND", use_bind },
	{ "asynchronous VM_BIND", use_async_bind }, { "queues", use_queue },
	{ "write to video memory", use_map_write }, { "read from it", use_map_read },
	{ "wait for it", use_fence }, { "new video memory", use_memory },
	{ "a client", use_client },
};

static void test_wakes(int fd)
{
	struct igt_nova_room room;

	(void)fd;
	igt_nova_room_begin();
	igt_nova_room_open(&room);
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		uint64_t before = igt_nova_room_wait_asleep();

		uses[i].use(&room);
		igt_assert_f(igt_nova_room_wait_asleep() > before, "%s does not wake\n",
			     uses[i].name);
	}
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

/* What was written before the sleep is there, for CPU and GPU, and in the mapping of before. */
static void test_contents(int fd)
{
	struct igt_nova_push push;
	struct igt_nova_room room;

	(void)fd;
	igt_nova_room_begin();
	igt_nova_room_open(&room);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		igt_nova_bo_fill(&room.vram, i + 5);
		igt_nova_room_wait_asleep();
		igt_assert_eq(igt_nova_bo_check(&room.vram, i + 5), room.vram.size / 4);
		igt_nova_room_wait_asleep();
		igt_nova_room_push(&room, &push);
		igt_nova_push_copy(&push, room.system.va, room.vram.va, room.vram.size);
		igt_assert_eq(igt_nova_submit_wait(room.client.fd, room.queue[i % 2], &push), 1);
		igt_assert_eq(igt_nova_bo_check(&room.system, i + 5), room.system.size / 4);
	}
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

static void test_channel_state(int fd)
{
	struct igt_nova_room room;

	(void)fd;
	igt_nova_room_begin();
	igt_nova_room_open(&room);
	igt_nova_room_set_state(&room);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		igt_nova_room_wait_asleep();
		igt_nova_room_use_state(&room);
	}
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

/* Each look begins anew what a device does that is no longer needed. */
static void check_stays_awake(uint64_t before)
{
	for (unsigned int i = 0; i < LOOKS; i++) {
		igt_assert_eq(igt_nova_dev_set_power(dev(), "autosuspend_delay_ms", "1"), 0);
		igt_assert_eq(igt_nova_dev_set_power(dev(), "autosuspend_delay_ms", "0"), 0);
		igt_assert(!igt_nova_dev_is_asleep(dev()));
	}
	igt_assert_eq_u64(igt_nova_room_sleeps(), before);
	igt_nova_dev_set_delay(dev(), DELAY_MS);
}

/* A job that somebody else lets begin. */
static void test_job_keeps_awake(int fd)
{
	struct drm_nova_sync syncs[2];
	struct igt_nova_promise promise;
	struct igt_nova_room room;
	uint64_t before;

	igt_nova_room_begin();
	igt_nova_room_open(&room);
	fd = room.client.fd;
	before = igt_nova_room_wait_asleep();
	syncs[0] = igt_nova_wait_for(igt_nova_promise_open(&promise, fd), 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(fd), 0);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, syncs, 2), 0);
	/* vgem may have kept its word after ten seconds; then it has to go to sleep. */
	check_stays_awake(before);
	igt_assert_eq(igt_nova_vgem_signal(promise.vgem, promise.fence), 0);
	igt_assert_eq(igt_nova_fence_result(fd, syncs[1].handle), 1);
	igt_assert(igt_nova_room_wait_asleep() > before);
	igt_nova_room_close(&room);
	igt_nova_promise_close(&promise);
	igt_nova_unplug_check_harmless();
}

/* It may run at any time, and nobody would know. */
static void test_userq_keeps_awake(int fd)
{
	struct igt_nova_userq userq;
	struct igt_nova_room room;
	uint64_t before;

	(void)fd;
	igt_nova_room_begin();
	igt_nova_room_open(&room);
	before = igt_nova_room_wait_asleep();
	igt_nova_userq_create(&room.client, &userq, 0, 0);
	check_stays_awake(before);
	igt_nova_room_userq_submit(&room, &userq, 1);
	igt_nova_room_userq_check(&room, &userq, 1);
	igt_nova_userq_destroy(room.client.fd, &userq);
	igt_assert(igt_nova_room_wait_asleep() > before);
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

static const struct igt_nova_test tests[] = {
	{ "defaults", "A device may sleep after five seconds, unless somebody says otherwise",
	  test_defaults },
	{ "idle", "A device that nobody needs sleeps, with files, queues and mappings open",
	  test_idle },
	{ "does-not-wake", "Questions and system memory leave it asleep", test_does_not_wake },
	{ "wakes", "Each use of the hardware wakes it", test_wakes },
	{ "contents", "Video memory and its mappings survive", test_contents },
	{ "channel-state", "What jobs have set survives", test_channel_state },
	{ "job-keeps-awake", "A job that has not ended keeps it awake", test_job_keeps_awake },
	{ "userq-keeps-awake", "A user-mode queue keeps it awake", test_userq_keeps_awake },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
