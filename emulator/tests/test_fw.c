/* SPDX-License-Identifier: MIT */
/* Firmware: boot, rings, commands, and what a wrong driver gets. */
#define _GNU_SOURCE
#include "fw_driver.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../emu_ctl.h"
#include "../emu_fifo_run.h"

struct fw_test {
	struct gpu *gpu;
	struct fw_driver fw;
	uint64_t userd;
};

static int setup(void **state)
{
	struct fw_test *test = calloc(1, sizeof(*test));

	if (!test || gpu_setup((void **)&test->gpu))
		return -1;
	fw_driver_init(test->gpu, &test->fw);
	test->userd = gpu_ram_alloc(test->gpu, 4096);
	*state = test;
	return 0;
}

static int teardown(void **state)
{
	struct fw_test *test = *state;

	gpu_teardown((void **)&test->gpu);
	free(test);
	return 0;
}

static uint64_t malformed(struct fw_test *test)
{
	return emu_stats_violations(test->gpu->emu->stats, EMU_VIOLATION_FW_MALFORMED);
}

static struct nova_fw_channel_create good_channel(struct fw_test *test)
{
	return (struct nova_fw_channel_create) {
		.pdb = test->gpu->root,
		.userd = GPU_IOVA + test->userd,
		.userd_aperture = NOVA_FW_APERTURE_COHERENT,
		.gpfifo_va = GPU_RING_VA,
		.gpfifo_entries = 64,
		.engine = 1,
		.priority = 1,
	};
}

/* --- boot --- */

static void test_boot(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_init_done done;
	struct fw_message message;

	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	assert_int_equal(fw_boot_write(&test->fw), NOVA_FW_STATE_RUNNING);
	fw_receive(&test->fw, &message);
	gpu_wait(gpu_irq_take(test->gpu, NV_VECTOR_GSP));
	assert_int_equal(message.msg.function, NOVA_FW_EVT_INIT_DONE);
	assert_int_equal(message.msg.tag, 0);
	assert_int_equal(message.msg.flags, 0);
	assert_int_equal(message.msg.length, sizeof(done));
	memcpy(&done, message.payload, sizeof(done));
	assert_int_equal(done.version, NOVA_FW_VERSION);
	assert_int_equal(done.boot_count, 1);
	/* The state cannot be written. */
	emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_STATE), 77);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_RUNNING);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

static void refused(struct fw_test *test, const struct nova_fw_boot *args, uint32_t error)
{
	uint64_t before = malformed(test);

	*fw_boot_args(&test->fw) = *args;
	assert_int_equal(fw_boot_write(&test->fw), NOVA_FW_STATE_ERROR | error);
	gpu_wait(gpu_irq_take(test->gpu, NV_VECTOR_GSP));
	assert_int_equal(malformed(test), before + 1);
}

static void test_boot_refused(void **state)
{
	struct fw_test *test = *state;
	const struct nova_fw_boot good = *fw_boot_args(&test->fw);
	struct nova_fw_boot args;

#define REFUSED(field, value, error)			\
	do {						\
		args = good;				\
		args.field = (value);			\
		refused(test, &args, error);		\
	} while (0)

	REFUSED(magic, 1, NOVA_FW_ERR_MALFORMED);
	REFUSED(version, 2, NOVA_FW_ERR_VERSION);
	REFUSED(size, 63, NOVA_FW_ERR_MALFORMED);
	REFUSED(flags, 2, NOVA_FW_ERR_INVALID);
	REFUSED(reserved, 1, NOVA_FW_ERR_INVALID);
	REFUSED(cmd.slots, 4, NOVA_FW_ERR_INVALID);
	REFUSED(cmd.slots, 12, NOVA_FW_ERR_INVALID);
	REFUSED(cmd.slots, 512, NOVA_FW_ERR_INVALID);
	REFUSED(cmd.reserved, 1, NOVA_FW_ERR_INVALID);
	REFUSED(cmd.base, good.cmd.base + 512, NOVA_FW_ERR_INVALID);
	REFUSED(cmd.index, good.cmd.index + 4, NOVA_FW_ERR_INVALID);
	REFUSED(status.base, 0xfffffffffffff000ull, NOVA_FW_ERR_INVALID);
	REFUSED(status.slots, 0, NOVA_FW_ERR_INVALID);
	REFUSED(status.base, 0x1000, NOVA_FW_ERR_DMA);
	REFUSED(status.index, 0x1000, NOVA_FW_ERR_DMA);
	REFUSED(cmd.base, GPU_IOVA + GPU_RAM, NOVA_FW_ERR_DMA);
	/* The first slots are mapped, the last are not. */
	args.cmd.slots = 256;
	args.cmd.base = GPU_IOVA + GPU_RAM - 4096;
	refused(test, &args, NOVA_FW_ERR_DMA);
#undef REFUSED
}

