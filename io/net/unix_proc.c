/* /proc/net/unix: the sockets of AF_UNIX in Linux's format (proc(5)), which netstat reads. */
#include "io/net/unix.h"
#include "io/contract/proc_file.h"
#include "io/vfs/files.h"
#include "kernel/init.h"

#define FLAG_LISTENS 0x10000u  /* __SO_ACCEPTCON */
#define STATE_UNCONNECTED 1u   /* enum socket_state of Linux */
#define STATE_CONNECTING 2u
#define STATE_CONNECTED 3u

LIST_HEAD(unix_socks);

static void show_name(struct seq_buf *q, const struct unix_sock *u)
{
	u32 len = u->namelen - sizeof(u->name->family);
	bool abstract = !u->name->data[0];

	seq_putc(q, ' ');
	for (u32 i = 0; i < len && (abstract || u->name->data[i]); i++)
		seq_putc(q, u->name->data[i] ? (char)u->name->data[i] : '@');
}

static int show(struct seq_buf *q, void *arg)
{
	const struct unix_sock *u;

	seq_puts(q, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	spin_lock(&unix_lock);
	list_for_each_entry(u, &unix_socks, all) {
		u32 state = u->state != UNIX_CONNECTED ? STATE_UNCONNECTED : u->socket ? STATE_CONNECTED : STATE_CONNECTING;
		const struct inode *i = u->socket && u->socket->file ? u->socket->file->inode : NULL;
		seq_printf(q, "%08x: %08X %08X %08X %04X %02X %5u", 0, atomic_read(&u->refs), 0, u->state == UNIX_LISTENING ? FLAG_LISTENS : 0, u->type, state,
			   i ? (u32)i->ino : 0);
		if (u->name && u->namelen > sizeof(u->name->family))
			show_name(q, u);
		seq_putc(q, '\n');
	}
	spin_unlock(&unix_lock);
	return 0;
}

int unix_proc_init(void) { return proc_create("net/unix", 0444, show, NULL, NULL); }
