/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_ACCOUNT_H_
#define _NOVA_ACCOUNT_H_

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/types.h>

/* What is accounted: things of which there are only so many for all clients. */
enum nova_account_kind {
	NOVA_ACCOUNT_BO_BYTES,	/* sizes of buffers: each takes mmap offsets, used or not */
	NOVA_ACCOUNT_TABLES,	/* page tables, out of the carve-out */
	NOVA_ACCOUNT_HELD_BYTES, /* video memory that must not be evicted, see nova_userq.c */
	NOVA_ACCOUNT_KINDS
};

/**
 * struct nova_account - what one file has taken of what all share
 *
 * Referenced by the file and by each object that was charged to it, which may outlive the file.
 */
struct nova_account {
	/** @ref: reference count */
	struct kref ref;
	/** @max: limits, constant */
	u64 max[NOVA_ACCOUNT_KINDS];
	/** @used: never above @max */
	atomic64_t used[NOVA_ACCOUNT_KINDS];
};

struct nova_account *nova_account_create(const u64 max[NOVA_ACCOUNT_KINDS]);
struct nova_account *nova_account_get(struct nova_account *account);
void nova_account_put(struct nova_account *account);

int nova_account_charge(struct nova_account *account, enum nova_account_kind kind, u64 amount);
void nova_account_uncharge(struct nova_account *account, enum nova_account_kind kind, u64 amount);

#endif /* _NOVA_ACCOUNT_H_ */
