/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_pm.h"
#include "igt_nova_share.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_ce.h"
#include "regs/nv_error.h"

IGT_TEST_DESCRIPTION("Sleep: of a device that nobody needs, and of the whole machine.");

#define PAGE		IGT_NOVA_PAGE
#define MIB		(1024ull * 1024)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define DELAY_MS	10
#define TIMEOUT_MS	1000
#define IMPATIENCE	200
/* How often to look at a device that must stay awake. */
#define LOOKS		100
#define ROUNDS		3

/**
 * struct room - a client with a queue on each engine and a buffer in each kind of memory
 * @client: the client
 * @queue: its queues
 * @vram: a buffer in video memory, bound
 * @system: one in system memory, bound; its first dword is for fences
 */
struct room {
	struct igt_nova_client client;
	uint32_t queue[2];
	struct igt_nova_bo vram;
	struct igt_nova_bo system;
};

static const struct igt_nova_dev *dev(void)
{
	return igt_nova_unplug_dev();
}

static void room_open(struct room *room)
{
	igt_nova_client_init(&room->client, igt_nova_dev_open(dev()));
	for (uint32_t i = 0; i < 2; i++)
		room->queue[i] = igt_nova_client_queue(&room->client,
						       i % igt_nova_engine_count(room->client.fd));
	igt_nova_client_bo(&room->client, &room->vram, 3 * MIB, VRAM);
	igt_nova_client_bo(&room->client, &room->system, 3 * MIB, SYSTEM);
}

static void room_close(struct room *room)
{
	igt_nova_bo_destroy(room->client.fd, &room->vram);
	igt_nova_bo_destroy(room->client.fd, &room->system);
	igt_nova_client_close(&room->client);
}

static void begin_push(struct room *room, struct igt_nova_push *push)
{
	room->client.pushes_used = 0;
	igt_nova_push_begin(&room->client, push, 64);
}

/* From one buffer to the other by the GPU, and looked at by the CPU. */
static void check_copies(struct room *room, uint32_t value)
{
	struct igt_nova_push push;

	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_bo_fill(&room->vram, value + i);
		igt_nova_bo_fill(&room->system, 0);
		begin_push(room, &push);
		igt_nova_push_copy(&push, room->system.va, room->vram.va, room->vram.size);
		igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[i], &push), 1);
		igt_assert_eq(igt_nova_bo_check(&room->system, value + i), room->system.size / 4);
	}
}

static uint64_t sleeps(void)
{
	struct igt_nova_emu_stats stats;

	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	return stats.sleeps;
}

/* Asleep, by what the device says; and how often it went to sleep so far. */
static uint64_t wait_asleep(void)
{
	struct igt_nova_emu_stats stats;

	igt_nova_dev_wait_asleep(dev());
	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	igt_assert_f(stats.asleep, "it says that it is not\n");
	return stats.sleeps;
}

static void begin(void)
{
	igt_nova_unplug_require_emu();
	igt_assert_eq(igt_nova_dev_set_power(dev(), "control", "auto"), 0);
	igt_nova_dev_set_delay(dev(), DELAY_MS);
}

static uint64_t gpu_time(int fd)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &time, 0);
	return time.gpu_ns;
}

/* --- a device that nobody needs --- */

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
	struct room room;

	(void)fd;
	begin();
	wait_asleep();
	room_open(&room);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		wait_asleep();
		check_copies(&room, 0x1000 * i + 1);
	}
	wait_asleep();
	room_close(&room);
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
	struct room room;
	char path[64];
	uint64_t before;

	begin();
	room_open(&room);
	fd = room.client.fd;
	before = wait_asleep();
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
	igt_assert_eq_u64(sleeps(), before);
	room_close(&room);
	igt_nova_unplug_check_harmless();
}

static void use_time(struct room *room)
{
	gpu_time(room->client.fd);
}

static void use_job(struct room *room)
{
	igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[1], NULL), 1);
}

static void use_bind(struct room *room)
{
	uint64_t va = igt_nova_client_va(&room->client, MIB);

	igt_nova_vm_map(room->client.fd, room->client.vm, room->system.handle, 0, va, MIB, 0, 0);
	igt_nova_dev_wait_asleep(dev());
	igt_nova_vm_unmap(room->client.fd, room->client.vm, va, MIB, 0);
}

