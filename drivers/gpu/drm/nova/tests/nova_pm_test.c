// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sleep begins while others end something, in the one order in which each could wait for the next.
 * Each test brings all to their places, and then lets go; what is stuck after a while is freed, so
 * that a test that fails ends as well.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>

#include <drm/nova_drm.h>

#include "abi/nova_fw.h"
#include "nova_core_chans.h"

#include "../nova_bind.h"
#include "../nova_bind_queue.h"
#include "../nova_bound.h"
#include "../nova_device.h"
#include "../nova_fence.h"
#include "../nova_gem.h"
#include "../nova_pm.h"
#include "../nova_queue.h"
#include "../nova_sched.h"
#include "../nova_shrink.h"
#include "../nova_vm.h"
#include "nova_test_gpu.h"

#define PATIENCE	(10 * HZ)	/* for what takes no time */
#define AWAKE_MS	3600000
#define RING_SIZE	16
#define VA		0x40000000ull
#define BUFFER		SZ_64K

struct night;

/* Somebody who may get stuck. */
struct actor {
	struct night *night;
	void (*act)(struct actor *actor);
	struct task_struct *task;	/* a reference */
	struct completion done;
	long ret;
};

struct night {
	struct kunit *test;
	struct nova_test_gpu *gpu;
	struct nova_device *ndev;
	u32 vm_id;
	struct nova_queue *queue;	/* no actor has dropped it yet */
	unsigned long user;		/* memory for arguments */
	struct dev_pm_domain domain;
};

static int actor_thread(void *data)
{
	struct actor *actor = data;

	current->kunit_test = actor->night->test;	/* for its stubs */
	actor->act(actor);
	current->kunit_test = NULL;
	complete_all(&actor->done);
	return 0;
}

static void actor_start(struct actor *actor, struct night *night,
			void (*act)(struct actor *actor))
{
	actor->night = night;
	actor->act = act;
	actor->ret = 0;
	init_completion(&actor->done);
	actor->task = kthread_create(actor_thread, actor, "nova-test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(night->test, actor->task);
	get_task_struct(actor->task);
	wake_up_process(actor->task);
}

static bool actor_ends(struct actor *actor)
{
	return wait_for_completion_timeout(&actor->done, PATIENCE);
}

static void actor_join(struct actor *actor)
{
	wait_for_completion(&actor->done);
	put_task_struct(actor->task);
}

#define comes_true(condition) ({					\
	unsigned long patience__ = jiffies + PATIENCE;			\
	bool true__;							\
									\
	while (!(true__ = (condition)) && time_before(jiffies, patience__)) \
		usleep_range(100, 200);					\
	true__;								\
})

static void suspend_runtime(struct actor *actor)
{
	nova_core_pin();
	actor->ret = nova_pm_suspend(actor->night->gpu->bound, false);
	nova_core_unpin();
}

static void suspend_system(struct actor *actor)
{
	nova_core_pin();
	actor->ret = nova_pm_suspend(actor->night->gpu->bound, true);
	nova_core_unpin();
}

static void drop_queue(struct actor *actor)
{
	nova_queue_put(actor->night->queue);
}

static void destroy_vm(struct actor *actor)
{
	struct drm_nova_vm_destroy args = { .vm_id = actor->night->vm_id };
	struct nova_test_gpu *gpu = actor->night->gpu;

	actor->ret = nova_ioctl_vm_destroy(&gpu->ndev->drm, &args, &gpu->file);
}

static void resume(struct night *night)
{
	nova_core_pin();
	nova_pm_resume(night->gpu->bound);
	nova_core_unpin();
}

/* For who is stuck: the device is awake again, whatever becomes of who puts it to sleep. */
static void wake(struct night *night)
{
	WRITE_ONCE(night->ndev->pm.asleep, false);
	wake_up_all(&night->ndev->pm.wait);
}

/* --- a queue: its channel has gone, and what reaches its ring nobody looks at --- */

static struct nova_core_chan *make_chan(struct night *night)
{
	struct nova_core_chan *chan = kzalloc_obj(*chan);

	KUNIT_ASSERT_NOT_NULL(night->test, chan);
	chan->core = &night->gpu->core;
	chan->chid = NOVA_FW_CHANNEL_NONE;
	nova_core_audit_add(chan->core, &chan->audit, "channel");
	return chan;
}

