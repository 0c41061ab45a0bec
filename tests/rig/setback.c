/* Waits on condition variables that are going on when the file $SETBACK_FILE appears last an hour longer: what the kernel
 * makes of them when the wall clock is set back by an hour. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef int wait_t(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

static int is_back(void) {
    const char *file = getenv("SETBACK_FILE");
    return file && access(file, F_OK) == 0;
}

static int is_before(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
    wait_t *wait = (wait_t *)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec deadline = *until, slice;
    int was_back = is_back(), result;
    for (;;) {
        clock_gettime(CLOCK_REALTIME, &slice);
        slice.tv_nsec += 50 * 1000 * 1000;
        if (slice.tv_nsec >= 1000000000) {
            slice.tv_nsec -= 1000000000;
            slice.tv_sec++;
        }
        if (!was_back && is_back()) {
            was_back = 1;
            deadline.tv_sec += 3600;
        }
        int last = !is_before(&slice, &deadline);
        result = wait(cond, mutex, last ? &deadline : &slice);
        if (result != ETIMEDOUT || last)
            return result;
    }
}
