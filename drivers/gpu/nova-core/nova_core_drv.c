// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The PCI driver: what the bus calls. */
#include <linux/error-injection.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/xarray.h>

#include "nova_core_access.h"
#include "nova_core_device.h"
#include "nova_core_pm.h"
#include "regs/nv_pmc.h"

/*
 * How often each GPU was probed, by its place in the PCI hierarchy, as value
 * entries. Numbers only, so it may live as long as the module: nothing in it
 * belongs to a binding.
 */
static DEFINE_XARRAY(nova_core_generations);

/* The device lock keeps a second probe of the same GPU away. */
static noinline __noipa int nova_core_next_generation(struct pci_dev *pdev, u64 *generation)
{
	unsigned long place = (unsigned long)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
	void *entry = xa_load(&nova_core_generations, place);

	*generation = (entry ? xa_to_value(entry) : 0) + 1;
	return xa_err(xa_store(&nova_core_generations, place, xa_mk_value(*generation),
			       GFP_KERNEL));
}
ALLOW_ERROR_INJECTION(nova_core_next_generation, ERRNO);

static noinline __noipa int nova_core_bind_device(struct pci_dev *pdev)
{
	struct nova_core *core;
	int ret;

	core = devm_kzalloc(&pdev->dev, sizeof(*core), GFP_KERNEL);
	if (!core)
		return -ENOMEM;
	core->pdev = pdev;
	core->dev = &pdev->dev;

	guard(nova_core_bind)(core);
	ret = nova_core_next_generation(pdev, &core->info.generation);
	if (ret)
		return ret;
	ret = nova_core_device_init(core);
	if (ret)
		return ret;

	/* From here on errors of the bus and resets concern us. */
	pci_set_drvdata(pdev, core);
	/* And from here on it may go to sleep. */
	nova_core_pm_init(core);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_bind_device, ERRNO);

/* What is allocated is a group of its own, since after a reset there is more than one probe. */
static int nova_core_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (!devres_open_group(&pdev->dev, pdev, GFP_KERNEL))
		return -ENOMEM;

	ret = nova_core_bind_device(pdev);
	if (ret)
		devres_release_group(&pdev->dev, pdev);
	else
		devres_close_group(&pdev->dev, pdev);

	return ret;
}

/*
 * Unbind, hot-unplug, module unload; and shutdown, since a machine that goes
 * down or into another kernel must have the device as quiet as after an
 * unbind. Called again after shutdown it has nothing to do.
 */
static void nova_core_remove(struct pci_dev *pdev)
{
	struct nova_core *core = pci_get_drvdata(pdev);

	if (!core)
		return;

	guard(nova_core_bind)(core);
	nova_core_pm_fini(core);	/* it is awake, and stays so */
	pci_set_drvdata(pdev, NULL);
	nova_core_device_fini(core);
}

/* There is no recovery short of a new probe. */
static pci_ers_result_t nova_core_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct nova_core *core = pci_get_drvdata(pdev);

	if (core)
		nova_core_mark_lost(core, "PCI error");

	return PCI_ERS_RESULT_DISCONNECT;
}

/*
 * Somebody else resets the function. Its firmware and channels do not survive that, and nothing
 * may be under way meanwhile: so it is an unbind and a bind. The handlers are called for resets
 * of our own, too, when the device is on its way up or down and not in the driver data.
 */
static void nova_core_reset_prepare(struct pci_dev *pdev)
{
	struct nova_core *core = pci_get_drvdata(pdev);

	if (!core)
		return;

	nova_core_remove(pdev);
	/* So that nova_core_reset_done() knows. */
	pci_set_drvdata(pdev, core);
}

static void nova_core_reset_done(struct pci_dev *pdev)
{
	int ret;

	if (!pci_get_drvdata(pdev))
		return;

	pci_set_drvdata(pdev, NULL);
	devres_release_group(&pdev->dev, pdev);
	ret = nova_core_probe(pdev, NULL);
	if (ret)
		pci_err(pdev, "not usable after the reset: %d\n", ret);
}

static const struct pci_error_handlers nova_core_err_handler = {
	.error_detected = nova_core_error_detected,
	.reset_prepare = nova_core_reset_prepare,
	.reset_done = nova_core_reset_done,
};

static const struct pci_device_id nova_core_id_table[] = {
	{ PCI_DEVICE(NOVA_PCI_VENDOR_ID, NOVA_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, nova_core_id_table);

static struct pci_driver nova_core_driver = {
	.name = "nova_core",
	.id_table = nova_core_id_table,
	.probe = nova_core_probe,
	.remove = nova_core_remove,
	.shutdown = nova_core_remove,
	.err_handler = &nova_core_err_handler,
	.driver.pm = pm_ptr(&nova_core_pm_ops),
};

static int __init nova_core_init(void)
{
	return pci_register_driver(&nova_core_driver);
}
module_init(nova_core_init);

static void __exit nova_core_exit(void)
{
	pci_unregister_driver(&nova_core_driver);
	xa_destroy(&nova_core_generations);
}
module_exit(nova_core_exit);

MODULE_DESCRIPTION("nova-core GPU driver");
MODULE_LICENSE("Dual MIT/GPL");
