/* The inner loops of evidence: words of texts, what they weigh for a tag, the heaviest terms.
 *
 * Twins of `dvtopics.features.phrases`, `dvtopics.taggers.words` and `dvtopics.taggers.terms`. Sums
 * run in another order here: weights may differ in the last digits of doubles, far below the six
 * decimals that are written.
 */

#include "native.h"

#include <math.h>
#include <string.h>

#define STARTS 1
#define GOES_ON 2
/* As in `dvtopics.taggers.terms`. */
#define MAX_WORDS 4
#define LINK 0.35
#define UNIT 1e6
#define MOST_SEEDS 64

/* Which tokens start a word of the phrase list, longest match from the left, and behind which a
 * term may go on to the next token: only blanks are between the two.
 *
 * chosen       1 for the texts that are wanted
 * begins       1 for the syllables that a longer word begins with
 * keys ... whole   one table after the other by length of words from 2 on: n_keys and n_slots of
 *              each, shift, mask, and whether what is found is a word itself
 * flags        STARTS, GOES_ON by token
 */
EXPORT int64_t dvtopics_words(
    const void *points, int64_t width, const int64_t *starts, const int64_t *stops,
    const int64_t *ids, const int64_t *lengths, int64_t n_texts, const uint8_t *chosen,
    const uint8_t *begins, int64_t base, int64_t n_levels,
    const uint64_t *keys, const uint64_t *slots, const int64_t *n_keys, const int64_t *n_slots,
    const int64_t *shifts, const int64_t *masks, const uint8_t *whole, uint8_t *flags) {
    int64_t begin = 0;
    for (int64_t text = 0; text < n_texts; text++) {
        const int64_t length = lengths[text], *id = ids + begin;
        uint8_t *flag = flags + begin;
        begin += length;
        if (!chosen[text]) continue;
        memset(flag, 0, (size_t)length);
        for (int64_t i = 0, size; i < length; i += size) {
            flag[i] = STARTS;
            size = 1;
            if (id[i] < 0 || !begins[id[i]]) continue;
            uint64_t node = (uint64_t)id[i];
            int64_t key_at = 0, slot_at = 0;
            for (int64_t level = 0; level < n_levels && i + level + 1 < length; level++) {
                const int64_t next = id[i + level + 1];
                if (next < 0) break;
                const Table table = {keys + key_at, slots + slot_at, shifts[level], masks[level]};
                const int32_t place = find(&table, node * (uint64_t)base + (uint64_t)next);
                if (place < 0) break;
                if (whole[key_at + place]) size = level + 2;
                node = (uint64_t)place;
                key_at += n_keys[level];
                slot_at += n_slots[level];
            }
        }
        const int64_t *start = starts + begin - length, *stop = stops + begin - length;
        for (int64_t i = 0; i + 1 < length; i++) {
            int64_t j = stop[i];
            for (; j < start[i + 1]; j++) {
                const uint32_t point = point_at(points, width, j);
                if (point != ' ' && point != '\t' && point != 0xa0 && point != '_') break;
            }
            if (j == start[i + 1]) flag[i] |= GOES_ON;
        }
    }
    return n_texts;
}

static inline double dot(const float *restrict a, const double *restrict b, int64_t n) {
    double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += (double)a[i] * b[i];
        s1 += (double)a[i + 1] * b[i + 1];
        s2 += (double)a[i + 2] * b[i + 2];
        s3 += (double)a[i + 3] * b[i + 3];
    }
    for (; i < n; i++) s0 += (double)a[i] * b[i];
    return (s0 + s2) + (s1 + s3);
}

/* Words of the texts that one tag is traced to, one after the other. */
typedef struct {
    double *weight;
    double *link;
    int64_t *first;
    int64_t *last;
    int64_t *pull;
    uint8_t *taken;
} Words;

