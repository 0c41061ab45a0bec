/* Waits on condition variables that are going on when the file $SETBACK_FILE appears last an hour longer: what the kernel
 * makes of them when the wall clock is set back by an hour. For LD_PRELOAD. librdkafka waits by C11's threads where
 * there are any, else by POSIX'. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static int is_back(void) {
    const char *file = getenv("SETBACK_FILE");
    return file && access(file, F_OK) == 0;
}

static int is_before(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* When to look at the file again. */
static struct timespec soon(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_nsec += 50 * 1000 * 1000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

#define WAIT(NAME, COND, MUTEX, TIMEDOUT)                                                                             \
    int NAME(COND *cond, MUTEX *mutex, const struct timespec *until) {                                                \
        int (*wait)(COND *, MUTEX *, const struct timespec *) = dlsym(RTLD_NEXT, #NAME);                              \
        struct timespec deadline = *until;                                                                            \
        int was_back = is_back();                                                                                     \
        for (;;) {                                                                                                    \
            struct timespec slice = soon();                                                                           \
            if (!was_back && is_back()) {                                                                             \
                was_back = 1;                                                                                         \
                deadline.tv_sec += 3600;                                                                              \
            }                                                                                                         \
            int last = !is_before(&slice, &deadline);                                                                 \
            int result = wait(cond, mutex, last ? &deadline : &slice);                                                \
            if (result != TIMEDOUT || last)                                                                           \
                return result;                                                                                        \
        }                                                                                                             \
    }

WAIT(pthread_cond_timedwait, pthread_cond_t, pthread_mutex_t, ETIMEDOUT)
WAIT(cnd_timedwait, cnd_t, mtx_t, thrd_timedout)