/* Indices that are left over from an earlier use. */
static void test_boot_needs_empty_rings(void **state)
{
	struct fw_test *test = *state;
	uint64_t args = GPU_IOVA + test->fw.boot;

	gpu_store32(test->gpu, test->fw.status_index + 64, 1);
	emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT_LO), (uint32_t)args);
	emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_MAGIC);
	gpu_wait(fw_state(&test->fw) == (NOVA_FW_STATE_ERROR | NOVA_FW_ERR_INVALID));
	fw_boot(&test->fw);
}

struct mapping {
	struct gpu *gpu;
	atomic_bool stop;
};

static void *map_and_unmap(void *data)
{
	struct mapping *mapping = data;
	struct gpu *gpu = mapping->gpu;

	while (!atomic_load(&mapping->stop) &&
	       !emu_mem_map(gpu->emu, 0x1000, 0x1000, gpu->fd, 0, true, true))
		emu_mem_unmap(gpu->emu, 0x1000, 0x1000);
	return NULL;
}

struct booting {
	struct fw_driver *fw;
	atomic_bool done;
};

static void *boot_over(void *data)
{
	struct booting *booting = data;

	fw_boot_begin(booting->fw);
	atomic_store(&booting->done, true);
	return NULL;
}

/*
 * The firmware is held up somewhere in its work, because somebody waits to change the DMA map, and
 * is booted over. Returns what had been sent in the old rings when that was complete.
 */
static uint32_t boot_over_held_up(struct fw_driver *old, struct fw_driver *new)
{
	struct booting booting = { .fw = new };
	struct emu *emu = old->gpu->emu;
	uint32_t commands = gpu_random() % FW_SLOTS, spins = gpu_random() % 300;
	uint32_t value = 0, sent = 0;
	pthread_t thread;
	bool complete;

	while (gpu_load32(old->gpu, old->cmd_index + 64) < commands || spins--)
		;
	emu_mem_lock(emu);
	assert_int_equal(pthread_create(&thread, NULL, boot_over, &booting), 0);
	gpu_wait(emu_fw_reg_read(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT_LO), &value) &&
		 value == (uint32_t)(GPU_IOVA + new->boot));
	usleep(200);
	complete = atomic_load(&booting.done);
	if (complete)
		sent = gpu_load32(old->gpu, old->status_index);
	emu_mem_unlock(emu);
	pthread_join(thread, NULL);
	return complete ? sent : gpu_load32(old->gpu, old->status_index);
}

