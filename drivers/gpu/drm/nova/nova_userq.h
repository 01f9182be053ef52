/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_USERQ_H_
#define _NOVA_USERQ_H_

#include <linux/bits.h>
#include <linux/types.h>

#include <linux/nova_core_door.h>

struct file;
struct nova_bo;
struct nova_bound;
struct nova_core_dma;
struct nova_device;
struct nova_userq;
struct nova_vm;
struct vm_area_struct;

/* mmap offsets of user-mode queues: above those of buffers, and 32 bits of pages reach them. */
#define NOVA_USERQ_OFFSET	BIT_ULL(42)
#define NOVA_USERQ_OFFSET_END	BIT_ULL(44)

/* Of video memory, what may be held resident by one file, and by all. */
#define NOVA_FILE_HELD_SHARE	4
#define NOVA_HELD_SHARE		2

void nova_userq_init(struct nova_device *ndev);
u64 nova_userq_file_held_max(struct nova_device *ndev);

struct nova_userq *nova_userq_create(struct nova_device *ndev, u32 ring_size);
void nova_userq_put(struct nova_userq *userq);
u64 nova_userq_offset(const struct nova_userq *userq);
u64 nova_userq_map_size(const struct nova_userq *userq);

void nova_userq_open(struct nova_userq *userq, const struct nova_core_dma *mem, size_t userd)
	__must_hold_shared(nova_core_door);
void nova_userq_close(struct nova_userq *userq);
int nova_userq_mmap(struct file *filp, struct vm_area_struct *vma);

u64 nova_userq_bo_bytes(const struct nova_bo *bo);
int nova_userq_hold(struct nova_vm *vm)
	__must_not_hold(nova_core_door);
void nova_userq_release(struct nova_vm *vm);
int nova_userq_reserve(struct nova_vm *vm, u64 bytes);
void nova_userq_settle(struct nova_vm *vm);
bool nova_userq_holds(struct nova_bo *bo);

#endif /* _NOVA_USERQ_H_ */
