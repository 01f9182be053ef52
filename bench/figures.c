// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "figures.h"
#include "result.h"

#define AT_MOST		BENCH_AT_MOST
#define AT_LEAST	BENCH_AT_LEAST
#define INFO		BENCH_NO_TARGET

const struct bench_figure bench_figures[] = {
	{ "GETPARAM by GET_CAP on the same file", "door/getparam/nova", "door/get-cap/nova", AT_MOST, 1.05 },
	{ "one door per entry by one revocable handle per access, 16 registers",
	  "door/16/door", "door/16/revocable", AT_MOST, 1.0 },
	{ "4 KiB create and close, by vgem's", "buffers/create-4k/nova", "buffers/create-4k/vgem", AT_MOST, 1.0 },
	{ "1 MiB create, map, touch and close, by vgem's",
	  "buffers/touch-1m/nova", "buffers/touch-1m/vgem", AT_MOST, 0.5 },
	{ "PRIME export and import, by vgem's", "buffers/prime/nova", "buffers/prime/vgem", AT_MOST, 1.2 },
	{ "EXEC of one empty job by GET_CAP, CPU time", "submit/exec-1/nova", "submit/get-cap/nova", AT_MOST, 12 },
	{ "EXEC of 64 empty jobs, per job, by EXEC of one, CPU time",
	  "submit/exec-64/nova", "submit/exec-1/nova", AT_MOST, 0.25 },
	{ "user-mode submission by EXEC, CPU time of a job",
	  "submit/userq-1/nova", "submit/exec-push/nova", AT_MOST, 0.1 },
	{ "bind in a VM with 100,000 mappings by one with 100",
	  "spaces/next-100000/nova", "spaces/next-100/nova", AT_MOST, 1.5 },
	{ "64 MiB copy by the copy engine by memcpy, bytes per second",
	  "work/copy-64m/nova", "work/copy-64m/memcpy", AT_LEAST, 0.8 },
	{ "unbind under 8 clients by virtio-gpu's", "unbind/clients-8/nova", "unbind/clients-8/virtio-gpu",
	  AT_MOST, 0.25 },
	{ "unbind with 100,000 mappings by 1,000", "unbind/mappings-100000/nova", "unbind/mappings-1000/nova",
	  AT_MOST, 2 },

	{ "GETPARAM by virtio-gpu's", "door/getparam/nova", "door/getparam/virtio-gpu", INFO, 0 },
	{ "GETPARAM by vgem's GET_CAP", "door/getparam/nova", "door/get-cap/vgem", INFO, 0 },
	{ "one door per entry by no guard, 16 registers", "door/16/door", "door/16/none", INFO, 0 },
	{ "one door per entry by one SRCU handle per access, 16 registers",
	  "door/16/door", "door/16/srcu-handle", INFO, 0 },
	{ "one door per entry by one revocable handle per access, 1 register",
	  "door/1/door", "door/1/revocable", INFO, 0 },
	{ "4 KiB create and close, by virtio-gpu's", "buffers/create-4k/nova", "buffers/create-4k/virtio-gpu",
	  INFO, 0 },
	{ "64 MiB create and close, by vgem's", "buffers/create-64m/nova", "buffers/create-64m/vgem", INFO, 0 },
	{ "1 MiB create, map, touch and close, by virtio-gpu's",
	  "buffers/touch-1m/nova", "buffers/touch-1m/virtio-gpu", INFO, 0 },
	{ "64 MiB create, map, touch and close, by vgem's",
	  "buffers/touch-64m/nova", "buffers/touch-64m/vgem", INFO, 0 },
	{ "mmap and munmap of 1 MiB, by vgem's", "buffers/map-1m/nova", "buffers/map-1m/vgem", INFO, 0 },
	{ "page fault, per page of 16 MiB, by vgem's", "buffers/fault/nova", "buffers/fault/vgem", INFO, 0 },
	{ "PRIME export and import, by virtio-gpu's", "buffers/prime/nova", "buffers/prime/virtio-gpu", INFO, 0 },
	{ "256 binds of 4 KiB in one call, per bind, by one", "spaces/4k-256-sync/nova", "spaces/4k-1-sync/nova",
	  INFO, 0 },
	{ "asynchronous bind of 4 KiB until its fence, by a synchronous one",
	  "spaces/4k-1-async/nova", "spaces/4k-1-sync/nova", INFO, 0 },
	{ "EXEC of one empty job by GET_CAP, CPU time of all tasks", "submit/exec-1-all/nova",
	  "submit/get-cap/nova", INFO, 0 },
	{ "EXEC of 64 empty jobs behind another, per job, by EXEC of one, CPU time",
	  "submit/exec-64-behind/nova", "submit/exec-1/nova", INFO, 0 },
	{ "user-mode submission by EXEC, CPU time of all tasks for a job",
	  "submit/userq-1-all/nova", "submit/exec-push-all/nova", INFO, 0 },
	{ "user-mode submission of 64 by EXEC of 64, CPU time of a job",
	  "submit/userq-64/nova", "submit/exec-push-64/nova", INFO, 0 },
	{ "latency of a user-mode job by one of EXEC", "submit/latency-userq/nova", "submit/latency-exec/nova",
	  INFO, 0 },
	{ "jobs per second of 8 clients by those of 1", "submit/rate-8/nova", "submit/rate-1/nova", INFO, 0 },
	{ "64 MiB copy in system memory by memcpy, bytes per second",
	  "work/copy-64m-system/nova", "work/copy-64m/memcpy", INFO, 0 },
	{ "64 MiB fill by memcpy, bytes per second", "work/fill-64m/nova", "work/copy-64m/memcpy", INFO, 0 },
	{ "unbind, nobody there, by virtio-gpu's", "unbind/clients-0/nova", "unbind/clients-0/virtio-gpu", INFO, 0 },
	{ "unbind under 8 clients without queues by virtio-gpu's",
	  "unbind/ioctls-8/nova", "unbind/clients-8/virtio-gpu", INFO, 0 },
	{ "unbind under 64 clients by virtio-gpu's", "unbind/clients-64/nova", "unbind/clients-64/virtio-gpu",
	  INFO, 0 },
	{ "unbind with 1 GiB of mapped buffers by none", "unbind/mapped-1g/nova", "unbind/clients-1/nova", INFO, 0 },
	{ "kernel memory of an open file, by vgem's", "memory/file/nova", "memory/file/vgem", INFO, 0 },
	{ "kernel memory of a buffer, by vgem's", "memory/buffer/nova", "memory/buffer/vgem", INFO, 0 },
};