static void use_async_bind(struct room *room)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = room->vram.handle,
		.va = igt_nova_client_va(&room->client, MIB), .size = MIB,
	};
	uint32_t out = igt_nova_syncobj_create(room->client.fd);
	struct drm_nova_sync sync = igt_nova_signal(out, 0);

	igt_assert_eq(igt_nova_vm_bind_async(room->client.fd, room->client.vm, &op, 1, &sync, 1), 0);
	igt_assert_eq(igt_nova_fence_result(room->client.fd, out), 1);
	igt_nova_syncobj_destroy(room->client.fd, out);
}

static void use_queue(struct room *room)
{
	uint32_t queue = igt_nova_client_queue(&room->client, 0);

	igt_nova_dev_wait_asleep(dev());
	igt_nova_queue_destroy(room->client.fd, queue, 0);
}

static void use_map_read(struct room *room)
{
	uint32_t value;

	igt_assert(igt_nova_safe_read(room->vram.map, &value, sizeof(value)));
	igt_assert_eq_u32(value, 0x77);
}

static void use_map_write(struct room *room)
{
	igt_assert(igt_nova_safe_write(room->vram.map, &(uint32_t) { 0x77 }, sizeof(uint32_t)));
}

static void use_fence(struct room *room)
{
	igt_assert_eq(igt_nova_wait_fence(room->client.fd, room->client.vm, 0, room->vram.va, 0x77),
		      0);
}

static void use_memory(struct room *room)
{
	struct igt_nova_bo bo;

	igt_nova_bo_create(room->client.fd, &bo, MIB, VRAM);
	igt_nova_bo_fill(&bo, 3);
	igt_nova_dev_wait_asleep(dev());
	igt_assert_eq(igt_nova_bo_check(&bo, 3), MIB / 4);
	igt_nova_bo_destroy(room->client.fd, &bo);
}

static void use_client(struct room *room)
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
	void (*use)(struct room *room);
} uses[] = {
	{ "GET_TIME", use_time }, { "EXEC", use_job }, { "VM_BIND", use_bind },
	{ "asynchronous VM_BIND", use_async_bind }, { "queues", use_queue },
	{ "write to video memory", use_map_write }, { "read from it", use_map_read },
	{ "wait for it", use_fence }, { "new video memory", use_memory }, { "a client", use_client },
};

static void test_wakes(int fd)
{
	struct room room;

	(void)fd;
	begin();
	room_open(&room);
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		uint64_t before = wait_asleep();

		uses[i].use(&room);
		igt_assert_f(wait_asleep() > before, "%s does not wake\n", uses[i].name);
	}
	room_close(&room);
	igt_nova_unplug_check_harmless();
}

/* What was written before the sleep is there, for CPU and GPU, and in the mapping of before. */
static void test_contents(int fd)
{
	struct igt_nova_push push;
	struct room room;

	(void)fd;
	begin();
	room_open(&room);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		igt_nova_bo_fill(&room.vram, i + 5);
		wait_asleep();
		igt_assert_eq(igt_nova_bo_check(&room.vram, i + 5), room.vram.size / 4);
		wait_asleep();
		begin_push(&room, &push);
		igt_nova_push_copy(&push, room.system.va, room.vram.va, room.vram.size);
		igt_assert_eq(igt_nova_submit_wait(room.client.fd, room.queue[i % 2], &push), 1);
		igt_assert_eq(igt_nova_bo_check(&room.system, i + 5), room.system.size / 4);
	}
	room_close(&room);
	igt_nova_unplug_check_harmless();
}

/* A job relies on what an earlier one of its queue has set: the same fill, once more. */
static void again(struct room *room)
{
	struct igt_nova_push push;

	begin_push(room, &push);
	igt_nova_push_ce(&push, NV_C5B5_LAUNCH_DMA,
			 NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
			 NV_C5B5_LAUNCH_FLUSH | NV_C5B5_LAUNCH_SRC_PITCH |
			 NV_C5B5_LAUNCH_DST_PITCH | NV_C5B5_LAUNCH_REMAP);
	room->system.map[0] = 0;
	igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[0], &push), 1);
	igt_assert_eq_u32(room->system.map[0], 0x5151);
}

static void first(struct room *room)
{
	struct igt_nova_push push;

	begin_push(room, &push);
	igt_nova_push_fill(&push, room->system.va, 0x5151, 4);
	igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[0], &push), 1);
}

