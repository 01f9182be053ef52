// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a bind does once nothing can fail any more: to the set of mappings, and, maybe later, to
 * the page tables.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include <drm/nova_drm.h>

#include "nova_bind.h"
#include "nova_bound.h"
#include "nova_gem.h"
#include "nova_trace.h"
#include "nova_vm.h"

/**
 * nova_bind_is_map() - does it map something?
 * @op: the op
 *
 * Return: true for memory and for sparse.
 */
bool nova_bind_is_map(const struct nova_bind_op *op)
{
	return op->args->op == DRM_NOVA_VM_BIND_OP_MAP;
}

/**
 * nova_bind_is_sparse() - does it make a range sparse?
 * @op: the op
 *
 * Return: true if it does.
 */
bool nova_bind_is_sparse(const struct nova_bind_op *op)
{
	return nova_bind_is_map(op) && op->args->flags & DRM_NOVA_VM_BIND_SPARSE;
}

/* --- recording: the set of mappings --- */

static struct nova_vma *nova_bind_take_vma(struct nova_bind *bind, bool readonly)
{
	struct nova_vma *vma = list_first_entry(&bind->spare, struct nova_vma, base.gem.entry);

	list_del_init(&vma->base.gem.entry);
	vma->readonly = readonly;
	return vma;
}

/*
 * A mapping that is no more, with the part of it that nothing replaces. It may have been the last
 * to hold its buffer, whose memory must not be anybody else's while the GPU can reach it, or has a
 * translation cached: so the buffer goes with the bind.
 */
static void nova_bind_retire(struct nova_bind *bind, struct nova_vma *vma, u64 va, u64 size)
{
	vma->retired.va = va;
	vma->retired.size = size;
	if (vma->base.gem.obj)
		drm_gem_object_get(vma->base.gem.obj);
	nova_userptr_retire(vma);
	drm_gpuva_unlink(&vma->base);
	list_add_tail(&vma->base.gem.entry, &bind->current_op->retired);
}

int nova_bind_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct nova_bind *bind = priv;
	struct nova_bind_op *current_op = bind->current_op;
	struct nova_vma *vma;

	vma = nova_bind_take_vma(bind, current_op->args->flags & DRM_NOVA_VM_BIND_READONLY);
	drm_gpuva_map(&bind->vm->gpuvm, &vma->base, &op->map);
	drm_gpuva_link(&vma->base, current_op->vm_bo);
	if (current_op->userptr)
		nova_userptr_attach(current_op->userptr, vma);
	/* The claims are the mapping's from now on. */
	if (nova_vma_is_sparse(vma)) {
		current_op->first_claims--;
		current_op->last_claims--;
	} else {
		current_op->claimed = false;
	}
	return 0;
}

/* What is left of a mapping, or NULL. */
static void nova_bind_inherit(struct nova_vma *vma, struct nova_vma *old)
{
	if (!vma)
		return;
	drm_gpuva_link(&vma->base, old->base.vm_bo);
	if (old->userptr)
		nova_userptr_attach(old->userptr, vma);
}

int nova_bind_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva_op_remap *remap = &op->remap;
	struct nova_vma *old = to_nova_vma(remap->unmap->va);
	struct nova_vma *prev = NULL, *next = NULL;
	struct nova_bind *bind = priv;
	u64 va, size;

	drm_gpuva_op_remap_to_unmap_range(remap, &va, &size);
	if (remap->prev)
		prev = nova_bind_take_vma(bind, old->readonly);
	if (remap->next)
		next = nova_bind_take_vma(bind, old->readonly);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, remap);
	nova_bind_inherit(prev, old);
	nova_bind_inherit(next, old);
	if (nova_vma_is_sparse(old)) {
		/* An edge is inherited, or the op's: it has a claim on each that cuts something. */
		bind->current_op->first_claims -= !!prev;
		bind->current_op->last_claims -= !!next;
		old->retired.first = !prev;
		old->retired.last = !next;
	}
	nova_bind_retire(bind, old, va, size);
	return 0;
}

int nova_bind_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct nova_vma *vma = to_nova_vma(op->unmap.va);

	drm_gpuva_unmap(&op->unmap);
	vma->retired.first = true;
	vma->retired.last = true;
	nova_bind_retire(priv, vma, vma->base.va.addr, vma->base.va.range);
	return 0;
}

/**
 * nova_bind_put_links() - the mappings hold what links buffers to the VM
 * @bind: the bind; the reservations are held
 */
void nova_bind_put_links(struct nova_bind *bind)
{
	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];

		if (op->vm_bo)
			drm_gpuvm_bo_put(op->vm_bo);
		op->vm_bo = NULL;
	}
}

static void nova_bind_trace(const struct nova_bind *bind)
{
	struct device *dev = bind->file->minor->dev->dev;

	for (u32 i = 0; i < bind->count; i++) {
		const struct drm_nova_vm_bind_op *op = &bind->args[i];

		trace_nova_vm_bind(dev, bind->file->client_id, bind->vm_id, op->op, op->flags,
				   op->va, op->size, op->handle, op->bo_offset);
	}
}

/**
 * nova_bind_valid() - is the memory of processes that it maps what they see?
 * @bind: the bind; nova_userptrs.lock is held
 *
 * Return: the answer, until the lock is dropped.
 */
