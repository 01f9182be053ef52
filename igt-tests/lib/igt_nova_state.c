/* SPDX-License-Identifier: MIT */
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_share.h"
#include "igt_nova_state.h"
#include "igt_nova_stuck.h"
#include "igt_nova_userfault.h"

#define PAGE		IGT_NOVA_PAGE
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define FAULTERS	4
/* A firmware that stays silent is given up after this time, in milliseconds, instead of seconds. */
#define IMPATIENCE	200
/* How long the firmware is silent when it is to answer after all: well below the driver's limit. */
#define HESITATION	500

/*
 * All that one cycle has under way. Static: a failed assertion leaves it behind, and the
 * threads and children with it.
 */
static struct igt_nova_crowd crowd;
static struct igt_nova_stuck stuck;
static struct igt_nova_userfaults userfaults;
static struct igt_nova_share share;
static unsigned int fw_timeout_ms;

/* Which of the loads are in a crowd. */
static size_t first_load, load_limit = SIZE_MAX;

void igt_nova_state_limit(size_t first, size_t count)
{
	first_load = first;
	load_limit = count;
}

static void open_client(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

/* --- clients in calls, and in page faults --- */

/* But for the load with the name @without. */
static void crowd_start(bool broken, const char *without)
{
	igt_nova_crowd_init(&crowd);
	crowd.broken = broken;
	for (size_t i = 0; i < igt_nova_load_count && crowd.count < load_limit; i++) {
		const struct igt_nova_load *load =
			&igt_nova_loads[(first_load + i) % igt_nova_load_count];

		if (!without || strcmp(load->name, without) != 0)
			igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), load);
	}
	igt_nova_crowd_start(&crowd);
}

static void crowd_enter(bool broken)
{
	crowd_start(broken, NULL);
}

static void faulters_enter(bool broken)
{
	igt_nova_crowd_init(&crowd);
	crowd.broken = broken;
	for (unsigned int i = 0; i < FAULTERS; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("page-fault"));
	igt_nova_crowd_start(&crowd);
}

static void crowd_gone(bool broken)
{
	(void)broken;
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
}

static void crowd_back(void)
{
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
}

/* --- waits for fences --- */

static void stuck_enter(bool broken)
{
	(void)broken;
	igt_nova_stuck_open(&stuck, igt_nova_unplug_dev());
}

static void stuck_gone(bool broken)
{
	igt_nova_stuck_check(&stuck, broken);
}

static void stuck_back(void)
{
	igt_nova_stuck_close(&stuck);
}

/* --- ioctls that wait for user memory --- */

static void userfault_enter(bool broken)
{
	(void)broken;
	igt_nova_userfaults_open(&userfaults, igt_nova_unplug_dev());
}

static void userfault_gone(bool broken)
{
	(void)broken;
	igt_nova_userfaults_check(&userfaults);
}

static void userfault_back(void)
{
	igt_nova_userfaults_close(&userfaults);
}

/* --- a device that misbehaves, under load --- */

static void busy_enter(void)
{
	igt_nova_unplug_require_emu();
	igt_nova_stuck_open(&stuck, igt_nova_unplug_dev());
	/* Its waits end with an error of the fence, which tells the thread nothing. */
	crowd_start(true, "exec-wait");
}

static void busy_gone(bool broken)
{
	crowd_gone(broken);
	stuck_gone(broken);
}

static void busy_back(void)
{
	crowd_back();
	stuck_back();
}

static void impatient(void)
{
	fw_timeout_ms = igt_nova_module_param("nova_core", "fw_timeout_ms");
	igt_assert_eq(igt_nova_module_set_param("nova_core", "fw_timeout_ms", IMPATIENCE), 0);
}

/* Not in a module that was unloaded: the next one has it from its defaults. */
static void patient(void)
{
	if (fw_timeout_ms)
		igt_nova_module_set_param("nova_core", "fw_timeout_ms", fw_timeout_ms);
	fw_timeout_ms = 0;
}

