/* Counts the objects that Python allocates: stands before its own allocator of objects, which is called with the lock held. */
#include <stddef.h>
#include <stdint.h>

struct allocator {
    void *context;
    void *(*malloc)(void *, size_t);
    void *(*calloc)(void *, size_t, size_t);
    void *(*realloc)(void *, void *, size_t);
    void (*free)(void *, void *);
};

static struct allocator python;
static uint64_t *made;

static void *count_malloc(void *context, size_t size) {
    ++*made;
    return python.malloc(context, size);
}

static void *count_calloc(void *context, size_t count, size_t size) {
    ++*made;
    return python.calloc(context, count, size);
}

/* `own` is the allocator as it is; it is changed to one that counts into `counter`. */
void stand_before(struct allocator *own, uint64_t *counter) {
    python = *own;
    made = counter;
    own->malloc = count_malloc;
    own->calloc = count_calloc;
}
