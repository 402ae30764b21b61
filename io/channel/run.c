/*
 * The I/O processor that a PC does not have. It carries a program out command by command: what needs no device is done at once; a transfer becomes
 * a bio, and the bio's end, in the block softirq, goes on with the rest. So between start and end no process is woken and none is switched to.
 * One bio serves the whole program: there is never more than one transfer under way. When the queue has no free request the bio is tried
 * again at the next tick.
 */
#include "io/channel/channel.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/sched/task.h"

#define RETRY_MS 4u

static void program_end(struct program *p, int error, u32 command)
{
	struct channel_status *s = &p->status;

	s->error = error;
	s->command = command;
	s->switches = (u32)(sched_context_switches() - p->switches_before);
	s->interrupts = 1;
	program_unpin(p);
	channel_ended(p);
}

/* The command at pc, which has no transfer, or the last of a transfer, is done. false: so is the program. */
static bool next_command(struct program *p, bool chained)
{
	if (chained && p->pc + 1 < p->nr) {
		p->pc++;
		return true;
	}
	program_end(p, 0, p->pc);
	return false;
}

/* Commands up to the next transfer. false: the program has ended. */
static bool run_to_transfer(struct program *p)
{
	while (!p->left) {
		const struct channel_command *c = &p->commands[p->pc];
		struct command_extra *x = &p->extra[p->pc];

		if (p->halt || p->steps++ >= CHANNEL_MAX_STEPS) {
			program_end(p, p->halt ? -ECANCELED : -ELOOP, p->pc);
			return false;
		}
		if (c->op == CHANNEL_READ || c->op == CHANNEL_WRITE) {
			for (u32 i = p->pc;; i++) {
				p->left += p->commands[i].count;
				if (!(p->commands[i].flags & CHANNEL_CHAIN_DATA))
					break;
			}
			p->at = 0;
			continue;
		}
		p->status.executed++;
		if (c->op == CHANNEL_TRANSFER && x->jumps_left) {
			x->jumps_left--;
			p->pc = (u32)c->address;
			continue;
		}
		if (c->op == CHANNEL_TRANSFER)
			x->jumps_left = c->count; /* a loop around this one begins anew */
		else if (c->op == CHANNEL_SEEK)
			p->sector = c->address;
		if (!next_command(p, c->op == CHANNEL_TRANSFER || c->flags & CHANNEL_CHAIN_COMMAND))
			return false;
	}
	return true;
}

/* Add up to `want` bytes of command i from `at` on; returns how many found room. */
static u32 add_memory(struct program *p, u32 i, u32 at, u32 want)
{
	u32 start = (u32)p->commands[i].address & (PAGE_SIZE - 1), done = 0;

	while (done < want) {
		u32 where = start + at + done, offset = where & (PAGE_SIZE - 1), n = min(want - done, PAGE_SIZE - offset);
		struct page *page = p->pages[p->extra[i].first_page + (where >> PAGE_SHIFT)];

		if (!(n == PAGE_SIZE && bio_extend(p->bio, page)) && (p->bio->nr_vecs == p->max_vecs || !bio_add_page(p->bio, page, n, offset)))
			break;
		done += n;
	}
	return done;
}

static void transfer_ended(struct bio *bio);

/* The next piece of the transfer: as much as the device takes at once. */
static void fill_bio(struct program *p)
{
	struct bio *bio = p->bio;
	u32 i = p->pc, at = p->at, most = min(p->left, min(p->max_bytes, blkdev_max_bytes(p->bdev)));

	bio_reset(bio, p->bdev, (p->commands[i].op == CHANNEL_READ ? REQ_READ : REQ_WRITE) | REQ_SYNC | REQ_NOWAIT);
	bio->sector = p->sector;
	bio->id = trace_new_id();
	bio->pid = p->pid;
	bio->ioprio_class = (u8)IOPRIO_CLASS(p->ioprio);
	bio->ioprio_level = (u8)IOPRIO_LEVEL(p->ioprio);
	bio->private = p;
	bio->end_io = transfer_ended;
	while (bio->size < most) {
		u32 n = add_memory(p, i, at, min(p->commands[i].count - at, most - bio->size));

		at += n;
		if (!n)
			break;
		if (at == p->commands[i].count && p->commands[i].flags & CHANNEL_CHAIN_DATA) {
			i++;
			at = 0;
		}
	}
	/* Vectors begin and end at sectors, so what found room is whole sectors. */
	p->next_pc = i;
	p->next_at = at;
}

/* Go on; the last thing is to hand the bio down, because then the program is the bio's. */
static void run(struct program *p)
{
	u64 start = rdtsc();

	if (!run_to_transfer(p))
		return;
	if (p->halt) {
		program_end(p, -ECANCELED, p->pc);
		return;
	}
	fill_bio(p);
	p->status.cycles += rdtsc() - start;
	TRACE(TRACE_BLOCK, "channel command=%u bytes=%u", p->bio->id, p->pc, p->bio->size);
	blk_submit_atomic(p->bio);
}

/* bio->end_io: softirq; or, when it was not even taken, within blk_submit_atomic. */
static void transfer_ended(struct bio *bio)
{
	struct program *p = bio->private;

	if (unlikely(bio->status == -EAGAIN)) {
		timer_mod(&p->retry, deadline_ms(RETRY_MS));
		return;
	}
	p->status.transfers++;
	if (unlikely(bio->status)) {
		program_end(p, bio->status, p->pc);
		return;
	}
	p->status.bytes += bio->size;
	p->sector += bio->size >> SECTOR_SHIFT;
	p->left -= bio->size;
	p->status.executed += p->next_pc - p->pc;
	p->pc = p->next_pc;
	p->at = p->next_at;
	if (!p->left) {
		p->status.executed++;
		if (!next_command(p, p->commands[p->pc].flags & CHANNEL_CHAIN_COMMAND))
			return;
	}
	run(p);
}

static void try_again(void *program)
{
	run(program);
}

void program_run(struct program *p)
{
	timer_init(&p->retry, try_again, p);
	p->switches_before = sched_context_switches();
	local_bh_disable(); /* the first piece goes down as all others do */
	run(p);
	local_bh_enable();
}
