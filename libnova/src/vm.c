// SPDX-License-Identifier: MIT
/* Address spaces: the kernel's mappings and the library's own book of addresses. */
#include <errno.h>
#include <stdlib.h>

#include "private.h"

#define BIG_PAGE_SIZE	(64u << 10)
#define HUGE_PAGE_SIZE	(2u << 20)

/* --- the book of addresses ------------------------------------------------ */

static bool round_to_pages(uint64_t *size)
{
	if (!*size || *size > UINT64_MAX - NOVA_PAGE_SIZE)
		return false;
	*size = (*size + NOVA_PAGE_SIZE - 1) & ~(uint64_t)(NOVA_PAGE_SIZE - 1);
	return true;
}

/* Cuts @node in two at @size bytes; the upper part is the new one. */
static int split_node(struct nova_va_node *node, uint64_t size)
{
	struct nova_va_node *upper;

	if (size == node->size)
		return 0;
	upper = calloc(1, sizeof(*upper));
	if (!upper)
		return -ENOMEM;
	upper->start = node->start + size;
	upper->size = node->size - size;
	upper->prev = node;
	upper->next = node->next;
	if (upper->next)
		upper->next->prev = upper;
	node->next = upper;
	node->size = size;
	return 0;
}

static void merge_with_next(struct nova_va_node *node)
{
	struct nova_va_node *next = node->next;

	if (!next || next->taken || node->taken)
		return;
	node->size += next->size;
	node->next = next->next;
	if (node->next)
		node->next->prev = node;
	free(next);
}

/* Takes [@va, @va + @size), which lies in the free @node. */
static int take_locked(struct nova_va_node *node, uint64_t va, uint64_t size)
{
	int ret;

	if (va != node->start) {
		ret = split_node(node, va - node->start);
		if (ret)
			return ret;
		node = node->next;
	}
	ret = split_node(node, size);
	if (ret) {
		if (node->prev)
			merge_with_next(node->prev);
		return ret;
	}
	node->taken = true;
	return 0;
}

static struct nova_va_node *find_locked(struct nova_vm *vm, uint64_t va)
{
	struct nova_va_node *node = vm->pieces;

	while (node && va - node->start >= node->size)
		node = node->next;
	return node;
}

static int free_locked(struct nova_vm *vm, uint64_t va)
{
	struct nova_va_node *node = find_locked(vm, va);

	if (!node || !node->taken || node->start != va)
		return -EINVAL;
	node->taken = false;
	merge_with_next(node);
	if (node->prev)
		merge_with_next(node->prev);
	return 0;
}

static uint64_t default_align(uint64_t size)
{
	if (size >= HUGE_PAGE_SIZE)
		return HUGE_PAGE_SIZE;
	return size >= BIG_PAGE_SIZE ? BIG_PAGE_SIZE : NOVA_PAGE_SIZE;
}

static int alloc_locked(struct nova_vm *vm, uint64_t size, uint64_t align, uint64_t *va)
{
	struct nova_va_node *node;
	uint64_t gap;
	int ret;

	for (node = vm->pieces; node; node = node->next) {
		gap = -node->start & (align - 1);
		if (node->taken || node->size < size || node->size - size < gap)
			continue;
		*va = node->start + gap;
		ret = take_locked(node, *va, size);
		return ret;
	}
	return -ENOSPC;
}

NOVA_API int nova_vm_alloc_va(struct nova_vm *vm, uint64_t size, uint64_t align, uint64_t *va)
{
	uint64_t found;
	int ret;

	if (!vm || !va || !round_to_pages(&size) || (align & (align - 1)))
		return -EINVAL;
	if (!align)
		align = default_align(size);
	if (align < NOVA_PAGE_SIZE)
		align = NOVA_PAGE_SIZE;
	pthread_mutex_lock(&vm->lock);
	ret = alloc_locked(vm, size, align, &found);
	pthread_mutex_unlock(&vm->lock);
	if (!ret)
		*va = found;
	return ret;
}