/* Once a boot is written no message comes in the rings of the earlier one, whatever it was doing. */
static void test_boot_over_work(void **state)
{
	struct fw_test *test = *state;
	static struct mapping mapping;
	struct fw_driver drivers[2];
	struct fw_message message;
	unsigned int i, round;
	pthread_t thread;

	gpu_seed();
	mapping.gpu = test->gpu;
	atomic_store(&mapping.stop, false);
	assert_int_equal(pthread_create(&thread, NULL, map_and_unmap, &mapping), 0);
	drivers[0] = test->fw;
	fw_driver_init(test->gpu, &drivers[1]);
	fw_boot(&drivers[0]);
	for (round = 0; round < 200; round++) {
		struct fw_driver *old = &drivers[round % 2], *new = &drivers[1 - round % 2];
		uint32_t sent;

		for (i = 0; i < FW_SLOTS; i++)
			fw_prepare(old, NOVA_FW_CMD_GET_INFO, NULL, 0);
		fw_kick(old);
		sent = boot_over_held_up(old, new);
			fw_receive(new, &message);
		assert_int_equal(message.msg.function, NOVA_FW_EVT_INIT_DONE);
		assert_int_equal(gpu_load32(test->gpu, old->status_index), sent);
	}
	atomic_store(&mapping.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

static void *boot_again(void *data)
{
	emu_test_write(data, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_MAGIC);
	return NULL;
}

static bool closing(struct emu_fifo *fifo)
{
	bool ret;

	pthread_mutex_lock(&fifo->lock);
	ret = fifo->closing;
	pthread_mutex_unlock(&fifo->lock);
	return ret;
}

static void set_running(struct emu_fifo *fifo, unsigned int engine, struct emu_chan *chan)
{
	pthread_mutex_lock(&fifo->lock);
	fifo->engines[engine].running = chan;
	pthread_cond_broadcast(&fifo->done);
	pthread_mutex_unlock(&fifo->lock);
}

/* The state is not that of an earlier boot, which was in the middle of freeing its channels. */
static void test_boot_over_boot(void **state)
{
	struct fw_test *test = *state;
	struct emu *emu = test->gpu->emu;
	struct nova_fw_channel_create create = good_channel(test);
	struct nova_fw_channel_created created;
	struct nova_fw_init_done done;
	struct fw_message message;
	uint32_t value = 0;
	pthread_t thread;
	unsigned int i;

	fw_boot(&test->fw);
	assert_int_equal(fw_channel_create(&test->fw, &create, &created), 0);
	/* One that takes its time to leave the engine. */
	set_running(emu->fifo, create.engine, &emu->fifo->chans[created.chid]);
	fw_boot_begin(&test->fw);
	gpu_wait(closing(emu->fifo));
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), 0);
	emu_fw_stall(emu, 3600000);
	assert_int_equal(pthread_create(&thread, NULL, boot_again, emu), 0);
	/* Without emu_lock(), which the write holds for as long as it takes. */
	gpu_wait(emu_fw_reg_read(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), &value) &&
		 value == NOVA_FW_BOOT_MAGIC);
	set_running(emu->fifo, create.engine, NULL);
	pthread_join(thread, NULL);
	/* The stall is still on, so nothing has booted. */
	for (i = 0; i < 200; i++) {
		assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
		usleep(50);
	}
	emu_fw_heal(emu);
	fw_receive(&test->fw, &message);
	assert_int_equal(message.msg.function, NOVA_FW_EVT_INIT_DONE);
	memcpy(&done, message.payload, sizeof(done));
	assert_in_range(done.boot_count, 2, 3);
	assert_int_equal(emu_test_violations(emu), 0);
}

/* --- commands --- */

static void test_info(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_info info;

	fw_boot(&test->fw);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &info, sizeof(info)), 0);
	assert_int_equal(info.vram_size, EMU_TEST_VRAM);
	assert_int_equal(info.vram_usable_start, 0);
	assert_int_equal(info.vram_usable_end, EMU_TEST_VRAM - EMU_CHANNELS * 4096);
	assert_int_equal(info.channels, EMU_CHANNELS);
	assert_int_equal(info.engine_count, EMU_ENGINES);
	assert_int_equal(info.host_class, NV_HOST_CLASS);
	assert_int_equal(info.engines[1].type, NOVA_FW_ENGINE_COPY);
	assert_int_equal(info.engines[1].runlist, 1);
	assert_int_equal(info.engines[1].intr, 1);
	assert_int_equal(info.engines[1].class_id, NV_CE_CLASS);
	assert_int_equal(info.engines[1].mmu_engine_id, 16);
	assert_int_equal(info.engines[2].type, NOVA_FW_ENGINE_GRAPHICS);
	assert_int_equal(info.engines[2].runlist, 2);
	assert_int_equal(info.engines[2].instance, 0);
	assert_int_equal(info.engines[2].intr, 2);
	assert_int_equal(info.engines[2].class_id, 0x902d);
	assert_int_equal(info.engines[2].mmu_engine_id, 64);
	assert_int_equal(info.engines[3].type, 0);
}

static void test_sequence(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_info info;
	unsigned int i;

	fw_boot(&test->fw);
	/* Round and round the ring; fw_poll() checks the status ring's numbers. */
	for (i = 0; i < 5 * FW_SLOTS; i++)
		assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &info,
					 sizeof(info)), 0);
	assert_int_equal(gpu_load32(test->gpu, test->fw.cmd_index + 64), 5 * FW_SLOTS);
	assert_int_equal(emu_stats_counter(test->gpu->emu->stats, EMU_FW_COMMANDS), 5 * FW_SLOTS);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* Many commands at once, and a status ring too small for the replies. */
