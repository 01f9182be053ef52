// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A queue's scheduler without a channel: the queue counts as dead, so that its
 * jobs reach no ring. They are counted and freed as any others.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/nova_drm.h>

#include "../nova_bound.h"
#include "../nova_device.h"
#include "../nova_fence.h"
#include "../nova_queue.h"
#include "../nova_sched.h"
#include "nova_test_fence.h"
#include "nova_test_gpu.h"

#define JOBS	5

struct line {
	struct nova_test_gpu *gpu;
	struct nova_queue queue;
	struct dma_fence *foreign;	/* signals when the test does it */
	struct dma_fence *fences[JOBS];
	struct work_struct cut;
	bool ended;
};

static void init_sched(struct kunit *test, struct line *line)
{
	KUNIT_ASSERT_EQ(test, nova_sched_init(line->gpu->bound, &line->queue), 0);
	/* There is no engine to be asked. */
	line->queue.sched.base.timeout = MAX_SCHEDULE_TIMEOUT;
}

static int sched_test_init(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	struct line *line = kunit_kzalloc(test, sizeof(*line), GFP_KERNEL);
	struct nova_queue *queue;

	KUNIT_ASSERT_NOT_NULL(test, line);
	line->gpu = gpu;
	queue = &line->queue;
	queue->ndev = gpu->ndev;
	queue->ring_size = 16;
	queue->dead = -ECANCELED;
	mutex_init(&queue->lock);
	scoped_guard(spinlock_init, &queue->ring.lock)
		queue->ring.shut = true;
	nova_timeline_init(&queue->timeline);
	nova_deps_init(&queue->deps);
	init_sched(test, line);

	line->foreign = nova_test_fence_create(test);
	test->priv = line;
	return 0;
}

static void sched_test_exit(struct kunit *test)
{
	struct line *line = test->priv;

	if (!line->ended) {
		nova_timeline_abort(&line->queue.timeline, -ECANCELED);
		nova_deps_cut(&line->queue.deps);
		scoped_guard(mutex, &line->queue.ndev->queues.lock)
			nova_sched_fini(&line->queue);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&line->queue.sched.jobs), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&line->foreign->refcount), 1);
	dma_fence_signal(line->foreign);
	dma_fence_put(line->foreign);
	for (unsigned int i = 0; i < JOBS; i++)
		dma_fence_put(line->fences[i]);
	mutex_destroy(&line->queue.lock);
}

static struct nova_job *make_job(struct kunit *test)
{
	struct line *line = test->priv;
	struct nova_job *job = kzalloc_obj(*job);

	KUNIT_ASSERT_NOT_NULL(test, job);
	KUNIT_ASSERT_EQ(test, nova_job_init(job, &line->queue, 0, 1), 0);
	return job;
}

static void submit(struct kunit *test, unsigned int i, struct nova_job *job)
{
	struct line *line = test->priv;

	mutex_lock(&line->queue.lock);
	line->fences[i] = dma_fence_get(nova_job_arm(job));
	nova_job_push(job);
	mutex_unlock(&line->queue.lock);
}

static void sched_end_frees_all_jobs(struct kunit *test)
{
	struct line *line = test->priv;

	for (unsigned int i = 0; i < JOBS; i++)
		submit(test, i, make_job(test));
	nova_timeline_abort(&line->queue.timeline, -ENODEV);
	scoped_guard(mutex, &line->queue.ndev->queues.lock)
		nova_sched_fini(&line->queue);
	line->ended = true;
	KUNIT_EXPECT_EQ(test, atomic_read(&line->queue.sched.jobs), 0);
	for (unsigned int i = 0; i < JOBS; i++) {
		KUNIT_EXPECT_EQ(test, line->fences[i]->seqno, i + 1);
		KUNIT_EXPECT_EQ(test, dma_fence_get_status(line->fences[i]), -ENODEV);
		KUNIT_EXPECT_EQ(test, kref_read(&line->fences[i]->refcount), 1);
	}
}

/* One of the jobs waits for somebody who never comes, and the others behind it. */
static void sched_end_waits_for_nobody_else(struct kunit *test)
{
	struct line *line = test->priv;
	struct nova_job *job;

	for (unsigned int i = 0; i < JOBS; i++) {
		job = make_job(test);
		if (i == 1)
			KUNIT_EXPECT_EQ(test, nova_job_add_dep(job, line->foreign), 0);
		submit(test, i, job);
	}
	KUNIT_EXPECT_EQ(test, list_count_nodes(&line->queue.deps.armed), 1);
	nova_timeline_abort(&line->queue.timeline, -ECANCELED);
	nova_deps_cut(&line->queue.deps);
	scoped_guard(mutex, &line->queue.ndev->queues.lock)
		nova_sched_fini(&line->queue);
	line->ended = true;
	KUNIT_EXPECT_EQ(test, atomic_read(&line->queue.sched.jobs), 0);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(line->foreign));
}

