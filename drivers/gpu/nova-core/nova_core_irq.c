// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One MSI and the tree behind it: 256 vectors in 8 leaves in 4 subtrees.
 *
 * The hard handler only disarms the tree; the thread reads and clears the
 * leaves, calls the parts that are concerned, and arms again. A vector that
 * came up meanwhile raises a new MSI when the tree is armed, so one pass is
 * enough and nothing loops. The parts are called by name: there is no table of
 * callbacks that could outlive somebody.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/error-injection.h>
#include <linux/interrupt.h>
#include <linux/pci.h>

#include "nova_core_audit.h"
#include "nova_core_bar.h"
#include "nova_core_client.h"
#include "nova_core_fault.h"
#include "nova_core_irq.h"
#include "nova_core_rpc.h"
#include "nova_core_timer.h"

/**
 * struct nova_core_irq - the interrupt of one GPU
 * @map: enabled vectors; changed in probe and remove only, read by the thread
 * @number: the kernel's number of it; asking for that takes a lock
 * @audit: registry entry of the requested interrupt
 */
struct nova_core_irq {
	struct nova_core_irq_map map;
	unsigned int number;
	struct nova_core_audit audit;
};

static void nova_core_irq_decode_vector(const struct nova_core_irq_map *map, unsigned int vector,
					struct nova_core_irq_events *events)
{
	switch (vector) {
	case 0 ... NOVA_CORE_IRQ_ENGINE_VECTORS - 1:
		events->engines |= BIT(map->engine[vector]);
		break;
	case NV_VECTOR_PTIMER:
		events->timer = true;
		break;
	case NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY:
	case NV_VECTOR_MMU_NONREPLAYABLE_ERROR:
		events->fault = true;
		break;
	case NV_VECTOR_GSP:
		events->firmware = true;
		break;
	default:
		events->strays++;
		break;
	}
}

/* Adds what the pending bits of one leaf mean to @events. Pure. */
void nova_core_irq_decode(const struct nova_core_irq_map *map, unsigned int leaf, u32 pending,
			  struct nova_core_irq_events *events)
{
	unsigned long handled = pending & READ_ONCE(map->enabled[leaf]);
	unsigned int bit;

	events->strays += hweight32(pending) - hweight_long(handled);
	for_each_set_bit(bit, &handled, 32)
		nova_core_irq_decode_vector(map, leaf * 32 + bit, events);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_irq_decode);

static irqreturn_t nova_core_irq_hard(int irq, void *data)
{
	struct nova_core *core = data;

	guard(nova_core_irq)(core);
	nova_core_wr32(core, NV_VF_INTR_TOP_EN_CLEAR, NV_VF_INTR_TOP_MASK);
	return IRQ_WAKE_THREAD;
}

/* Reads and clears the leaves of the subtrees in @top. */
static void nova_core_irq_collect(struct nova_core *core, u32 top,
				  struct nova_core_irq_events *events)
	__must_hold_shared(nova_core_door)
{
	unsigned int leaf;
	u32 pending;

	for (leaf = 0; leaf < NV_VF_INTR_LEAVES; leaf++) {
		if (!(top & BIT(leaf / 2)))
			continue;
		pending = nova_core_rd32(core, NV_VF_INTR_LEAF(leaf));
		if (!pending)
			continue;
		/* Cleared before it is handled: what comes later is a new interrupt. */
		nova_core_wr32(core, NV_VF_INTR_LEAF(leaf), pending);
		nova_core_irq_decode(&core->irq->map, leaf, pending, events);
	}
}

static irqreturn_t nova_core_irq_thread(int irq, void *data)
{
	struct nova_core *core = data;
	struct nova_core_irq_events events = {};
	u32 top;

	guard(nova_core_irq)(core);
	top = nova_core_rd32(core, NV_VF_INTR_TOP);
	if (top == NOVA_CORE_ALL_ONES && nova_core_bar_lost(core))
		return IRQ_HANDLED;

	nova_core_irq_collect(core, top & NV_VF_INTR_TOP_MASK, &events);

	if (events.strays)
		dev_dbg_ratelimited(core->dev, "%u interrupt vectors without handler\n",
				    events.strays);
	if (events.timer)
		nova_core_timer_service(core);
	if (events.engines)
		nova_core_client_engine_event(core, events.engines);
	if (events.fault)
		nova_core_fault_service(core);
	if (events.firmware)
		nova_core_rpc_service(core);

	if (!test_bit(NOVA_CORE_LOST, &core->broken))
		nova_core_wr32(core, NV_VF_INTR_TOP_EN_SET, NV_VF_INTR_TOP_MASK);
	return IRQ_HANDLED;
}

/* Nothing armed, nothing pending. */
static void nova_core_irq_quiet(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	unsigned int leaf;

	nova_core_wr32(core, NV_VF_INTR_TOP_EN_CLEAR, NV_VF_INTR_TOP_MASK);
	for (leaf = 0; leaf < NV_VF_INTR_LEAVES; leaf++) {
		nova_core_wr32(core, NV_VF_INTR_LEAF_EN_CLEAR(leaf), ~0u);
		nova_core_wr32(core, NV_VF_INTR_LEAF(leaf), ~0u);
	}
}

