// SPDX-License-Identifier: MIT
/*
 * An address space with addresses of the program's choice: two buffers side by side, so that the GPU sees
 * one array, made and taken away by one call each.
 *
 *     cc vm.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <nova.h>

#define PART_SIZE	(64u << 10)
#define PARTS		2u

struct array {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_bo *parts[PARTS];
	uint64_t va;
};

static int set_up(struct array *a)
{
	struct nova_bo_desc desc = { .size = PART_SIZE };
	int ret = nova_device_open(0, &a->dev);

	if (!ret)
		ret = nova_vm_create(a->dev, &a->vm);
	/* Private to the address space: faster to submit with, but never shared. */
	desc.vm = a->vm;
	for (uint32_t i = 0; !ret && i < PARTS; i++)
		ret = nova_bo_create(a->dev, &desc, &a->parts[i]);
	/* The library keeps the book of addresses; nova_vm_reserve_va() takes particular ones. */
	if (!ret)
		ret = nova_vm_alloc_va(a->vm, PARTS * PART_SIZE, 0, &a->va);
	return ret;
}

static int bind(struct array *a)
{
	struct nova_vm_op ops[PARTS];

	for (uint32_t i = 0; i < PARTS; i++) {
		ops[i] = (struct nova_vm_op) {
			.op = NOVA_VM_OP_MAP,
			.bo = a->parts[i],
			.va = a->va + i * PART_SIZE,
			.size = PART_SIZE,
		};
	}
	/* All or none. */
	return nova_vm_bind(a->vm, ops, PARTS);
}

static int unbind(struct array *a)
{
	struct nova_vm_op op = {
		.op = NOVA_VM_OP_UNMAP,
		.va = a->va,
		.size = PARTS * PART_SIZE,
	};
	int ret = nova_vm_bind(a->vm, &op, 1);

	return ret ? ret : nova_vm_free_va(a->vm, a->va);
}

int main(void)
{
	struct array a = { 0 };
	int ret = set_up(&a);

	if (!ret)
		ret = bind(&a);
	if (!ret) {
		printf("%u buffers of %u bytes at %#" PRIx64 "\n", PARTS, PART_SIZE, a.va);
		ret = unbind(&a);
	}
	for (uint32_t i = 0; i < PARTS; i++)
		nova_bo_destroy(a.parts[i]);
	nova_vm_destroy(a.vm);
	nova_device_close(a.dev);
	if (ret) {
		fprintf(stderr, "vm: %s\n", strerror(-ret));
		return 1;
	}
	return 0;
}
