// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "demo_loop.h"

#define PAGE	4096u

static sigjmp_buf fault;

static void on_fault(int number)
{
	siglongjmp(fault, number);
}

int demo_loop_check_map(void *map, size_t size)
{
	struct sigaction action = { .sa_handler = on_fault }, old_bus, old_segv;
	volatile unsigned char *bytes = map;
	volatile int ret = -EFAULT;

	sigaction(SIGBUS, &action, &old_bus);
	sigaction(SIGSEGV, &action, &old_segv);
	if (!sigsetjmp(fault, 1)) {
		for (size_t at = 0; at < size; at += PAGE)
			bytes[at] = (unsigned char)(bytes[at] + 1);
		ret = 0;
	}
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
	return ret;
}

static void set_call(struct demo_gpu *gpu, struct demo_report *report, int error)
{
	if (report->error)
		return;
	report->error = error;
	snprintf(report->call, sizeof(report->call), "%s", gpu->step);
}

/* Waits for the job behind @fence, if there is one, and counts it. */
static int finish_job(struct demo_gpu *gpu, int *fence, struct demo_report *report)
{
	int ret, status;

	if (*fence < 0)
		return 0;
	ret = demo_gpu_finish(gpu, fence, &status);
	if (ret)
		return ret;
	report->last_status = status;
	report->jobs += status == 1;
	/* Of a device that is gone the next call tells; anything else is an error by itself. */
	if (status == 1 || status == -ENODEV)
		return 0;
	gpu->step = "job";
	return status < 0 ? status : -EIO;
}

/* Two jobs in flight, so that the queue never runs dry. */
static void keep_busy(struct demo_gpu *gpu, const struct demo_orders *orders, int *parked,
		      struct demo_report *report)
{
	enum demo_order order = DEMO_ORDER_NONE;
	int fence = -1, before = -1;
	int ret;

	/* Whatever is ordered, one job has ended before. */
	ret = demo_gpu_submit_again(gpu, &before);
	if (!ret)
		ret = finish_job(gpu, &before, report);
	while (!ret && order != DEMO_ORDER_STOP) {
		order = orders->next(orders->data);
		if (order == DEMO_ORDER_PARK) {
			ret = demo_gpu_park(gpu, parked);
			orders->parked(orders->data, ret);
		}
		if (!ret)
			ret = demo_gpu_submit_again(gpu, &fence);
		if (!ret)
			ret = finish_job(gpu, &before, report);
		if (!ret) {
			before = fence;
			fence = -1;
		}
	}
	if (ret)
		set_call(gpu, report, ret);
	ret = finish_job(gpu, &before, report);
	if (!ret)
		ret = finish_job(gpu, &fence, report);
	if (ret)
		set_call(gpu, report, ret);
}

void demo_loop_run(struct demo_gpu *gpu, const struct demo_orders *orders,
		   struct demo_report *report)
{
	struct demo_buffer *video = &gpu->surfaces[DEMO_PICTURE];
	size_t video_size = nova_bo_size(video->bo);
	int parked = -1, ret;

	*report = (struct demo_report) { 0 };
	/* Half of the map has page-table entries by then, half faults later. */
	demo_loop_check_map(video->map, video_size / 2);
	keep_busy(gpu, orders, &parked, report);
	if (parked >= 0) {
		ret = demo_gpu_finish(gpu, &parked, &report->parked_status);
		if (ret)
			set_call(gpu, report, ret);
	}
	report->system_map = demo_loop_check_map(gpu->upload.map, nova_bo_size(gpu->upload.bo));
	report->video_map = demo_loop_check_map(video->map, video_size);
	report->closed = demo_gpu_close(gpu);
}