static void make_queue(struct night *night)
{
	struct nova_queue *queue = kzalloc_obj(*queue);
	struct nova_device *ndev = night->ndev;
	struct kunit *test = night->test;
	struct nova_bound *bound = night->gpu->bound;

	KUNIT_ASSERT_NOT_NULL(test, queue);
	kref_init(&queue->ref);
	drm_dev_get(&ndev->drm);
	queue->ndev = ndev;
	queue->vm = nova_vm_lookup(night->gpu->file.driver_priv, night->vm_id);
	queue->ring_size = RING_SIZE;
	mutex_init(&queue->lock);
	scoped_guard(spinlock_init, &queue->ring.lock)
		queue->ring.shut = true;
	nova_timeline_init(&queue->timeline);
	nova_deps_init(&queue->deps);
	INIT_WORK(&queue->error_work, nova_queue_error_work);
	queue->hw.chan = make_chan(night);
	KUNIT_ASSERT_EQ(test, nova_core_dma_alloc(bound->core, &queue->hw.mem, SZ_64K, GFP_KERNEL),
			0);
	KUNIT_ASSERT_EQ(test, nova_sched_init(bound, queue), 0);
	queue->sched.base.timeout = MAX_SCHEDULE_TIMEOUT;	/* there is no engine to be asked */
	nova_core_audit_add(bound->core, &queue->hw.audit, "queue");
	scoped_guard(mutex, &ndev->queues.lock) {
		ndev->queues.gone = true;	/* no address space has its ring */
		list_add_tail(&queue->link, &ndev->queues.list);
	}
	scoped_guard(spinlock, &bound->events.lock)
		list_add_tail(&queue->event_link, &bound->events.list);
	night->queue = queue;
}

/* Return: its fence, a reference. */
static struct dma_fence *submit(struct night *night)
{
	struct nova_queue *queue = night->queue;
	struct nova_job *job = kzalloc_obj(*job);
	struct dma_fence *fence;

	KUNIT_ASSERT_NOT_NULL(night->test, job);
	KUNIT_ASSERT_EQ(night->test, nova_job_init(job, queue, 0, 1), 0);
	mutex_lock(&queue->lock);
	fence = dma_fence_get(nova_job_arm(job));
	nova_job_push(job);
	mutex_unlock(&queue->lock);
	return fence;
}

/* --- a buffer that is bound --- */

static int bind(struct night *night, u32 handle, u64 va, u32 flags)
{
	const struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .va = va, .size = BUFFER,
	};
	struct drm_nova_vm_bind args = {
		.vm_id = night->vm_id,
		.flags = flags,
		.ops = { .ptr = night->user, .count = 1, .stride = sizeof(op) },
	};

	KUNIT_ASSERT_EQ(night->test, copy_to_user((void __user *)night->user, &op, sizeof(op)), 0);
	return nova_ioctl_vm_bind(&night->ndev->drm, &args, &night->gpu->file);
}

static int pm_test_init(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	struct night *night = kunit_kzalloc(test, sizeof(*night), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, night);
	night->test = test;
	night->gpu = gpu;
	night->ndev = gpu->ndev;
	night->vm_id = nova_test_gpu_vm_create(gpu);
	night->user = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				    MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, night->user, 0);
	test->priv = night;
	return 0;
}

/*
 * Somebody has left a job behind while the device was going to sleep, so it does not, and takes
 * down another queue, waiting for a worker who waits for the device.
 */
static void pm_gives_up_without_queues_lock(struct kunit *test)
{
	struct night *night = test->priv;
	struct actor suspend;

	nova_pm_hold(night->ndev);
	mutex_lock(&night->ndev->queues.lock);
	actor_start(&suspend, night, suspend_runtime);
	KUNIT_EXPECT_TRUE(test, actor_ends(&suspend));
	mutex_unlock(&night->ndev->queues.lock);
	actor_join(&suspend);
	KUNIT_EXPECT_EQ(test, suspend.ret, -EBUSY);
	nova_pm_release(night->ndev);
}

