/* What lwIP calls while it sends and receives TCP segments (LWIP_HOOK_FILENAME): urgent data, which it knows nothing of. See io/net/tcp_urgent.c. */
#ifndef IO_NET_LWIP_HOOKS_H
#define IO_NET_LWIP_HOOKS_H

#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

/* Each segment before its checksum is made; answers opts. */
u32_t *tcp_urgent_out(struct tcp_hdr *hdr, const struct tcp_pcb *pcb, u32_t *opts);
/* A segment with the URG flag; its sequence number is in host order. */
void tcp_urgent_in(struct tcp_pcb *pcb, const struct tcp_hdr *hdr);

#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, hdr, pcb, opts) tcp_urgent_out(hdr, pcb, opts)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p) \
	((TCPH_FLAGS(hdr) & TCP_URG) && (pcb)->state >= ESTABLISHED ? (tcp_urgent_in(pcb, hdr), ERR_OK) : ERR_OK)

#endif