static void stalled_enter(bool broken)
{
	(void)broken;
	busy_enter();
	impatient();
	igt_nova_unplug_misbehave("stall-firmware 600000");
}

static void stalled_gone(bool broken)
{
	patient();
	busy_gone(broken);
}

static void crashed_enter(bool broken)
{
	(void)broken;
	busy_enter();
	igt_nova_unplug_misbehave("crash-firmware");
}

static void hung_enter(bool broken)
{
	(void)broken;
	busy_enter();
	igt_nova_unplug_misbehave("hang 0");
}

/* --- the same, and only the driver itself is there to notice --- */

static void alone_stalled_enter(bool broken)
{
	(void)broken;
	igt_nova_unplug_require_emu();
	impatient();
	igt_nova_unplug_misbehave("stall-firmware 600000");
}

static void alone_stalled_gone(bool broken)
{
	(void)broken;
	patient();
}

static void alone_hung_enter(bool broken)
{
	(void)broken;
	igt_nova_unplug_require_emu();
	igt_nova_unplug_misbehave("hang 0");
}

/* --- the engine of a hung job is being reset --- */

static struct {
	struct igt_nova_client client;
	uint32_t queue;
	pthread_t thread;
	pid_t tid;
	sem_t started;
	int result;
	bool running;
} reset;

static void *reset_thread(void *data)
{
	struct drm_nova_queue_destroy destroy = { .queue_id = reset.queue };

	(void)data;
	reset.tid = gettid();
	sem_post(&reset.started);
	reset.result = igt_nova_ioctl(reset.client.fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &destroy);
	return NULL;
}

/* The end of the hung queue needs a reset, and the firmware thinks about it for a while. */
static void reset_enter(bool broken)
{
	struct igt_nova_push push;

	(void)broken;
	igt_nova_unplug_require_emu();
	memset(&reset, 0, sizeof(reset));
	open_client(&reset.client);
	reset.queue = igt_nova_client_queue(&reset.client, 0);
	igt_nova_unplug_misbehave("hang 0");
	igt_nova_push_begin(&reset.client, &push, 64);
	igt_nova_push_fill(&push, reset.client.pushes.va + 32 * 1024, 0, 256);
	igt_assert_eq(igt_nova_submit(reset.client.fd, reset.queue, &push, NULL, 0), 0);
	igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
	igt_nova_unplug_misbehave("stall-firmware %u", HESITATION);
	igt_assert_eq(sem_init(&reset.started, 0, 0), 0);
	igt_nova_thread_start(&reset.thread, reset_thread, NULL);
	reset.running = true;
	while (sem_wait(&reset.started))
		;
	igt_nova_thread_wait_asleep(reset.tid);
}

static void reset_join(void)
{
	if (reset.running)
		pthread_join(reset.thread, NULL);
	reset.running = false;
}

static void reset_gone(bool broken)
{
	(void)broken;
	reset_join();
	/* The queue went with the call or with the device. */
	igt_assert_f(reset.result == 0 || reset.result == -ENODEV, "destroy: %s\n",
		     strerror(-reset.result));
}

static void reset_back(void)
{
	reset_join();
	if (reset.client.fd > 0)
		igt_nova_client_close(&reset.client);
}

/* --- somebody else has what a client shared --- */

static void fork_enter(bool broken)
{
	(void)broken;
	igt_nova_share_fork(&share, igt_nova_unplug_dev());
}

static void fork_gone(bool broken)
{
	(void)broken;
	igt_nova_share_join(&share);
}

static void socket_enter(bool broken)
{
	(void)broken;
	igt_nova_share_send(&share, igt_nova_unplug_dev());
}

static void socket_gone(bool broken)
{
	(void)broken;
	igt_nova_share_receive(&share);
}

static void importer_enter(bool broken)
{
	(void)broken;
	igt_nova_share_export(&share, igt_nova_unplug_dev(), igt_nova_unplug_other());
}

