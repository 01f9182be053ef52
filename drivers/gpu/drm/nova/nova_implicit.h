/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_IMPLICIT_H_
#define _NOVA_IMPLICIT_H_

struct dma_fence;
struct nova_job;
struct nova_vm;

int nova_implicit_set_deps(struct nova_vm *vm, struct nova_job *job, unsigned long own);
void nova_implicit_add_fence(struct nova_vm *vm, struct dma_fence *fence);

#endif /* _NOVA_IMPLICIT_H_ */