/* The heaviest terms of a tag; returns their number. */
static int64_t grow(const Words *words, int64_t n, int64_t most,
                    int64_t *low, int64_t *high, double *unit) {
    int64_t seeds[MOST_SEEDS], n_seeds = 0, found = 0;
    for (int64_t i = 0; i < n; i++) {
        /* In single precision: words that differ by rounding only come in the order of the text. */
        const float weight = (float)words->weight[i];
        if (!(words->weight[i] > 0.0)) continue;
        if (n_seeds == 2 * most) {
            if (!(weight > (float)words->weight[seeds[n_seeds - 1]])) continue;
            n_seeds--;
        }
        int64_t j = n_seeds++;
        for (; j > 0 && (float)words->weight[seeds[j - 1]] < weight; j--) seeds[j] = seeds[j - 1];
        seeds[j] = i;
    }
    memset(words->taken, 0, (size_t)n);
    for (int64_t rank = 0; rank < n_seeds; rank++) {
        const int64_t seed = seeds[rank];
        if (words->taken[seed]) continue;
        int64_t a = seed, b = seed;
        double total = words->weight[seed];
        for (int64_t size = 1; size < MAX_WORDS; size++) {
            const double left = a > 0 && !words->taken[a - 1] ? words->link[a - 1] : 0.0;
            const double right = b + 1 < n && !words->taken[b + 1] ? words->link[b] : 0.0;
            const double floor = LINK * total / (double)size;
            if (!((left > right ? left : right) > (floor > 0.0 ? floor : 0.0))) break;
            if (left > right) {
                total += words->weight[--a];
            } else {
                total += words->weight[++b];
            }
        }
        for (int64_t i = a; i <= b; i++) words->taken[i] = 1;
        if (!(total > 0.0)) continue;
        /* As they are written: what looks alike comes in the order of the text. */
        const double value = rint(total * UNIT);
        int64_t j = found++;
        for (; j > 0 && (unit[j - 1] < value || (unit[j - 1] == value && seeds[j - 1] > seed)); j--) {
            low[j] = low[j - 1];
            high[j] = high[j - 1];
            unit[j] = unit[j - 1];
            seeds[j] = seeds[j - 1];
        }
        /* Ranks already seen are free to hold the seeds of terms. */
        low[j] = a;
        high[j] = b;
        unit[j] = value;
        seeds[j] = seed;
    }
    return found < most ? found : most;
}

/* The heaviest terms of every tag.
 *
 * begins       first token of every text
 * flags        see dvtopics_words
 * at, times    see dvtopics_rows
 * damping      what one of so many occurrences weighs against one that is alone
 * single       (n_syllables, k + d);  coef (n_features, k)
 * tag, text, weight    pulls by tag, weights (n_pulls, k + d)
 * most         terms a tag, at most 32
 * value, link  as long as the longest text
 * word_...     as long as all texts of a tag together
 * out_...      most * the number of tags: pull, first and last token, weight of terms
 * returns      the number of terms
 */
EXPORT WIDE int64_t dvtopics_terms(
    const int64_t *begins, const uint8_t *flags,
    const int32_t *at, const int32_t *times, int64_t stride, int64_t ngram_max,
    const double *idf, const double *damping, const float *single, const float *coef,
    int64_t k, int64_t d, int64_t n_pulls, const int64_t *tag, const int64_t *text,
    const double *weight, int64_t most, double *value, double *link,
    double *word_weight, double *word_link, int64_t *word_first, int64_t *word_last,
    int64_t *word_pull, uint8_t *word_taken,
    int64_t *out_pull, int64_t *out_first, int64_t *out_last, double *out_weight) {
    const Words words = {word_weight, word_link, word_first, word_last, word_pull, word_taken};
    int64_t n_words = 0, n = 0;
    for (int64_t pull = 0; pull < n_pulls; pull++) {
        const int64_t begin = begins[text[pull]], length = begins[text[pull] + 1] - begin;
        const double *w = weight + pull * (k + d);
        memset(value, 0, (size_t)length * sizeof *value);
        memset(link, 0, (size_t)length * sizeof *link);
        for (int64_t size = 1; size <= ngram_max; size++) {
            const int32_t *which = at + (size - 1) * stride + begin;
            const int32_t *often = times + (size - 1) * stride + begin;
            const double share = 1.0 / (double)size;
            for (int64_t i = 0; i < length; i++) {
                const int64_t feature = which[i];
                if (feature < 0) continue;
                const double factor = damping[often[i]] * idf[feature] * share;
                if (size == 1) {
                    value[i] += factor * dot(single + feature * (k + d), w, k + d);
                    continue;
                }
                const double part = factor * dot(coef + feature * k, w, k);
                const double joint = part * (double)size / (double)(size - 1);
                for (int64_t j = i; j < i + size; j++) value[j] += part;
                /* As much as it gives its syllables it gives the joints between them. */
                for (int64_t j = i; j < i + size - 1; j++) link[j] += joint;
            }
        }
        const uint8_t *flag = flags + begin;
        for (int64_t i = 0; i < length; i++) {
            if (flag[i] & STARTS) {
                words.weight[n_words] = 0.0;
                words.first[n_words] = begin + i;
                words.pull[n_words++] = pull;
            }
            words.weight[n_words - 1] += value[i];
            words.last[n_words - 1] = begin + i;
            words.link[n_words - 1] = flag[i] & GOES_ON ? link[i] : 0.0;
        }
        if (pull + 1 == n_pulls || tag[pull + 1] != tag[pull]) {
            int64_t low[MOST_SEEDS], high[MOST_SEEDS];
            double unit[MOST_SEEDS];
            const int64_t found = grow(&words, n_words, most, low, high, unit);
            for (int64_t j = 0; j < found; j++, n++) {
                out_pull[n] = words.pull[low[j]];
                out_first[n] = words.first[low[j]];
                out_last[n] = words.last[high[j]];
                out_weight[n] = unit[j] / UNIT;
            }
            n_words = 0;
        }
    }
    return n;
}
