/*
 * Driver of QEMU's edu device (docs/specs/edu.txt in QEMU's sources): a PCI card that computes factorials and moves blocks by DMA, and says by
 * an interrupt when it is done. How programs use it: edu.h. It is the worked example of a driver with two halves:
 *
 *   edu_write  ->  a job in the queue  ->  start_job: registers                                   process
 *   edu_irq: is it ours? acknowledge, note what happened, tasklet_schedule                         top half
 *   edu_tasklet: take the result, start the next job, wake who waits                               bottom half
 *   edu_read   <-  the job is done                                                                 process
 *
 * The line may be shared: edu_irq answers IRQ_NONE when the device is not the cause. The card may be unplugged at any time: edu_remove ends
 * all jobs with -ENODEV and wakes who waits; struct edu stays until the last file is closed.
 */
#include <linux/cdev.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "edu.h"

/* Registers. */
#define REG_IDENT 0x00
#define REG_INVERT 0x04
#define REG_FACTORIAL 0x08
#define REG_STATUS 0x20
#define STATUS_COMPUTING 0x01
#define STATUS_IRQ_FACTORIAL 0x80 /* raise an interrupt after computing */
#define REG_IRQ_STATUS 0x24
#define REG_IRQ_RAISE 0x60
#define REG_IRQ_ACK 0x64
#define REG_DMA_SOURCE 0x80
#define REG_DMA_TARGET 0x88
#define REG_DMA_COUNT 0x90
#define REG_DMA_COMMAND 0x98
#define DMA_START 0x01
#define DMA_FROM_DEVICE_BIT 0x02
#define DMA_IRQ 0x04

#define IRQ_FACTORIAL 0x001
#define IRQ_DMA 0x100
#define DEVICE_GONE 0xffffffffu /* what a read of a card that is not there gives */

#define MAX_DEVICES 8
#define DMA_BITS 28 /* the device reaches 256 MiB */
#define PIECE 2048  /* of EDU_COPY */

static unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "milliseconds until a job that has not been answered ends with EIO");

enum kind { FACTORIAL, DMA, NR_KINDS };

/* Something the device is asked to do. References: whoever asked, and the queue until it is done. */
struct job {
	struct kref refs;
	struct list_head node;
	enum kind kind;
	bool done;
	int error;
	u32 n, result;         /* FACTORIAL */
	void *data;            /* DMA: memory that the device reads or writes, and what it calls it */
	u32 bus, offset, length;
	bool from_device;
	struct edu *edu;
};

/* The device does one job of each kind at a time. */
struct engine {
	struct list_head waiting;
	struct job *current_job;
	struct timer_list deadline;
	struct edu *edu;
};

struct edu {
	struct kref refs;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct cdev cdev;
	int minor;
	struct tasklet_struct tasklet;
	wait_queue_head_t wait;        /* a job is done; the device is gone */
	struct mutex dma_lock;         /* who uses the device's buffer */
	spinlock_t lock;               /* all that follows, and the jobs; also taken by edu_irq */
	bool gone;
	u32 events;                    /* of interrupts, not yet seen by the tasklet */
	struct engine engine[NR_KINDS];
	u32 asked, answered;           /* factorials; they are answered in the order in which they were asked */
	u32 last_result;
	struct edu_stats stats;
};

/* An open file. */
struct edu_file {
	struct edu *edu;
	struct mutex lock;             /* one reader or writer of numbers at a time: threads may share a file */
	struct job *job;               /* the factorial this file has asked for last; changed with edu->lock held, too */
	char text[16];                 /* its answer, or the device's last one */
	size_t length, at;
	bool answered;                 /* text is valid */
};

static dev_t first;
static struct class *class;
static struct edu *devices[MAX_DEVICES];
static DEFINE_MUTEX(devices_lock);

static void edu_free(struct kref *refs)
{
	struct edu *edu = container_of(refs, struct edu, refs);

	put_device(&edu->pdev->dev);
	kfree(edu);
}

/* ---- jobs ---- */

static void job_free(struct kref *refs)
{
	struct job *job = container_of(refs, struct job, refs);

	if (job->data)
		dma_free_coherent(&job->edu->pdev->dev, job->length, job->data, job->bus);
	kref_put(&job->edu->refs, edu_free);
	kfree(job);
}

static void job_put(struct job *job) { kref_put(&job->refs, job_free); }