NOVA_API int nova_vm_reserve_va(struct nova_vm *vm, uint64_t va, uint64_t size)
{
	struct nova_va_node *node;
	uint64_t offset;
	int ret;

	if (!vm || va % NOVA_PAGE_SIZE || !round_to_pages(&size))
		return -EINVAL;
	offset = va - vm->va_start;
	if (va < vm->va_start || offset > vm->va_size || size > vm->va_size - offset)
		return -EINVAL;
	pthread_mutex_lock(&vm->lock);
	node = find_locked(vm, va);
	if (!node || node->taken || node->size - (va - node->start) < size)
		ret = -ENOSPC;
	else
		ret = take_locked(node, va, size);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

NOVA_API int nova_vm_free_va(struct nova_vm *vm, uint64_t va)
{
	int ret;

	if (!vm)
		return -EINVAL;
	pthread_mutex_lock(&vm->lock);
	ret = free_locked(vm, va);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

/* --- the kernel's side ----------------------------------------------------- */

NOVA_API int nova_vm_create(struct nova_device *dev, struct nova_vm **out)
{
	return nova_vm_create_flags(dev, 0, out);
}

NOVA_API int nova_vm_create_flags(struct nova_device *dev, uint32_t flags, struct nova_vm **out)
{
	struct drm_nova_vm_create args = { .flags = flags };
	struct nova_va_node *piece;
	struct nova_vm *vm;
	int ret;

	if (!dev || !out)
		return -EINVAL;
	vm = calloc(1, sizeof(*vm));
	piece = calloc(1, sizeof(*piece));
	ret = vm && piece ? nova_ioctl(dev->fd, DRM_IOCTL_NOVA_VM_CREATE, &args) : -ENOMEM;
	if (ret) {
		free(piece);
		free(vm);
		return ret;
	}
	piece->start = args.va_start;
	piece->size = args.va_size;
	pthread_mutex_init(&vm->lock, NULL);
	atomic_init(&vm->refs, 1);
	vm->dev = nova_device_get(dev);
	vm->id = args.vm_id;
	vm->va_start = args.va_start;
	vm->va_size = args.va_size;
	vm->pieces = piece;
	*out = vm;
	return 0;
}

struct nova_vm *nova_vm_get(struct nova_vm *vm)
{
	atomic_fetch_add_explicit(&vm->refs, 1, memory_order_relaxed);
	return vm;
}

bool nova_vm_is_alive(const struct nova_vm *vm)
{
	return vm->id != 0;
}

NOVA_API void nova_vm_destroy(struct nova_vm *vm)
{
	struct drm_nova_vm_destroy args = { 0 };

	if (!vm)
		return;
	args.vm_id = vm->id;
	nova_ioctl(vm->dev->fd, DRM_IOCTL_NOVA_VM_DESTROY, &args);
	/* The kernel may give the number to another one; a heap that is left must not name that. */
	vm->id = 0;
	nova_vm_put(vm);
}

void nova_vm_put(struct nova_vm *vm)
{
	struct nova_va_node *node, *next;

	if (atomic_fetch_sub_explicit(&vm->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (node = vm->pieces; node; node = next) {
		next = node->next;
		free(node);
	}
	nova_device_put(vm->dev);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

NOVA_API void nova_vm_range(const struct nova_vm *vm, uint64_t *start, uint64_t *size)
{
	*start = vm->va_start;
	*size = vm->va_size;
}

static int bind_ops(struct nova_vm *vm, const struct drm_nova_vm_bind_op *ops, uint32_t count)
{
	struct drm_nova_vm_bind args = {
		.vm_id = vm->id,
		.ops = {
			.stride = sizeof(*ops),
			.count = count,
			.ptr = (uintptr_t)ops,
		},
	};

	return nova_ioctl(vm->dev->fd, DRM_IOCTL_NOVA_VM_BIND, &args);
}

static bool ops_valid(const struct nova_vm *vm, const struct nova_vm_op *ops, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		bool buffer = ops[i].op == NOVA_VM_OP_MAP &&
			      !(ops[i].flags & (NOVA_VM_SPARSE | NOVA_VM_USERPTR));

		/* The kernel knows handles only: a missing buffer or another device's must not become one. */
		if (buffer != !!ops[i].bo)
			return false;
		if (ops[i].bo && ops[i].bo->dev != vm->dev)
			return false;
	}
	return true;
}

static void fill_ops(struct drm_nova_vm_bind_op *wire, const struct nova_vm_op *ops, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		wire[i] = (struct drm_nova_vm_bind_op) {
			.op = ops[i].op,
			.flags = ops[i].flags,
			.handle = ops[i].bo ? ops[i].bo->handle : 0,
			.bo_offset = ops[i].offset,
			.va = ops[i].va,
			.size = ops[i].size,
		};
	}
}

NOVA_API int nova_vm_bind(struct nova_vm *vm, const struct nova_vm_op *ops, uint32_t count)
{
	struct drm_nova_vm_bind_op *wire;
	int ret;

	if (!vm || !ops || !count || !ops_valid(vm, ops, count))
		return -EINVAL;
	wire = calloc(count, sizeof(*wire));
	if (!wire)
		return -ENOMEM;
	fill_ops(wire, ops, count);
	ret = bind_ops(vm, wire, count);
	free(wire);
	return ret;
}

static bool syncs_valid(const struct nova_vm *vm, const struct nova_job_sync *syncs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!syncs[i].sync || syncs[i].sync->dev != vm->dev ||
		    syncs[i].flags & ~NOVA_JOB_SYNC_SIGNAL)
			return false;
	return true;
}

static void fill_syncs(struct drm_nova_sync *wire, const struct nova_job_sync *syncs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		wire[i].handle = syncs[i].sync->handle;
		wire[i].point = syncs[i].point;
		if (syncs[i].flags & NOVA_JOB_SYNC_SIGNAL)
			wire[i].flags |= DRM_NOVA_SYNC_SIGNAL;
		if (syncs[i].point)
			wire[i].flags |= DRM_NOVA_SYNC_TIMELINE;
	}
}

NOVA_API int nova_vm_bind_async(struct nova_vm *vm, const struct nova_vm_op *ops, uint32_t count,
				const struct nova_job_sync *syncs, uint32_t sync_count)
{
	struct drm_nova_vm_bind args = { .flags = DRM_NOVA_VM_BIND_ASYNC };
	struct drm_nova_vm_bind_op *wire;
	struct drm_nova_sync *wire_syncs;
	int ret = -ENOMEM;

	if (!vm || (count && !ops) || (sync_count && !syncs))
		return -EINVAL;
	if (!ops_valid(vm, ops, count) || !syncs_valid(vm, syncs, sync_count))
		return -EINVAL;
	/* One more: of nothing calloc() may give nothing. */
	wire = calloc((size_t)count + 1, sizeof(*wire));
	wire_syncs = calloc((size_t)sync_count + 1, sizeof(*wire_syncs));
	if (wire && wire_syncs) {
		fill_ops(wire, ops, count);
		fill_syncs(wire_syncs, syncs, sync_count);
		args.vm_id = vm->id;
		args.ops.stride = sizeof(*wire);
		args.ops.count = count;
		args.ops.ptr = (uintptr_t)wire;
		args.syncs.stride = sizeof(*wire_syncs);
		args.syncs.count = sync_count;
		args.syncs.ptr = (uintptr_t)wire_syncs;
		ret = nova_ioctl(vm->dev->fd, DRM_IOCTL_NOVA_VM_BIND, &args);
	}
	free(wire_syncs);
	free(wire);
	return ret;
}

/* Where there is room. */
static int map_op(struct nova_vm *vm, struct nova_vm_op *op, uint64_t *va)
{
	int ret = nova_vm_alloc_va(vm, op->size, 0, &op->va);

	if (ret)
		return ret;
	ret = nova_vm_bind(vm, op, 1);
	if (ret) {
		nova_vm_free_va(vm, op->va);
		return ret;
	}
	*va = op->va;
	return 0;
}

NOVA_API int nova_vm_map(struct nova_vm *vm, struct nova_bo *bo, uint64_t offset, uint64_t size,
			 uint32_t flags, uint64_t *va)
{
	struct nova_vm_op op = { .op = NOVA_VM_OP_MAP, .flags = flags, .bo = bo, .offset = offset };

	if (!vm || !bo || !va || offset >= bo->size || flags & NOVA_VM_USERPTR)
		return -EINVAL;
	op.size = size ? size : bo->size - offset;
	if (op.size > bo->size - offset || (op.size | offset) % NOVA_PAGE_SIZE)
		return -EINVAL;
	return map_op(vm, &op, va);
}

NOVA_API int nova_vm_map_user(struct nova_vm *vm, void *memory, uint64_t size, uint32_t flags,
			      uint64_t *va)
{
	struct nova_vm_op op = {
		.op = NOVA_VM_OP_MAP,
		.flags = NOVA_VM_USERPTR | flags,
		.offset = (uintptr_t)memory,
		.size = size,
	};

	if (!vm || !memory || !va || !size || (op.offset | size) % NOVA_PAGE_SIZE)
		return -EINVAL;
	if (flags & ~NOVA_VM_READONLY)
		return -EINVAL;
	return map_op(vm, &op, va);
}

NOVA_API int nova_vm_unmap(struct nova_vm *vm, uint64_t va)
{
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va };
	struct nova_va_node *node;
	int ret = -EINVAL;

	if (!vm)
		return -EINVAL;
	/* Held across the ioctl, so that nobody can take the addresses before they are unmapped. */
	pthread_mutex_lock(&vm->lock);
	node = find_locked(vm, va);
	if (node && node->taken && node->start == va) {
		op.size = node->size;
		ret = bind_ops(vm, &op, 1);
		if (!ret || ret == -ENODEV)
			free_locked(vm, va);
	}
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

NOVA_API int nova_vm_get_state(struct nova_vm *vm, struct nova_vm_state *state)
{
	struct drm_nova_vm_fault faults[NOVA_VM_FAULTS_MAX] = { 0 };
	struct drm_nova_vm_get_state args = {
		.faults = { sizeof(faults[0]), NOVA_VM_FAULTS_MAX, (uintptr_t)faults },
	};
	int ret;

	if (!vm || !state)
		return -EINVAL;
	args.vm_id = vm->id;
	ret = nova_ioctl(vm->dev->fd, DRM_IOCTL_NOVA_VM_GET_STATE, &args);
	if (ret)
		return ret;
	if (args.faults.count > NOVA_VM_FAULTS_MAX)
		return -EIO;
	*state = (struct nova_vm_state) {
		.usable = args.state & DRM_NOVA_VM_STATE_USABLE,
		.reset_count = args.reset_count,
		.fault_count = args.fault_count,
		.kept = args.faults.count,
	};
	for (uint32_t i = 0; i < state->kept; i++)
		state->faults[i] = (struct nova_vm_fault) {
			.address = faults[i].address,
			.time_ns = faults[i].time_ns,
			.type = faults[i].type,
			.access = faults[i].access,
			.client = faults[i].client,
			.engine = faults[i].engine,
			.queue_id = faults[i].queue_id,
		};
	return 0;
}