/* Lets the jobs run once the scheduler is being taken down, whatever comes first in that. */
static void cut_deps_at_end(struct work_struct *work)
{
	struct line *line = container_of(work, struct line, cut);
	struct nova_queue *queue = &line->queue;

	while (!READ_ONCE(queue->sched.entity.stopped) && atomic_read(&queue->sched.jobs) > JOBS)
		cond_resched();
	nova_deps_cut(&queue->deps);
}

/*
 * The jobs that the end finds queued are taken by the scheduler's worker, and by nobody else at
 * the same time: those that drm_sched_entity_fini() takes would end with ESRCH.
 */
static void sched_end_has_one_taker(struct kunit *test)
{
	struct line *line = test->priv;
	struct dma_fence *finished[JOBS];
	struct nova_job *job;

	for (unsigned int i = 0; i < JOBS; i++) {
		job = make_job(test);
		if (i == 0)
			KUNIT_EXPECT_EQ(test, nova_job_add_dep(job, line->foreign), 0);
		submit(test, i, job);
		/* The jobs are there as long as the first one waits. */
		finished[i] = dma_fence_get(&job->base.s_fence->finished);
	}
	nova_timeline_abort(&line->queue.timeline, -ENODEV);
	INIT_WORK(&line->cut, cut_deps_at_end);
	queue_work(system_dfl_wq, &line->cut);
	scoped_guard(mutex, &line->queue.ndev->queues.lock)
		nova_sched_fini(&line->queue);
	line->ended = true;
	flush_work(&line->cut);
	for (unsigned int i = 0; i < JOBS; i++) {
		KUNIT_EXPECT_EQ(test, dma_fence_get_status(finished[i]), -ENODEV);
		dma_fence_put(finished[i]);
	}
}

#if defined(CONFIG_KPROBES) && defined(CONFIG_X86_64)
#define LATE_ROUNDS	20

/*
 * The scheduler's worker on its way into queue_work_on(), which it gets to late. Set up before the
 * probes are there and left alone until they are not, but for @held, which one of them sets.
 */
static struct {
	struct kprobe queue;
	struct kprobe run;
	struct work_struct *work;
	struct task_struct *ender;
	bool held;
} late;

/* The end waits for somebody, or nobody comes to that. */
static bool late_ender_waits(unsigned long patience)
{
	return READ_ONCE(late.ender->__state) & TASK_UNINTERRUPTIBLE ||
	       time_after(jiffies, patience);
}

/* It has cancelled what there was to cancel, and waits for this worker. */
static bool late_queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	unsigned long patience = jiffies + 10 * HZ;

	while (!late_ender_waits(patience))
		usleep_range(100, 200);
	return queue_work_on(cpu, wq, work);
}

static int late_queued(struct kprobe *probe, struct pt_regs *regs)
{
	if ((struct work_struct *)regs->dx != late.work || !(current->flags & PF_WQ_WORKER) ||
	    READ_ONCE(late.held))
		return 0;
	WRITE_ONCE(late.held, true);
	instruction_pointer_set(regs, (unsigned long)late_queue_work_on);
	return 1;
}

/* What was queued so late begins when the end has gone on as far as it can. */
static int late_run(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long patience = jiffies + HZ;

	while ((struct work_struct *)regs->di == late.work && READ_ONCE(late.held) &&
	       !late_ender_waits(patience))
		cpu_relax();
	return 0;
}

/* Also of a test that fails: the probes must not outlive the module. */
static void late_unregister(void *unused)
{
	unregister_kprobe(&late.run);
	unregister_kprobe(&late.queue);
}

