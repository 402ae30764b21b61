/* Input events, Linux i386 (include/uapi/linux/input.h, input-event-codes.h): what this kernel's devices send, and the ioctls. */
#ifndef KERNEL_UAPI_INPUT_H
#define KERNEL_UAPI_INPUT_H

#include "kernel/lib/types.h"

struct input_event {
	u32 sec, usec;
	u16 type, code;
	s32 value;
};
struct input_id {
	u16 bustype, vendor, product, version;
};
static_assert(sizeof(struct input_event) == 16 && sizeof(struct input_id) == 8, "ABI");

#define EV_SYN 0x00u
#define EV_KEY 0x01u /* value: 0 up, 1 down, 2 repeated */
#define EV_REL 0x02u
#define EV_ABS 0x03u
#define EV_MSC 0x04u
#define EV_SW 0x05u
#define EV_LED 0x11u
#define EV_SND 0x12u
#define EV_FF 0x15u
#define EV_CNT 0x20u

#define SYN_REPORT 0u
#define SYN_DROPPED 3u
#define MSC_SCAN 4u
#define MSC_CNT 8u
#define LED_NUML 0u
#define LED_CAPSL 1u
#define LED_SCROLLL 2u
#define LED_CNT 0x10u
#define REL_X 0u
#define REL_Y 1u
#define REL_WHEEL 8u
#define REL_CNT 0x10u
#define ABS_CNT 0x40u
#define SW_CNT 0x11u
#define SND_CNT 8u
#define FF_CNT 0x80u
#define INPUT_PROP_POINTER 0u
#define INPUT_PROP_CNT 0x20u
#define BTN_LEFT 0x110u
#define BTN_RIGHT 0x111u
#define BTN_MIDDLE 0x112u
#define BTN_SIDE 0x113u
#define BTN_EXTRA 0x114u
#define KEY_CNT 0x300u

/* Keys that the code names; up to KEY_DELETE the others are the positions of scan code set 1. */
#define KEY_ESC 1u
#define KEY_BACKSPACE 14u
#define KEY_TAB 15u
#define KEY_ENTER 28u
#define KEY_LEFTCTRL 29u
#define KEY_LEFTSHIFT 42u
#define KEY_SLASH 53u
#define KEY_RIGHTSHIFT 54u
#define KEY_KPASTERISK 55u
#define KEY_LEFTALT 56u
#define KEY_CAPSLOCK 58u
#define KEY_F1 59u
#define KEY_F10 68u
#define KEY_NUMLOCK 69u
#define KEY_SCROLLLOCK 70u
#define KEY_KP7 71u
#define KEY_KPMINUS 74u
#define KEY_KP5 76u
#define KEY_KPPLUS 78u
#define KEY_KPDOT 83u
#define KEY_102ND 86u
#define KEY_F11 87u
#define KEY_F12 88u
#define KEY_RO 89u
#define KEY_HENKAN 92u
#define KEY_KATAKANAHIRAGANA 93u
#define KEY_MUHENKAN 94u
#define KEY_KPENTER 96u
#define KEY_RIGHTCTRL 97u
#define KEY_KPSLASH 98u
#define KEY_SYSRQ 99u
#define KEY_RIGHTALT 100u
#define KEY_HOME 102u
#define KEY_UP 103u
#define KEY_PAGEUP 104u
#define KEY_LEFT 105u
#define KEY_RIGHT 106u
#define KEY_END 107u
#define KEY_DOWN 108u
#define KEY_PAGEDOWN 109u
#define KEY_INSERT 110u
#define KEY_DELETE 111u
#define KEY_MUTE 113u
#define KEY_VOLUMEDOWN 114u
#define KEY_VOLUMEUP 115u
#define KEY_POWER 116u
#define KEY_PAUSE 119u
#define KEY_YEN 124u
#define KEY_LEFTMETA 125u
#define KEY_RIGHTMETA 126u
#define KEY_COMPOSE 127u
#define KEY_CALC 140u
#define KEY_SLEEP 142u
#define KEY_WAKEUP 143u
#define KEY_MAIL 155u
#define KEY_COMPUTER 157u
#define KEY_BACK 158u
#define KEY_FORWARD 159u
#define KEY_NEXTSONG 163u
#define KEY_PLAYPAUSE 164u
#define KEY_PREVIOUSSONG 165u
#define KEY_STOPCD 166u
#define KEY_HOMEPAGE 172u
#define KEY_REFRESH 173u
#define KEY_MEDIA 226u

#define BUS_I8042 0x11u
#define EV_VERSION 0x010001u

#define EVIOCGVERSION 0x80044501u
#define EVIOCGID 0x80084502u
#define EVIOCGREP 0x80084503u
#define EVIOCSREP 0x40084503u
#define EVIOCGRAB 0x40044590u
#define EVIOCREVOKE 0x40044591u
#define EVIOCSCLOCKID 0x400445a0u
/* With the length of the buffer in bits 16..29. */
#define EVIOC_NR(cmd) ((cmd) & 0xffu)
#define EVIOC_BASE(cmd) ((cmd) & 0xc000ff00u)
#define EVIOC_READ 0x80004500u
#define EVIOCGNAME_NR 0x06u
#define EVIOCGPHYS_NR 0x07u
#define EVIOCGUNIQ_NR 0x08u
#define EVIOCGPROP_NR 0x09u
#define EVIOCGKEY_NR 0x18u
#define EVIOCGLED_NR 0x19u
#define EVIOCGSND_NR 0x1au
#define EVIOCGSW_NR 0x1bu
#define EVIOCGBIT_NR 0x20u /* + type, 32 of them */

#endif
