/* Flash in a file, for tests and the rig: NOR rules (programming only clears bits), one write for
 * each operation, so that the file holds after a kill what flash would hold after a power cut.
 *
 * Environment: WATTSEAL_FLASH names the file, WATTSEAL_CHIP_ID gives 16 hex digits,
 * WATTSEAL_NOISE another noise device than /dev/urandom, WATTSEAL_HEDGE (with any value) has
 * signatures hedged as a product does, WATTSEAL_FLASH_LOG a file to which every
 * operation is appended as a line: "program OFFSET HEX" or "erase OFFSET SIZE". */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wattseal_board.h"
#include "ws_error.h"
#include "ws_port.h"
#include "ws_wipe.h"

#define CHIP_ID_SIZE 8

static int flash_file = -1;
static FILE *flash_log;

static bool fill_erased(int file) {
    uint8_t sector[WS_FLASH_SECTOR_SIZE];
    memset(sector, 0xFF, sizeof(sector));
    for (uint32_t offset = 0; offset < WS_FLASH_SIZE; offset += sizeof(sector)) {
        if (pwrite(file, sector, sizeof(sector), offset) != (ssize_t)sizeof(sector)) {
            return false;
        }
    }
    return true;
}

static bool open_flash(void) {
    if (flash_file >= 0) {
        return true;
    }
    const char *path = getenv("WATTSEAL_FLASH");
    if (path == NULL) {
        fprintf(stderr, "wattseal: set WATTSEAL_FLASH to the file that stands for the flash\n");
        return false;
    }
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        fprintf(stderr, "wattseal: %s: %s\n", path, strerror(errno));
        return false;
    }
    /* Two processes on one flash would each sign with the same pagination. */
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "wattseal: %s is in use by another process; stop that one first\n", path);
        close(file);
        return false;
    }
    if ((status.st_size == 0 && !fill_erased(file)) ||
        (status.st_size != 0 && status.st_size != WS_FLASH_SIZE)) {
        fprintf(stderr, "wattseal: %s is not a flash file of %u bytes\n", path, WS_FLASH_SIZE);
        close(file);
        return false;
    }
    const char *log_path = getenv("WATTSEAL_FLASH_LOG");
    flash_log = log_path != NULL ? fopen(log_path, "a") : NULL;
    flash_file = file;
    return true;
}

int ws_port_flash_read(uint32_t offset, void *buffer, size_t size) {
    if (!open_flash() || pread(flash_file, buffer, size, offset) != (ssize_t)size) {
        return WS_ERR_STORAGE;
    }
    return WS_OK;
}

static void log_program(uint32_t offset, const uint8_t *data, size_t size) {
    if (flash_log == NULL) {
        return;
    }
    fprintf(flash_log, "program %u ", (unsigned)offset);
    for (size_t i = 0; i < size; i++) {
        fprintf(flash_log, "%02x", data[i]);
    }
    fputc('\n', flash_log);
    fflush(flash_log);
}

int ws_port_flash_program(uint32_t offset, const void *data, size_t size) {
    uint8_t page[WS_FLASH_PAGE_SIZE];
    const uint8_t *bytes = data;
    int result = WS_OK;

    for (size_t done = 0; result == WS_OK && done < size; done += sizeof(page)) {
        result = ws_port_flash_read(offset + done, page, sizeof(page));
        if (result != WS_OK) {
            break;
        }
        for (size_t i = 0; i < sizeof(page); i++) {
            page[i] &= bytes[done + i];
        }
        log_program(offset + done, bytes + done, sizeof(page));
        if (pwrite(flash_file, page, sizeof(page), offset + done) != (ssize_t)sizeof(page) ||
            memcmp(page, bytes + done, sizeof(page)) != 0) {
            result = WS_ERR_STORAGE;
        }
    }
    ws_wipe(page, sizeof(page));
    return result;
}

int ws_port_flash_erase_sector(uint32_t offset) {
    uint8_t sector[WS_FLASH_SECTOR_SIZE];
    memset(sector, 0xFF, sizeof(sector));
    if (!open_flash()) {
        return WS_ERR_STORAGE;
    }
    if (flash_log != NULL) {
        fprintf(flash_log, "erase %u %u\n", (unsigned)offset, (unsigned)sizeof(sector));
        fflush(flash_log);
    }
    return pwrite(flash_file, sector, sizeof(sector), offset) == (ssize_t)sizeof(sector)
               ? WS_OK
               : WS_ERR_STORAGE;
}

/* The file that this process was started from, also if another has taken its name since. */
int ws_port_image(const void **image, size_t *size) {
    static const void *mapped;
    static size_t mapped_size;

    if (mapped == NULL) {
        int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        struct stat status;
        if (file < 0 || fstat(file, &status) != 0) {
            return WS_ERR_STORAGE;
        }
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        close(file);
        if (bytes == MAP_FAILED) {
            return WS_ERR_STORAGE;
        }
        mapped = bytes;
        mapped_size = (size_t)status.st_size;
    }
    *image = mapped;
    *size = mapped_size;
    return WS_OK;
}

/* Nothing to start: the operating system collects noise. */
void ws_port_start(void) {
}

static int read_noise(void *context, uint8_t *buffer, size_t size) {
    (void)context;
    const char *path = getenv("WATTSEAL_NOISE");
    int file = open(path != NULL ? path : "/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return WS_ERR_ENTROPY;
    }
    ssize_t got = read(file, buffer, size);
    close(file);
    return got == (ssize_t)size ? WS_OK : WS_ERR_ENTROPY;
}

const ws_entropy_source ws_port_noise = {.context = NULL, .read = read_noise};

/* Without it, what is signed is the same in every run. */
bool ws_port_hedges(void) {
    return getenv("WATTSEAL_HEDGE") != NULL;
}

size_t ws_port_chip_id(uint8_t id[WS_KEY_CHIP_ID_MAX_SIZE]) {
    const char *text = getenv("WATTSEAL_CHIP_ID");
    for (unsigned i = 0; i < CHIP_ID_SIZE; i++) {
        unsigned byte = 0;
        if (text != NULL && strlen(text) == 2 * CHIP_ID_SIZE) {
            sscanf(text + 2 * i, "%2x", &byte);
        }
        id[i] = (uint8_t)byte;
    }
    return CHIP_ID_SIZE;
}