static void test_full_rings(void **state)
{
	struct fw_test *test = *state;
	struct fw_message message;
	unsigned int i, received = 0;

	fw_boot(&test->fw);
	for (i = 0; i < FW_SLOTS; i++)
		fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	gpu_wait(gpu_load32(test->gpu, test->fw.cmd_index + 64) == FW_SLOTS);
	for (i = 0; i < FW_SLOTS; i++)
		fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	/* INIT_DONE is gone, so eight replies fit; the ninth waits for us. */
	gpu_wait(gpu_load32(test->gpu, test->fw.cmd_index + 64) == FW_SLOTS + 1);
	assert_int_equal(gpu_load32(test->gpu, test->fw.status_index) - test->fw.status_read, FW_SLOTS);
	while (received < 2 * FW_SLOTS) {
		fw_receive(&test->fw, &message);
		assert_int_equal(message.msg.tag, ++received);
	}
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

static void spoil(struct fw_test *test, uint32_t offset, uint32_t value, uint32_t error,
		  bool violation)
{
	uint64_t before = malformed(test);
	struct fw_message *command, reply;

	command = fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	memcpy((uint8_t *)command + offset, &value, 4);
	fw_kick(&test->fw);
	fw_receive(&test->fw, &reply);
	assert_int_equal(reply.msg.result, error);
	assert_int_equal(reply.msg.flags, NOVA_FW_MSG_REPLY);
	assert_int_equal(reply.msg.length, 0);
	assert_int_equal(malformed(test), before + violation);
}

static void test_malformed_messages(void **state)
{
	const uint32_t version = NOVA_FW_VERSION;
	struct fw_test *test = *state;
	struct nova_fw_info info;

	fw_boot(&test->fw);
	spoil(test, offsetof(struct nova_fw_msg, magic), 0, NOVA_FW_ERR_MALFORMED, true);
	spoil(test, offsetof(struct nova_fw_msg, sequence), 77, NOVA_FW_ERR_MALFORMED, true);
	spoil(test, offsetof(struct nova_fw_msg, length), 481, NOVA_FW_ERR_MALFORMED, true);
	spoil(test, offsetof(struct nova_fw_msg, length), ~0u, NOVA_FW_ERR_MALFORMED, true);
	spoil(test, offsetof(struct nova_fw_msg, length), 8, NOVA_FW_ERR_MALFORMED, true);
	spoil(test, offsetof(struct nova_fw_msg, version), (version + 1) | NOVA_FW_CMD_GET_INFO << 16,
	      NOVA_FW_ERR_VERSION, true);
	spoil(test, offsetof(struct nova_fw_msg, version), version | 0x99u << 16,
	      NOVA_FW_ERR_UNKNOWN, true);
	spoil(test, offsetof(struct nova_fw_msg, version), version | NOVA_FW_EVT_INIT_DONE << 16,
	      NOVA_FW_ERR_UNKNOWN, true);
	spoil(test, offsetof(struct nova_fw_msg, flags), 1, NOVA_FW_ERR_INVALID, false);
	spoil(test, offsetof(struct nova_fw_msg, result), 1, NOVA_FW_ERR_INVALID, false);
	spoil(test, offsetof(struct nova_fw_msg, reserved), 1, NOVA_FW_ERR_INVALID, false);
	/* It goes on as if nothing had been. */
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &info, sizeof(info)), 0);
}

static void test_bad_write_index(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_info info;

	fw_boot(&test->fw);
	gpu_store32(test->gpu, test->fw.cmd_index, FW_SLOTS + 1);
	emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), FW_SLOTS + 1);
	gpu_wait(malformed(test) == 1);
	gpu_store32(test->gpu, test->fw.cmd_index, ~0u);
	emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), ~0u);
	gpu_wait(malformed(test) == 2);
	assert_int_equal(gpu_load32(test->gpu, test->fw.cmd_index + 64), 0);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &info, sizeof(info)), 0);
}

static void test_bad_read_index(void **state)
{
	struct fw_test *test = *state;
	struct fw_message message;

	fw_boot(&test->fw);
	gpu_store32(test->gpu, test->fw.status_index + 64, 5);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	gpu_wait(malformed(test) == 1);
	gpu_store32(test->gpu, test->fw.status_index + 64, test->fw.status_read);
	fw_receive(&test->fw, &message);
	assert_int_equal(message.msg.result, NOVA_FW_OK);
	assert_int_equal(malformed(test), 1);
}

