/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_PT_H_
#define _NOVA_PT_H_

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/nova_core_door.h>
#include <linux/types.h>

struct nova_account;
struct nova_bo_extent;
struct nova_bound;
struct nova_dump_walk_step;
struct nova_device;
struct nova_pt_node;

/* The most entries on the way to an address: five levels, of which the last has two tables. */
#define NOVA_PT_STEPS	6

/**
 * struct nova_pt - the page tables of one address space
 *
 * Tables live in video memory, in a range carved out of it at probe; their
 * shape is mirrored in system memory, so that nothing is ever read back from
 * the device and tables can be freed without it.
 *
 * A table exists while address ranges claim it. Claims are made before the
 * point of no return and may fail; everything after that cannot, and whoever turns
 * back gives his up, maybe the last ones of a table that was in use. Each 2 MiB
 * slot in use has its tables of 64 KiB and of 4 KiB pages even while a large page hides
 * them, so splitting a large page needs no memory. A sparse range claims only the tables
 * that its two edges need; entries of any level are sparse between them.
 */
struct nova_pt {
	/** @ndev: the DRM device */
	struct nova_device *ndev;
	/** @account: what the tables are charged to, a reference is held */
	struct nova_account *account;
	/** @lock: guards all of this; taken inside reservations and the door */
	struct mutex lock;
	/** @root: level 4 table, exists as long as the address space */
	struct nova_pt_node *root;
	/** @garbage: emptied tables, freed after the next TLB invalidate */
	struct list_head garbage __guarded_by(&lock);
	/** @scratch: what is not mapped is sparse; constant */
	bool scratch;
	/** @stale: an entry that the GPU may have cached was changed since the last one */
	bool stale __guarded_by(&lock);
};

/**
 * struct nova_pt_pages - in which pages a range is mapped
 * @bytes_4k: bytes in pages of 4 KiB
 * @bytes_64k: in pages of 64 KiB
 * @bytes_2m: in pages of 2 MiB
 */
struct nova_pt_pages {
	u64 bytes_4k;
	u64 bytes_64k;
	u64 bytes_2m;
};

int nova_pt_tables_init(struct nova_device *ndev);
u32 nova_pt_tables_count(const struct nova_device *ndev);
int nova_pt_table_take(struct nova_device *ndev, u64 *addr);
void nova_pt_table_put(struct nova_device *ndev, u64 addr);
u64 nova_pt_table_64k(const struct nova_device *ndev, u64 addr);

int nova_pt_init(struct nova_device *ndev, struct nova_pt *pt, struct nova_account *account,
		 bool scratch);
void nova_pt_fini(struct nova_pt *pt);
u64 nova_pt_root(const struct nova_pt *pt);

int nova_pt_claim(struct nova_pt *pt, u64 va, u64 size);
void nova_pt_release(struct nova_pt *pt, u64 va, u64 size);
int nova_pt_claim_edge(struct nova_pt *pt, u64 va);
void nova_pt_release_edge(struct nova_pt *pt, u64 va);

void nova_pt_map(struct nova_bound *bound, struct nova_pt *pt, u64 va,
		 const struct nova_bo_extent *extent, bool readonly)
	__must_hold_shared(nova_core_door);
void nova_pt_unmap(struct nova_bound *bound, struct nova_pt *pt, u64 va, u64 size)
	__must_hold_shared(nova_core_door);
void nova_pt_set_sparse(struct nova_bound *bound, struct nova_pt *pt, u64 va, u64 size,
			bool sparse)
	__must_hold_shared(nova_core_door);
void nova_pt_set_stale(struct nova_pt *pt);
int nova_pt_flush(struct nova_bound *bound, struct nova_pt *pt)
	__must_hold_shared(nova_core_door);
struct nova_pt_pages nova_pt_count_pages(struct nova_pt *pt, u64 va, u64 size);
u32 nova_pt_try_dump(struct nova_bound *bound, struct nova_pt *pt, u64 va,
		     struct nova_dump_walk_step *steps)
	__must_hold_shared(nova_core_door);

#endif /* _NOVA_PT_H_ */
