/* How the system's allocator gives memory back. Run by the loader, before anything is allocated.
 *
 * By itself glibc takes a freed block of up to 32 MiB as a sign to keep the next ones: after a few large
 * bodies it holds several times what is in use, for good. With a bound that is set they go back at once.
 * Smaller blocks go back only from the end of a heap, and one that is in use there keeps all before it:
 * so a thread looks now and then how much is free, and gives it back. */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __GLIBC__
static const unsigned SECONDS_BETWEEN_LOOKS = 5;
static const size_t FREE_BYTES_TO_KEEP = 16 * 1024 * 1024;

#if __GLIBC_PREREQ(2, 33)
/* Bytes that the process has in memory beside those of files. */
static size_t anonymous_bytes(void) {
    unsigned long whole = 0, resident = 0, of_files = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL) {
        return 0;
    }
    if (fscanf(statm, "%lu %lu %lu", &whole, &resident, &of_files) != 3 || resident < of_files) {
        resident = of_files = 0;
    }
    (void)fclose(statm);
    return (resident - of_files) * (size_t)sysconf(_SC_PAGESIZE);
}

/* What is free counts as such also when it was given back, so what is really held is asked of the system. */
static void *give_free_blocks_back(void *unused) {
    (void)unused;
    for (;;) {
        sleep(SECONDS_BETWEEN_LOOKS);
        struct mallinfo2 info = mallinfo2();
        if (info.fordblks > FREE_BYTES_TO_KEEP &&
            anonymous_bytes() > info.uordblks + info.hblkhd + FREE_BYTES_TO_KEEP) {
            malloc_trim(0);
        }
    }
    return NULL;
}

static void look_now_and_then(void) {
    sigset_t all, before;
    pthread_t thread;
    pthread_attr_t attributes;
    /* Signals are for the threads of the program. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Without the thread, memory is kept: no reason not to run. */
    (void)pthread_create(&thread, &attributes, give_free_blocks_back, NULL);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
#else
static void look_now_and_then(void) {}
#endif

__attribute__((constructor)) static void give_memory_back(void) {
    /* A batch of a thousand usual records stays below: for those, new pages each time would cost more. */
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
    /* Small blocks that are free lie in as many heaps as there are threads otherwise, each kept for itself. */
    mallopt(M_ARENA_MAX, 2 + (int)sysconf(_SC_NPROCESSORS_ONLN));
    look_now_and_then();
}
#endif