/* --- channels --- */

static void test_channel_create(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_channel_create create = good_channel(test);
	struct nova_fw_channel_created created;
	uint64_t inst;

	fw_boot(&test->fw);
	create.flags = NOVA_FW_CHANNEL_PRIVILEGED;
	assert_int_equal(fw_channel_create(&test->fw, &create, &created), 0);
	inst = EMU_TEST_VRAM - EMU_CHANNELS * 4096 + created.chid * 4096;
	assert_int_equal(created.inst, inst);
	assert_int_equal(created.inst_aperture, NOVA_FW_APERTURE_VIDEO);
	assert_int_equal(created.token, 1 << 16 | created.chid);
	/* The instance block is a real one. (The register read orders it after the reply for TSan.) */
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_RUNNING);
	assert_int_equal((uint32_t)gpu_vram_read64(test->gpu, inst + NV_INST_PDB_LO),
			 test->gpu->root | NV_INST_PDB_LO_VER2 | NV_INST_PDB_LO_BIG_PAGE_64K);
	assert_int_equal((uint32_t)gpu_vram_read64(test->gpu, inst + NV_RAMFC_USERD),
			 (uint32_t)(GPU_IOVA + test->userd) | 2);
	assert_int_equal((uint32_t)gpu_vram_read64(test->gpu, inst + NV_RAMFC_SIGNATURE), 0xface);
	assert_int_equal((uint32_t)gpu_vram_read64(test->gpu, inst + NV_RAMFC_GP_BASE), GPU_RING_VA);
	assert_int_equal(gpu_vram_read64(test->gpu, inst + NV_RAMFC_GP_BASE) >> 32, 6 << 16);
	assert_int_equal(gpu_vram_read64(test->gpu, inst + 0xf0) >> 32,
			 NV_RAMFC_CONFIG_USERD_WRITEBACK | NV_RAMFC_CONFIG_AUTH_LEVEL);

	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, created.chid), 0);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, created.chid), 0);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, created.chid), 0);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, created.chid),
			 NOVA_FW_ERR_NO_CHANNEL);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, ~0u),
			 NOVA_FW_ERR_NO_CHANNEL);
	/* Unbound again. */
	assert_int_equal((uint32_t)gpu_vram_read64(test->gpu, inst + NV_INST_PDB_LO), 1);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

static void test_channel_create_refused(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_channel_created created;
	struct nova_fw_channel_create create;

	fw_boot(&test->fw);
#define REFUSED(field, value, error)							\
	do {										\
		create = good_channel(test);						\
		create.field = (value);							\
		assert_int_equal(fw_channel_create(&test->fw, &create, &created), error); \
	} while (0)

	REFUSED(pdb, test->gpu->root + 8, NOVA_FW_ERR_INVALID);
	REFUSED(pdb, EMU_TEST_VRAM, NOVA_FW_ERR_DMA);
	REFUSED(pdb_aperture, 1, NOVA_FW_ERR_INVALID);
	REFUSED(pdb_aperture, 3, NOVA_FW_ERR_INVALID);
	REFUSED(userd_aperture, 1, NOVA_FW_ERR_INVALID);
	REFUSED(userd, GPU_IOVA + 256, NOVA_FW_ERR_INVALID);
	REFUSED(userd, 1ull << 40, NOVA_FW_ERR_INVALID);
	REFUSED(userd, 0x1000, NOVA_FW_ERR_DMA);
	REFUSED(gpfifo_va, GPU_RING_VA + 4, NOVA_FW_ERR_INVALID);
	REFUSED(gpfifo_va, 1ull << 40, NOVA_FW_ERR_INVALID);
	REFUSED(gpfifo_va, (1ull << 40) - 8, NOVA_FW_ERR_INVALID);
	REFUSED(gpfifo_entries, 0, NOVA_FW_ERR_INVALID);
	REFUSED(gpfifo_entries, 1, NOVA_FW_ERR_INVALID);
	REFUSED(gpfifo_entries, 48, NOVA_FW_ERR_INVALID);
	REFUSED(gpfifo_entries, 1u << 31, NOVA_FW_ERR_INVALID);
	REFUSED(engine, EMU_ENGINES, NOVA_FW_ERR_INVALID);
	REFUSED(priority, 3, NOVA_FW_ERR_INVALID);
	REFUSED(flags, 2, NOVA_FW_ERR_INVALID);
	REFUSED(timeslice_us, ~0u, NOVA_FW_ERR_INVALID);
	REFUSED(reserved, 1, NOVA_FW_ERR_INVALID);
#undef REFUSED
	gpu_store32(test->gpu, test->userd + NV_USERD_GP_PUT, 1);
	create = good_channel(test);
	assert_int_equal(fw_channel_create(&test->fw, &create, &created), NOVA_FW_ERR_INVALID);
}

