/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_limit.h"
#include "igt_nova_seat.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "nova_dump.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"
#include "regs/nv_pmc.h"

IGT_TEST_DESCRIPTION("Device coredumps: the guilty queue's, whole, and nobody else's. Documentation/observability.rst");

#define PAGE		IGT_NOVA_PAGE
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define CLASS		"/sys/class/devcoredump"
#define DUMP_MAX	(1u << 20)
#define TEXT_MAX	(1u << 22)

/* The dump that was read last, and what nova-decode says of it. */
static union {
	struct nova_dump_header header;
	uint64_t words[DUMP_MAX / 8];
	uint8_t bytes[DUMP_MAX];
} dump;
static size_t dump_size;
static char text[TEXT_MAX];
static int uevents = -1;

/* --- devcoredump --- */

/* Path of the data of our device's dump; false if there is none. */
static bool find_dump(char path[PATH_MAX])
{
	DIR *dir = opendir(CLASS);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		char link[PATH_MAX], target[PATH_MAX] = "";

		snprintf(link, sizeof(link), CLASS "/%.64s/failing_device", entry->d_name);
		found = readlink(link, target, sizeof(target) - 1) > 0 &&
			!strcmp(strrchr(target, '/') + 1, igt_nova_unplug_dev()->address);
		snprintf(path, PATH_MAX, CLASS "/%.64s/data", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void wait_for_event(const char *action)
{
	struct igt_nova_uevent event;

	do {
		igt_assert_f(igt_nova_uevent_next(uevents, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no %s event of a dump\n", action);
	} while (strcmp(event.subsystem, "devcoredump") || strcmp(event.action, action));
}

/* Events from here on. */
static void listen_anew(void)
{
	if (uevents >= 0)
		close(uevents);
	uevents = igt_nova_uevent_open();
}

/*
 * Writing anything is saying that it was read. There can be more than one, of devices that had the
 * address before.
 */
static void discard_dump(void)
{
	struct stat stat_buf;
	char path[PATH_MAX];
	int fd;

	listen_anew();
	igt_set_timeout(IGT_NOVA_PATIENCE_S, "a dump does not go");
	while (find_dump(path)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		/* It may have gone between two looks. */
		if (fd < 0 || write(fd, "1", 1) != 1)
			sched_yield();
		if (fd >= 0)
			close(fd);
	}
	/* The last reference goes after the event, and with it the link that the next dump will want to make. */
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/devcoredump", igt_nova_unplug_dev()->address);
	while (!lstat(path, &stat_buf))
		sched_yield();
	igt_reset_timeout();
	listen_anew();
}

static void read_dump(void)
{
	struct stat stat_buf;
	char path[PATH_MAX];
	FILE *stream;

	igt_assert_f(find_dump(path), "no dump of %s\n", igt_nova_unplug_dev()->address);
	/* It has a client's data. */
	igt_assert_eq(stat(path, &stat_buf), 0);
	igt_assert_eq(stat_buf.st_uid, 0);
	igt_assert_eq(stat_buf.st_mode & 0777, 0600);
	stream = fopen(path, "re");
	igt_assert(stream);
	dump_size = fread(dump.bytes, 1, sizeof(dump.bytes), stream);
	igt_assert(feof(stream) && !ferror(stream));
	fclose(stream);
	igt_assert_lte(sizeof(dump.header), dump_size);
	igt_assert_eq_u64(dump.header.magic, NOVA_DUMP_MAGIC);
	igt_assert_eq_u32(dump.header.version, NOVA_DUMP_VERSION);
	igt_assert_eq_u64(dump.header.size, dump_size);
}

/* The n-th section of a type, or NULL. */
static const void *find_section(uint32_t type, uint32_t n, size_t *length)
{
	size_t at = sizeof(dump.header);

	while (at < dump_size) {
		const struct nova_dump_section *section = (const void *)(dump.bytes + at);

		igt_assert_lte(sizeof(*section), dump_size - at);
		at += sizeof(*section);
		igt_assert_lte_u64(section->length, dump_size - at);
		if (section->type == type && !n--) {
			*length = section->length;
			return dump.bytes + at;
		}
		at += (section->length + 7) / 8 * 8;
	}
	return NULL;
}

static const void *section(uint32_t type, size_t size_min)
{
	size_t length = 0;
	const void *data = find_section(type, 0, &length);

	igt_assert_f(data, "no section of type %u\n", type);
	igt_assert_lte(size_min, length);
	return data;
}

/* nova-decode stands beside the tests, in the build directory and where both are installed. */
static void decode(void)
{
	char self[PATH_MAX / 2], command[PATH_MAX * 2], path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t size;
	FILE *pipe;

	igt_assert(length > 0);
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	igt_assert(find_dump(path));
	snprintf(command, sizeof(command), "%s/../tools/nova-decode %s 2>&1", self, path);
	pipe = popen(command, "re");
	igt_assert(pipe);
	size = fread(text, 1, sizeof(text) - 1, pipe);
	text[size] = '\0';
	igt_assert_f(pclose(pipe) == 0, "%s:\n%s\n", command, text);
}

static void expect_text(const char *format, ...)
{
	char what[128];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (!strstr(text, what))
		igt_info("%s\n", text);
	igt_assert_f(strstr(text, what), "nova-decode does not say: %s\n", what);
}

/* --- clients --- */

static void open_client(struct igt_nova_client *client)
{
	igt_nova_expect_errors_logged();
	discard_dump();
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

/* A job that waits for what does not happen. */
static void push_hang(struct igt_nova_client *client, struct igt_nova_push *push, uint64_t va)
{
	igt_nova_push_begin(client, push, 32);
	igt_nova_push_fill(push, va, 0x600d, 4);
	igt_nova_push_acquire(push, va + 64, 0x77);
}

/* The dump is of this queue, and the driver and the hardware agree on what they say of it. */
static void check_channel(uint32_t queue, uint32_t state, uint32_t code)
{
	const struct nova_dump_device *device = section(NOVA_DUMP_DEVICE, sizeof(*device));
	const struct nova_dump_error *error = section(NOVA_DUMP_ERROR, sizeof(*error));
	const struct nova_dump_channel *channel = section(NOVA_DUMP_CHANNEL, sizeof(*channel));
	const struct nova_dump_register *reg = section(NOVA_DUMP_REGISTERS, sizeof(*reg));
	const uint32_t *userd = section(NOVA_DUMP_USERD, NV_USERD_SIZE);
	const uint32_t *instance = section(NOVA_DUMP_INSTANCE, NV_INST_PDB_HI + 4);

	igt_assert(!strcmp(device->address, igt_nova_unplug_dev()->address));
	igt_assert_eq_u32(device->chip_id, NOVA_CHIP_ID);
	igt_assert_eq_u32(device->host_class, NV_HOST_CLASS);
	igt_assert_eq_u32(error->state, state);
	igt_assert_eq_u32(error->code, code);
	igt_assert_eq_u32(channel->queue_id, queue);
	igt_assert_eq_u32(channel->put, channel->gp_put);
	igt_assert_eq_u32(userd[NV_USERD_GP_PUT / 4], channel->gp_put);
	igt_assert_eq_u32(instance[NV_RAMFC_SIGNATURE / 4], NV_RAMFC_SIGNATURE_VALID);
	igt_assert_eq_u32(instance[NV_RAMFC_GP_BASE / 4], (uint32_t)channel->ring_va);
	igt_assert_eq_u32(instance[NV_INST_PDB_LO / 4] & NV_INST_PDB_LO_ADDR, (uint32_t)channel->root);
	igt_assert_eq_u32(reg->offset, NV_PMC_BOOT_0);
	igt_assert_eq_u32(NV_GET(NV_PMC_BOOT_0_CHIP_ID, reg->value), NOVA_CHIP_ID);
	decode();
	expect_text("queue         %u of client", queue);
	expect_text("PMC_BOOT_0");
	expect_text("SIGNATURE");
}

/* The oldest job's first push is this one, in the ring and word by word. */
static void check_push(const struct igt_nova_push *push, uint64_t seqno)
{
	const struct nova_dump_job *job = section(NOVA_DUMP_JOBS, sizeof(*job));
	const struct nova_dump_push *pushes = section(NOVA_DUMP_PUSHES, sizeof(*pushes));
	const struct nova_dump_words *words = section(NOVA_DUMP_WORDS, sizeof(*words) + push->length);
	const struct nova_dump_ring *ring = section(NOVA_DUMP_RING, sizeof(*ring));
	const uint64_t *entries = (const uint64_t *)(ring + 1);
	bool found = false;

	igt_assert_eq_u64(job->seqno, seqno);
	igt_assert_eq_u32(job->flags, NOVA_DUMP_JOB_RUNNING);
	igt_assert_eq_u64(pushes->seqno, seqno);
	igt_assert_eq_u64(pushes->va, push->va);
	igt_assert_eq_u32(pushes->length, push->length);
	igt_assert_eq_u32(words->push, 0);
	igt_assert_eq_u32(words->count, push->length / 4);
	igt_assert(!memcmp(words + 1, push->at - push->length / 4, push->length));
	for (uint32_t i = 0; i < ring->count; i++)
		found |= (entries[i] & ((1ull << 40) - 1)) == push->va;
	igt_assert_f(found, "the push is not in the ring\n");
	expect_text("push 0 of job %llu: %u bytes at %#llx", (unsigned long long)seqno, push->length,
		    (unsigned long long)push->va);
}

/* --- tests --- */

/* The words are in video memory and in system memory; a job ended before, another waits behind. */
static void test_hang(int fd)
{
	struct igt_nova_push first, second;
	struct igt_nova_client client;
	struct drm_nova_push pushes[2];
	struct drm_nova_job job = { .pushes = { sizeof(pushes[0]), 2, (uintptr_t)pushes } };
	const struct nova_dump_words *words;
	const struct nova_dump_channel *channel;
	struct igt_nova_bo bo;
	uint32_t queue, behind;
	size_t length = 0;

	(void)fd;
	open_client(&client);
	igt_nova_limit_set(IGT_NOVA_LIMIT_SHORT);
	igt_nova_client_bo(&client, &bo, 2 * PAGE, VRAM);
	queue = igt_nova_client_queue(&client, 0);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, NULL), 1);
	push_hang(&client, &first, bo.va);
	second = (struct igt_nova_push) { bo.map + PAGE / 4, bo.map + 2 * PAGE / 4, bo.va + PAGE, 0 };
	igt_nova_push_host(&second, NV_C46F_NOP, 0x1234);
	pushes[0] = (struct drm_nova_push) { first.va, first.length, 0 };
	pushes[1] = (struct drm_nova_push) { second.va, second.length, DRM_NOVA_PUSH_SYNC };
	igt_assert_eq(igt_nova_exec(client.fd, queue, &job, 1), 0);
	behind = igt_nova_submit_fence(client.fd, queue, NULL);
	igt_assert_eq(igt_nova_fence_result(client.fd, behind), -ECANCELED);
	wait_for_event("add");

	read_dump();
	check_channel(queue, DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT,
		      NV_ERROR_RESETCHANNEL);
	check_push(&first, 2);
	words = find_section(NOVA_DUMP_WORDS, 1, &length);
	igt_assert(words);
	igt_assert_eq_u32(words->push, 1);
	igt_assert(!memcmp(words + 1, bo.map + PAGE / 4, second.length));
	channel = section(NOVA_DUMP_CHANNEL, sizeof(*channel));
	igt_assert_eq_u64(channel->completed, 1);
	igt_assert_eq_u64(channel->submitted, 3);
	expect_text("queue         GUILTY TIMEDOUT");
	expect_text("43, timeout");
	expect_text("SEM_EXECUTE = ");
	expect_text("OPERATION=ACQUIRE");
	expect_text("NOP = 0x1234");
	expect_text("LAUNCH_DMA = ");
	expect_text("job 3, in the ring, 0 pushes");
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/*
 * A dump only tries to take the locks of the address space, which EXEC has until it returns. So the
 * job that fails begins later: it is behind one that waits for the CPU.
 */
static int submit_and_fail(struct igt_nova_client *client, uint32_t queue,
			   const struct igt_nova_push *push)
{
	uint32_t fences[2], value = 1;
	struct igt_nova_push gate;
	struct igt_nova_bo sem;
	int result;

	igt_nova_client_bo(client, &sem, PAGE, SYSTEM);
	igt_nova_bo_fill(&sem, 0);
	igt_nova_push_begin(client, &gate, 16);
	igt_nova_push_acquire(&gate, sem.va, value);
	fences[0] = igt_nova_submit_fence(client->fd, queue, &gate);
	fences[1] = igt_nova_submit_fence(client->fd, queue, push);
	igt_assert(igt_nova_safe_write(sem.map, &value, sizeof(value)));
	igt_assert_eq(igt_nova_fence_result(client->fd, fences[0]), 1);
	result = igt_nova_fence_result(client->fd, fences[1]);
	for (unsigned int i = 0; i < ARRAY_SIZE(fences); i++)
		igt_nova_syncobj_destroy(client->fd, fences[i]);
	igt_nova_bo_destroy(client->fd, &sem);
	return result;
}

static void test_fault(int fd)
{
	const struct nova_dump_walk_step *step;
	const struct nova_dump_mapping *mapping;
	const struct nova_dump_error *error;
	const struct nova_dump_walk *walk;
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo bo;
	bool near = false;
	size_t length = 0;
	uint32_t queue;
	uint64_t va;

	(void)fd;
	open_client(&client);
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	queue = igt_nova_client_queue(&client, 0);
	va = igt_nova_client_va(&client, PAGE);
	igt_nova_push_begin(&client, &push, 64);
	igt_nova_push_fill(&push, va, 1, 4);
	igt_assert_eq(submit_and_fail(&client, queue, &push), -ECANCELED);
	wait_for_event("add");

	read_dump();
	check_channel(queue, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_MMU_FAULT);
	check_push(&push, 2);
	error = section(NOVA_DUMP_ERROR, sizeof(*error));
	igt_assert_eq_u32(error->valid, NOVA_DUMP_ERROR_CHANNEL | NOVA_DUMP_ERROR_FAULT);
	igt_assert_eq_u64(error->fault_address, va);
	igt_assert_eq_u32(error->fault_access, NV_FAULT_ACCESS_WRITE);
	igt_assert_eq_u32(error->fault_type, NV_FAULT_TYPE_PTE);
	/* The tables are there, for the neighbour's sake; the last entry is empty. */
	walk = section(NOVA_DUMP_PAGE_WALK, sizeof(*walk) + 6 * sizeof(*step));
	igt_assert_eq_u64(walk->va, va);
	igt_assert_eq_u32(walk->count, 6);
	step = (const struct nova_dump_walk_step *)(walk + 1);
	igt_assert_eq_u32(step[0].level, 4);
	igt_assert_eq_u32(step[4].level, NOVA_DUMP_LEVEL_64K);
	igt_assert_eq_u64(step[4].entry[0], 0);
	igt_assert_eq_u32(step[5].level, 0);
	igt_assert_eq_u32(step[5].index, (va >> NV_MMU_PTE_4K_SHIFT) % NV_MMU_PTE_4K_ENTRIES);
	igt_assert_eq_u64(step[5].entry[0], 0);
	mapping = find_section(NOVA_DUMP_MAPPINGS, 0, &length);
	for (size_t i = 0; i < length / sizeof(*mapping); i++)
		near |= mapping[i].va == bo.va && mapping[i].bo_size == PAGE &&
			mapping[i].resident == SYSTEM && !mapping[i].flags;
	igt_assert_f(near, "the mapping before the address is missing\n");
	expect_text("31, MMU fault");
	expect_text("write at %#llx, PTE", (unsigned long long)va);
	expect_text("not valid\n");
	expect_text("OFFSET_OUT_LOWER = %#x\n", (uint32_t)va);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/* The push itself is nowhere: there are no words, and no table of pages. */
static void test_fault_push(int fd)
{
	struct igt_nova_push push = { .length = 64 };
	const struct nova_dump_walk *walk;
	struct igt_nova_client client;
	size_t length = 0;
	uint32_t queue;

	(void)fd;
	open_client(&client);
	queue = igt_nova_client_queue(&client, 0);
	push.va = 0x4000000000ull;
	igt_assert_eq(submit_and_fail(&client, queue, &push), -ECANCELED);
	wait_for_event("add");

	read_dump();
	check_channel(queue, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_MMU_FAULT);
	igt_assert(!find_section(NOVA_DUMP_WORDS, 0, &length));
	walk = section(NOVA_DUMP_PAGE_WALK, sizeof(*walk));
	igt_assert_eq_u64(walk->va, push.va);
	igt_assert_lt(walk->count, 5);
	expect_text("read at 0x4000000000, PDE");
	igt_nova_client_close(&client);
}

static void test_bad_method(int fd)
{
	const struct nova_dump_error *error;
	struct igt_nova_client client;
	struct igt_nova_push push;
	uint32_t queue;

	(void)fd;
	open_client(&client);
	queue = igt_nova_client_queue(&client, igt_nova_engine_count(client.fd) - 1);
	igt_nova_push_begin(&client, &push, 64);
	igt_nova_push_host(&push, NV_C46F_ILLEGAL, 0xdead);
	igt_assert_eq(submit_and_fail(&client, queue, &push), -ECANCELED);
	wait_for_event("add");

	read_dump();
	check_channel(queue, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_PBDMA);
	check_push(&push, 2);
	error = section(NOVA_DUMP_ERROR, sizeof(*error));
	igt_assert_eq_u32(error->valid, NOVA_DUMP_ERROR_CHANNEL);
	igt_assert_eq_u32(error->method, NV_C46F_ILLEGAL);
	igt_assert_eq_u32(error->data, 0xdead);
	expect_text("32, push buffer");
	expect_text("method        0x0004, data 0xdead");
	expect_text("ILLEGAL = 0xdead");
	igt_nova_client_close(&client);
}

/* A user-mode queue has no jobs to tell of: what is dumped is what its ring has. */
static void open_seat(struct igt_nova_seat *seat)
{
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	discard_dump();
	igt_nova_limit_set(IGT_NOVA_LIMIT_SHORT);
	igt_nova_seat_open(seat);
}

/* Its place in NOVA_DUMP_PUSHES, once it was found in the ring. */
static uint32_t find_user_push(const struct igt_nova_push *push)
{
	const struct nova_dump_ring *ring = section(NOVA_DUMP_RING, sizeof(*ring));
	const uint64_t *entries = (const uint64_t *)(ring + 1);
	const struct nova_dump_push *pushes;
	bool found = false;
	size_t length = 0;

	for (uint32_t i = 0; i < ring->count; i++)
		found |= (entries[i] & ((1ull << 40) - 1)) == push->va;
	igt_assert_f(found, "the push is not in the ring\n");
	pushes = find_section(NOVA_DUMP_PUSHES, 0, &length);
	for (uint32_t i = 0; i < length / sizeof(*pushes); i++) {
		if (pushes[i].va != push->va)
			continue;
		igt_assert_eq_u64(pushes[i].seqno, 0);
		igt_assert_eq_u32(pushes[i].length, push->length);
		expect_text("push %u in the ring: %u bytes at %#llx", i, push->length,
			    (unsigned long long)push->va);
		return i;
	}
	igt_assert_f(false, "the push is not among the pushes\n");
}

static void check_user_push(const struct igt_nova_push *push)
{
	uint32_t index = find_user_push(push);
	const struct nova_dump_words *words;
	size_t length = 0;

	for (uint32_t i = 0; (words = find_section(NOVA_DUMP_WORDS, i, &length)); i++)
		if (words->push == index)
			break;
	igt_assert_f(words, "no words of push %u\n", index);
	igt_assert_eq_u32(words->count, push->length / 4);
	igt_assert(!memcmp(words + 1, push->at - push->length / 4, push->length));
}

/* One push hangs, another waits behind it, one before them is done. Nobody calls the driver. */
static void test_userq_hang(int fd)
{
	const struct nova_dump_channel *channel;
	struct igt_nova_push hang, behind;
	struct igt_nova_seat seat;
	size_t length = 0;

	(void)fd;
	open_seat(&seat);
	igt_nova_seat_works(&seat, 1);
	igt_nova_push_begin(&seat.client, &hang, 64);
	igt_nova_push_fill(&hang, seat.bo.va + PAGE, 0x600d, 64);
	igt_nova_push_begin(&seat.client, &behind, 64);
	igt_nova_push_host(&behind, NV_C46F_NOP, 0x1234);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
	igt_nova_userq_submit(&seat.userq, &hang);
	igt_nova_userq_submit(&seat.userq, &behind);
	wait_for_event("add");

	read_dump();
	check_channel(seat.userq.create.queue_id, DRM_NOVA_QUEUE_STATE_GUILTY |
		      DRM_NOVA_QUEUE_STATE_TIMEDOUT, NV_ERROR_RESETCHANNEL);
	channel = section(NOVA_DUMP_CHANNEL, sizeof(*channel));
	igt_assert_eq_u32(channel->put, 3);
	igt_assert_lte(channel->gp_get, 2);
	igt_assert(!find_section(NOVA_DUMP_JOBS, 0, &length));
	check_user_push(&hang);
	check_user_push(&behind);
	expect_text("LAUNCH_DMA = ");
	expect_text("NOP = 0x1234");
	igt_nova_seat_close(&seat);
}

/* Indices that cannot be, and more entries than there is room for, which point to nowhere. */
static void test_userq_garbage(int fd)
{
	const struct nova_dump_channel *channel;
	struct drm_nova_query_limits limits;
	struct igt_nova_userq userq;
	struct igt_nova_seat seat;
	size_t length = 0;

	(void)fd;
	open_seat(&seat);
	igt_nova_limits(seat.client.fd, &limits);
	igt_nova_userq_create(&seat.client, &userq, 0, limits.ring_size_max);
	for (uint32_t i = 0; i < userq.create.ring_size; i++)
		userq.ring[i] = ~0ull;
	userq.userd[DRM_NOVA_USERQ_GP_GET / 4] = 1u << 31;
	igt_nova_userq_kick(&userq, UINT32_MAX);
	wait_for_event("add");

	read_dump();
	channel = section(NOVA_DUMP_CHANNEL, sizeof(*channel));
	igt_assert_eq_u32(channel->queue_id, userq.create.queue_id);
	igt_assert_eq_u32(channel->gp_put, UINT32_MAX);
	igt_assert_lt(channel->put, channel->ring_size);
	igt_assert_eq_u32(channel->gp_get, 0);
	igt_assert_eq_u32(dump.header.flags, NOVA_DUMP_TRUNCATED);
	find_section(NOVA_DUMP_PUSHES, 0, &length);
	igt_assert_eq(length / sizeof(struct nova_dump_push), 2048);
	igt_assert(!find_section(NOVA_DUMP_WORDS, 0, &length));
	decode();
	expect_text("in the ring: %u bytes at %#llx, SYNC", NV_GP_ENTRY_MAX_DWORDS * 4, 0xfffffffffcull);
	igt_nova_userq_destroy(seat.client.fd, &userq);
	igt_nova_seat_close(&seat);
}

/* More than a dump has room for: the beginning is there, and it says that it is not all. */
static void test_crowded(int fd)
{
	static struct drm_nova_push pushes[256];
	static struct drm_nova_job jobs[64];
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo bo;
	struct drm_nova_sync syncs[2];
	uint32_t queue, wait, signal;
	size_t length = 0;

	(void)fd;
	open_client(&client);
	igt_nova_client_bo(&client, &bo, 256 * 1024, SYSTEM);
	igt_nova_bo_fill(&bo, 0);
	/* It begins, and its time, when all the others are there. */
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_acquire(&push, bo.va + PAGE, 1);
	queue = igt_nova_client_queue(&client, igt_nova_engine_count(client.fd) - 1);
	syncs[0] = igt_nova_wait_for(igt_nova_submit_fence(client.fd, queue, &push), 0);
	queue = igt_nova_client_short_queue(&client, 0);
	push_hang(&client, &push, bo.va);
	wait = igt_nova_syncobj_create(client.fd);
	syncs[1] = igt_nova_signal(wait, 0);
	igt_assert_eq(igt_nova_submit(client.fd, queue, &push, syncs, 2), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pushes); i++)
		pushes[i] = (struct drm_nova_push) { bo.va + 128 * 1024, 128 * 1024, 0 };
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		jobs[i].pushes = (struct drm_nova_array) { sizeof(pushes[0]), i % 6 ? 0 : 256,
							   (uintptr_t)pushes };
	for (size_t i = 0; i < 10; i++)
		igt_assert_eq(igt_nova_exec(client.fd, queue, jobs, ARRAY_SIZE(jobs)), 0);
	signal = igt_nova_submit_fence(client.fd, queue, NULL);
	bo.map[PAGE / 4] = 1;
	igt_assert_eq(igt_nova_fence_result(client.fd, wait), -ECANCELED);
	igt_assert_eq(igt_nova_fence_result(client.fd, signal), -ECANCELED);
	wait_for_event("add");

	read_dump();
	igt_assert_eq_u32(dump.header.flags, NOVA_DUMP_TRUNCATED);
	check_channel(queue, DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT,
		      NV_ERROR_RESETCHANNEL);
	check_push(&push, 1);
	find_section(NOVA_DUMP_JOBS, 0, &length);
	igt_assert_eq(length / sizeof(struct nova_dump_job), 512);
	find_section(NOVA_DUMP_PUSHES, 0, &length);
	igt_assert_eq(length / sizeof(struct nova_dump_push), 2048);
	igt_assert(find_section(NOVA_DUMP_WORDS, 1, &length));
	igt_assert_eq(length, sizeof(struct nova_dump_words) + 64 * 1024 - push.length);
	expect_text("not everything fitted");
	expect_text("waiting, ");
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/* Neighbours on the same engine, a queue that is destroyed, and one whose device goes leave none. */
static void test_innocent(int fd)
{
	struct igt_nova_client client, other;
	struct igt_nova_push push;
	uint32_t queue, neighbour;
	struct igt_nova_bo bo;
	char path[PATH_MAX];

	(void)fd;
	open_client(&client);
	igt_nova_client_init(&other, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	neighbour = igt_nova_client_queue(&other, 0);
	queue = igt_nova_client_queue(&client, 0);
	push_hang(&client, &push, bo.va);
	igt_nova_submit_fence(client.fd, queue, &push);
	igt_nova_queue_destroy(client.fd, queue, 0);

	queue = igt_nova_client_queue(&client, 0);
	push_hang(&client, &push, bo.va);
	igt_nova_submit_fence(client.fd, queue, &push);
	igt_assert_eq(igt_nova_submit(other.fd, neighbour, NULL, NULL, 0), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	/* What was taken is given away before remove() returns. */
	igt_assert_f(!find_dump(path), "%s is of a queue that did nothing wrong\n", path);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_client_close(&other);
	igt_nova_replug();
}

static void make_illegal(struct igt_nova_client *client, uint32_t *queue)
{
	struct igt_nova_push push;

	*queue = igt_nova_client_queue(client, 0);
	igt_nova_push_begin(client, &push, 64);
	igt_nova_push_illegal(&push);
	igt_assert_eq(submit_and_fail(client, *queue, &push), -ECANCELED);
}

/* Of three accidents: the second finds the first one's dump unread, the third does not. */
static void test_in_a_row(int fd)
{
	const struct nova_dump_channel *channel;
	struct igt_nova_client client;
	uint32_t queues[3];

	(void)fd;
	open_client(&client);
	make_illegal(&client, &queues[0]);
	wait_for_event("add");
	make_illegal(&client, &queues[1]);
	read_dump();
	channel = section(NOVA_DUMP_CHANNEL, sizeof(*channel));
	igt_assert_eq_u32(channel->queue_id, queues[0]);

	/* The second one's may be on its way: it is discarded before the work that brings it ends. */
	igt_assert_eq(igt_nova_aux_unbind(igt_nova_unplug_dev()), 0);
	igt_assert_eq(igt_nova_aux_bind(igt_nova_unplug_dev()), 0);
	igt_nova_client_close(&client);
	read_dump();
	channel = section(NOVA_DUMP_CHANNEL, sizeof(*channel));
	igt_assert_eq_u32(channel->queue_id, queues[0]);

	open_client(&client);
	make_illegal(&client, &queues[0]);
	wait_for_event("add");
	discard_dump();
	make_illegal(&client, &queues[2]);
	wait_for_event("add");
	read_dump();
	channel = section(NOVA_DUMP_CHANNEL, sizeof(*channel));
	igt_assert_eq_u32(channel->queue_id, queues[2]);
	igt_nova_client_close(&client);
}

/* The dump stays when the driver goes, and keeps nothing of it; also for who reads it just then. */
static void test_unplug(int fd)
{
	static uint8_t before[DUMP_MAX];
	struct igt_nova_client client;
	char path[PATH_MAX];
	uint32_t queue;
	int file;

	(void)fd;
	open_client(&client);
	make_illegal(&client, &queue);
	wait_for_event("add");
	read_dump();
	memcpy(before, dump.bytes, dump_size);
	igt_assert(find_dump(path));
	file = open(path, O_RDONLY | O_CLOEXEC);
	igt_assert(file >= 0);
	igt_assert_eq(read(file, dump.bytes, 64), 64);
	igt_nova_client_close(&client);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_module_unload_idle("nova_drm"), 0);
	igt_assert_eq(igt_nova_module_unload_idle("nova_core"), 0);
	igt_assert_lt(0, read(file, dump.bytes + 64, 64));
	igt_assert(!memcmp(dump.bytes, before, 128));
	read_dump();
	igt_assert(!memcmp(dump.bytes, before, dump_size));
	decode();
	expect_text("ILLEGAL");
	discard_dump();
	close(file);
	igt_assert_eq(igt_nova_module_load("nova_drm"), 0);
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "hang", "A job that does not end: its words, its ring, its place.", test_hang },
	{ "fault", "A fault: the way to the address, and what is near it.", test_fault },
	{ "fault-push", "A push that is not mapped.", test_fault_push },
	{ "bad-method", "A method that Host refuses, by name.", test_bad_method },
	{ "userq-hang", "A user-mode queue that hangs: its ring, its pushes, their words.",
	  test_userq_hang },
	{ "userq-garbage", "Of a user-mode queue whose ring and indices make no sense.",
	  test_userq_garbage },
	{ "crowded", "More than there is room for.", test_crowded },
	{ "innocent", "None of a queue that did nothing wrong.", test_innocent },
	{ "in-a-row", "One that is unread stays; read, it makes room for the next.", test_in_a_row },
	{ "unplug", "A dump outlives the device and the modules.", test_unplug },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
