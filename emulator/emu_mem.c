/* SPDX-License-Identifier: MIT */
/*
 * Video memory and guest memory.
 *
 * A client maps the same file many times over (all of guest RAM without a
 * vIOMMU, each buffer with one), so a file is mapped into this process once, as a whole,
 * and ranges refer into it. Ranges are kept in a tree ordered by address in
 * which overlapping keys compare equal: looking for a one-byte key finds the
 * range around it, inserting finds what is in the way.
 *
 * Whoever has the file can cut it short while it is mapped here, and what is
 * touched beyond its end then is a SIGBUS. Its handler puts zeroed memory in the
 * place of the mapping, so that the access ends, and marks the file as lost: later
 * DMA to it is not answered.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <search.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu_bar.h"
#include "emu_mem.h"
#include "emu_pci.h"

#define EMU_MEM_RECENT	16u	/* ranges that are remembered for emu_chaos */

/**
 * struct emu_mem_file - a backing file, mapped whole
 * @next: list in struct emu_mem
 * @dev: identity, with @ino; stable while the mapping holds the file
 * @ino: inode number
 * @base: the mapping; moves when the file has grown
 * @size: its length
 * @writable: mapped for writing
 * @lost: cut short and no longer mapped; set by the signal handler
 * @ranges: ranges that refer to it
 */
struct emu_mem_file {
	struct emu_mem_file *next;
	dev_t dev;
	ino_t ino;
	uint8_t *base;
	size_t size;
	bool writable;
	atomic_bool lost;
	size_t ranges;
};

/* The key of the tree is [first, last], both inclusive: a range may end at 2^64. */
struct emu_mem_range {
	uint64_t first;
	uint64_t last;
	struct emu_mem_file *file;	/* NULL: no file behind it */
	uint64_t offset;
	bool readable;
	bool writable;
};

/**
 * struct emu_mem - the DMA map
 * @lock: read side: spans in use; write side: changes. Writers are preferred,
 *        or engines that copy without pause would keep an unmap waiting for ever.
 * @tree: struct emu_mem_range by address
 * @files: what they are backed by
 * @ranges: number of ranges
 * @bytes: their sizes added up
 * @generation: changes when a range goes away; makes cached look-ups stale
 * @mapped: the ranges that came last, @unmapped: those that went last, as keys
 * @mapped_count: of all that ever came, @unmapped_count: that ever went
 */
struct emu_mem {
	pthread_rwlock_t lock;
	void *tree;
	struct emu_mem_file *files;
	size_t ranges;
	uint64_t bytes;
	uint64_t generation;
	struct emu_mem_range mapped[EMU_MEM_RECENT];
	struct emu_mem_range unmapped[EMU_MEM_RECENT];
	uint64_t mapped_count;
	uint64_t unmapped_count;
};

/* Unique over all devices of the process, so a cache entry can never be taken for another's. */
static _Atomic uint64_t emu_mem_generations = 1;

/* Per thread: how deep it holds the read side, and the range it used last. */
static __thread struct {
	struct emu_mem *held;
	unsigned int depth;
	uint64_t generation;
	const struct emu_mem_range *range;
} emu_mem_thread;

static int emu_mem_compare(const void *a, const void *b)
{
	const struct emu_mem_range *left = a, *right = b;

	if (left->last < right->first)
		return -1;
	return left->first > right->last;
}

static struct emu_mem_range *emu_mem_find(struct emu_mem *mem, uint64_t first, uint64_t last)
{
	struct emu_mem_range key = { .first = first, .last = last };
	struct emu_mem_range **node = tfind(&key, &mem->tree, emu_mem_compare);

	return node ? *node : NULL;
}

struct emu_mem *emu_mem_create(struct emu *emu)
{
	struct emu_mem *mem = calloc(1, sizeof(*mem));
	pthread_rwlockattr_t attr;

	(void)emu;
	if (!mem)
		return NULL;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&mem->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	mem->generation = atomic_fetch_add(&emu_mem_generations, 1);
	return mem;
}

static void emu_mem_file_put(struct emu_mem *mem, struct emu_mem_file *file)
{
	struct emu_mem_file **link = &mem->files;

	if (!file || --file->ranges)
		return;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	if (file->base)
		munmap(file->base, file->size);
	free(file);
}