static void test_channel_state(int fd)
{
	struct room room;

	(void)fd;
	begin();
	room_open(&room);
	first(&room);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		wait_asleep();
		again(&room);
	}
	room_close(&room);
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
	igt_assert_eq_u64(sleeps(), before);
	igt_nova_dev_set_delay(dev(), DELAY_MS);
}

/**
 * struct promise - a fence that somebody else signals
 * @vgem: who, for whom it is none of ours
 * @handle: a buffer of vgem
 * @fence: the fence there
 */
struct promise {
	int vgem;
	uint32_t handle;
	int fence;
};

/* In a syncobj, for jobs to wait for. */
static uint32_t promise_open(struct promise *promise, int fd)
{
	uint32_t syncobj = igt_nova_syncobj_create(fd);
	int dmabuf, sync_file;

	promise->vgem = igt_nova_open_vgem();
	igt_require_f(promise->vgem >= 0, "no vgem device\n");
	promise->handle = igt_nova_vgem_create(promise->vgem, PAGE);
	promise->fence = igt_nova_vgem_attach(promise->vgem, promise->handle, true);
	igt_assert_f(promise->fence > 0, "%s\n", strerror(-promise->fence));
	dmabuf = igt_nova_dmabuf_export(promise->vgem, promise->handle);
	sync_file = igt_nova_dmabuf_fences(dmabuf, DMA_BUF_SYNC_READ);
	igt_assert_eq(drmSyncobjImportSyncFile(fd, syncobj, sync_file), 0);
	close(sync_file);
	close(dmabuf);
	return syncobj;
}

/* When nobody has the fence any more: vgem's module goes. */
static void promise_close(struct promise *promise)
{
	close(promise->vgem);
	igt_nova_close_vgem();
}

/* A job that somebody else lets begin. */
static void test_job_keeps_awake(int fd)
{
	struct drm_nova_sync syncs[2];
	struct promise promise;
	struct room room;
	uint64_t before;

	begin();
	room_open(&room);
	fd = room.client.fd;
	before = wait_asleep();
	syncs[0] = igt_nova_wait_for(promise_open(&promise, fd), 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(fd), 0);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, syncs, 2), 0);
	/* vgem may have kept its word after ten seconds; then it has to go to sleep. */
	check_stays_awake(before);
	igt_assert_eq(igt_nova_vgem_signal(promise.vgem, promise.fence), 0);
	igt_assert_eq(igt_nova_fence_result(fd, syncs[1].handle), 1);
	igt_assert(wait_asleep() > before);
	room_close(&room);
	promise_close(&promise);
	igt_nova_unplug_check_harmless();
}

static void userq_submit(struct room *room, struct igt_nova_userq *userq, uint32_t value)
{
	struct igt_nova_push push;

	begin_push(room, &push);
	igt_nova_push_fill(&push, room->vram.va, value, PAGE / 4);
	igt_nova_push_fence(&push, room->system.va, value);
	igt_nova_userq_submit(userq, &push);
}

static void userq_check(struct room *room, struct igt_nova_userq *userq, uint32_t value)
{
	igt_assert_eq(igt_nova_wait_fence(room->client.fd, room->client.vm, userq->create.queue_id,
					  room->system.va, value), 0);
	igt_assert_eq_u32(room->vram.map[PAGE / 4 - 1], value);
}

/* It may run at any time, and nobody would know. */
static void test_userq_keeps_awake(int fd)
{
	struct igt_nova_userq userq;
	struct room room;
	uint64_t before;

	(void)fd;
	begin();
	room_open(&room);
	before = wait_asleep();
	igt_nova_userq_create(&room.client, &userq, 0, 0);
	check_stays_awake(before);
	userq_submit(&room, &userq, 1);
	userq_check(&room, &userq, 1);
	igt_nova_userq_destroy(room.client.fd, &userq);
	igt_assert(wait_asleep() > before);
	room_close(&room);
	igt_nova_unplug_check_harmless();
}

/* --- a device that goes while it sleeps --- */

static void check_mapping(struct igt_nova_bo *bo)
{
	uint32_t value = 9;

	igt_assert(igt_nova_safe_write(bo->map, &value, sizeof(value)));
	igt_assert(igt_nova_safe_read(bo->map, &value, sizeof(value)));
}

