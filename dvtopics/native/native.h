/* What the compiled loops share: exported names, prefetching, and a hash table. */

#ifndef DVTOPICS_NATIVE_H
#define DVTOPICS_NATIVE_H

#include <stdint.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void)(address))
#endif

#if defined(__GNUC__)
#define ALWAYS inline __attribute__((always_inline))
#else
#define ALWAYS inline
#endif

/* Compiled for wider registers as well, where the loader can choose. They hold more sums at a time,
 * not other sums: results are the same. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* -- dvtopics.features.lookup.IntegerTable -------------------------------------------------- */

/* A slot holds the place of a key and, above, the lower half of its hash; -1 where it is free. */
typedef struct {
    const uint64_t *keys;
    const uint64_t *slots;
    int64_t shift;
    int64_t mask;
} Table;

static inline uint64_t hash_of(uint64_t key) { return key * UINT64_C(0x9E3779B97F4A7C15); }

static inline int32_t find(const Table *table, uint64_t key) {
    const uint64_t hash = hash_of(key);
    int64_t slot = (int64_t)(hash >> table->shift);
    for (;;) {
        const uint64_t entry = table->slots[slot];
        const int32_t place = (int32_t)(uint32_t)entry;
        if (place < 0) return -1;
        if (entry >> 32 == (hash & UINT32_MAX) && table->keys[place] == key) return place;
        slot = (slot + 1) & table->mask;
    }
}

/* The code point at a place of a text in UTF-16 (without surrogate pairs) or UTF-32. */
static inline uint32_t point_at(const void *points, int64_t width, int64_t i) {
    return width == 2 ? ((const uint16_t *)points)[i] : ((const uint32_t *)points)[i];
}

#endif