/* Two workers of the queue have come too late, and wait for the device. */
static void pm_falls_asleep_while_queue_ends(struct kunit *test)
{
	struct night *night = test->priv;
	struct nova_device *ndev = night->ndev;
	struct actor suspend, end;
	struct dma_fence *fence;

	make_queue(night);
	/* It is inside, and goes on when we let it. */
	mutex_lock(&ndev->queues.lock);
	actor_start(&end, night, drop_queue);
	KUNIT_EXPECT_TRUE(test, comes_true(READ_ONCE(end.task->__state) & TASK_UNINTERRUPTIBLE));
	actor_start(&suspend, night, suspend_runtime);
	KUNIT_EXPECT_TRUE(test, comes_true(READ_ONCE(ndev->pm.asleep)));
	fence = submit(night);
	queue_work(night->gpu->bound->reset_wq, &night->queue->error_work);
	KUNIT_EXPECT_TRUE(test, comes_true(wq_has_sleeper(&ndev->pm.wait) &&
					   !list_is_singular(&ndev->pm.wait.head)));
	mutex_unlock(&ndev->queues.lock);

	KUNIT_EXPECT_TRUE(test, actor_ends(&end));
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), -ECANCELED);
	dma_fence_put(fence);
	if (!completion_done(&end.done))
		wake(night);
	actor_join(&end);
	actor_join(&suspend);
	KUNIT_EXPECT_EQ(test, suspend.ret, 0);
	resume(night);
}

/* The machine is going to sleep: the queue's scheduler was stopped, and has a job. */
static void pm_parks_a_queue_that_ends(struct kunit *test)
{
	struct night *night = test->priv;
	struct nova_device *ndev = night->ndev;
	struct dma_fence *begun, *waiting;
	struct nova_queue *queue;
	struct actor suspend, end;

	make_queue(night);
	queue = night->queue;
	begun = submit(night);
	/* As if the channel had got it: its end is waited for. */
	WRITE_ONCE(queue->hw.seqno, begun->seqno);
	actor_start(&suspend, night, suspend_system);
	KUNIT_EXPECT_TRUE(test, comes_true(READ_ONCE(ndev->pm.parked)));
	waiting = submit(night);
	actor_start(&end, night, drop_queue);
	KUNIT_EXPECT_TRUE(test, actor_ends(&end));
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(begun), -ECANCELED);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(waiting), -ECANCELED);
	dma_fence_put(begun);
	dma_fence_put(waiting);
	if (!completion_done(&end.done))
		drm_sched_wqueue_start(&queue->sched.base);
	actor_join(&end);
	actor_join(&suspend);
	KUNIT_EXPECT_EQ(test, suspend.ret, 0);
	resume(night);
}

/* The last job of an address space that goes is a bind that waits for the device. */
static void pm_falls_asleep_while_binds_end(struct kunit *test)
{
	struct night *night = test->priv;
	struct nova_device *ndev = night->ndev;
	struct actor suspend, end;
	struct nova_sched *sched;
	struct nova_vm *vm;
	u32 handle;
	int idx;

	handle = nova_test_gpu_bo_create(night->gpu, BUFFER, DRM_NOVA_PLACEMENT_SYSTEM, 0);
	KUNIT_ASSERT_EQ(test, bind(night, handle, VA, DRM_NOVA_VM_BIND_ASYNC), 0);
	vm = nova_vm_lookup(night->gpu->file.driver_priv, night->vm_id);
	sched = &vm->binds->sched;
	nova_vm_put(vm);
	KUNIT_EXPECT_TRUE(test, comes_true(atomic_read(&sched->jobs) == 1));

	drm_sched_wqueue_stop(&sched->base);
	idx = nova_pm_enter(ndev);
	KUNIT_EXPECT_EQ(test, bind(night, handle, VA + BUFFER, DRM_NOVA_VM_BIND_ASYNC), 0);
	actor_start(&suspend, night, suspend_runtime);
	KUNIT_EXPECT_TRUE(test, comes_true(READ_ONCE(ndev->pm.asleep)));
	drm_sched_wqueue_start(&sched->base);
	KUNIT_EXPECT_TRUE(test, comes_true(wq_has_sleeper(&ndev->pm.wait)));
	actor_start(&end, night, destroy_vm);
	/* And who wants to make a queue meanwhile is where it would be: inside. */
	KUNIT_EXPECT_TRUE(test, comes_true(list_empty(&ndev->queues.binds)));
	nova_pm_exit(idx);

	actor_join(&suspend);
	resume(night);
	actor_join(&end);
	KUNIT_EXPECT_EQ(test, end.ret, 0);
}

/* --- the kernel's own power management --- */

static int night_runtime_suspend(struct device *dev)
{
	struct night *night = container_of(dev->pm_domain, struct night, domain);
	struct actor actor = { .night = night };

	suspend_runtime(&actor);
	return actor.ret;
}

static int night_runtime_resume(struct device *dev)
{
	resume(container_of(dev->pm_domain, struct night, domain));
	return 0;
}

static void night_pm_end(void *data)
{
	struct night *night = data;
	struct device *dev = night->gpu->core.dev;

	pm_runtime_disable(dev);
	pm_runtime_dont_use_autosuspend(dev);
	dev->pm_domain = NULL;
}