/* Takes @range out of the tree; the caller holds the write side. */
static void emu_mem_remove(struct emu_mem *mem, struct emu_mem_range *range)
{
	tdelete(range, &mem->tree, emu_mem_compare);
	mem->unmapped[mem->unmapped_count++ % EMU_MEM_RECENT] = *range;
	mem->ranges--;
	mem->bytes -= range->last - range->first + 1;
	mem->generation = atomic_fetch_add(&emu_mem_generations, 1);
	emu_mem_file_put(mem, range->file);
	free(range);
}

static void emu_mem_remove_all(struct emu_mem *mem)
{
	struct emu_mem_range *range;

	while ((range = emu_mem_find(mem, 0, UINT64_MAX)))
		emu_mem_remove(mem, range);
}

void emu_mem_destroy(struct emu_mem *mem)
{
	if (!mem)
		return;
	emu_mem_remove_all(mem);
	pthread_rwlock_destroy(&mem->lock);
	free(mem);
}

/* (Re)maps @file through @fd if it is new or lost, has grown or must become writable. */
static int emu_mem_file_map(struct emu_mem_file *file, int fd, size_t size, bool writable)
{
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	void *base;

	if (file->base && size <= file->size && (file->writable || !writable) &&
	    !atomic_load(&file->lost))
		return 0;
	if (size < file->size)
		size = file->size;
	if (file->writable)
		prot |= PROT_WRITE;
	base = mmap(NULL, size, prot, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	if (file->base)
		munmap(file->base, file->size);
	file->base = base;
	atomic_store(&file->lost, false);
	file->size = size;
	file->writable = prot & PROT_WRITE;
	return 0;
}

static int emu_mem_file_get(struct emu_mem *mem, int fd, uint64_t end, bool writable,
			    struct emu_mem_file **result)
{
	struct emu_mem_file *file;
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || end > (uint64_t)st.st_size)
		return -EINVAL;
	for (file = mem->files; file; file = file->next) {
		if (file->dev == st.st_dev && file->ino == st.st_ino)
			break;
	}
	if (!file) {
		file = calloc(1, sizeof(*file));
		if (!file)
			return -ENOMEM;
		file->dev = st.st_dev;
		file->ino = st.st_ino;
		file->next = mem->files;
		mem->files = file;
	}
	file->ranges++;
	ret = emu_mem_file_map(file, fd, (size_t)st.st_size, writable);
	if (ret) {
		emu_mem_file_put(mem, file);
		return ret;
	}
	*result = file;
	return 0;
}

static int emu_mem_map_locked(struct emu_mem *mem, const struct emu_mem_range *new, int fd)
{
	uint64_t size = new->last - new->first + 1;
	struct emu_mem_range *range;
	int ret;

	if (emu_mem_find(mem, new->first, new->last))
		return -EEXIST;
	if (mem->ranges >= EMU_MEM_RANGES_MAX)
		return -ENOSPC;
	range = malloc(sizeof(*range));
	if (!range)
		return -ENOMEM;
	*range = *new;
	if (fd >= 0) {
		ret = emu_mem_file_get(mem, fd, new->offset + size, new->writable, &range->file);
		if (ret) {
			free(range);
			return ret;
		}
	}
	if (!tsearch(range, &mem->tree, emu_mem_compare)) {
		emu_mem_file_put(mem, range->file);
		free(range);
		return -ENOMEM;
	}
	mem->mapped[mem->mapped_count++ % EMU_MEM_RECENT] = *range;
	mem->ranges++;
	mem->bytes += size;
	return 0;
}

int emu_mem_map(struct emu *emu, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		bool readable, bool writable)
{
	struct emu_mem_range new = {
		.first = iova,
		.last = iova + size - 1,
		.offset = offset,
		.readable = readable,
		.writable = writable,
	};
	struct emu_mem *mem = emu->mem;
	int ret;

	if (!size || (iova | size | offset) % EMU_MEM_PAGE || new.last < iova ||
	    offset + size < offset)
		return -EINVAL;
	pthread_rwlock_wrlock(&mem->lock);
	ret = emu_mem_map_locked(mem, &new, fd);
	pthread_rwlock_unlock(&mem->lock);
	return ret;
}