static void importer_gone(bool broken)
{
	(void)broken;
	igt_nova_share_check_import(&share);
}

static void importer_back(void)
{
	igt_nova_share_check_import(&share);
	igt_nova_share_close(&share);
}

static void importing_enter(bool broken)
{
	(void)broken;
	igt_nova_share_import(&share, igt_nova_unplug_dev(), igt_nova_unplug_other());
}

static void importing_gone(bool broken)
{
	(void)broken;
	igt_nova_share_check_importer_gone(&share);
}

static void importing_back(void)
{
	igt_nova_share_check_importer_gone(&share);
	igt_nova_share_import_again(&share, igt_nova_unplug_dev());
	igt_nova_share_close(&share);
}

static void share_back(void)
{
	igt_nova_share_close(&share);
}

/* --- a sync file outlives everything else --- */

static void sync_file_back(void)
{
	int kept = dup(stuck.sync_file[IGT_NOVA_STUCK_QUEUED]);
	struct igt_nova_client successor;
	struct drm_nova_sync syncs[2];
	uint32_t queue;

	igt_assert_lte(0, kept);
	igt_nova_stuck_close(&stuck);
	igt_assert_lt(igt_nova_sync_file_status(kept), 0);
	/* A job of the device's next life that waits for it runs. */
	open_client(&successor);
	queue = igt_nova_client_queue(&successor, 0);
	for (unsigned int i = 0; i < 2; i++)
		syncs[i] = igt_nova_wait_for(igt_nova_syncobj_create(successor.fd), 0);
	syncs[1].flags |= DRM_NOVA_SYNC_SIGNAL;
	igt_assert_eq(drmSyncobjImportSyncFile(successor.fd, syncs[0].handle, kept), 0);
	igt_assert_eq(igt_nova_submit(successor.fd, queue, NULL, syncs, 2), 0);
	igt_assert_eq(igt_nova_fence_result(successor.fd, syncs[1].handle), 1);
	igt_nova_client_close(&successor);
	close(kept);
}

const struct igt_nova_state igt_nova_states[] = {
	{ .name = "idle", .describe = "while nobody does anything" },
	{ .name = "calls", .describe = "with clients in every call",
	  .enter = crowd_enter, .gone = crowd_gone, .back = crowd_back, .holds = true },
	{ .name = "faults", .describe = "with clients in page faults",
	  .enter = faulters_enter, .gone = crowd_gone, .back = crowd_back, .holds = true },
	{ .name = "waits", .describe = "with clients waiting for fences",
	  .enter = stuck_enter, .gone = stuck_gone, .back = stuck_back, .holds = true },
	{ .name = "userfaults", .describe = "with ioctls stalled on their arguments",
	  .enter = userfault_enter, .gone = userfault_gone, .back = userfault_back,
	  .holds = true },
	{ .name = "stalled", .describe = "while the firmware does not answer clients",
	  .enter = stalled_enter, .gone = stalled_gone, .back = busy_back, .misbehaves = true,
	  .holds = true },
	{ .name = "crashed", .describe = "after the firmware died under clients",
	  .enter = crashed_enter, .gone = busy_gone, .back = busy_back, .misbehaves = true,
	  .holds = true },
	{ .name = "hung", .describe = "while an engine hangs in clients' jobs",
	  .enter = hung_enter, .gone = busy_gone, .back = busy_back, .misbehaves = true,
	  .holds = true },
	{ .name = "reset", .describe = "while an engine is being reset",
	  .enter = reset_enter, .gone = reset_gone, .back = reset_back, .misbehaves = true,
	  .holds = true },
	{ .name = "fork", .describe = "while a fork()ed child uses its parent's file",
	  .enter = fork_enter, .gone = fork_gone, .back = share_back, .holds = true },
	{ .name = "socket", .describe = "with a file under way in a socket",
	  .enter = socket_enter, .gone = socket_gone, .back = share_back, .holds = true },
	{ .name = "importer", .describe = "with an importer of a buffer",
	  .enter = importer_enter, .gone = importer_gone, .back = importer_back, .holds = true },
	{ .name = "importing", .describe = "with another device's buffer mapped for DMA",
	  .enter = importing_enter, .gone = importing_gone, .back = importing_back, .holds = true },
	{ .name = "sync-file", .describe = "with a sync file kept for the device's next life",
	  .enter = stuck_enter, .gone = stuck_gone, .back = sync_file_back, .holds = true },
	{ .name = "alone-stalled", .describe = "while the firmware does not answer and nobody has the device open",
	  .enter = alone_stalled_enter, .gone = alone_stalled_gone, .misbehaves = true },
	{ .name = "alone-hung", .describe = "while an engine hangs and nobody has the device open",
	  .enter = alone_hung_enter, .misbehaves = true },
};

