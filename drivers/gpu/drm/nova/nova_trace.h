/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Trace events of nova-drm, /sys/kernel/tracing/events/nova. Documentation/observability.rst tells
 * their fields. Objects are named by the numbers that user space or the hardware knows them by.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nova

#if !defined(_NOVA_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _NOVA_TRACE_H_

#include <linux/device.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

#include <linux/nova_core.h>

TRACE_EVENT(nova_vm_bind,
	TP_PROTO(struct device *dev, u64 client, u32 vm, u32 op, u32 flags, u64 va, u64 size,
		 u32 handle, u64 offset),
	TP_ARGS(dev, client, vm, op, flags, va, size, handle, offset),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u64, client)
		__field(u64, va)
		__field(u64, size)
		__field(u64, offset)
		__field(u32, vm)
		__field(u32, op)
		__field(u32, flags)
		__field(u32, handle)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->client = client;
		__entry->va = va;
		__entry->size = size;
		__entry->offset = offset;
		__entry->vm = vm;
		__entry->op = op;
		__entry->flags = flags;
		__entry->handle = handle;
	),
	TP_printk("dev=%s client=%llu vm=%u op=%u flags=%#x va=%#llx size=%#llx handle=%u offset=%#llx",
		  __get_str(dev), __entry->client, __entry->vm, __entry->op, __entry->flags,
		  __entry->va, __entry->size, __entry->handle, __entry->offset)
);

TRACE_EVENT(nova_job_submit,
	TP_PROTO(struct device *dev, u64 client, u32 queue, u64 context, u64 seqno, u32 pushes),
	TP_ARGS(dev, client, queue, context, seqno, pushes),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u64, client)
		__field(u64, context)
		__field(u64, seqno)
		__field(u32, queue)
		__field(u32, pushes)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->client = client;
		__entry->context = context;
		__entry->seqno = seqno;
		__entry->queue = queue;
		__entry->pushes = pushes;
	),
	TP_printk("dev=%s client=%llu queue=%u context=%llu seqno=%llu pushes=%u",
		  __get_str(dev), __entry->client, __entry->queue, __entry->context,
		  __entry->seqno, __entry->pushes)
);

TRACE_EVENT(nova_job_run,
	TP_PROTO(struct device *dev, u64 context, u64 seqno, u32 chid, u32 put),
	TP_ARGS(dev, context, seqno, chid, put),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u64, context)
		__field(u64, seqno)
		__field(u32, chid)
		__field(u32, put)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->context = context;
		__entry->seqno = seqno;
		__entry->chid = chid;
		__entry->put = put;
	),
	TP_printk("dev=%s context=%llu seqno=%llu chid=%d gp_put=%u",
		  __get_str(dev), __entry->context, __entry->seqno, __entry->chid, __entry->put)
);

/* A fence knows no device: it may outlive it. */
TRACE_EVENT(nova_job_complete,
	TP_PROTO(u64 context, u64 seqno, int error),
	TP_ARGS(context, seqno, error),
	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, seqno)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->context = context;
		__entry->seqno = seqno;
		__entry->error = error;
	),
	TP_printk("context=%llu seqno=%llu error=%d", __entry->context, __entry->seqno,
		  __entry->error)
);

TRACE_EVENT(nova_queue_kill,
	TP_PROTO(struct device *dev, u64 client, u32 queue, u64 context, u32 chid, int error,
		 u32 flags, u32 code),
	TP_ARGS(dev, client, queue, context, chid, error, flags, code),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u64, client)
		__field(u64, context)
		__field(u32, queue)
		__field(u32, chid)
		__field(int, error)
		__field(u32, flags)
		__field(u32, code)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->client = client;
		__entry->context = context;
		__entry->queue = queue;
		__entry->chid = chid;
		__entry->error = error;
		__entry->flags = flags;
		__entry->code = code;
	),
	TP_printk("dev=%s client=%llu queue=%u context=%llu chid=%d error=%d flags=%#x code=%u",
		  __get_str(dev), __entry->client, __entry->queue, __entry->context,
		  __entry->chid, __entry->error, __entry->flags, __entry->code)
);

TRACE_EVENT(nova_fault,
	TP_PROTO(struct device *dev, const struct nova_core_fault *fault),
	TP_ARGS(dev, fault),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u64, va)
		__field(u64, time_ns)
		__field(u32, chid)
		__field(u32, type)
		__field(u32, access)
		__field(u32, engine)
		__field(u32, unit)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->va = fault->address;
		__entry->time_ns = fault->time_ns;
		__entry->chid = fault->chid;
		__entry->type = fault->type;
		__entry->access = fault->access;
		__entry->engine = fault->engine_id;
		__entry->unit = fault->client;
	),
	TP_printk("dev=%s chid=%d va=%#llx type=%u access=%u engine=%u unit=%u gpu_ns=%llu",
		  __get_str(dev), (int)__entry->chid, __entry->va, __entry->type, __entry->access,
		  __entry->engine, __entry->unit, __entry->time_ns)
);

TRACE_EVENT(nova_unplug,
	TP_PROTO(struct device *dev),
	TP_ARGS(dev),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
	),
	TP_fast_assign(
		__assign_str(dev);
	),
	TP_printk("dev=%s", __get_str(dev))
);

#endif /* _NOVA_TRACE_H_ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE nova_trace
#include <trace/define_trace.h>
