// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The audit registry: every object that must be gone when remove() returns is
 * in a list while it exists, and remove() ends by printing what is left.
 */
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/gfp.h>
#include <linux/instruction_pointer.h>
#include <linux/seq_file.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>

#include "nova_core_audit.h"

#define NOVA_CORE_AUDIT_FRAMES	32
#define NOVA_CORE_AUDIT_GROUPS	32

#if defined(CONFIG_NOVA_DEBUG_LIFETIME) && defined(CONFIG_STACKDEPOT)
/* Without memory for it there is no stack, and the site must do. */
static void nova_core_audit_save_stack(struct nova_core_audit *audit)
{
	unsigned long frames[NOVA_CORE_AUDIT_FRAMES];
	unsigned int count = stack_trace_save(frames, ARRAY_SIZE(frames), 2);

	audit->stack = stack_depot_save(frames, count, GFP_NOWAIT | __GFP_NOWARN);
}

static void nova_core_audit_print_stack(const struct nova_core_audit *audit)
{
	if (audit->stack)
		stack_depot_print(audit->stack);
}
#else
static void nova_core_audit_save_stack(struct nova_core_audit *audit)
{
}

static void nova_core_audit_print_stack(const struct nova_core_audit *audit)
{
}
#endif

int nova_core_audit_init(struct nova_core *core)
{
	guard(spinlock_init)(&core->audit.lock);
	INIT_LIST_HEAD(&core->audit.list);

	return IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME) ? stack_depot_init() : 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_audit_init);
ALLOW_ERROR_INJECTION(nova_core_audit_init, ERRNO);

/* For helpers that create objects on behalf of their caller, whose address is @site. */
void nova_core_audit_add_at(struct nova_core *core, struct nova_core_audit *audit,
			    const char *kind, unsigned long site)
{
	unsigned long flags;

	audit->kind = kind;
	audit->site = site;
	nova_core_audit_save_stack(audit);

	spin_lock_irqsave(&core->audit.lock, flags);
	list_add_tail(&audit->link, &core->audit.list);
	spin_unlock_irqrestore(&core->audit.lock, flags);
}

/**
 * nova_core_audit_add() - register an object that must not outlive remove()
 * @core: the GPU
 * @audit: entry, embedded in the object
 * @kind: what the object is; a string constant
 *
 * The caller's address is kept and printed if the object survives.
 * Context: any.
 */
noinline void nova_core_audit_add(struct nova_core *core, struct nova_core_audit *audit,
				  const char *kind)
{
	nova_core_audit_add_at(core, audit, kind, _RET_IP_);
}
EXPORT_SYMBOL_NS_GPL(nova_core_audit_add, "NOVA_CORE");

/**
 * nova_core_audit_del() - the object is gone
 * @core: the GPU
 * @audit: entry given to nova_core_audit_add()
 *
 * Context: any.
 */
void nova_core_audit_del(struct nova_core *core, struct nova_core_audit *audit)
{
	unsigned long flags;

	spin_lock_irqsave(&core->audit.lock, flags);
	list_del_init(&audit->link);
	spin_unlock_irqrestore(&core->audit.lock, flags);
}
EXPORT_SYMBOL_NS_GPL(nova_core_audit_del, "NOVA_CORE");

/* Objects of one kind that were made in one place. */
struct nova_core_audit_group {
	const char *kind;
	unsigned long site;
	unsigned int count;
};

/* Counts; what finds no group is counted in the last one, under the name of its first. */
static void nova_core_audit_count(struct nova_core_audit_group *groups, unsigned int max,
				  const struct nova_core_audit *audit)
{
	unsigned int i;

	for (i = 0; i < max - 1; i++)
		if (!groups[i].count ||
		    (groups[i].kind == audit->kind && groups[i].site == audit->site))
			break;
	if (!groups[i].count++) {
		groups[i].kind = audit->kind;
		groups[i].site = audit->site;
	}
}

/**
 * nova_core_audit_show() - list what is registered, for people
 * @core: the GPU
 * @seq: where to
 *
 * A line for each kind and place of creation: how many there are, which kind, the function. The
 * names are looked up outside the lock, which interrupts wait for.
 */
void nova_core_audit_show(struct nova_core *core, struct seq_file *seq)
{
	struct nova_core_audit_group groups[NOVA_CORE_AUDIT_GROUPS] = {};
	struct nova_core_audit *audit;

	scoped_guard(spinlock_irqsave, &core->audit.lock) {
		list_for_each_entry(audit, &core->audit.list, link)
			nova_core_audit_count(groups, ARRAY_SIZE(groups), audit);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(groups) && groups[i].count; i++)
		seq_printf(seq, "%u %s, by %ps\n", groups[i].count, groups[i].kind,
			   (void *)groups[i].site);
}
EXPORT_SYMBOL_NS_GPL(nova_core_audit_show, "NOVA_CORE");

/*
 * The last step of remove, when everything is supposed to be gone. Survivors
 * are taken off the list, whose head does not live on.
 */
void nova_core_audit_report(struct nova_core *core)
{
	struct nova_core_audit *audit, *next;
	unsigned int survivors = 0;
	unsigned long flags;

	spin_lock_irqsave(&core->audit.lock, flags);
	list_for_each_entry_safe(audit, next, &core->audit.list, link) {
		dev_err(core->dev, "audit: %s created at %pS survived remove\n",
			audit->kind, (void *)audit->site);
		nova_core_audit_print_stack(audit);
		list_del_init(&audit->link);
		survivors++;
	}
	spin_unlock_irqrestore(&core->audit.lock, flags);

	dev_WARN_ONCE(core->dev, survivors, "audit: %u objects survived remove\n", survivors);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_audit_report);