const size_t igt_nova_state_count = ARRAY_SIZE(igt_nova_states);

bool igt_nova_state_allows(const struct igt_nova_state *state, const struct igt_nova_path *path)
{
	return !(state->holds && path->needs_closed);
}

/* --- one departure --- */

/**
 * struct witness - a client that holds one of each and does nothing
 * @client: file, VM
 * @queue: its queue
 * @bo: in video and in system memory, both touched
 * @id: of the device node
 */
static struct witness {
	struct igt_nova_client client;
	uint32_t queue;
	struct igt_nova_bo bo[2];
	dev_t id;
} witness;

static void witness_open(void)
{
	struct stat stat;

	memset(&witness, 0, sizeof(witness));
	open_client(&witness.client);
	igt_assert_eq(fstat(witness.client.fd, &stat), 0);
	witness.id = stat.st_rdev;
	witness.queue = igt_nova_client_queue(&witness.client, 0);
	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_client_bo(&witness.client, &witness.bo[i], 2 * PAGE, i ? SYSTEM : VRAM);
		igt_nova_bo_fill(&witness.bo[i], IGT_NOVA_OWN);
	}
}

static void witness_check(void)
{
	struct drm_nova_getparam getparam = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct drm_nova_queue_get_state state = { .queue_id = witness.queue };
	int fd = witness.client.fd;

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GETPARAM, &getparam, ENODEV);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &state, ENODEV);
	igt_assert_eq(igt_nova_submit(fd, witness.queue, NULL, NULL, 0), -ENODEV);
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_bo_check_own(&witness.bo[i]);
}

static void witness_check_minor(void)
{
	struct stat stat;
	int fd = igt_nova_dev_open(igt_nova_unplug_dev());

	igt_assert_eq(fstat(fd, &stat), 0);
	close(fd);
	igt_assert_f(stat.st_rdev != witness.id, "the new device has the old one's minor\n");
}

static void witness_close(void)
{
	if (witness.client.fd <= 0)
		return;
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_bo_destroy(witness.client.fd, &witness.bo[i]);
	igt_nova_client_close(&witness.client);
}

uint64_t igt_nova_state_cycle(const struct igt_nova_state *state,
			      const struct igt_nova_path *path)
{
	bool broken = state->misbehaves || path->broken;
	bool held = !path->needs_closed;
	uint64_t took;

	igt_nova_path_require(path);
	if (broken)
		igt_nova_expect_errors_logged();
	if (held)
		witness_open();
	if (state->enter)
		state->enter(broken);
	took = igt_nova_unplug(path);
	if (state->gone)
		state->gone(broken);
	if (held)
		witness_check();
	igt_nova_unplug_check_quiet();
	igt_nova_unplug_undo();
	if (held) {
		witness_check();
		witness_check_minor();
	}
	if (state->back)
		state->back();
	witness_close();
	return took;
}

void igt_nova_state_abandon(void)
{
	patient();
	igt_nova_crowd_abandon(&crowd);
	igt_nova_stuck_abandon(&stuck);
	igt_nova_userfaults_abandon(&userfaults);
	reset_back();
	igt_nova_share_close(&share);
	witness_close();
}
