/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fuzz_gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../emu_irq.h"
#include "regs/nv_pmc.h"
#include "regs/nv_timer.h"

#define GUARD_BYTE	0xa5

/* Registers that read the same after each reset: first offset and number. */
static const struct {
	uint32_t offset;
	uint32_t count;
} registers[] = {
	{ NV_PMC_BOOT_0, 3 },
	{ NV_PMC_BOOT_42, 1 },
	{ NV_PTIMER_INTR_0, 1 },
	{ NV_PTIMER_INTR_EN_0, 1 },
	{ NV_PTIMER_ALARM_0, 1 },
	{ NV_CTRL_VIRTUAL_CHANNEL_CFG(0), 1 },
	{ NV_VF_INTR_LEAF(0), NV_VF_INTR_LEAVES },
	{ NV_VF_INTR_LEAF_EN_SET(0), NV_VF_INTR_LEAVES },
	{ NV_VF_INTR_TOP, 1 },
	{ NV_VF_INTR_TOP_EN_SET, 1 },
	{ NV_VF_MAILBOX(0), NV_VF_MAILBOXES },
	{ NV_VF_FAULT_BUFFER_LO(0), 5 },
	{ NV_VF_FAULT_BUFFER_LO(1), 5 },
	{ NV_VF_FAULT_ADDR_LO, 6 },
	{ NV_VF_INVALIDATE_PDB, 2 },
	{ NV_VF_INVALIDATE, 1 },
};

#define REGISTERS_MAX	128

/* What a client can see of a device that nobody has touched. */
struct snapshot {
	uint8_t config[EMU_PCI_CONFIG_SIZE];
	uint32_t registers[REGISTERS_MAX];
	uint32_t count;
};

static struct gpu *gpu;
static struct snapshot fresh;
static uint8_t guard[GPU_RAM - FUZZ_READ_ONLY];
static int lowest_fd;

static void take_snapshot(struct snapshot *snapshot)
{
	const uint16_t memory = 2;
	uint32_t i, j;

	snapshot->count = 0;
	emu_lock(gpu->emu);
	emu_pci_read(gpu->emu, 0, snapshot->config, sizeof(snapshot->config));
	emu_pci_write(gpu->emu, 4, &memory, sizeof(memory));
	for (i = 0; i < FUZZ_COUNT(registers); i++) {
		for (j = 0; j < registers[i].count; j++)
			emu_bar_read(gpu->emu, registers[i].offset + 4 * j,
				     &snapshot->registers[snapshot->count++], 4);
	}
	emu_unlock(gpu->emu);
}

static void compare_snapshot(const struct snapshot *now)
{
	uint32_t i, j, n = 0;

	fuzz_require(!memcmp(now->config, fresh.config, sizeof(fresh.config)),
		     "configuration space after a reset");
	for (i = 0; i < FUZZ_COUNT(registers); i++) {
		for (j = 0; j < registers[i].count; j++, n++)
			fuzz_require(now->registers[n] == fresh.registers[n],
				     "register %#x is %#x after a reset",
				     registers[i].offset + 4 * j, now->registers[n]);
	}
}

static int lowest_free_fd(void)
{
	int fd = dup(STDERR_FILENO);

	fuzz_require(fd >= 0, "dup: %s", strerror(errno));
	close(fd);
	return fd;
}

/* Memory that was never written has no pages behind it. */
static void punch(int fd, off_t from, off_t len)
{
	fuzz_require(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, len),
		     "fallocate: %s", strerror(errno));
}

/* Runs the code of a client's leaving, then of whoever ends misbehaviour. */
static void reset(void)
{
	struct stat st;

	emu_lock(gpu->emu);
	emu_reset(gpu->emu);
	fuzz_require(!fstat(gpu->emu->vram_fd, &st), "fstat: %s", strerror(errno));
	fuzz_require(!st.st_blocks, "video memory has %lld blocks after a reset",
		     (long long)st.st_blocks);
	emu_irq_disconnect(gpu->emu);
	emu_mem_unmap_all(gpu->emu);
	emu_unlock(gpu->emu);
	emu_heal(gpu->emu);
}

