/* How the system's allocator gives memory back. Run by the loader, before anything is allocated.
 *
 * By itself glibc takes a freed block of up to 32 MiB as a sign to keep the next ones: after a few large
 * bodies it holds several times what is in use, for good. With a bound that is set they go back at once. */
#include <malloc.h>
#include <unistd.h>

#ifdef __GLIBC__
__attribute__((constructor)) static void give_large_blocks_back(void) {
    /* A batch of a thousand usual records stays below: for those, new pages each time would cost more. */
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
    /* Small blocks that are free lie in as many heaps as there are threads otherwise, each kept for itself. */
    mallopt(M_ARENA_MAX, 2 + (int)sysconf(_SC_NPROCESSORS_ONLN));
}
#endif