const size_t bench_figure_count = sizeof(bench_figures) / sizeof(bench_figures[0]);

enum bench_verdict bench_figure_judge(const struct bench_figure *figure, double ratio)
{
	switch (figure->bound) {
	case BENCH_AT_MOST:
		return ratio <= figure->target ? BENCH_MET : BENCH_MISSED;
	case BENCH_AT_LEAST:
		return ratio >= figure->target ? BENCH_MET : BENCH_MISSED;
	default:
		return BENCH_MEASURED;
	}
}

void bench_figure_read(const struct bench_figure *figure, const struct bench_result *results,
		       size_t count, struct bench_reading *reading)
{
	struct bench_ratio *ratios = calloc(count ? count : 1, sizeof(*ratios));
	size_t used = 0;

	*reading = (struct bench_reading) { .unit = "" };
	for (size_t i = 0; ratios && i < count; i++) {
		const struct bench_series *ours = bench_result_find(&results[i], figure->ours);
		const struct bench_series *peer = bench_result_find(&results[i], figure->peer);

		if (!ours || !peer || !bench_ratio_get(ours, peer, &ratios[used]))
			continue;
		if (!used++) {
			bench_summarize(ours->values, ours->count, &reading->ours);
			bench_summarize(peer->values, peer->count, &reading->peer);
			reading->unit = ours->unit;
		}
	}
	if (used) {
		bench_ratio_merge(ratios, used, &reading->ratio);
		reading->verdict = bench_figure_judge(figure, reading->ratio.ratio);
	}
	free(ratios);
}
