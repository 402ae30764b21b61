# lwIP 2.1.3 answers a bare acknowledgement that lies outside the window. When both ends have no room left, each one's acknowledgements lie outside
# the other's window, and they answer each other for ever. Only old ones need an answer: those of an end that asks whether this one is alive.
s/if (!TCP_SEQ_BETWEEN(seqno, pcb->rcv_nxt, pcb->rcv_nxt + pcb->rcv_wnd - 1)) {/if (TCP_SEQ_LT(seqno, pcb->rcv_nxt)) {/
