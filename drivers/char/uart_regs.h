/* 16550A UART: National Semiconductor PC16550D datasheet, section 8 "Registers". Offsets share addresses by DLAB and by direction. */
#ifndef DRIVERS_CHAR_UART_REGS_H
#define DRIVERS_CHAR_UART_REGS_H

#define UART_RBR 0u /* R  receiver buffer (DLAB 0); reading takes the byte */
#define UART_THR 0u /* W  transmitter holding (DLAB 0) */
#define UART_DLL 0u /* RW divisor, low (DLAB 1) */
#define UART_IER 1u /* RW interrupt enable (DLAB 0) */
#define UART_DLM 1u /* RW divisor, high (DLAB 1) */
#define UART_IIR 2u /* R  interrupt identification; reading clears a pending THRE interrupt */
#define UART_FCR 2u /* W  FIFO control */
#define UART_LCR 3u /* RW line control */
#define UART_MCR 4u /* RW modem control */
#define UART_LSR 5u /* R  line status; reading clears the error bits */
#define UART_MSR 6u /* R  modem status; reading clears the delta bits */
#define UART_SCR 7u /* RW scratch */
#define UART_NR_PORTS 8u

#define UART_IER_RDI 0x01u  /* received data available */
#define UART_IER_THRI 0x02u /* transmitter holding register empty */
#define UART_IER_RLSI 0x04u /* receiver line status */
#define UART_IER_MSI 0x08u  /* modem status */
#define UART_IIR_NO_INT 0x01u
#define UART_IIR_ID 0x0eu
#define UART_IIR_RX_LEVEL 0x04u /* the trigger level is reached: so many bytes are there */
#define UART_IIR_FIFO 0xc0u /* both set: FIFOs are on, a 16550A */
#define UART_FCR_ENABLE 0x01u
#define UART_FCR_CLEAR_RX 0x02u
#define UART_FCR_CLEAR_TX 0x04u
#define UART_FCR_TRIGGER_14 0xc0u
#define UART_LCR_WLEN8 0x03u
#define UART_LCR_STOP 0x04u
#define UART_LCR_PARITY 0x08u
#define UART_LCR_EPAR 0x10u
#define UART_LCR_BREAK 0x40u
#define UART_LCR_DLAB 0x80u
#define UART_MCR_DTR 0x01u
#define UART_MCR_RTS 0x02u
#define UART_MCR_OUT1 0x04u
#define UART_MCR_OUT2 0x08u /* gates the interrupt on a PC */
#define UART_MCR_LOOP 0x10u
#define UART_LSR_DR 0x01u
#define UART_LSR_OE 0x02u
#define UART_LSR_PE 0x04u
#define UART_LSR_FE 0x08u
#define UART_LSR_BI 0x10u
#define UART_LSR_THRE 0x20u
#define UART_LSR_TEMT 0x40u
#define UART_LSR_FIFO_ERROR 0x80u /* at least one byte in the FIFO has an error */
#define UART_MSR_DCTS 0x01u /* changed since the last read */
#define UART_MSR_DDSR 0x02u
#define UART_MSR_TERI 0x04u /* the end of a ring */
#define UART_MSR_DDCD 0x08u
#define UART_MSR_CTS 0x10u
#define UART_MSR_DSR 0x20u
#define UART_MSR_RI 0x40u
#define UART_MSR_DCD 0x80u

#define UART_CLOCK 115200u /* divisor 1 */
#define UART_FIFO_SIZE 16u
#define UART_TRIGGER 14u /* of UART_FCR_TRIGGER_14 */

#endif