static void gone_asleep(const char *name)
{
	struct room room;

	begin();
	room_open(&room);
	wait_asleep();
	igt_nova_unplug(igt_nova_path(name));
	igt_assert_eq(igt_nova_submit(room.client.fd, room.queue[0], NULL, NULL, 0), -ENODEV);
	check_mapping(&room.vram);
	room_close(&room);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static void test_unbind_asleep(int fd)
{
	(void)fd;
	gone_asleep("unbind");
	gone_asleep("aux-unbind");
}

static void test_surprise_asleep(int fd)
{
	(void)fd;
	igt_nova_expect_errors_logged();
	gone_asleep("surprise");
}

static void test_reset_asleep(int fd)
{
	(void)fd;
	gone_asleep("reset");
}

static void test_unplug_asleep(int fd)
{
	(void)fd;
	igt_nova_path_require(igt_nova_path("hot-unplug"));
	gone_asleep("hot-unplug");
}

/* Nobody knows before somebody wakes it. */
static void test_wake_fails(int fd)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };
	struct room room;

	begin();
	igt_nova_expect_errors_logged();
	room_open(&room);
	fd = room.client.fd;
	wait_asleep();
	/* Not through the library, which would wake it first. */
	igt_nova_emu_command(igt_nova_unplug_emu(), "surprise-remove");
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &time, ENODEV);
	check_mapping(&room.vram);
	check_mapping(&room.system);
	/* Its queues are dead as soon as the driver has got round to it. */
	while (igt_nova_submit(fd, room.queue[0], NULL, NULL, 0) != -ENODEV)
		sched_yield();
	igt_nova_unplug(igt_nova_path("surprise"));
	room_close(&room);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* It comes back without what was in its memory: its queues are lost, the device is not. */
static void test_forgetful(int fd)
{
	struct drm_nova_queue_get_state state;
	struct room room;
	int events;

	begin();
	igt_nova_expect_errors_logged();
	room_open(&room);
	fd = room.client.fd;
	wait_asleep();
	igt_nova_unplug_misbehave("forget-asleep");
	wait_asleep();
	events = igt_nova_uevent_open();
	gpu_time(fd);
	for (struct igt_nova_uevent event = { 0 }; strcmp(event.wedged, "none") != 0;)
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no event\n");
	close(events);
	igt_nova_queue_state(fd, room.queue[0], &state);
	igt_assert_eq_u32(state.flags, DRM_NOVA_QUEUE_STATE_LOST);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, NULL, 0), -ECANCELED);
	room_close(&room);
	igt_nova_unplug_check_harmless();
	/* Page tables were lost, too: there is no telling how the rest of this life would be. */
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

static atomic_bool racing;

/* Wakes it all the time, and lets it sleep at once. No assertion. */
static void *race_thread(void *data)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };
	int *fd = data;

	while (racing && igt_nova_ioctl(*fd, DRM_IOCTL_NOVA_GET_TIME, &time) != -ENODEV)
		igt_nova_dev_set_power(dev(), "autosuspend_delay_ms", "0");
	return NULL;
}

/* Unbound while it goes to sleep and wakes. */
static void test_unbind_race(int fd)
{
	static const char * const names[] = { "unbind", "aux-unbind", "remove" };
	pthread_t threads[2];
	struct room room;
	uint64_t before;

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		begin();
		room_open(&room);
		before = wait_asleep();
		racing = true;
		for (size_t j = 0; j < ARRAY_SIZE(threads); j++)
			igt_nova_thread_start(&threads[j], race_thread, &room.client.fd);
		while (sleeps() < before + ROUNDS)
			sched_yield();
		igt_nova_unplug(igt_nova_path(names[i]));
		racing = false;
		for (size_t j = 0; j < ARRAY_SIZE(threads); j++)
			pthread_join(threads[j], NULL);
		room_close(&room);
		igt_nova_unplug_check_quiet();
		igt_nova_replug();
	}
}

/* --- the machine sleeps --- */

/* The device loses all it knows, and has slept once. */
static void sleep_soundly(void)
{
	uint64_t before = sleeps();
	int ret;

	igt_nova_emu_command(igt_nova_unplug_emu(), "forget-asleep");
	ret = igt_nova_sleep();
	igt_assert_f(ret == 0, "the machine does not sleep: %s\n", strerror(-ret));
	igt_assert_eq_u64(sleeps(), before + 1);
}

static void sleep_begin(struct room *room)
{
	igt_nova_sleep_require();
	igt_nova_unplug_require_emu();
	room_open(room);
	/* It sleeps once, with the machine. */
	igt_assert_eq(igt_nova_dev_set_power(dev(), "control", "on"), 0);
}

