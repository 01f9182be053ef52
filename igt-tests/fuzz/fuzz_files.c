/* SPDX-License-Identifier: MIT */
/* Files of the device with their objects, and the other files that come of them. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "igt_nova.h"

#include "fuzz.h"

#define FDS_MAX	12

static struct {
	pthread_mutex_t lock;	/* of all below */
	const struct igt_nova_dev *dev;
	unsigned int count;
	struct fuzz_file *files[FUZZ_FILES];
	int fds[FUZZ_FDS][FDS_MAX];
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct fuzz_file *file_open(void)
{
	struct fuzz_file *file;
	char node[64];
	int fd = -1;

	if (igt_nova_dev_node(all.dev, node))
		fd = igt_nova_open_node(node);
	if (fd < 0)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (!file) {
		close(fd);
		return NULL;
	}
	file->fd = fd;
	file->users = 1;
	return file;
}

struct fuzz_file *fuzz_file_get(unsigned int slot)
{
	struct fuzz_file *file;

	pthread_mutex_lock(&all.lock);
	file = all.files[slot % all.count];
	file->users++;
	pthread_mutex_unlock(&all.lock);
	return file;
}

void fuzz_file_put(struct fuzz_file *file)
{
	bool last;

	pthread_mutex_lock(&all.lock);
	last = --file->users == 0;
	pthread_mutex_unlock(&all.lock);
	if (!last)
		return;
	close(file->fd);
	free(file);
}

bool fuzz_file_reopen(unsigned int slot, const struct fuzz_file *old)
{
	struct fuzz_file *file = file_open(), *unused = file;

	if (!file)
		return false;
	slot %= all.count;
	pthread_mutex_lock(&all.lock);
	if (all.files[slot] == old) {
		unused = all.files[slot];
		all.files[slot] = file;
	}
	pthread_mutex_unlock(&all.lock);
	fuzz_file_put(unused);
	return true;
}

bool fuzz_files_open(const struct igt_nova_dev *dev, unsigned int files)
{
	all.dev = dev;
	for (unsigned int i = 0; i < FUZZ_FDS; i++)
		for (unsigned int j = 0; j < FDS_MAX; j++)
			all.fds[i][j] = -1;
	for (all.count = 0; all.count < files; all.count++) {
		all.files[all.count] = file_open();
		if (!all.files[all.count])
			return false;
	}
	return true;
}

void fuzz_files_close(void)
{
	for (unsigned int i = 0; i < all.count; i++)
		fuzz_file_put(all.files[i]);
	all.count = 0;
	for (unsigned int i = 0; i < FUZZ_FDS; i++)
		for (unsigned int j = 0; j < FDS_MAX; j++)
			if (all.fds[i][j] >= 0)
				close(all.fds[i][j]);
}

/* --- ids --- */

uint32_t fuzz_pool_pick(struct fuzz_pool *pool, uint64_t *random)
{
	uint32_t start = fuzz_below(random, FUZZ_POOL), id = 0;

	for (uint32_t i = 0; i < FUZZ_POOL && !id; i++)
		id = pool->live[(start + i) % FUZZ_POOL];
	return id;
}

uint32_t fuzz_pool_stale(struct fuzz_pool *pool, uint64_t *random)
{
	return pool->stale[fuzz_below(random, FUZZ_STALE)];
}

bool fuzz_pool_empty(struct fuzz_pool *pool)
{
	for (uint32_t i = 0; i < FUZZ_POOL; i++)
		if (pool->live[i])
			return false;
	return true;
}

static void make_stale(struct fuzz_pool *pool, uint32_t id)
{
	if (id)
		pool->stale[atomic_fetch_add(&pool->next_stale, 1) % FUZZ_STALE] = id;
}

uint32_t fuzz_pool_add(struct fuzz_pool *pool, uint64_t *random, uint32_t id)
{
	uint32_t start = fuzz_below(random, FUZZ_POOL), old;

	for (uint32_t i = 0; i < FUZZ_POOL; i++) {
		unsigned int none = 0;

		if (atomic_compare_exchange_strong(&pool->live[(start + i) % FUZZ_POOL], &none, id))
			return 0;
	}
	old = atomic_exchange(&pool->live[start], id);
	make_stale(pool, old);
	return old;
}

void fuzz_pool_take(struct fuzz_pool *pool, uint32_t id)
{
	for (uint32_t i = 0; i < FUZZ_POOL; i++) {
		unsigned int same = id;

		if (atomic_compare_exchange_strong(&pool->live[i], &same, 0))
			break;
	}
	make_stale(pool, id);
}

/* --- user-mode queues --- */

struct fuzz_userq fuzz_userq_pick(struct fuzz_file *file, uint64_t *random)
{
	uint32_t start = fuzz_below(random, FUZZ_USERQS);
	struct fuzz_userq userq = { 0 };

	pthread_mutex_lock(&all.lock);
	for (uint32_t i = 0; i < FUZZ_USERQS && !userq.size; i++)
		userq = file->userqs[(start + i) % FUZZ_USERQS];
	pthread_mutex_unlock(&all.lock);
	return userq;
}

void fuzz_userq_add(struct fuzz_file *file, uint64_t *random, const struct fuzz_userq *userq)
{
	uint32_t place = fuzz_below(random, FUZZ_USERQS);

	pthread_mutex_lock(&all.lock);
	file->userqs[place] = *userq;
	pthread_mutex_unlock(&all.lock);
}

/* --- other files: a number is used by its owner only, who closes it --- */

void fuzz_fd_add(enum fuzz_fd kind, uint64_t *random, int fd)
{
	uint32_t place = fuzz_below(random, FDS_MAX);
	int old;

	pthread_mutex_lock(&all.lock);
	old = all.fds[kind][place];
	all.fds[kind][place] = fd;
	pthread_mutex_unlock(&all.lock);
	if (old >= 0)
		close(old);
}

int fuzz_fd_get(enum fuzz_fd kind, uint64_t *random)
{
	uint32_t start = fuzz_below(random, FDS_MAX);
	int fd = -1;

	pthread_mutex_lock(&all.lock);
	for (uint32_t i = 0; i < FDS_MAX && fd < 0; i++)
		fd = all.fds[kind][(start + i) % FDS_MAX];
	if (fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&all.lock);
	return fd;
}
