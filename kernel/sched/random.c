/* The generator's state; see random.h. */
#include "kernel/sched/random.h"
#include "kernel/hal/cpu.h"
#include "kernel/lib/chacha20.h"
#include "kernel/lib/string.h"
#include "kernel/sched/time.h"
#include "kernel/sync/spinlock.h"

static DEFINE_SPINLOCK(random_lock, RANK_ALLOC);
static u32 key[8], requests;
static bool seeded;

#define CPUID_1_ECX_RDRAND BIT(30)

static bool rdrand(u32 *v)
{
	u8 ok;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*v), "=qm"(ok) : : "cc");
	return ok;
}

/* key = ChaCha20(key xor data): one-way, and nothing already in it gets lost. */
static void stir(const u32 data[8])
{
	static const u32 nonce[3] = { 0x74697273, 0, 0 };
	u8 block[64];

	for (u32 i = 0; i < 8; i++)
		key[i] ^= data[i];
	chacha20_block(key, requests++, nonce, block);
	memcpy(key, block, sizeof(key));
	memset(block, 0, sizeof(block));
}

static void seed(void)
{
	u32 a, b, c, d, data[8];
	u64 now = realtime_ns();

	cpuid(1, &a, &b, &c, &d);
	for (u32 round = 0; round < 16; round++) {
		for (u32 i = 0; i < 8; i++) {
			data[i] = (u32)rdtsc() * 0x9E3779B1u;
			if (c & CPUID_1_ECX_RDRAND) {
				u32 r;
				if (rdrand(&r))
					data[i] ^= r;
			}
		}
		data[0] ^= (u32)now;
		data[1] ^= (u32)(now >> 32);
		stir(data);
	}
	seeded = true;
}

void random_add(const void *data, size_t n)
{
	u32 flags = spin_lock_irqsave(&random_lock);
	const u8 *p = data;

	do {
		u32 chunk[8] = { 0 }, len = min_t(u32, n, 28);
		memcpy(chunk, p, len);
		chunk[7] = (u32)rdtsc();
		stir(chunk);
		p += len;
		n -= len;
	} while (n);
	spin_unlock_irqrestore(&random_lock, flags);
}

void get_random_bytes(void *buf, size_t n)
{
	u32 nonce[3], stream[8], counter = 1, flags;
	u8 block[64];

	/* Take a key for this request and replace the common one; the stream itself is made without the lock. */
	flags = spin_lock_irqsave(&random_lock);
	if (!seeded)
		seed();
	nonce[0] = requests++;
	nonce[1] = (u32)rdtsc();
	nonce[2] = 0;
	chacha20_block(key, 0, nonce, block);
	memcpy(key, block, 32);
	memcpy(stream, block + 32, 32);
	spin_unlock_irqrestore(&random_lock, flags);
	if (n <= sizeof(stream)) { /* few bytes: the request's key itself is as good as what would be made of it */
		memcpy(buf, stream, n);
		n = 0;
	}
	while (n) {
		size_t len = min_t(size_t, n, sizeof(block));
		chacha20_block(stream, counter++, nonce, block);
		memcpy(buf, block, len);
		buf = (u8 *)buf + len;
		n -= len;
	}
	memset(block, 0, sizeof(block));
	memset(stream, 0, sizeof(stream));
}