static void test_channels_run_out(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_channel_create create = good_channel(test);
	struct nova_fw_channel_created created;
	bool seen[EMU_CHANNELS] = { false };
	unsigned int i;

	fw_boot(&test->fw);
	for (i = 0; i < EMU_CHANNELS; i++) {
		assert_int_equal(fw_channel_create(&test->fw, &create, &created), 0);
		assert_in_range(created.chid, 0, EMU_CHANNELS - 1);
		assert_false(seen[created.chid]);
		seen[created.chid] = true;
	}
	assert_int_equal(fw_channel_create(&test->fw, &create, &created),
			 NOVA_FW_ERR_NO_RESOURCES);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, 7), 0);
	assert_int_equal(fw_channel_create(&test->fw, &create, &created), 0);
	assert_int_equal(created.chid, 7);
}

static void test_engine_commands(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_engine_reset engine = { .engine = EMU_ENGINES };
	struct nova_fw_engine_status status;
	uint32_t killed;

	fw_boot(&test->fw);
	assert_int_equal(fw_engine_reset(&test->fw, 0, &killed), 0);
	assert_int_equal(killed, NOVA_FW_CHANNEL_NONE);
	assert_int_equal(fw_engine_reset(&test->fw, EMU_ENGINES, &killed), NOVA_FW_ERR_INVALID);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_ENGINE_STATUS, &engine, sizeof(engine),
				 &status, sizeof(status)), NOVA_FW_ERR_INVALID);
	engine.engine = 0;
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_ENGINE_STATUS, &engine, sizeof(engine),
				 &status, sizeof(status)), 0);
	assert_int_equal(status.chid, NOVA_FW_CHANNEL_NONE);
	assert_int_equal(status.stuck, 0);
}

/* --- the end, orderly or not --- */

static void test_shutdown(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_channel_create create = good_channel(test);
	struct nova_fw_channel_created created;

	fw_boot(&test->fw);
	assert_int_equal(fw_channel_create(&test->fw, &create, &created), 0);
	assert_false(emu_bar_is_shut_down(test->gpu->emu));
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_SHUTDOWN, NULL, 0, NULL, 0), 0);
	/* Whoever has seen the reply is held to the silence. */
	assert_true(emu_bar_is_shut_down(test->gpu->emu));
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_HALTED);
	assert_int_equal(emu_stats_violations(test->gpu->emu->stats,
					      EMU_VIOLATION_REG_AFTER_SHUTDOWN), 1);

	/* Bus mastering off and on, as a driver does that comes later; then it boots again. */
	emu_test_config_write(test->gpu->emu, 0x04, 0x2, 2);
	emu_test_config_write(test->gpu->emu, 0x04, 0x6, 2);
	assert_false(emu_bar_is_shut_down(test->gpu->emu));
	fw_boot(&test->fw);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, created.chid),
			 NOVA_FW_ERR_NO_CHANNEL);
}

static void test_crash(void **state)
{
	struct fw_test *test = *state;
	struct nova_fw_info info;

	fw_boot(&test->fw);
	emu_fw_crash(test->gpu->emu);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_CRASHED);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	emu_fw_heal(test->gpu->emu);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	assert_int_equal(gpu_load32(test->gpu, test->fw.cmd_index + 64), 0);
	fw_boot(&test->fw);
	emu_fw_crash(test->gpu->emu);
	/* A boot needs no healing first. */
	fw_boot(&test->fw);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &info, sizeof(info)), 0);
}

