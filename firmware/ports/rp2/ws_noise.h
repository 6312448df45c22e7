/* The noise source of the chip: one file for each chip, ws_noise_CHIP.c. It defines ws_port_noise.
 */
#ifndef WS_NOISE_H
#define WS_NOISE_H

/* Start to collect the first seed; once at each start. */
void ws_noise_start(void);

#endif
