/*
 * Copyright (C) ngx_video authors
 *
 * Arenas: what is asked for is bounded and zeroed, and long blocks that go from
 * heap to heap, and from thread to thread, belong to one at a time.
 */

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "nvm_arena.h"
#include "tap.h"


#define MIB  ((size_t) 1 << 20)


static void
test_bounds(void)
{
    nvm_heap_t  h;

    nvm_heap_init(&h, 4 * MIB);

    ok(nvm_alloc(&h.arena, SIZE_MAX / 2, 4) == NULL, "a product overflows");
    ok(nvm_alloc(&h.arena, 1, SIZE_MAX) == NULL, "nearly all memory");
    ok(nvm_alloc(&h.arena, 0, 8) != NULL, "nothing is something");
    ok(nvm_alloc(&h.arena, 3, MIB) != NULL, "within the limit");
    ok(nvm_alloc(&h.arena, 1, MIB) == NULL, "beyond it");
    nvm_heap_done(&h);
    ok(nvm_alloc(&h.arena, 4, MIB) != NULL, "what is done can begin again");
    nvm_heap_done(&h);
}


static int
filled(const u_char *p, size_t n, u_char with)
{
    while (n && p[n - 1] == with) {
        n--;
    }

    return n == 0;
}


static void
test_zeroed(void)
{
    u_char      *p;
    size_t       i;
    nvm_heap_t   h;

    /* of all lengths around those that are treated in another way */
    static const size_t  sizes[] = {
        100, MIB - 100, MIB, 2 * MIB, MIB + 1, 17 * MIB, 3 * MIB, 18 * MIB
    };

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        nvm_heap_init(&h, SIZE_MAX);
        p = nvm_alloc(&h.arena, 1, sizes[i]);
        ok(p != NULL && filled(p, sizes[i], 0), "%zu bytes are zero", sizes[i]);
        ok(((uintptr_t) p & 15) == 0, "aligned");
        memset(p, 0xa5, sizes[i]);
        nvm_heap_done(&h);
    }
}


static void *
thread(void *data)
{
    u_char      *p[3];
    size_t       i, n, size;
    intptr_t     bad;
    unsigned     seed;
    nvm_heap_t   h;

    seed = (unsigned) (uintptr_t) data;
    bad = 0;

    for (n = 0; n < 40; n++) {
        nvm_heap_init(&h, SIZE_MAX);
        size = MIB / 2 + (size_t) rand_r(&seed) % (2 * MIB);

        for (i = 0; i < 3; i++) {
            p[i] = h.arena.alloc(h.arena.data, size);
            memset(p[i], (int) (seed + i), size);
        }

        for (i = 0; i < 3; i++) {
            bad += !filled(p[i], size, (u_char) (seed + i));
        }

        nvm_heap_done(&h);
    }

    return (void *) bad;
}


static void
test_threads(void)
{
    void       *bad;
    size_t      i;
    pthread_t   threads[4];

    for (i = 0; i < 4; i++) {
        (void) pthread_create(&threads[i], NULL, thread, (void *) (i * 1000));
    }

    for (i = 0; i < 4; i++) {
        (void) pthread_join(threads[i], &bad);
        ok(bad == NULL, "thread %zu has its blocks for itself", i);
    }
}


int
main(void)
{
    test_bounds();
    test_zeroed();
    test_threads();

    return done_testing();
}
