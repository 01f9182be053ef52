// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The way up: callbacks into the client, one at a time, and none after
 * nova_core_client_unregister().
 *
 * Engine events and faults are delivered in the interrupt thread. Channel
 * errors and the loss of the device can be noticed in the middle of a client's
 * own call, so they are delivered by a worker.
 */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/instruction_pointer.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "nova_core_audit.h"
#include "nova_core_chan.h"
#include "nova_core_client.h"
#include "nova_core_fault.h"

/**
 * struct nova_core_client - who is told what happens
 * @ops: the client's callbacks, NULL when there is no client
 * @data: their first argument
 * @told_lost: the client knows that the device is lost or dead
 * @work: delivers channel errors and the loss of the device
 * @work_audit: registry entry of @work
 * @ops_audit: registry entry of @ops
 * @core: the GPU
 */
struct nova_core_client {
	/** @lock: covers @ops, @data and @told_lost; held over every callback */
	struct mutex lock;
	const struct nova_core_client_ops *ops __guarded_by(&lock);
	void *data __guarded_by(&lock);
	bool told_lost __guarded_by(&lock);
	struct work_struct work;
	struct nova_core_audit work_audit;
	struct nova_core_audit ops_audit;
	struct nova_core *core;
};

static void nova_core_client_work(struct work_struct *work)
{
	struct nova_core_client *client = container_of(work, struct nova_core_client, work);
	struct nova_core *core = client->core;
	const struct nova_core_client_ops *ops;
	struct nova_core_chan_error error;

	guard(mutex)(&client->lock);

	ops = client->ops;
	if (!ops)
		return;

	/* At most one error per channel is pending. */
	while (nova_core_chan_next_error(core, &error)) {
		if (ops->chan_error)
			ops->chan_error(client->data, &error);
	}

	if (nova_core_state(core) && !client->told_lost) {
		client->told_lost = true;
		if (ops->lost)
			ops->lost(client->data);
	}
}

/* There is something to deliver. Any context, also before _init and after _fini. */
void nova_core_client_notify(struct nova_core *core)
{
	if (core->client)
		queue_work(system_dfl_wq, &core->client->work);
}

/* When it returns, every callback that had begun has ended. */
void nova_core_client_sync(struct nova_core *core)
{
	mutex_lock(&core->client->lock);
	mutex_unlock(&core->client->lock);
}

/* The device lives again: the client is told if that ends. */
void nova_core_client_recovered(struct nova_core *core)
{
	struct nova_core_client *client = core->client;

	scoped_guard(mutex, &client->lock)
		client->told_lost = false;
	/* It may have been lost meanwhile. */
	nova_core_client_notify(core);
}

/* Interrupt thread. */
void nova_core_client_engine_event(struct nova_core *core, unsigned long engines)
{
	struct nova_core_client *client = core->client;

	guard(mutex)(&client->lock);

	if (client->ops && client->ops->engine_event)
		client->ops->engine_event(client->data, engines);
}

/*
 * Interrupt thread. The channel is looked up under the lock, so that
 * nova_core_client_sync() also waits for a fault of the channel being
 * destroyed.
 */
void nova_core_client_fault(struct nova_core *core, struct nova_core_fault_packet *packet)
{
	struct nova_core_client *client = core->client;

	guard(mutex)(&client->lock);

	packet->fault.chid = nova_core_chan_of_inst(core, packet->inst, packet->inst_aperture);
	if (client->ops && client->ops->fault)
		client->ops->fault(client->data, &packet->fault);
}

/*
 * The client's operations for sleep. They wait for the other callbacks, so the lock is not held:
 * registering and unregistering hold the device awake (nova_core_power_get()).
 */
static const struct nova_core_client_ops *nova_core_client_get(struct nova_core *core, void **data)
{
	struct nova_core_client *client = core->client;

	guard(mutex)(&client->lock);

	*data = client->data;
	return client->ops;
}

int nova_core_client_suspend(struct nova_core *core, bool system)
{
	const struct nova_core_client_ops *ops;
	void *data;

	ops = nova_core_client_get(core, &data);
	return ops && ops->suspend ? ops->suspend(data, system) : 0;
}

int nova_core_client_save(struct nova_core *core)
{
	const struct nova_core_client_ops *ops;
	void *data;

	ops = nova_core_client_get(core, &data);
	return ops && ops->save ? ops->save(data) : 0;
}

void nova_core_client_restore(struct nova_core *core)
{
	const struct nova_core_client_ops *ops;
	void *data;

	ops = nova_core_client_get(core, &data);
	if (ops && ops->restore)
		ops->restore(data);
}

void nova_core_client_resume(struct nova_core *core)
{
	const struct nova_core_client_ops *ops;
	void *data;

	ops = nova_core_client_get(core, &data);
	if (ops && ops->resume)
		ops->resume(data);
}

/**
 * nova_core_client_register() - ask for callbacks
 * @core: the GPU
 * @ops: the callbacks, each may be NULL; static memory
 * @data: given to them
 *
 * One client at a time. Callbacks can come before this returns.
 * Context: may sleep.
 * Return: 0, -EBUSY if there is a client, -ENODEV if the device is lost,
 * -ETIMEDOUT if its firmware is dead.
 */
noinline int nova_core_client_register(struct nova_core *core,
				       const struct nova_core_client_ops *ops, void *data)
{
	struct nova_core_client *client = core->client;
	int ret;

	guard(mutex)(&client->lock);

	ret = nova_core_state(core);
	if (ret)
		return ret;
	if (client->ops)
		return -EBUSY;

	client->data = data;
	client->told_lost = false;
	client->ops = ops;
	nova_core_audit_add_at(core, &client->ops_audit, "callbacks", _RET_IP_);

	/* It may have been lost since the check, when there was nobody to tell. */
	if (nova_core_state(core))
		nova_core_client_notify(core);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(nova_core_client_register, "NOVA_CORE");
ALLOW_ERROR_INJECTION(nova_core_client_register, ERRNO);

/**
 * nova_core_client_unregister() - no more callbacks
 * @core: the GPU
 *
 * Waits for a running callback: the caller must hold no lock that a callback
 * takes. When it returns, no callback runs or will. Nothing happens if there
 * is no client. Needs no hardware.
 * Context: may sleep; not from a callback.
 */
void nova_core_client_unregister(struct nova_core *core)
{
	struct nova_core_client *client = core->client;

	guard(mutex)(&client->lock);

	if (!client->ops)
		return;
	client->ops = NULL;
	nova_core_audit_del(core, &client->ops_audit);
}
EXPORT_SYMBOL_NS_GPL(nova_core_client_unregister, "NOVA_CORE");

int nova_core_client_init(struct nova_core *core)
{
	struct nova_core_client *client;
	int ret;

	client = devm_kzalloc(core->dev, sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;

	ret = devm_mutex_init(core->dev, &client->lock);
	if (ret)
		return ret;
	client->core = core;
	INIT_WORK(&client->work, nova_core_client_work);
	nova_core_audit_add(core, &client->work_audit, "work");
	core->client = client;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_client_init);
ALLOW_ERROR_INJECTION(nova_core_client_init, ERRNO);

/*
 * When it returns, the work does not run and cannot be queued. A client that
 * did not unregister is called no more, and left to the audit.
 */
void nova_core_client_fini(struct nova_core *core)
{
	struct nova_core_client *client = core->client;

	scoped_guard(mutex, &client->lock)
		client->ops = NULL;
	disable_work_sync(&client->work);
	nova_core_audit_del(core, &client->work_audit);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_client_fini);