static struct job *job_new(struct edu *edu, enum kind kind)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return NULL;
	kref_init(&job->refs);
	job->kind = kind;
	job->edu = edu;
	kref_get(&edu->refs);
	return job;
}

/* Write the registers that make the device begin; lock held. */
static void start_job(struct edu *edu, struct job *job)
{
	edu->engine[job->kind].current_job = job;
	if (job->kind == FACTORIAL) {
		writel(STATUS_IRQ_FACTORIAL, edu->regs + REG_STATUS);
		writel(job->n, edu->regs + REG_FACTORIAL);
	} else {
		writel(job->from_device ? EDU_BUFFER + job->offset : job->bus, edu->regs + REG_DMA_SOURCE);
		writel(job->from_device ? job->bus : EDU_BUFFER + job->offset, edu->regs + REG_DMA_TARGET);
		writel(job->length, edu->regs + REG_DMA_COUNT);
		writel(DMA_START | DMA_IRQ | (job->from_device ? DMA_FROM_DEVICE_BIT : 0), edu->regs + REG_DMA_COMMAND);
	}
	mod_timer(&edu->engine[job->kind].deadline, jiffies + msecs_to_jiffies(timeout_ms));
}

static void start_next(struct edu *edu, struct engine *e)
{
	struct job *job = list_first_entry_or_null(&e->waiting, struct job, node);

	if (!job)
		return;
	list_del(&job->node);
	start_job(edu, job);
}

/* The engine's job is over; lock held. Whoever waits still has a reference; the queue's is dropped here. */
static void end_job(struct edu *edu, struct engine *e, int error)
{
	struct job *job = e->current_job;

	e->current_job = NULL;
	if (job->kind == FACTORIAL) {
		edu->answered++;
		if (!error)
			edu->last_result = job->result;
	}
	job->error = error;
	job->done = true;
	job_put(job);
}

/* Hand a job over. 0 or -ENODEV; the caller's reference stays. */
static int submit(struct edu *edu, struct job *job)
{
	struct engine *e = &edu->engine[job->kind];
	unsigned long flags;
	int error = 0;

	spin_lock_irqsave(&edu->lock, flags);
	if (edu->gone) {
		error = -ENODEV;
	} else {
		kref_get(&job->refs);
		if (job->kind == FACTORIAL)
			edu->asked++;
		if (e->current_job)
			list_add_tail(&job->node, &e->waiting);
		else
			start_job(edu, job);
	}
	spin_unlock_irqrestore(&edu->lock, flags);
	return error;
}

/* ---- the two halves ---- */

static irqreturn_t edu_irq(int irq, void *dev_id)
{
	struct edu *edu = dev_id;
	u32 status;

	status = readl(edu->regs + REG_IRQ_STATUS);
	if (!status || status == DEVICE_GONE) {
		edu->stats.foreign++;
		return IRQ_NONE; /* somebody else on this line */
	}
	writel(status, edu->regs + REG_IRQ_ACK); /* the device lets go of the line */

	spin_lock(&edu->lock);
	edu->events |= status;
	edu->stats.interrupts++;
	spin_unlock(&edu->lock);
	tasklet_schedule(&edu->tasklet);
	return IRQ_HANDLED;
}

static void edu_tasklet(struct tasklet_struct *t)
{
	struct edu *edu = from_tasklet(edu, t, tasklet);
	struct engine *e;
	unsigned long flags;
	u32 events;

	spin_lock_irqsave(&edu->lock, flags);
	events = edu->events;
	edu->events = 0;
	e = &edu->engine[FACTORIAL];
	if ((events & IRQ_FACTORIAL) && e->current_job) {
		edu->stats.factorials++;
		e->current_job->result = readl(edu->regs + REG_FACTORIAL);
		end_job(edu, e, 0);
		start_next(edu, e);
	}
	e = &edu->engine[DMA];
	if ((events & IRQ_DMA) && e->current_job) {
		edu->stats.dmas++;
		end_job(edu, e, 0);
		start_next(edu, e);
	}
	if (events & ~(IRQ_FACTORIAL | IRQ_DMA))
		edu->stats.raised++;
	for (int k = 0; k < NR_KINDS; k++)
		if (!edu->engine[k].current_job)
			del_timer(&edu->engine[k].deadline);
	spin_unlock_irqrestore(&edu->lock, flags);
	wake_up_interruptible_all(&edu->wait);
}

