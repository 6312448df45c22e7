/* The RP2040's watchdog, beside what modchip.c offers to port.py. */
#ifndef WS_CHIP_H
#define WS_CHIP_H

/* Find out why the chip started, and count the watchdog's bites; once at each start. */
void ws_chip_start(void);

#endif