static void test_stall(void **state)
{
	struct fw_test *test = *state;
	struct fw_message message;
	uint64_t start;

	fw_boot(&test->fw);
	start = emu_host_now();
	emu_fw_stall(test->gpu->emu, 50);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	fw_receive(&test->fw, &message);
	assert_true(emu_host_now() - start >= 50000000);
	/* Healing ends it before its time. */
	emu_fw_stall(test->gpu->emu, 1000000000);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	emu_fw_heal(test->gpu->emu);
	fw_receive(&test->fw, &message);
	/* And so does a reset, whatever waits for the firmware. */
	emu_fw_stall(test->gpu->emu, 1000000000);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	emu_reset(test->gpu->emu);
	emu_test_config_write(test->gpu->emu, 0x04, 0x6, 2);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
}

static void command(struct fw_test *test, const char *line)
{
	char *reply = emu_ctl_command(test->gpu->emu, line);

	assert_string_equal(reply, "{\"ok\":true}\n");
	free(reply);
}

/*
 * Once a firmware runs again, the driver answers for DMA with bus mastering off: it had waited out
 * the failure, or has started anew.
 */
static void test_boot_after_failure(void **state)
{
	static const char * const failures[] = { "stall-firmware 1", "crash-firmware" };
	const struct nova_fw_boot good = *fw_boot_args(&((struct fw_test *)*state)->fw);
	struct fw_test *test = *state;
	struct emu *emu = test->gpu->emu;
	struct nova_fw_boot bad = good;
	unsigned int i;

	bad.flags = 2;
	for (i = 0; i < 2; i++) {
		uint64_t before = emu_stats_violations(emu->stats, EMU_VIOLATION_DMA_NO_BUS_MASTER);

		fw_boot(&test->fw);
		command(test, failures[i]);
		if (i == 0)
			assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_SHUTDOWN, NULL, 0, NULL, 0), 0);
		emu_test_config_write(emu, 0x04, 0x2, 2);
		emu_test_config_write(emu, 0x04, 0x6, 2);
		command(test, "heal");
		/* Nothing runs yet, so what has failed may not be over. */
		refused(test, &bad, NOVA_FW_ERR_INVALID);
		assert_true(atomic_load(&emu->fw_failed));
		*fw_boot_args(&test->fw) = good;
		fw_boot(&test->fw);
		emu_test_config_write(emu, 0x04, 0x2, 2);
		fw_kick(&test->fw);
		gpu_wait(fw_state(&test->fw) == NOVA_FW_STATE_CRASHED);
		assert_true(emu_stats_violations(emu->stats, EMU_VIOLATION_DMA_NO_BUS_MASTER) > before);
		emu_test_config_write(emu, 0x04, 0x6, 2);
	}
	/* A stall that begins while it boots is a failure of the new one. */
	command(test, "stall-firmware 3600000");
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_MAGIC);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	assert_true(atomic_load(&emu->fw_failed));
}

/* No firmware, no channel, from every state; memory and what the driver set up stay. */
static void test_halt(void **state)
{
	struct fw_test *test = *state;
	struct emu *emu = test->gpu->emu;
	struct nova_fw_channel_create create = good_channel(test);
	struct nova_fw_channel_created created;
	struct emu_stats *stats = emu->stats;
	const uint32_t word = 0x600dda7a;
	uint64_t violations;
	uint32_t value;

	fw_boot(&test->fw);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_CHANNEL_CREATE, &create, sizeof(create),
				 &created, sizeof(created)), 0);
	assert_int_equal(emu_mem_write(emu, EMU_VIDEO, 0x200000, &word, sizeof(word)), 0);
	emu_test_write(emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
	emu_fw_stall(emu, 1000000000);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	violations = emu_stats_violations(stats, EMU_VIOLATION_DEAD_DOORBELL);
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	/* The channel is gone; a driver that has not heard of it is not to blame yet. */
	emu_test_write(emu, NV_USERMODE + NV_USERMODE_DOORBELL, created.token);
	assert_int_equal(emu_stats_violations(stats, EMU_VIOLATION_DEAD_DOORBELL), violations);
	assert_int_equal(emu_mem_read(emu, EMU_VIDEO, 0x200000, &value, sizeof(value)), 0);
	assert_int_equal(value, word);

	/* Neither the stall nor the command is left. */
	fw_boot(&test->fw);
	emu_test_write(emu, NV_USERMODE + NV_USERMODE_DOORBELL, created.token);
	assert_int_equal(emu_stats_violations(stats, EMU_VIOLATION_DEAD_DOORBELL), violations + 1);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_CHANNEL_CREATE, &create, sizeof(create),
				 &created, sizeof(created)), 0);
	emu_fw_crash(emu);
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	/* Without DMA, too. */
	emu_test_config_write(emu, 0x04, 0x2, 2);
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	assert_int_equal(emu_stats_violations(stats, EMU_VIOLATION_DMA_NO_BUS_MASTER), 0);
	assert_int_equal(malformed(test), 0);
}