/* A worker that may be called off is not, and wakes the device. */
static void pm_is_woken_by_worker(struct kunit *test)
{
	struct night *night = test->priv;
	struct device *dev = night->gpu->core.dev;
	struct nova_queue *queue;

	make_queue(night);
	queue = night->queue;
	night->domain.ops.runtime_suspend = night_runtime_suspend;
	night->domain.ops.runtime_resume = night_runtime_resume;
	dev->pm_domain = &night->domain;
	KUNIT_ASSERT_EQ(test, pm_runtime_set_active(dev), 0);
	pm_runtime_set_autosuspend_delay(dev, AWAKE_MS);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_enable(dev);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, night_pm_end, night), 0);
	KUNIT_EXPECT_EQ(test, pm_runtime_suspend(dev), 0);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(night->ndev->pm.asleep));
	queue_work(night->gpu->bound->reset_wq, &queue->error_work);
	flush_work(&queue->error_work);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(night->ndev->pm.asleep));
	scoped_guard(mutex, &queue->lock)
		KUNIT_EXPECT_EQ(test, queue->dead, -ECANCELED);
	nova_queue_put(queue);
}

/* --- the shrinker --- */

#if defined(CONFIG_KPROBES) && defined(CONFIG_X86_64)
/* Set up before the probes are there. */
static struct {
	struct kprobe room;
	struct kprobe swap;
	struct nova_device *ndev;
} scan;

static u64 scan_room(void)
{
	return SZ_1G;
}

/* There is swap space. */
static int scan_asks_for_room(struct kprobe *probe, struct pt_regs *regs)
{
	instruction_pointer_set(regs, (unsigned long)scan_room);
	return 1;
}

/* It is inside by now, and the device begins to go to sleep. */
static int scan_swaps(struct kprobe *probe, struct pt_regs *regs)
{
	WRITE_ONCE(scan.ndev->pm.asleep, true);
	return 0;
}

static void scan_unregister(void *unused)
{
	unregister_kprobe(&scan.swap);
	unregister_kprobe(&scan.room);
}

/* As drop_caches does: nothing says that memory is being reclaimed. */
static void scan_all(struct actor *actor)
{
	struct shrinker shrinker = { .private_data = actor->night->ndev };
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = SZ_1M };

	actor->ret = nova_shrink_scan(&shrinker, &sc);
}

static void pm_falls_asleep_while_scanned(struct kunit *test)
{
	struct night *night = test->priv;
	struct actor scanner;
	u32 handle;

	handle = nova_test_gpu_bo_create(night->gpu, BUFFER, DRM_NOVA_PLACEMENT_SYSTEM, 0);
	KUNIT_ASSERT_EQ(test, bind(night, handle, VA, 0), 0);
	scan.room = (struct kprobe) { .symbol_name = "ttm_backup_bytes_avail",
				      .pre_handler = scan_asks_for_room };
	scan.swap = (struct kprobe) { .symbol_name = "nova_ttm_swap_out",
				      .pre_handler = scan_swaps };
	scan.ndev = night->ndev;
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, scan_unregister, NULL), 0);
	KUNIT_ASSERT_EQ(test, register_kprobe(&scan.room), 0);
	KUNIT_ASSERT_EQ(test, register_kprobe(&scan.swap), 0);
	actor_start(&scanner, night, scan_all);
	KUNIT_EXPECT_TRUE(test, actor_ends(&scanner));
	KUNIT_EXPECT_TRUE(test, READ_ONCE(night->ndev->pm.asleep));
	wake(night);
	actor_join(&scanner);
	KUNIT_EXPECT_EQ(test, scanner.ret, BUFFER >> PAGE_SHIFT);
}
#endif

static struct kunit_case pm_test_cases[] = {
	KUNIT_CASE(pm_gives_up_without_queues_lock),
	KUNIT_CASE(pm_falls_asleep_while_queue_ends),
	KUNIT_CASE(pm_falls_asleep_while_binds_end),
	KUNIT_CASE(pm_parks_a_queue_that_ends),
	KUNIT_CASE(pm_is_woken_by_worker),
#if defined(CONFIG_KPROBES) && defined(CONFIG_X86_64)
	KUNIT_CASE(pm_falls_asleep_while_scanned),
#endif
	{}
};

static struct kunit_suite pm_test_suite = {
	.name = "nova_pm",
	.init = pm_test_init,
	.test_cases = pm_test_cases,
};

kunit_test_suite(pm_test_suite);