int emu_mem_unmap(struct emu *emu, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + size - 1;
	struct emu_mem *mem = emu->mem;
	struct emu_mem_range *range;
	int ret = 0;

	if (!size || (iova | size) % EMU_MEM_PAGE || last < iova)
		return -EINVAL;
	pthread_rwlock_wrlock(&mem->lock);
	/* Only a range around one of the two ends can be cut. */
	range = emu_mem_find(mem, iova, iova);
	if (range && range->first < iova)
		ret = -EINVAL;
	range = emu_mem_find(mem, last, last);
	if (range && range->last > last)
		ret = -EINVAL;
	while (!ret && (range = emu_mem_find(mem, iova, last)))
		emu_mem_remove(mem, range);
	pthread_rwlock_unlock(&mem->lock);
	return ret;
}

void emu_mem_unmap_all(struct emu *emu)
{
	pthread_rwlock_wrlock(&emu->mem->lock);
	emu_mem_remove_all(emu->mem);
	pthread_rwlock_unlock(&emu->mem->lock);
}

void emu_mem_stats(struct emu *emu, uint64_t *ranges, uint64_t *bytes)
{
	pthread_rwlock_rdlock(&emu->mem->lock);
	*ranges = emu->mem->ranges;
	*bytes = emu->mem->bytes;
	pthread_rwlock_unlock(&emu->mem->lock);
}

void emu_mem_lock(struct emu *emu)
{
	if (!emu_mem_thread.depth++) {
		pthread_rwlock_rdlock(&emu->mem->lock);
		emu_mem_thread.held = emu->mem;
	}
	assert(emu_mem_thread.held == emu->mem);
}

void emu_mem_unlock(struct emu *emu)
{
	assert(emu_mem_thread.depth && emu_mem_thread.held == emu->mem);
	if (!--emu_mem_thread.depth) {
		emu_mem_thread.held = NULL;
		pthread_rwlock_unlock(&emu->mem->lock);
	}
}

/* --- files that are cut short --- */

static struct sigaction emu_mem_old_action;

/*
 * An access to a mapped file runs in a thread that holds the read side, so that the
 * list of files does not change under the handler.
 */
static void emu_mem_sigbus(int number, siginfo_t *info, void *context)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
	struct emu_mem *mem = emu_mem_thread.held;
	struct emu_mem_file *file = mem ? mem->files : NULL;
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)context;
	while (file && at - (uintptr_t)file->base >= file->size)
		file = file->next;
	if (file &&
	    mmap(file->base, file->size, PROT_READ | PROT_WRITE, flags, -1, 0) == file->base)
		atomic_store(&file->lost, true);
	else	/* no DMA: the access is repeated and meets whoever was in charge before */
		sigaction(number, &emu_mem_old_action, NULL);
}

int emu_mem_catch_sigbus(void)
{
	struct sigaction action = { .sa_sigaction = emu_mem_sigbus, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, &emu_mem_old_action) ? -errno : 0;
}

static const struct emu_mem_range *emu_mem_lookup(struct emu_mem *mem, uint64_t addr)
{
	const struct emu_mem_range *range = emu_mem_thread.range;

	if (emu_mem_thread.generation == mem->generation && range &&
	    addr >= range->first && addr <= range->last)
		return range;
	range = emu_mem_find(mem, addr, addr);
	emu_mem_thread.generation = mem->generation;
	emu_mem_thread.range = range;
	return range;
}

static void *emu_mem_system(struct emu *emu, uint64_t addr, size_t *len, bool write)
{
	const struct emu_mem_range *range;
	const char *access = write ? "write to" : "read of";
	uint64_t left;

	if (emu_bar_is_removed(emu))
		return NULL;
	if (!emu_pci_bus_master(emu)) {
		if (atomic_load(&emu->fw_failed))
			return NULL;
		emu_violation(emu, EMU_VIOLATION_DMA_NO_BUS_MASTER,
			      "DMA %s %#llx with bus mastering off", access,
			      (unsigned long long)addr);
		return NULL;
	}
	range = emu_mem_lookup(emu->mem, addr);
	if (!range || !(write ? range->writable : range->readable)) {
		emu_violation(emu, EMU_VIOLATION_DMA_UNMAPPED, "DMA %s %#llx, which is %s", access,
			      (unsigned long long)addr,
			      !range ? "not mapped" : write ? "mapped read-only" : "mapped write-only");
		return NULL;
	}
	if (!range->file || atomic_load(&range->file->lost)) {
		emu_log(emu, EMU_LOG_WARN, "DMA %s %#llx, %s", access, (unsigned long long)addr,
			range->file ? "whose file was cut short" : "which has no file behind it");
		return NULL;
	}
	left = range->last - addr;
	if (*len && *len - 1 > left)
		*len = (size_t)left + 1;
	return range->file->base + range->offset + (addr - range->first);
}

