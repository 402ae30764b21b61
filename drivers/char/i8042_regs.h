/* The keyboard controller: Intel 8042 as in the IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device Controller". */
#ifndef DRIVERS_CHAR_I8042_REGS_H
#define DRIVERS_CHAR_I8042_REGS_H

#define I8042_DATA 0x60u    /* RW data from and to the devices; reading takes the byte */
#define I8042_STATUS 0x64u  /* R */
#define I8042_COMMAND 0x64u /* W */
#define I8042_STATUS_OBF 0x01u  /* a byte waits in DATA */
#define I8042_STATUS_IBF 0x02u  /* the controller has not taken our last byte yet */
#define I8042_STATUS_AUX 0x20u  /* that byte is the mouse's */
#define I8042_CMD_READ_CONFIG 0x20u
#define I8042_CMD_WRITE_CONFIG 0x60u
#define I8042_CMD_DISABLE_AUX 0xA7u
#define I8042_CMD_ENABLE_AUX 0xA8u
#define I8042_CMD_DISABLE_KBD 0xADu
#define I8042_CMD_ENABLE_KBD 0xAEu
#define I8042_CMD_WRITE_AUX 0xD4u    /* the next byte in DATA goes to the mouse */
#define I8042_CONFIG_KBD_INT 0x01u
#define I8042_CONFIG_AUX_INT 0x02u
#define I8042_CONFIG_KBD_OFF 0x10u
#define I8042_CONFIG_AUX_OFF 0x20u
#define I8042_CONFIG_TRANSLATE 0x40u /* to scan code set 1 */
#define I8042_NR_PORTS 5u

/* Commands to the devices, and what they answer. */
#define KBD_CMD_SET_LEDS 0xEDu
#define MOUSE_CMD_SET_RESOLUTION 0xE8u /* 0..3: 1, 2, 4, 8 counts a millimetre */
#define PS2_CMD_GET_ID 0xF2u
#define PS2_CMD_SET_RATE 0xF3u         /* a mouse: samples a second */
#define PS2_CMD_ENABLE 0xF4u
#define PS2_CMD_DEFAULTS 0xF6u
#define PS2_ACK 0xFAu
#define PS2_RESEND 0xFEu

#endif
