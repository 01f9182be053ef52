/* SPDX-License-Identifier: MIT */
/*
 * The whole device: video memory and the components, built, reset and taken
 * apart in one place. The order is that of struct emu: a component may use
 * those before it, and what starts work (firmware, then channels) stops first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu_bar.h"
#include "emu_chaos.h"
#include "emu_pci.h"

static bool emu_vram_create(struct emu *emu, uint64_t size)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	void *vram;

	emu->vram_size = size;
	emu->vram_fd = memfd_create("nova-emu-vram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (emu->vram_fd < 0 || ftruncate(emu->vram_fd, (off_t)size))
		return false;
	/* Clients get the descriptor: none may cut the memory off under the others. */
	if (fcntl(emu->vram_fd, F_ADD_SEALS, seals))
		return false;
	vram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		    emu->vram_fd, 0);
	if (vram == MAP_FAILED)
		return false;
	emu->vram = vram;
	return true;
}

/* Gives the pages back, so that memory no one has written since reads zero and costs nothing. */
static void emu_vram_reset(struct emu *emu)
{
	if (fallocate(emu->vram_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      (off_t)emu->vram_size)) {
		emu_log(emu, EMU_LOG_ERROR, "video memory is not cleared: %s", strerror(errno));
		memset(emu->vram, 0, emu->vram_size);
	}
}

struct emu *emu_create(uint64_t vram_size, int log_level)
{
	struct emu *emu = calloc(1, sizeof(*emu));
	int error;

	if (!emu)
		return NULL;
	emu->vram_fd = -1;
	emu->log_level = log_level;
	pthread_mutex_init(&emu->lock, NULL);
	if (!emu_vram_create(emu, vram_size)) {
		error = errno;
		goto destroy;
	}
	error = ENOMEM;
	if (!(emu->stats = emu_stats_create(emu)) ||
	    !(emu->chaos = emu_chaos_create(emu)) ||
	    !(emu->mem = emu_mem_create(emu)) ||
	    !(emu->bar = emu_bar_create(emu)) ||
	    !(emu->pci = emu_pci_create(emu)) ||
	    !(emu->irq = emu_irq_create(emu)) ||
	    !(emu->timer = emu_timer_create(emu)) ||
	    !(emu->mmu = emu_mmu_create(emu)) ||
	    !(emu->fault = emu_fault_create(emu)) ||
	    !(emu->fifo = emu_fifo_create(emu)) ||
	    !(emu->fw = emu_fw_create(emu)))
		goto destroy;
	return emu;

destroy:
	emu_destroy(emu);
	errno = error;
	return NULL;
}

void emu_destroy(struct emu *emu)
{
	if (!emu)
		return;
	emu_fw_destroy(emu->fw);
	emu_fifo_destroy(emu->fifo);
	emu_fault_destroy(emu->fault);
	emu_mmu_destroy(emu->mmu);
	emu_timer_destroy(emu->timer);
	emu_irq_destroy(emu->irq);
	emu_pci_destroy(emu->pci);
	emu_bar_destroy(emu->bar);
	emu_mem_destroy(emu->mem);
	emu_chaos_destroy(emu->chaos);
	emu_stats_destroy(emu->stats);
	if (emu->vram)
		munmap(emu->vram, emu->vram_size);
	if (emu->vram_fd >= 0)
		close(emu->vram_fd);
	pthread_mutex_destroy(&emu->lock);
	free(emu);
}

void emu_fall_asleep(struct emu *emu)
{
	emu_count(emu, EMU_SLEEPS);
	if (atomic_exchange(&emu->forget_asleep, false))
		emu_vram_reset(emu);
	if (atomic_exchange(&emu->remove_asleep, false))
		emu_bar_surprise_remove(emu);
}

void emu_wake(struct emu *emu)
{
	emu_fw_reset(emu->fw);
	emu_fifo_reset(emu->fifo);
	emu_fault_reset(emu->fault);
	emu_mmu_reset(emu->mmu);
	emu_timer_reset(emu->timer);
	emu_irq_reset(emu->irq);
	emu_pci_reset(emu->pci);
	emu_bar_reset(emu->bar);
	atomic_store(&emu->fw_failed, false);
}

void emu_reset(struct emu *emu)
{
	emu_wake(emu);
	emu_fifo_heal(emu);
	emu_chaos_reset(emu->chaos);
	emu_vram_reset(emu);
	emu_count(emu, EMU_RESETS);
	emu_log(emu, EMU_LOG_INFO, "reset");
}

void emu_heal(struct emu *emu)
{
	emu_lock(emu);
	emu_chaos_stop(emu);
	emu_fifo_heal(emu);
	emu_fw_heal(emu);
	emu_irq_drop(emu, false);
	atomic_store(&emu->forget_asleep, false);
	atomic_store(&emu->remove_asleep, false);
	/*
	 * A card that was pulled comes back as a fresh one. Only its power state is as before: a VMM
	 * that keeps account of it has not noticed.
	 */
	if (emu_bar_is_removed(emu)) {
		bool asleep = emu_pci_asleep(emu);

		emu_reset(emu);
		emu_bar_reinsert(emu);
		if (asleep)
			emu_pci_put_to_sleep(emu);
	}
	emu_unlock(emu);
}

void emu_lock(struct emu *emu)
{
	pthread_mutex_lock(&emu->lock);
}

void emu_unlock(struct emu *emu)
{
	pthread_mutex_unlock(&emu->lock);
}