void *emu_mem_span(struct emu *emu, enum emu_aperture aperture, uint64_t addr, size_t *len,
		   bool write)
{
	assert(emu_mem_thread.depth && emu_mem_thread.held == emu->mem);
	if (aperture == EMU_SYSTEM)
		return emu_mem_system(emu, addr, len, write);
	if (addr >= emu->vram_size)
		return NULL;
	if (*len > emu->vram_size - addr)
		*len = emu->vram_size - addr;
	return emu->vram + addr;
}

int emu_mem_read(struct emu *emu, enum emu_aperture aperture, uint64_t addr, void *to, size_t len)
{
	uint8_t *dest = to;
	const void *from;
	size_t span;
	int ret = 0;

	emu_mem_lock(emu);
	for (; len; len -= span, addr += span, dest += span) {
		span = len;
		from = emu_mem_span(emu, aperture, addr, &span, false);
		if (!from) {
			ret = -EFAULT;
			break;
		}
		memcpy(dest, from, span);
	}
	emu_mem_unlock(emu);
	return ret;
}

int emu_mem_write(struct emu *emu, enum emu_aperture aperture, uint64_t addr, const void *from,
		  size_t len)
{
	const uint8_t *source = from;
	size_t span;
	int ret = 0;
	void *to;

	emu_mem_lock(emu);
	for (; len; len -= span, addr += span, source += span) {
		span = len;
		to = emu_mem_span(emu, aperture, addr, &span, true);
		if (!to) {
			ret = -EFAULT;
			break;
		}
		memcpy(to, source, span);
	}
	emu_mem_unlock(emu);
	return ret;
}

/* --- chaos --- */

bool emu_mem_try(struct emu *emu, uint64_t addr, bool write)
{
	const struct emu_mem_range *range;
	bool reachable;

	if (emu_bar_is_removed(emu) || !emu_pci_bus_master(emu))
		return false;
	emu_mem_lock(emu);
	range = emu_mem_find(emu->mem, addr, addr);
	reachable = range && range->file && (write ? range->writable : range->readable);
	emu_mem_unlock(emu);
	return reachable;
}

static const struct emu_mem_range *emu_mem_recent(const struct emu_mem_range *ranges,
						  uint64_t count, uint64_t random)
{
	return count ? &ranges[random % (count < EMU_MEM_RECENT ? count : EMU_MEM_RECENT)] : NULL;
}

bool emu_mem_stale(struct emu *emu, uint64_t random, uint64_t *addr)
{
	const struct emu_mem_range *range;

	emu_mem_lock(emu);
	range = emu_mem_recent(emu->mem->unmapped, emu->mem->unmapped_count, random);
	if (range)
		*addr = range->first + (random >> 8) % (range->last - range->first + 1);
	emu_mem_unlock(emu);
	return range;
}

void emu_mem_scribble(struct emu *emu, uint64_t random, const void *data, size_t len)
{
	const struct emu_mem_range *key, *range = NULL;
	uint64_t offset;

	if (emu_bar_is_removed(emu) || !emu_pci_bus_master(emu))
		return;
	emu_mem_lock(emu);
	key = emu_mem_recent(emu->mem->mapped, emu->mem->mapped_count, random);
	if (key)
		range = emu_mem_find(emu->mem, key->first, key->first);
	if (range && range->file && range->writable) {
		offset = (random >> 8) % (range->last - range->first + 1 - len);
		memcpy(range->file->base + range->offset + offset, data, len);
	}
	emu_mem_unlock(emu);
}