bool nova_bind_valid(struct nova_bind *bind)
{
	lockdep_assert_held(&bind->vm->userptrs.lock);
	for (u32 i = 0; i < bind->count; i++)
		if (bind->ops[i].userptr && !bind->ops[i].userptr->valid)
			return false;
	return true;
}

/**
 * nova_bind_record() - the point of no return: change the set of mappings
 * @bind: all it needs is claimed, allocated, resident and valid; the VM's lock, all reservations
 *	and nova_userptrs.lock are held
 */
void nova_bind_record(struct nova_bind *bind)
{
	struct drm_gpuvm *gpuvm = &bind->vm->gpuvm;
	int ret;

	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];
		struct drm_gpuvm_map_req req = {
			.map.va.addr = op->args->va,
			.map.va.range = op->args->size,
			.map.gem.obj = op->obj,
			.map.gem.offset = op->args->bo_offset,
		};

		bind->current_op = op;
		if (nova_bind_is_map(op))
			ret = drm_gpuvm_sm_map(gpuvm, bind, &req);
		else
			ret = drm_gpuvm_sm_unmap(gpuvm, bind, op->args->va, op->args->size);
		drm_WARN_ON(gpuvm->drm, ret);
	}
	nova_bind_put_links(bind);
	bind->recorded = true;
	if (trace_nova_vm_bind_enabled())
		nova_bind_trace(bind);
}

/* --- applying: the page tables --- */

/* The op's own, those that no mapping has taken over. */
static void nova_bind_release_edges(struct nova_pt *pt, struct nova_bind_op *op)
{
	for (; op->first_claims; op->first_claims--)
		nova_pt_release_edge(pt, op->args->va);
	for (; op->last_claims; op->last_claims--)
		nova_pt_release_edge(pt, op->args->va + op->args->size);
}

/*
 * First what goes, then what comes, then the tables that nobody needs any more. Under a map op the
 * new entries overwrite the old, so that the GPU sees old or new and never a hole.
 */
static void nova_bind_apply_op(struct nova_bound *bound, struct nova_pt *pt,
			       struct nova_bind_op *op)
	__must_hold_shared(nova_core_door)
{
	struct drm_nova_vm_bind_op *args = op->args;
	struct nova_vma *vma;

	if (nova_bind_is_sparse(op))
		nova_pt_set_sparse(bound, pt, args->va, args->size, true);
	else if (op->userptr && op->userptr->mapped)
		nova_userptr_map(bound, op->userptr, args->bo_offset, args->va, args->size);
	else if (op->userptr)	/* not any more: the next EXEC looks for it */
		nova_pt_unmap(bound, pt, args->va, args->size);
	else if (nova_bind_is_map(op))
		nova_vm_map_bo(bound, pt, to_nova_bo(op->obj), args->bo_offset, args->va,
			       args->size, args->flags & DRM_NOVA_VM_BIND_READONLY);
	else
		list_for_each_entry(vma, &op->retired, base.gem.entry)
			nova_vma_clear(bound, pt, vma);

	list_for_each_entry(vma, &op->retired, base.gem.entry) {
		nova_pt_set_stale(pt);
		nova_vma_release(pt, vma);
	}
	nova_bind_release_edges(pt, op);
}

/**
 * nova_bind_apply() - make the page tables follow
 * @bound: from the door
 * @bind: recorded; its buffers do not move, and nova_userptrs.lock is held
 *
 * Return: 0 when the GPU sees the new mappings and none of the old, which is so as well when it
 * died on the way for good, as it runs nothing any more: the bind was recorded, and cannot be
 * refused. -ENODEV if it was lost.
 */
int nova_bind_apply(struct nova_bound *bound, struct nova_bind *bind)
{
	struct nova_pt *pt = &bind->vm->pt;
	int ret;

	for (u32 i = 0; i < bind->count; i++)
		nova_bind_apply_op(bound, pt, &bind->ops[i]);
	ret = nova_pt_flush(bound, pt);
	return ret == -ETIMEDOUT ? 0 : ret;
}

/**
 * nova_bind_forget() - give back the claims of a bind that is not applied
 * @bind: not recorded, or recorded and the GPU does not use the address space any more
 *
 * Other binds may have been applied since the claims were made: theirs may be the last ones.
 */
void nova_bind_forget(struct nova_bind *bind)
{
	struct nova_pt *pt = &bind->vm->pt;
	struct nova_vma *vma;

	guard(mutex)(&bind->vm->userptrs.lock);
	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];

		list_for_each_entry(vma, &op->retired, base.gem.entry)
			nova_vma_release(pt, vma);
		if (op->claimed)
			nova_pt_release(pt, op->args->va, op->args->size);
		op->claimed = false;
		nova_bind_release_edges(pt, op);
	}
}

/**
 * nova_bind_free() - free a bind
 * @bind: applied or forgotten
 *
 * This is where buffers go that were unmapped; no lock is held.
 */
void nova_bind_free(struct nova_bind *bind)
{
	struct nova_vma *vma, *next;

	list_for_each_entry_safe(vma, next, &bind->spare, base.gem.entry)
		kfree(vma);
	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];

		list_for_each_entry_safe(vma, next, &op->retired, base.gem.entry) {
			if (vma->base.gem.obj)
				drm_gem_object_put(vma->base.gem.obj);
			nova_vma_free(vma);
		}
		if (op->obj)
			drm_gem_object_put(op->obj);
		if (op->userptr)
			nova_userptr_put(op->userptr);
	}
	kvfree(bind->ops);
	kvfree(bind->args);
	kfree(bind);
}