/* As often as it was told, or until it is healed. */
static void test_fail_halts(void **state)
{
	struct fw_test *test = *state;
	struct emu *emu = test->gpu->emu;

	fw_boot(&test->fw);
	emu_fw_fail_halts(emu, 1);
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_CRASHED);
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	fw_boot(&test->fw);
	emu_fw_fail_halts(emu, 100);
	emu_fw_heal(emu);
	emu_test_write(emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
}

/* A stall holds up the next command although the firmware is at work, waiting for room in the status ring. */
static void test_stall_at_work(void **state)
{
	struct fw_test *test = *state;
	struct fw_message message;
	unsigned int i;
	uint64_t start;

	fw_boot(&test->fw);
	for (i = 0; i < FW_SLOTS; i++)
		fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	gpu_wait(gpu_load32(test->gpu, test->fw.cmd_index + 64) >= FW_SLOTS);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	gpu_wait(gpu_load32(test->gpu, test->fw.cmd_index + 64) >= FW_SLOTS + 1);

	start = emu_host_now();
	emu_fw_stall(test->gpu->emu, 50);
	fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(&test->fw);
	for (i = 0; i < FW_SLOTS + 2; i++)
		fw_receive(&test->fw, &message);
	assert_true(emu_host_now() - start >= 50000000);
}

/* A reset while replies wait for room in the status ring. */
static void test_reset_with_full_ring(void **state)
{
	struct fw_test *test = *state;
	unsigned int i, round;

	fw_boot(&test->fw);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < FW_SLOTS; i++)
			fw_prepare(&test->fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
		fw_kick(&test->fw);
		gpu_wait(gpu_load32(test->gpu, test->fw.cmd_index + 64) >= FW_SLOTS + round);
	}
	emu_reset(test->gpu->emu);
	emu_test_config_write(test->gpu->emu, 0x04, 0x6, 2);
	assert_int_equal(fw_state(&test->fw), NOVA_FW_STATE_OFF);
	fw_boot(&test->fw);
}

/* The rings vanish: the firmware stops, and does not ask for them again. */
static void test_rings_unmapped(void **state)
{
	struct fw_test *test = *state;

	fw_boot(&test->fw);
	assert_int_equal(emu_mem_unmap(test->gpu->emu, GPU_IOVA, GPU_RAM), 0);
	emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), 1);
	gpu_wait(fw_state(&test->fw) == NOVA_FW_STATE_CRASHED);
	assert_int_equal(emu_stats_violations(test->gpu->emu->stats, EMU_VIOLATION_DMA_UNMAPPED), 1);
	emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), 2);
	emu_reset(test->gpu->emu);
	assert_int_equal(emu_stats_violations(test->gpu->emu->stats, EMU_VIOLATION_DMA_UNMAPPED), 1);
}

#define fw_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fw_test(test_boot),
		fw_test(test_boot_refused),
		fw_test(test_boot_needs_empty_rings),
		fw_test(test_boot_over_work),
		fw_test(test_boot_over_boot),
		fw_test(test_info),
		fw_test(test_sequence),
		fw_test(test_full_rings),
		fw_test(test_malformed_messages),
		fw_test(test_bad_write_index),
		fw_test(test_bad_read_index),
		fw_test(test_channel_create),
		fw_test(test_channel_create_refused),
		fw_test(test_channels_run_out),
		fw_test(test_engine_commands),
		fw_test(test_shutdown),
		fw_test(test_crash),
		fw_test(test_stall),
		fw_test(test_boot_after_failure),
		fw_test(test_halt),
		fw_test(test_fail_halts),
		fw_test(test_stall_at_work),
		fw_test(test_reset_with_full_ring),
		fw_test(test_rings_unmapped),
	};

	return cmocka_run_group_tests_name("fw", tests, NULL, NULL);
}