/*
 * No answer in time. A device that is still at it gets more; one that is done has not said so, and what was not announced is not taken: the
 * job fails, so that a broken interrupt is seen as what it is.
 */
static void edu_deadline(struct timer_list *t)
{
	struct engine *e = from_timer(e, t, deadline);
	struct edu *edu = e->edu;
	unsigned long flags;
	bool busy;

	spin_lock_irqsave(&edu->lock, flags);
	if (!e->current_job || edu->gone || time_before(jiffies, t->expires)) {
		spin_unlock_irqrestore(&edu->lock, flags);
		return;
	}
	busy = e->current_job->kind == FACTORIAL ? readl(edu->regs + REG_STATUS) & STATUS_COMPUTING :
						   readl(edu->regs + REG_DMA_COMMAND) & DMA_START;
	if (busy) {
		mod_timer(t, jiffies + msecs_to_jiffies(timeout_ms));
	} else {
		edu->stats.lost++;
		dev_err(&edu->pdev->dev, "no interrupt for a job that is done\n");
		end_job(edu, e, -EIO);
		start_next(edu, e);
	}
	spin_unlock_irqrestore(&edu->lock, flags);
	wake_up_interruptible_all(&edu->wait);
}

/* ---- factorials: write a number, read the answer ---- */

/* Is this file's question answered? Then a read or another question need not wait. */
static bool own_done(const struct edu_file *f) { return !f->job || READ_ONCE(f->job->done) || READ_ONCE(f->edu->gone); }