static void prepare(void)
{
	int ret;

	ret = emu_mem_map(gpu->emu, GPU_IOVA, FUZZ_READ_ONLY, gpu->fd, 0, true, true);
	fuzz_require(!ret, "map: %d", ret);
	ret = emu_mem_map(gpu->emu, GPU_IOVA + FUZZ_READ_ONLY, FUZZ_GUARD, gpu->fd, FUZZ_READ_ONLY,
			  true, false);
	fuzz_require(!ret, "map: %d", ret);
	emu_test_config_write(gpu->emu, 0x04, 0x6, 2);
	gpu->tables = GPU_TABLES;
	gpu->root = gpu_table(gpu);
	gpu->ctx.pdb = gpu->root;
	gpu->ram_used = 0;
}

/* libFuzzer's timer is no part of the input: without this it ends a call of the target now and then. */
static void restart_after_alarm(void)
{
	struct sigaction action;

	fuzz_require(!sigaction(SIGALRM, NULL, &action), "sigaction: %s", strerror(errno));
	action.sa_flags |= SA_RESTART;
	fuzz_require(!sigaction(SIGALRM, &action, NULL), "sigaction: %s", strerror(errno));
}

static void create(void)
{
	void *state;

	/* As main() does. */
	signal(SIGPIPE, SIG_IGN);
	restart_after_alarm();
	fuzz_require(!emu_mem_catch_sigbus(), "sigaction: %s", strerror(errno));
	fuzz_require(!gpu_setup(&state), "no device");
	gpu = state;
	memset(guard, GUARD_BYTE, sizeof(guard));
	memcpy(gpu->ram + FUZZ_READ_ONLY, guard, sizeof(guard));
	reset();
	take_snapshot(&fresh);
	fuzz_require(fresh.count <= REGISTERS_MAX, "%u registers", fresh.count);
	prepare();
}

struct gpu *fuzz_gpu(void)
{
	if (!gpu)
		create();
	emu_stats_clear(gpu->emu->stats);
	lowest_fd = lowest_free_fd();
	return gpu;
}

static void check_stats(void)
{
	uint64_t ranges, bytes;
	int i;

	for (i = 0; i < EMU_COUNTERS; i++)
		fuzz_require((int64_t)emu_stats_counter(gpu->emu->stats, i) >= 0, "counter %d", i);
	for (i = 0; i < EMU_VIOLATIONS; i++)
		fuzz_require((int64_t)emu_stats_violations(gpu->emu->stats, i) >= 0,
			     "violations %d", i);
	emu_mem_stats(gpu->emu, &ranges, &bytes);
	fuzz_require(!ranges && !bytes, "%llu ranges, %llu bytes are still mapped",
		     (unsigned long long)ranges, (unsigned long long)bytes);
}

void fuzz_gpu_done(struct gpu *unused)
{
	static struct snapshot now;

	(void)unused;
	reset();
	check_stats();
	take_snapshot(&now);
	compare_snapshot(&now);
	fuzz_require(!memcmp(gpu->ram + FUZZ_READ_ONLY, guard, sizeof(guard)),
		     "the device wrote to memory that it was not given");
	fuzz_require(lowest_free_fd() == lowest_fd, "a descriptor is left: %d", lowest_fd);
	punch(gpu->fd, 0, FUZZ_READ_ONLY);
	prepare();
}

bool fuzz_gpu_mapped(uint64_t iova, uint64_t len, bool write)
{
	uint64_t size = write ? FUZZ_READ_ONLY : FUZZ_UNMAPPED;

	return iova >= GPU_IOVA && iova - GPU_IOVA <= size && len <= size - (iova - GPU_IOVA);
}
