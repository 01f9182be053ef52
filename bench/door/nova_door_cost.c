// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What it costs to guard register reads against a device that goes, in three ways:
 *
 *   door         drm_dev_enter() once, any number of reads, drm_dev_exit(): what nova-drm does
 *   revocable    each read looks at a flag inside rcu_read_lock(), as Rust's Revocable does
 *   srcu-handle  the same with SRCU, for handles whose holders may sleep
 *   none         reads and nothing else: what is left to compare with
 *
 * The registers are a page of memory, read as registers are. A real one costs more, and the same
 * in all ways; it would only hide the guards. Write "WAY READS ENTRIES" to the debugfs file
 * nova_door_cost/run and read the time of all entries together, in ns.
 */
#include <linux/debugfs.h>
#include <linux/device/faux.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>

#define COST_READS_MAX		64
#define COST_ENTRIES_MAX	1000000

/* A handle that can be taken back: here it never is. */
struct cost_handle {
	void __iomem *regs;
	bool available;
};

struct cost_device {
	struct drm_device drm;
	struct cost_handle handle;
};

static struct faux_device *cost_parent;
static struct cost_device *cost_device;
static struct dentry *cost_dir;
static DEFINE_MUTEX(cost_lock);	/* one run at a time; guards cost_ns */
static u64 cost_ns;
DEFINE_STATIC_SRCU(cost_srcu);

/* Not inlined: an entry is a function of its own in a driver, too. */
static noinline u32 cost_none(struct cost_device *dev, unsigned int reads)
{
	u32 sum = 0;

	for (unsigned int i = 0; i < reads; i++)
		sum += readl(dev->handle.regs + 4 * i);
	return sum;
}

static noinline u32 cost_door(struct cost_device *dev, unsigned int reads)
{
	u32 sum = 0;
	int idx;

	if (!drm_dev_enter(&dev->drm, &idx))
		return 0;
	for (unsigned int i = 0; i < reads; i++)
		sum += readl(dev->handle.regs + 4 * i);
	drm_dev_exit(idx);
	return sum;
}

static noinline u32 cost_revocable(struct cost_device *dev, unsigned int reads)
{
	u32 sum = 0;

	for (unsigned int i = 0; i < reads; i++) {
		rcu_read_lock();
		if (READ_ONCE(dev->handle.available))
			sum += readl(dev->handle.regs + 4 * i);
		rcu_read_unlock();
	}
	return sum;
}

static noinline u32 cost_srcu_handle(struct cost_device *dev, unsigned int reads)
{
	u32 sum = 0;

	for (unsigned int i = 0; i < reads; i++) {
		int idx = srcu_read_lock(&cost_srcu);

		if (READ_ONCE(dev->handle.available))
			sum += readl(dev->handle.regs + 4 * i);
		srcu_read_unlock(&cost_srcu, idx);
	}
	return sum;
}

static const struct {
	const char *name;
	u32 (*entry)(struct cost_device *dev, unsigned int reads);
} cost_ways[] = {
	{ "none", cost_none },
	{ "door", cost_door },
	{ "revocable", cost_revocable },
	{ "srcu-handle", cost_srcu_handle },
};

static int cost_run(const char *name, unsigned int reads, unsigned int entries)
{
	u64 start;
	int way;

	for (way = 0; way < ARRAY_SIZE(cost_ways); way++)
		if (!strcmp(cost_ways[way].name, name))
			break;
	if (way == ARRAY_SIZE(cost_ways) || !reads || reads > COST_READS_MAX || !entries ||
	    entries > COST_ENTRIES_MAX)
		return -EINVAL;
	guard(mutex)(&cost_lock);
	start = ktime_get_ns();
	for (unsigned int i = 0; i < entries; i++)
		cost_ways[way].entry(cost_device, reads);
	cost_ns = ktime_get_ns() - start;
	return 0;
}

static ssize_t cost_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	unsigned int reads, entries;
	char text[64], name[16];
	int ret;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = '\0';
	if (sscanf(text, "%15s %u %u", name, &reads, &entries) != 3)
		return -EINVAL;
	ret = cost_run(name, reads, entries);
	return ret ? ret : size;
}

static int cost_show(struct seq_file *seq, void *data)
{
	guard(mutex)(&cost_lock);
	seq_printf(seq, "%llu\n", cost_ns);
	return 0;
}

static int cost_open(struct inode *inode, struct file *file)
{
	return single_open(file, cost_show, NULL);
}

static const struct file_operations cost_fops = {
	.owner = THIS_MODULE,
	.open = cost_open,
	.read = seq_read,
	.write = cost_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* Never registered: there is no node. */
static const struct drm_driver cost_driver = {
	.name = "nova-door-cost",
	.desc = "What guards cost",
	.major = 0,
	.minor = 1,
};

static int __init cost_init(void)
{
	struct device *dev;
	void *regs;

	cost_parent = faux_device_create("nova_door_cost", NULL, NULL);
	if (!cost_parent)
		return -ENODEV;
	dev = &cost_parent->dev;
	cost_device = devm_drm_dev_alloc(dev, &cost_driver, struct cost_device, drm);
	regs = devm_kzalloc(dev, PAGE_SIZE, GFP_KERNEL);
	if (IS_ERR(cost_device) || !regs) {
		faux_device_destroy(cost_parent);
		return -ENOMEM;
	}
	cost_device->handle.regs = (void __iomem __force *)regs;
	cost_device->handle.available = true;
	cost_dir = debugfs_create_dir("nova_door_cost", NULL);
	debugfs_create_file("run", 0600, cost_dir, NULL, &cost_fops);
	return 0;
}

static void __exit cost_exit(void)
{
	debugfs_remove(cost_dir);
	faux_device_destroy(cost_parent);
}

module_init(cost_init);
module_exit(cost_exit);
MODULE_DESCRIPTION("What it costs to guard register reads");
MODULE_LICENSE("Dual MIT/GPL");
