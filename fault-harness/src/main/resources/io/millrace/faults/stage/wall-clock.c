// Moves the wall clock of a process by the seconds in a file, and nothing else: the monotonic clock, and whoever
// waits on it, stay as they are, as on a machine whose clock somebody sets.
//
//   cc -shared -fPIC -O2 -o wall-clock.so wall-clock.c -ldl
//   LD_PRELOAD=wall-clock.so WALL_CLOCK_OFFSET_FILE=FILE program
//
// FILE holds a 64-bit number in the machine's byte order and is mapped, so a change counts from the next question.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// Seconds since 1970 that no monotonic clock shows: waits until a later time are meant by the wall clock.
#define WALL_TIME_MIN 1000000000L

static const volatile int64_t *offset_s;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

// Other libraries may ask for the time before our constructor has run; finding a function twice does no harm.
static void find(void) {
    if (real_clock_gettime == NULL) {
        real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    if (real_cond_timedwait == NULL) {
        void *found = NULL;
#if defined(__GLIBC__) && defined(__x86_64__)
        found = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"); // an older one has other conditions
#endif
        if (found == NULL) {
            found = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
        }
        real_cond_timedwait = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))found;
    }
}

__attribute__((constructor)) static void map_offset(void) {
    find();
    const char *name = getenv("WALL_CLOCK_OFFSET_FILE");
    int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) {
            offset_s = mapped;
        }
        close(file);
    }
}

static int64_t offset(void) {
    return offset_s == NULL ? 0 : *offset_s;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    find();
    int result = real_clock_gettime(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += offset();
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    if (result == 0) {
        now->tv_sec = precise.tv_sec;
        now->tv_usec = precise.tv_nsec / 1000;
    }
    return result;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now != NULL) {
        *now = precise.tv_sec;
    }
    return precise.tv_sec;
}

// Who waits until a time of the wall clock means the moved one; the kernel knows only its own.
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
        const struct timespec *restrict until) {
    find();
    if (until->tv_sec < WALL_TIME_MIN) {
        return real_cond_timedwait(condition, mutex, until);
    }
    struct timespec moved = *until;
    moved.tv_sec -= offset();
    return real_cond_timedwait(condition, mutex, &moved);
}