static int wait_own(struct edu_file *f, struct file *filp)
{
	if (own_done(f))
		return 0;
	if (filp->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(f->edu->wait, own_done(f));
}

static ssize_t ask(struct edu_file *f, struct file *filp, const char __user *from, size_t count)
{
	char text[16];
	struct job *job, *old;
	unsigned long flags;
	u32 n;
	int error;

	if (!count || count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	text[count] = '\0';
	error = kstrtou32(text, 10, &n);
	if (error)
		return error;
	error = wait_own(f, filp);
	if (error)
		return error;
	job = job_new(f->edu, FACTORIAL);
	if (!job)
		return -ENOMEM;
	job->n = n;
	error = submit(f->edu, job);
	if (error) {
		job_put(job);
		return error;
	}
	spin_lock_irqsave(&f->edu->lock, flags);
	old = f->job;
	f->job = job;
	spin_unlock_irqrestore(&f->edu->lock, flags);
	if (old)
		job_put(old);
	f->answered = false;
	return count;
}

/* All that had been asked when a file without a question of its own began to read. */
static bool all_done(const struct edu *edu, u32 asked) { return (s32)(READ_ONCE(edu->answered) - asked) >= 0 || READ_ONCE(edu->gone); }

/* Wait for the answer and write it down. */
static int take_answer(struct edu_file *f, struct file *filp)
{
	struct edu *edu = f->edu;
	u32 asked = READ_ONCE(edu->asked), result;
	int error;

	if (f->job) {
		error = wait_own(f, filp);
	} else {
		error = filp->f_flags & O_NONBLOCK && !all_done(edu, asked) ? -EAGAIN : wait_event_interruptible(edu->wait, all_done(edu, asked));
	}
	if (error)
		return error;
	if (f->job && f->job->done) {
		error = f->job->error;
		result = f->job->result;
	} else {
		error = READ_ONCE(edu->gone) ? -ENODEV : 0;
		result = READ_ONCE(edu->last_result);
	}
	if (error)
		return error;
	f->length = f->job || READ_ONCE(edu->answered) ? scnprintf(f->text, sizeof(f->text), "%u\n", result) : 0;
	f->at = 0;
	f->answered = true;
	return 0;
}

static ssize_t answer(struct edu_file *f, struct file *filp, char __user *to, size_t count)
{
	size_t n;

	if (!f->answered) {
		int error = take_answer(f, filp);
		if (error)
			return error;
	}
	n = min(count, f->length - f->at);
	if (copy_to_user(to, f->text + f->at, n))
		return -EFAULT;
	f->at += n;
	return n;
}

/* ---- DMA ---- */

static int wait_dma(struct job *job)
{
	int error = wait_event_interruptible(job->edu->wait, READ_ONCE(job->done));

	return error ? error : job->error;
}

/* Move up to the whole buffer, dma_lock held; bytes or -errno. When a signal ends the waiting, the device goes on with memory that is still its own. */
static ssize_t transfer_locked(struct edu *edu, void __user *user, u32 offset, size_t length, bool from_device)
{
	struct job *job;
	int error;

	if (!length)
		return 0;
	job = job_new(edu, DMA);
	if (!job)
		return -ENOMEM;
	job->from_device = from_device;
	job->offset = offset;
	job->length = length;
	job->data = dma_alloc_coherent(&edu->pdev->dev, length, &job->bus, GFP_KERNEL);
	error = job->data ? 0 : -ENOMEM;
	if (!error && !from_device && copy_from_user(job->data, user, length))
		error = -EFAULT;
	if (!error)
		error = submit(edu, job);
	if (!error)
		error = wait_dma(job);
	if (!error && from_device && copy_to_user(user, job->data, length))
		error = -EFAULT;
	job_put(job);
	return error ? error : (ssize_t)length;
}

static ssize_t transfer(struct edu *edu, void __user *user, u32 offset, size_t length, bool from_device)
{
	ssize_t n;

	if (mutex_lock_interruptible(&edu->dma_lock))
		return -ERESTARTSYS;
	n = transfer_locked(edu, user, offset, length, from_device);
	mutex_unlock(&edu->dma_lock);
	return n;
}

static long dma_ioctl(struct edu *edu, void __user *arg, bool from_device)
{
	struct edu_dma d;
	ssize_t n;

	if (copy_from_user(&d, arg, sizeof(d)))
		return -EFAULT;
	if (d.length > EDU_BUFFER_SIZE || d.offset > EDU_BUFFER_SIZE - d.length)
		return -EINVAL;
	n = transfer(edu, (void __user *)d.data, d.offset, d.length, from_device);
	return n < 0 ? n : 0;
}

static long copy_ioctl(struct edu *edu, void __user *arg)
{
	struct edu_copy c;
	ssize_t n = 0;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	if (c.length > EDU_COPY_MAX)
		return -EINVAL;
	if (mutex_lock_interruptible(&edu->dma_lock))
		return -ERESTARTSYS;
	for (u32 at = 0; at < c.length && n >= 0; at += PIECE) {
		u32 piece = min(c.length - at, (u32)PIECE);

		n = transfer_locked(edu, (u8 __user *)c.from + at, 0, piece, false);
		if (n >= 0)
			n = transfer_locked(edu, (u8 __user *)c.to + at, 0, piece, true);
	}
	mutex_unlock(&edu->dma_lock);
	return n < 0 ? n : 0;
}

/* ---- the file ---- */

static int edu_open(struct inode *inode, struct file *filp)
{
	struct edu_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	mutex_lock(&devices_lock);
	f->edu = devices[iminor(inode) - MINOR(first)];
	if (f->edu)
		kref_get(&f->edu->refs);
	mutex_unlock(&devices_lock);
	if (!f->edu) {
		kfree(f);
		return -ENODEV;
	}
	mutex_init(&f->lock);
	filp->private_data = f;
	return 0;
}

static int edu_release(struct inode *inode, struct file *filp)
{
	struct edu_file *f = filp->private_data;

	if (f->job)
		job_put(f->job);
	kref_put(&f->edu->refs, edu_free);
	kfree(f);
	return 0;
}

/* Text has no position: only what goes by DMA moves it. */
static ssize_t edu_read(struct file *filp, char __user *to, size_t count, loff_t *pos)
{
	struct edu_file *f = filp->private_data;
	ssize_t n;

	if (*pos >= EDU_BUFFER) {
		u32 offset = min_t(loff_t, *pos - EDU_BUFFER, EDU_BUFFER_SIZE);
		n = transfer(f->edu, to, offset, min_t(size_t, count, EDU_BUFFER_SIZE - offset), true);
		if (n > 0)
			*pos += n;
		return n;
	}
	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	n = answer(f, filp, to, count);
	mutex_unlock(&f->lock);
	return n;
}

static ssize_t edu_write(struct file *filp, const char __user *from, size_t count, loff_t *pos)
{
	struct edu_file *f = filp->private_data;
	ssize_t n;

	if (*pos >= EDU_BUFFER) {
		u32 offset = min_t(loff_t, *pos - EDU_BUFFER, EDU_BUFFER_SIZE);
		if (count && offset == EDU_BUFFER_SIZE)
			return -ENOSPC;
		n = transfer(f->edu, (void __user *)from, offset, min_t(size_t, count, EDU_BUFFER_SIZE - offset), false);
		if (n > 0)
			*pos += n;
		return n;
	}
	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	n = ask(f, filp, from, count);
	mutex_unlock(&f->lock);
	return n;
}

static loff_t edu_llseek(struct file *filp, loff_t off, int whence)
{
	return fixed_size_llseek(filp, off, whence, EDU_BUFFER + EDU_BUFFER_SIZE);
}

static __poll_t edu_poll(struct file *filp, poll_table *wait)
{
	struct edu_file *f = filp->private_data;
	struct edu *edu = f->edu;
	__poll_t ready = 0;
	unsigned long flags;

	poll_wait(filp, &edu->wait, wait);
	spin_lock_irqsave(&edu->lock, flags);
	if (edu->gone)
		ready |= EPOLLERR | EPOLLHUP;
	if (own_done(f))
		ready |= EPOLLOUT | EPOLLWRNORM;
	if (f->job ? own_done(f) : all_done(edu, edu->asked))
		ready |= EPOLLIN | EPOLLRDNORM;
	spin_unlock_irqrestore(&edu->lock, flags);
	return ready;
}

/* A register that takes part in no job; -ENODEV when there are no registers any more. */
static int access_register(struct edu *edu, u32 reg, u32 *value, bool write)
{
	unsigned long flags;
	int error = 0;

	spin_lock_irqsave(&edu->lock, flags);
	if (edu->gone)
		error = -ENODEV;
	else if (write)
		writel(*value, edu->regs + reg);
	else
		*value = readl(edu->regs + reg);
	spin_unlock_irqrestore(&edu->lock, flags);
	return error;
}

static long edu_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct edu_file *f = filp->private_data;
	u32 __user *number = (u32 __user *)arg;
	u32 v;
	int error;

	switch (cmd) {
	case EDU_IDENT:
		error = access_register(f->edu, REG_IDENT, &v, false);
		return error ? error : put_user(v, number);
	case EDU_INVERT:
		if (get_user(v, number))
			return -EFAULT;
		error = access_register(f->edu, REG_INVERT, &v, true);
		if (!error)
			error = access_register(f->edu, REG_INVERT, &v, false);
		return error ? error : put_user(v, number);
	case EDU_RAISE:
		if (get_user(v, number))
			return -EFAULT;
		return v && !(v & (IRQ_FACTORIAL | IRQ_DMA)) && v != DEVICE_GONE ? access_register(f->edu, REG_IRQ_RAISE, &v, true) : -EINVAL;
	case EDU_DMA_WRITE:
	case EDU_DMA_READ:
		return dma_ioctl(f->edu, (void __user *)arg, cmd == EDU_DMA_READ);
	case EDU_COPY:
		return copy_ioctl(f->edu, (void __user *)arg);
	case EDU_STATS:
		return copy_to_user((void __user *)arg, &f->edu->stats, sizeof(f->edu->stats)) ? -EFAULT : 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_release,
	.read = edu_read,
	.write = edu_write,
	.llseek = edu_llseek,
	.poll = edu_poll,
	.unlocked_ioctl = edu_ioctl,
};

/* ---- coming and going ---- */

static struct edu *edu_alloc(struct pci_dev *pdev)
{
	struct edu *edu = kzalloc(sizeof(*edu), GFP_KERNEL);

	if (!edu)
		return NULL;
	kref_init(&edu->refs);
	edu->pdev = pdev;
	get_device(&pdev->dev);
	spin_lock_init(&edu->lock);
	init_waitqueue_head(&edu->wait);
	mutex_init(&edu->dma_lock);
	tasklet_setup(&edu->tasklet, edu_tasklet);
	for (int k = 0; k < NR_KINDS; k++) {
		edu->engine[k].edu = edu;
		INIT_LIST_HEAD(&edu->engine[k].waiting);
		timer_setup(&edu->engine[k].deadline, edu_deadline, 0);
	}
	return edu;
}

/* A free number, /dev/eduN for it. From here on it can be opened. */
static int edu_publish(struct edu *edu)
{
	struct device *d;
	int error = -ENOSPC;

	mutex_lock(&devices_lock);
	for (edu->minor = 0; edu->minor < MAX_DEVICES && devices[edu->minor]; edu->minor++)
		;
	if (edu->minor < MAX_DEVICES) {
		devices[edu->minor] = edu;
		error = 0;
	}
	mutex_unlock(&devices_lock);
	if (error)
		return error;
	cdev_init(&edu->cdev, &fops);
	error = cdev_add(&edu->cdev, first + edu->minor, 1);
	if (!error) {
		d = device_create(class, &edu->pdev->dev, first + edu->minor, edu, "edu%d", edu->minor);
		error = IS_ERR(d) ? PTR_ERR(d) : 0;
		if (error)
			cdev_del(&edu->cdev);
	}
	if (error) {
		mutex_lock(&devices_lock);
		devices[edu->minor] = NULL;
		mutex_unlock(&devices_lock);
	}
	return error;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = edu_alloc(pdev);
	int error;

	if (!edu)
		return -ENOMEM;
	error = pci_enable_device(pdev);
	if (error)
		goto free;
	error = pci_request_regions(pdev, "edu");
	if (error)
		goto disable;
	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(DMA_BITS));
	edu->regs = error ? NULL : pci_iomap(pdev, 0, 0);
	if (!error && !edu->regs)
		error = -ENOMEM;
	if (error)
		goto release;
	pci_set_master(pdev);
	error = request_irq(pdev->irq, edu_irq, IRQF_SHARED, "edu", edu);
	if (error)
		goto unmap;
	pci_set_drvdata(pdev, edu);
	error = edu_publish(edu);
	if (error)
		goto free_irq;
	dev_info(&pdev->dev, "edu%d: version %#x, line %d\n", edu->minor, readl(edu->regs + REG_IDENT) >> 24, (int)pdev->irq);
	return 0;

free_irq:
	free_irq(pdev->irq, edu);
	tasklet_kill(&edu->tasklet);
unmap:
	pci_iounmap(pdev, edu->regs);
release:
	pci_release_regions(pdev);
disable:
	pci_disable_device(pdev);
free:
	kref_put(&edu->refs, edu_free);
	return error;
}

/* Nothing new begins, and what is under way or waits ends with -ENODEV. */
static void edu_close_gate(struct edu *edu)
{
	unsigned long flags;

	spin_lock_irqsave(&edu->lock, flags);
	edu->gone = true;
	for (int k = 0; k < NR_KINDS; k++) {
		struct engine *e = &edu->engine[k];

		if (e->current_job)
			end_job(edu, e, -ENODEV);
		while (!list_empty(&e->waiting)) {
			e->current_job = list_first_entry(&e->waiting, struct job, node);
			list_del(&e->current_job->node);
			end_job(edu, e, -ENODEV);
		}
	}
	spin_unlock_irqrestore(&edu->lock, flags);
	wake_up_interruptible_all(&edu->wait);
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	device_destroy(class, first + edu->minor);
	cdev_del(&edu->cdev);
	mutex_lock(&devices_lock);
	devices[edu->minor] = NULL;
	mutex_unlock(&devices_lock);
	pci_clear_master(pdev); /* a transfer under way must not reach memory that is no longer ours */
	edu_close_gate(edu);
	free_irq(pdev->irq, edu);
	tasklet_kill(&edu->tasklet);
	for (int k = 0; k < NR_KINDS; k++)
		del_timer_sync(&edu->engine[k].deadline);
	pci_iounmap(pdev, edu->regs);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	kref_put(&edu->refs, edu_free);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver edu_driver = {
	.name = "edu",
	.id_table = ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static int __init edu_init(void)
{
	int error = alloc_chrdev_region(&first, 0, MAX_DEVICES, "edu");

	if (error)
		return error;
	class = class_create("edu");
	if (IS_ERR(class)) {
		error = PTR_ERR(class);
		goto unregister;
	}
	error = pci_register_driver(&edu_driver);
	if (!error)
		return 0;
	class_destroy(class);
unregister:
	unregister_chrdev_region(first, MAX_DEVICES);
	return error;
}

static void __exit edu_exit(void)
{
	pci_unregister_driver(&edu_driver);
	class_destroy(class);
	unregister_chrdev_region(first, MAX_DEVICES);
}

module_init(edu_init);
module_exit(edu_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("QEMU's edu device: factorials and DMA by interrupt");
