// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sleep begins while others end something, in the one order in which each could wait for the next.
 * Each test brings all to their places, and then lets go; what is stuck after a while is freed, so
 * that a test that fails ends as well.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/nova_drm.h>

#include "../nova_bind.h"
#include "../nova_bound.h"
#include "../nova_device.h"
#include "../nova_gem.h"
#include "../nova_pm.h"
#include "../nova_shrink.h"
#include "../nova_vm.h"
#include "nova_test_gpu.h"

#define PATIENCE	(10 * HZ)	/* for what takes no time */
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
	unsigned long user;		/* memory for arguments */
};

static int actor_thread(void *data)
{
	struct actor *actor = data;

	actor->act(actor);
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

static void suspend_runtime(struct actor *actor)
{
	nova_core_pin();
	actor->ret = nova_pm_suspend(actor->night->gpu->bound, false);
	nova_core_unpin();
}

/* For who is stuck: the device is awake again, whatever has become of who was putting it to sleep. */
static void wake(struct night *night)
{
	WRITE_ONCE(night->ndev->pm.asleep, false);
	wake_up_all(&night->ndev->pm.wait);
}

/* --- a buffer that is bound --- */

static int bind(struct night *night, u32 handle, u32 flags)
{
	const struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .va = VA, .size = BUFFER,
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
 * Somebody has left a job behind while the device was going to sleep, so it does not, and takes down
 * another queue, waiting for a worker who waits for the device.
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
	KUNIT_ASSERT_EQ(test, bind(night, handle, 0), 0);
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