static void sleep_end(struct room *room)
{
	igt_assert_eq(igt_nova_dev_set_power(dev(), "control", "auto"), 0);
	room_close(room);
	igt_nova_unplug_check_harmless();
}

static void test_system_contents(int fd)
{
	struct room room;

	(void)fd;
	sleep_begin(&room);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		first(&room);
		igt_nova_bo_fill(&room.vram, i + 50);
		sleep_soundly();
		again(&room);
		igt_assert_eq(igt_nova_bo_check(&room.vram, i + 50), room.vram.size / 4);
		check_copies(&room, i + 60);
	}
	sleep_end(&room);
}

/* One that sleeps by itself sleeps with the machine, and wakes. */
static void test_system_asleep(int fd)
{
	struct room room;

	(void)fd;
	igt_nova_sleep_require();
	begin();
	room_open(&room);
	igt_nova_bo_fill(&room.vram, 70);
	wait_asleep();
	igt_assert_eq(igt_nova_sleep(), 0);
	igt_assert_eq(igt_nova_bo_check(&room.vram, 70), room.vram.size / 4);
	check_copies(&room, 71);
	wait_asleep();
	room_close(&room);
	igt_nova_unplug_check_harmless();
}

struct waiter {
	pthread_t thread;
	int fd;
	uint32_t syncobj;
	int result;
};

static void *wait_thread(void *data)
{
	struct waiter *waiter = data;

	waiter->result = igt_nova_syncobj_wait(waiter->fd, waiter->syncobj, 0);
	return NULL;
}

/* What runs ends before, what waits for somebody else begins afterwards; nobody's wait is lost. */
static void test_system_jobs(int fd)
{
	struct drm_nova_sync syncs[2];
	struct igt_nova_push push;
	struct waiter waiter;
	struct promise promise;
	struct room room;
	uint32_t running;

	sleep_begin(&room);
	fd = room.client.fd;
	syncs[0] = igt_nova_wait_for(promise_open(&promise, fd), 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(fd), 0);
	begin_push(&room, &push);
	igt_nova_push_fill(&push, room.system.va, 0x99, PAGE / 4);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], &push, syncs, 2), 0);
	waiter = (struct waiter) { .fd = fd, .syncobj = syncs[1].handle };
	igt_nova_thread_start(&waiter.thread, wait_thread, &waiter);
	igt_nova_push_begin(&room.client, &push, 64 * 16);
	for (unsigned int i = 0; i < 64; i++)
		igt_nova_push_copy(&push, room.vram.va, room.system.va + MIB, MIB);
	running = igt_nova_submit_fence(fd, room.queue[1], &push);
	sleep_soundly();
	igt_assert_eq(igt_nova_fence_result(fd, running), 1);
	igt_nova_vgem_signal(promise.vgem, promise.fence);
	igt_assert_eq(igt_nova_fence_result(fd, syncs[1].handle), 1);
	pthread_join(waiter.thread, NULL);
	igt_assert_eq(waiter.result, 0);
	igt_assert_eq_u32(room.system.map[PAGE / 4 - 1], 0x99);
	sleep_end(&room);
	promise_close(&promise);
}

/* A client that submits by itself goes on as if nothing had been; its token and ring are as before. */
static void test_system_userq(int fd)
{
	struct igt_nova_userq userq;
	struct igt_nova_push push;
	struct room room;

	sleep_begin(&room);
	fd = room.client.fd;
	igt_nova_userq_create(&room.client, &userq, 0, 0);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		userq_submit(&room, &userq, i);
		userq_check(&room, &userq, i);
		/* One in the middle of its work: it waits for the CPU. */
		room.system.map[PAGE / 4] = 0;
		begin_push(&room, &push);
		igt_nova_push_acquire(&push, room.system.va + PAGE, i);
		igt_nova_push_fence(&push, room.system.va, i + 100);
		igt_nova_userq_submit(&userq, &push);
		sleep_soundly();
		igt_assert_eq_u32(room.system.map[0], i);
		room.system.map[PAGE / 4] = i;
		igt_assert_eq(igt_nova_wait_fence(fd, room.client.vm, userq.create.queue_id,
						  room.system.va, i + 100), 0);
	}
	igt_nova_userq_destroy(fd, &userq);
	sleep_end(&room);
}

