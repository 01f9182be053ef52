// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "emu_chaos.h"
#include "emu_sem.h"
#include "regs/nv_ce.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"

bool emu_sem_supported(uint32_t op, bool wide, bool is_unsigned)
{
	switch (op) {
	case NV_C46F_SEM_REDUCTION_IMIN:
	case NV_C46F_SEM_REDUCTION_IMAX:
	case NV_C46F_SEM_REDUCTION_IXOR:
	case NV_C46F_SEM_REDUCTION_IAND:
	case NV_C46F_SEM_REDUCTION_IOR:
		return true;
	case NV_C46F_SEM_REDUCTION_IADD:
		return !wide || is_unsigned;
	case NV_C46F_SEM_REDUCTION_INC:
	case NV_C46F_SEM_REDUCTION_DEC:
		return !wide && is_unsigned;
	default:
		return false;
	}
}

static bool less(bool wide, bool is_unsigned, uint64_t a, uint64_t b)
{
	if (is_unsigned)
		return a < b;
	return wide ? (int64_t)a < (int64_t)b : (int32_t)a < (int32_t)b;
}

static uint32_t float_add(uint32_t a, uint32_t b)
{
	float x, y;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	x += y;
	memcpy(&a, &x, sizeof(a));
	return a;
}

uint64_t emu_sem_reduce(uint32_t op, bool wide, bool is_unsigned, uint64_t value,
			uint64_t payload)
{
	switch (op) {
	case NV_C46F_SEM_REDUCTION_IMIN:
		return less(wide, is_unsigned, value, payload) ? value : payload;
	case NV_C46F_SEM_REDUCTION_IMAX:
		return less(wide, is_unsigned, value, payload) ? payload : value;
	case NV_C46F_SEM_REDUCTION_IXOR:
		return value ^ payload;
	case NV_C46F_SEM_REDUCTION_IAND:
		return value & payload;
	case NV_C46F_SEM_REDUCTION_IOR:
		return value | payload;
	case NV_C46F_SEM_REDUCTION_IADD:
		return wide ? value + payload : (uint32_t)(value + payload);
	case NV_C46F_SEM_REDUCTION_INC:
		return value >= payload ? 0 : value + 1;
	case NV_C46F_SEM_REDUCTION_DEC:
		return !value || value > payload ? payload : value - 1;
	case NV_C5B5_LAUNCH_REDUCTION_FADD:
		return float_add(value, payload);
	default:
		return value;
	}
}

/*
 * All @len bytes of a semaphore, which are in one page if it is aligned. Callers check that, so
 * that what is not has no fault of its own.
 */
static int span(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va,
		enum emu_access access, size_t len, void **host, struct emu_mmu_fault *fault)
{
	size_t got = len;
	int ret = emu_mmu_span(emu, ctx, va, access, &got, host, fault);

	if (ret || (va % len == 0 && got == len))
		return ret;
	*fault = (struct emu_mmu_fault) {
		.type = NV_FAULT_TYPE_POISONED,
		.access = access,
		.va = va,
	};
	return -EFAULT;
}

int emu_sem_load(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va, bool wide,
		 uint64_t *value, struct emu_mmu_fault *fault)
{
	void *host;
	int ret;

	emu_mmu_begin(emu, ctx);
	ret = span(emu, ctx, va, EMU_READ, wide ? 8 : 4, &host, fault);
	if (!ret) {
		if (!host)
			*value = 0;
		else if (wide)
			*value = __atomic_load_n((uint64_t *)host, __ATOMIC_ACQUIRE);
		else
			*value = __atomic_load_n((uint32_t *)host, __ATOMIC_ACQUIRE);
	}
	emu_mmu_end(emu, ctx);
	return ret;
}

static void reduce_at(const struct emu_sem *sem, void *host)
{
	if (sem->wide) {
		uint64_t *to = host, old = __atomic_load_n(to, __ATOMIC_RELAXED), new;

		do {
			new = emu_sem_reduce(sem->op, true, sem->is_unsigned, old, sem->payload);
		} while (!__atomic_compare_exchange_n(to, &old, new, false, __ATOMIC_ACQ_REL,
						      __ATOMIC_RELAXED));
	} else {
		uint32_t *to = host, old = __atomic_load_n(to, __ATOMIC_RELAXED), new;

		do {
			new = (uint32_t)emu_sem_reduce(sem->op, false, sem->is_unsigned, old,
						       (uint32_t)sem->payload);
		} while (!__atomic_compare_exchange_n(to, &old, new, false, __ATOMIC_ACQ_REL,
						      __ATOMIC_RELAXED));
	}
}

int emu_sem_execute(struct emu *emu, const struct emu_mmu_ctx *ctx, const struct emu_sem *sem,
		    struct emu_mmu_fault *fault)
{
	size_t len = sem->timestamp ? 16 : sem->wide ? 8 : 4;
	uint64_t payload = sem->payload;
	void *host;
	int ret;

	emu_mmu_begin(emu, ctx);
	ret = span(emu, ctx, sem->va, sem->reduction ? EMU_ATOMIC : EMU_WRITE, len, &host, fault);
	if (!ret && host && emu_chaos_release(emu, &payload)) {
		/* The time is visible no later than the payload. */
		if (sem->timestamp) {
			__atomic_store_n((uint64_t *)host + 1, emu_timer_now(emu),
					 __ATOMIC_RELAXED);
			if (!sem->wide)
				__atomic_store_n((uint32_t *)host + 1, 0, __ATOMIC_RELAXED);
		}
		if (sem->reduction)
			reduce_at(sem, host);
		else if (sem->wide)
			__atomic_store_n((uint64_t *)host, payload, __ATOMIC_RELEASE);
		else
			__atomic_store_n((uint32_t *)host, (uint32_t)payload, __ATOMIC_RELEASE);
	}
	emu_mmu_end(emu, ctx);
	return ret;
}
