/* Lets the disk fail: for bench.robustness.kills, which compiles it and puts it before a process's C library.
 *
 * FAULT_KIND    fsync: one call fails; full: from then on no byte more fits; short: the same, but the first
 *               write that does not fit is half done; kill: the process gets SIGKILL before a write or fsync
 * FAULT_AFTER   calls that go well before
 * FAULT_PATH    only files whose path begins with this
 * FAULT_WHOLE   with kill: only the file whose path is exactly FAULT_PATH
 * FAULT_THREAD  with kill: calls count from the first one on that a thread makes whose name begins with this
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

static long left = -1;
static int half_done = 0;
static int begun = 0;

static int ours(int fd) {
    char link[64], path[4096];
    const char *prefix = getenv("FAULT_PATH");
    if (!prefix) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return (getenv("FAULT_WHOLE") ? strcmp(path, prefix) : strncmp(path, prefix, strlen(prefix))) == 0;
}

static int due(void) {
    if (left < 0) left = atol(getenv("FAULT_AFTER"));
    return __atomic_fetch_sub(&left, 1, __ATOMIC_SEQ_CST) <= 0;
}

static int is(const char *kind) {
    const char *wanted = getenv("FAULT_KIND");
    return wanted && strcmp(wanted, kind) == 0;
}

static void kill_if_due(int fd) {
    char name[16] = "";
    const char *thread = getenv("FAULT_THREAD");
    if (!is("kill") || !ours(fd)) return;
    if (thread && !begun) {
        prctl(PR_GET_NAME, name);
        if (strncmp(name, thread, strlen(thread)) != 0) return;
        begun = 1;
    }
    if (due()) kill(getpid(), SIGKILL);
}

static int sync_with(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    kill_if_due(fd);
    if (is("fsync") && left != -1000000 && ours(fd) && due()) {
        left = -1000000; /* once */
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }

/* How much of a write goes through: all, half, or -1 for none. */
static ssize_t allowed(int fd, size_t size) {
    if (!(is("full") || is("short")) || !ours(fd)) return (ssize_t)size;
    if (left < 0) left = atol(getenv("FAULT_AFTER"));
    if (left > 0) {
        __atomic_fetch_sub(&left, 1, __ATOMIC_SEQ_CST);
        return (ssize_t)size;
    }
    if (is("short") && !half_done && size > 1) {
        half_done = 1;
        return (ssize_t)(size / 2);
    }
    errno = ENOSPC;
    return -1;
}

#define WRITE(name, arguments, call)                                   \
    ssize_t name arguments {                                           \
        static ssize_t (*real) arguments;                              \
        if (!real) real = (ssize_t (*) arguments)dlsym(RTLD_NEXT, #name); \
        kill_if_due(fd);                                               \
        ssize_t fits = allowed(fd, size);                              \
        if (fits < 0) return -1;                                       \
        size = (size_t)fits;                                           \
        return real call;                                              \
    }

WRITE(write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
WRITE(pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
WRITE(pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