static void check_state(int fd, uint32_t queue, uint32_t flags)
{
	struct drm_nova_queue_get_state state;

	/* Whoever is told of it kills the queue soon. */
	do {
		igt_nova_queue_state(fd, queue, &state);
	} while (!state.flags && sched_yield() == 0);
	igt_assert_eq_u32(state.flags, flags);
	igt_assert_eq_u32(state.error, NV_ERROR_RESETCHANNEL);
}

/* A job that hangs does not keep the machine awake. */
static void test_system_hang(int fd)
{
	struct igt_nova_push push;
	struct room room;
	uint32_t out;

	igt_nova_expect_errors_logged();
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", TIMEOUT_MS), 0);
	sleep_begin(&room);
	fd = room.client.fd;
	igt_nova_unplug_misbehave("hang 0");
	begin_push(&room, &push);
	igt_nova_push_fill(&push, room.system.va, 1, PAGE / 4);
	out = igt_nova_submit_fence(fd, room.queue[0], &push);
	sleep_soundly();
	igt_assert_eq(igt_nova_fence_result(fd, out), -ECANCELED);
	check_state(fd, room.queue[0],
		    DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT);
	igt_nova_queue_destroy(fd, room.queue[0], 0);
	room.queue[0] = igt_nova_client_queue(&room.client, 0);
	check_copies(&room, 3);
	sleep_end(&room);
}

/* Nor does a user-mode queue, whom nobody waits for. */
static void test_system_userq_hang(int fd)
{
	struct igt_nova_emu_stats stats;
	struct igt_nova_userq userq;
	struct room room;

	igt_nova_expect_errors_logged();
	igt_assert_eq(igt_nova_module_set_param("nova_core", "fw_timeout_ms", IMPATIENCE), 0);
	sleep_begin(&room);
	fd = room.client.fd;
	igt_nova_userq_create(&room.client, &userq, 0, 0);
	igt_nova_unplug_misbehave("hang 0");
	userq_submit(&room, &userq, 1);
	do {
		igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	} while (!stats.stuck_engines);
	sleep_soundly();
	check_state(fd, userq.create.queue_id, DRM_NOVA_QUEUE_STATE_GUILTY);
	igt_nova_userq_destroy(fd, &userq);
	check_copies(&room, 5);
	sleep_end(&room);
}

/* It is not there any more when the machine wakes. */
static void test_system_gone(int fd)
{
	struct drm_nova_sync syncs[2];
	struct promise promise;
	struct waiter waiter;
	struct room room;

	igt_nova_expect_errors_logged();
	sleep_begin(&room);
	fd = room.client.fd;
	syncs[0] = igt_nova_wait_for(promise_open(&promise, fd), 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(fd), 0);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, syncs, 2), 0);
	waiter = (struct waiter) { .fd = fd, .syncobj = syncs[1].handle };
	igt_nova_thread_start(&waiter.thread, wait_thread, &waiter);
	igt_nova_unplug_misbehave("remove-asleep");
	igt_assert_eq(igt_nova_sleep(), 0);
	igt_assert_eq(igt_nova_fence_result(fd, syncs[1].handle), -ENODEV);
	pthread_join(waiter.thread, NULL);
	igt_assert_eq(waiter.result, 0);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, NULL, 0), -ENODEV);
	check_mapping(&room.vram);
	igt_nova_unplug(igt_nova_path("surprise"));
	room_close(&room);
	promise_close(&promise);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
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
	{ "unbind-asleep", "It is unbound while it sleeps", test_unbind_asleep },
	{ "surprise-asleep", "It falls off the bus and is removed while it sleeps",
	  test_surprise_asleep },
	{ "reset-asleep", "It is reset while it sleeps", test_reset_asleep },
	{ "unplug-asleep", "The VMM unplugs it while it sleeps", test_unplug_asleep },
	{ "wake-fails", "It is not there any more when somebody wakes it", test_wake_fails },
	{ "forgetful", "It wakes without its memory", test_forgetful },
	{ "unbind-race", "It is unbound while it goes to sleep and wakes", test_unbind_race },
	{ "system-contents", "The machine sleeps, and everything is as before", test_system_contents },
	{ "system-asleep", "The machine sleeps while the device does", test_system_asleep },
	{ "system-jobs", "Jobs and waits go through a sleep of the machine", test_system_jobs },
	{ "system-userq", "User-mode queues do", test_system_userq },
	{ "system-hang", "A job that hangs is killed before", test_system_hang },
	{ "system-userq-hang", "So is a user-mode queue", test_system_userq_hang },
	{ "system-gone", "The device is gone when the machine wakes", test_system_gone },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