/* The worker that has freed the last job queues the one that runs them, when it is over. */
static void sched_end_stops_late_worker(struct kunit *test)
{
	struct line *line = test->priv;
	struct nova_queue *queue = &line->queue;
	unsigned int held = 0;

	late.queue = (struct kprobe) { .symbol_name = "queue_work_on", .pre_handler = late_queued };
	late.run = (struct kprobe) { .symbol_name = "drm_sched_run_job_work",
				     .pre_handler = late_run };
	late.ender = current;
	late.work = &queue->sched.base.work_run_job;
	late.held = true;
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, late_unregister, NULL), 0);
	KUNIT_ASSERT_EQ(test, register_kprobe(&late.queue), 0);
	KUNIT_ASSERT_EQ(test, register_kprobe(&late.run), 0);
	for (unsigned int i = 0; i < LATE_ROUNDS; i++) {
		submit(test, 0, make_job(test));
		/* It runs, and queues itself once more for nothing; the next is the other. */
		flush_work(late.work);
		flush_work(late.work);
		WRITE_ONCE(late.held, false);
		nova_timeline_abort(&queue->timeline, -ECANCELED);
		scoped_guard(mutex, &queue->ndev->queues.lock)
			nova_sched_fini(queue);
		line->ended = true;
		held += READ_ONCE(late.held);
		WRITE_ONCE(late.held, true);
		dma_fence_put(line->fences[0]);
		line->fences[0] = NULL;
		init_sched(test, line);
		line->ended = false;
	}
	KUNIT_EXPECT_GT(test, held, 0);
}
#endif

static void sched_job_never_submitted(struct kunit *test)
{
	struct line *line = test->priv;
	struct nova_job *job = make_job(test);

	KUNIT_EXPECT_EQ(test, nova_job_add_dep(job, line->foreign), 0);
	KUNIT_EXPECT_FALSE(test, xa_empty(&job->base.dependencies));
	nova_job_fini(job);
	kfree(job);
	KUNIT_EXPECT_EQ(test, atomic_read(&line->queue.sched.jobs), 1);
	KUNIT_EXPECT_EQ(test, line->queue.timeline.seqno, 0);
}

static void sched_needless_dependencies(struct kunit *test)
{
	struct line *line = test->priv;
	struct nova_job *job;

	submit(test, 0, make_job(test));
	job = make_job(test);
	KUNIT_EXPECT_EQ(test, nova_job_add_dep(job, line->fences[0]), 0);
	dma_fence_signal(line->foreign);
	KUNIT_EXPECT_EQ(test, nova_job_add_dep(job, line->foreign), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&job->base.dependencies));
	nova_job_fini(job);
	kfree(job);
	nova_timeline_abort(&line->queue.timeline, -ECANCELED);
}

static void sched_timeout_is_bounded(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, nova_sched_timeout_ms(), 100);
	KUNIT_EXPECT_LE(test, nova_sched_timeout_ms(), 600000);
}

/* Whoever is on an engine that hangs is guilty, and nobody who waits for it. */
static void sched_verdict(struct kunit *test)
{
	static const struct {
		int stuck;
		bool other;
		u32 flags;
	} cases[] = {
		{ 1, false, DRM_NOVA_QUEUE_STATE_GUILTY },
		{ 1, true, DRM_NOVA_QUEUE_STATE_INNOCENT },
		{ 0, false, DRM_NOVA_QUEUE_STATE_GUILTY },
		{ 0, true, DRM_NOVA_QUEUE_STATE_GUILTY },
		{ -ETIMEDOUT, true, DRM_NOVA_QUEUE_STATE_LOST },
		{ -ENODEV, true, DRM_NOVA_QUEUE_STATE_LOST },
		{ -EIO, false, DRM_NOVA_QUEUE_STATE_LOST },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, nova_sched_verdict(cases[i].stuck, cases[i].other),
				    cases[i].flags | DRM_NOVA_QUEUE_STATE_TIMEDOUT, "case %u", i);
}

static struct kunit_case sched_test_cases[] = {
	KUNIT_CASE(sched_end_frees_all_jobs),
	KUNIT_CASE(sched_end_waits_for_nobody_else),
	KUNIT_CASE(sched_end_has_one_taker),
#if defined(CONFIG_KPROBES) && defined(CONFIG_X86_64)
	KUNIT_CASE(sched_end_stops_late_worker),
#endif
	KUNIT_CASE(sched_job_never_submitted),
	KUNIT_CASE(sched_needless_dependencies),
	KUNIT_CASE(sched_timeout_is_bounded),
	KUNIT_CASE(sched_verdict),
	{}
};

static struct kunit_suite sched_test_suite = {
	.name = "nova_sched",
	.init = sched_test_init,
	.exit = sched_test_exit,
	.test_cases = sched_test_cases,
};

kunit_test_suite(sched_test_suite);
