/*
 * The power button (ACPI 6.4, section 4.8.2.2.1): a press asks for an orderly shutdown. Top half: the event, called from the SCI's handler;
 * bottom half: a work item, because what it starts sleeps. Programs see a "change" event of the device.
 */
#include "drivers/drivers.h"
#include "drivers/acpi/acpi.h"
#include "kernel/hal/power.h"
#include "kernel/irq/workqueue.h"

static struct device *button; /* while bound */

static void pressed_work(struct work_struct *w)
{
	static const char *const extra[] = { "BUTTON=power", NULL };

	kobject_uevent_env(&button->kobj, UEVENT_CHANGE, extra);
	if (power_button_hook)
		power_button_hook();
}
static DECLARE_WORK(work, pressed_work);

static void pressed(void *arg)
{
	schedule_work(&work);
}

static int button_probe(struct platform_device *p)
{
	button = &p->dev;
	return acpi_fixed_hardware()->power_button ? acpi_install_fixed_event(PM1_PWRBTN, pressed, p) : -ENODEV;
}

static void button_remove(struct platform_device *p)
{
	acpi_remove_fixed_event(PM1_PWRBTN);
	cancel_work_sync(&work);
}

struct platform_driver acpi_button_driver = { .name = "LNXPWRBN", .probe = button_probe, .remove = button_remove };