/* Arms the tree with no vector but the engines' non-stall ones enabled. */
int nova_core_irq_init(struct nova_core *core)
{
	struct nova_core_irq *irq;
	unsigned int engine;
	int ret;

	irq = devm_kzalloc(core->dev, sizeof(*irq), GFP_KERNEL);
	if (!irq)
		return -ENOMEM;
	core->irq = irq;

	nova_core_irq_quiet(core);

	ret = pci_alloc_irq_vectors(core->pdev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return dev_err_probe(core->dev, ret, "no MSI\n");

	irq->number = pci_irq_vector(core->pdev, 0);
	ret = request_threaded_irq(irq->number, nova_core_irq_hard,
				   nova_core_irq_thread, 0, "nova_core", core);
	if (ret) {
		dev_err_probe(core->dev, ret, "cannot request the interrupt\n");
		goto free_vectors;
	}
	nova_core_audit_add(core, &irq->audit, "interrupt");

	for (engine = 0; engine < core->info.engine_count; engine++) {
		unsigned int vector = NV_VECTOR_ENGINE_NONSTALL(core->engine_hw[engine].intr);

		irq->map.engine[vector] = engine;
		nova_core_irq_enable(core, vector);
	}

	nova_core_wr32(core, NV_VF_INTR_TOP_EN_SET, NV_VF_INTR_TOP_MASK);
	return 0;

free_vectors:
	pci_free_irq_vectors(core->pdev);
	return ret;
}
ALLOW_ERROR_INJECTION(nova_core_irq_init, ERRNO);

static void nova_core_irq_disarm(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	if (!test_bit(NOVA_CORE_LOST, &core->broken))
		nova_core_wr32(core, NV_VF_INTR_TOP_EN_CLEAR, NV_VF_INTR_TOP_MASK);
}

/* Vectors that are still enabled, which are the engines'. */
static void nova_core_irq_disable_rest(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	unsigned int leaf;

	for (leaf = 0; leaf < NV_VF_INTR_LEAVES; leaf++) {
		u32 enabled = READ_ONCE(core->irq->map.enabled[leaf]);

		if (enabled && !test_bit(NOVA_CORE_LOST, &core->broken))
			nova_core_wr32(core, NV_VF_INTR_LEAF_EN_CLEAR(leaf), enabled);
	}
}

/*
 * When it returns, no handler runs or will. What is pending stays so and is announced by nobody;
 * each init begins with a quiet tree.
 */
void nova_core_irq_fini(struct nova_core *core)
{
	nova_core_irq_disarm(core);
	nova_core_irq_disable_rest(core);

	free_irq(core->irq->number, core);
	nova_core_audit_del(core, &core->irq->audit);

	/* The thread may have been on its way to arm the tree again. */
	nova_core_irq_disarm(core);

	pci_free_irq_vectors(core->pdev);
}

/**
 * nova_core_irq_rearm() - have what is pending announced again
 * @core: the GPU
 *
 * For whoever finds by other means what an interrupt should have told: its
 * message was lost, and as its vector is still pending no other would follow.
 * Context: any.
 */
void nova_core_irq_rearm(struct nova_core *core)
{
	if (test_bit(NOVA_CORE_LOST, &core->broken))
		return;

	nova_core_wr32(core, NV_VF_INTR_TOP_EN_CLEAR, NV_VF_INTR_TOP_MASK);
	nova_core_wr32(core, NV_VF_INTR_TOP_EN_SET, NV_VF_INTR_TOP_MASK);
}
EXPORT_SYMBOL_NS_GPL(nova_core_irq_rearm, "NOVA_CORE");

/* When it returns neither handler nor thread runs or will; what comes up stays pending. */
void nova_core_irq_pause(struct nova_core *core)
{
	KUNIT_STATIC_STUB_REDIRECT(nova_core_irq_pause, core);

	disable_irq(core->irq->number);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_irq_pause);

/* The message of what came up meanwhile may have been lost. */
void nova_core_irq_resume(struct nova_core *core)
{
	KUNIT_STATIC_STUB_REDIRECT(nova_core_irq_resume, core);

	enable_irq(core->irq->number);
	nova_core_irq_rearm(core);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_irq_resume);

/* The registers have lost everything; nova_core_irq_resume() is to come. */
void nova_core_irq_restore(struct nova_core *core)
{
	unsigned int leaf;

	nova_core_irq_quiet(core);
	for (leaf = 0; leaf < NV_VF_INTR_LEAVES; leaf++)
		nova_core_wr32(core, NV_VF_INTR_LEAF_EN_SET(leaf),
			       READ_ONCE(core->irq->map.enabled[leaf]));
}

/* Probe and remove only. */
void nova_core_irq_enable(struct nova_core *core, unsigned int vector)
{
	struct nova_core_irq_map *map = &core->irq->map;

	WRITE_ONCE(map->enabled[vector / 32], map->enabled[vector / 32] | BIT(vector % 32));
	nova_core_wr32(core, NV_VF_INTR_LEAF_EN_SET(vector / 32), BIT(vector % 32));
}

/* The vector's handler may still be running when this returns. */
void nova_core_irq_disable(struct nova_core *core, unsigned int vector)
{
	struct nova_core_irq_map *map = &core->irq->map;

	WRITE_ONCE(map->enabled[vector / 32], map->enabled[vector / 32] & ~BIT(vector % 32));
	if (!test_bit(NOVA_CORE_LOST, &core->broken))
		nova_core_wr32(core, NV_VF_INTR_LEAF_EN_CLEAR(vector / 32), BIT(vector % 32));
}
