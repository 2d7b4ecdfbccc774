/* The inner loops of stage one, for the numpy code that they stand in for when they are compiled.
 *
 * Every function does what its namesake in numpy does, with the same operations on doubles in the
 * same order: results are equal to the bit. So it must be compiled without contraction of
 * products and sums and without reordering (-ffp-contract=off, never -ffast-math).
 *
 * There is no Python in here: `kernels.py` calls it with addresses of arrays that it has checked.
 */

#include "native.h"

#include <math.h>
#include <string.h>

/* To be raised with every change of a signature or of a meaning; see `library.py`. */
#define VERSION 6

/* Entries up to this number are sorted by insertion, more by radix. */
#define FEW 96
#define RADIX_BITS 11
/* Windows of peaks that are looked at together, and their largest size; `kernels.py` makes room. */
#define BLOCK 512
#define WINDOW 64
/* Two scores for each of four themes: as a constant, loops over scores are unrolled. */
#define SCORES 8
/* Entries between one and the one whose weights are asked for meanwhile. */
#define AHEAD 12

EXPORT int64_t dvtopics_version(void) { return VERSION; }

/* Put the places of distinct keys into free slots. */
EXPORT int64_t dvtopics_table(const uint64_t *keys, int64_t n, uint64_t *slots, int64_t shift,
                              int64_t mask) {
    for (int64_t place = 0; place < n; place++) {
        const uint64_t hash = hash_of(keys[place]);
        int64_t slot = (int64_t)(hash >> shift);
        if (place + AHEAD < n) PREFETCH(slots + (hash_of(keys[place + AHEAD]) >> shift));
        while (slots[slot] != UINT64_MAX) slot = (slot + 1) & mask;
        slots[slot] = hash << 32 | (uint64_t)place;
    }
    return n;
}

/* -- dvtopics.features.syllables.SyllableCoder ---------------------------------------------- */

/* Cut texts into tokens and look these up.
 *
 * points       code units (2 or 4 bytes wide) of the texts, each followed by one that is no letter
 * ends         where the next text starts
 * letters      code of every point below `limit`, and of all others; 0: no letter; from `first`
 *              on: a combining mark; `odd`: unusual
 * composed     code of a letter with a mark, by mark and letter; 0: none; `first` itself stands for
 *              what is invisible and leaves the letter as it is
 * id_of        id by place in the table
 * ids          -1: unknown; -2: more than 8 letters, not looked up
 * is_odd       texts with something unusual; nothing else is said of them
 * returns      the number of tokens
 */
EXPORT int64_t dvtopics_tokens(
    const void *points, int64_t width, const int64_t *ends, int64_t n_texts,
    const uint8_t *letters, int64_t limit, int64_t first, int64_t odd, const uint8_t *composed,
    const uint64_t *keys, const uint64_t *slots, int64_t shift, int64_t mask, const int64_t *id_of,
    int64_t *ids, int64_t *starts, int64_t *stops, int64_t *lengths, uint8_t *is_odd) {
    const Table table = {keys, slots, shift, mask};
    int64_t n = 0, i = 0;
    for (int64_t text = 0; text < n_texts; text++) {
        const int64_t before = n, end = ends[text];
        uint64_t packed = 0;
        int64_t length = 0, start = 0;
        uint8_t last = 0;
        is_odd[text] = 0;
        for (; i < end; i++) {
            const int64_t point = point_at(points, width, i);
            uint8_t letter = letters[point < limit ? point : limit];
            if (letter >= first) {
                if (letter == odd) {
                    is_odd[text] = 1;
                } else if (length) {
                    letter = composed[(letter - first) * 256 + last];
                    is_odd[text] = !letter;
                    if (length <= 8) packed ^= (uint64_t)(last ^ letter) << (8 * (length - 1));
                    last = letter;
                }
                if (is_odd[text]) {
                    n = before;
                    i = end;
                    break;
                }
            } else if (letter) {
                if (!length) start = i;
                if (length < 8) packed |= (uint64_t)letter << (8 * length);
                last = letter;
                length++;
            } else if (length) {
                const int32_t place = length > 8 ? -2 : find(&table, packed);
                ids[n] = place < 0 ? place : id_of[place];
                starts[n] = start;
                stops[n] = i;
                n++;
                packed = 0;
                length = 0;
            }
        }
        lengths[text] = n - before;
    }
    return n;
}

/* -- dvtopics.features.tfidf.NgramTfidf ----------------------------------------------------- */

/* Sort by the upper half, stable. `spare` is as long as `entries`; returns where the result is. */
static uint64_t *sorted(uint64_t *entries, uint64_t *spare, int64_t n, int64_t n_features) {
    if (n <= FEW) {
        for (int64_t i = 1; i < n; i++) {
            const uint64_t entry = entries[i];
            int64_t j = i;
            /* The lower half rises already: comparing whole entries is stable. */
            for (; j > 0 && entries[j - 1] > entry; j--) entries[j] = entries[j - 1];
            entries[j] = entry;
        }
        return entries;
    }
    for (int shift = 32; shift < 64 && (n_features >> (shift - 32)) > 0; shift += RADIX_BITS) {
        int64_t place[1 << RADIX_BITS], total = 0;
        const uint64_t digit = (1 << RADIX_BITS) - 1;
        memset(place, 0, sizeof place);
        for (int64_t i = 0; i < n; i++) place[(entries[i] >> shift) & digit]++;
        for (int64_t d = 0; d <= (int64_t)digit; d++) {
            const int64_t count = place[d];
            place[d] = total;
            total += count;
        }
        for (int64_t i = 0; i < n; i++) spare[place[(entries[i] >> shift) & digit]++] = entries[i];
        uint64_t *other = entries;
        entries = spare;
        spare = other;
    }
    return entries;
}

/* What n-grams are looked up in, and what they weigh.
 *
 * tf           what a count weighs, from 0 to the length of the longest text
 * once         what one of so many occurrences weighs against one that is alone
 */
typedef struct {
    Table table;
    int64_t base, ngram_max, n_features;
    const double *idf, *tf, *once;
} Vocabulary;

/* The TF-IDF row of a text; returns the number of its entries.
 *
 * scratch      4 * length
 * feature, value, norm     the row, and what it was divided by
 * at, share    NULL, or by length the n-gram that starts at every token (-1: none) and what this
 *              occurrence weighs; `stride` apart
 */
static int64_t row_of(const Vocabulary *in, const int64_t *id, int64_t length, uint64_t *scratch,
                      int32_t *feature, double *value, double *norm, int32_t *at, double *share,
                      int64_t stride) {
    int64_t n = 0;
    for (int64_t size = 0; at && size < in->ngram_max; size++) {
        memset(at + size * stride, 0xff, (size_t)length * sizeof *at);
        memset(share + size * stride, 0, (size_t)length * sizeof *share);
    }
    /* N-grams in the order of the text: feature, then first token. */
    uint64_t *shorter = scratch, *grams = scratch + length;
    uint64_t *work = scratch + 2 * length, *spare = scratch + 3 * length;
    int64_t m = 0;
    for (int64_t size = 1; size <= in->ngram_max; size++) {
        int64_t found = 0;
        if (size == 1) {
            for (int64_t i = 0; i < length; i++)
                if (id[i] >= 0) grams[found++] = (uint64_t)id[i] << 32 | (uint64_t)i;
        } else {
            /* Two that overlap in all but an n-gram's ends. The table is larger than the
               nearest caches: all slots are asked for before the first is needed. */
            int64_t asked = 0, left = 0;
            for (int64_t j = 0; j + 1 < m; j++) {
                const uint64_t i = shorter[j] & UINT32_MAX;
                if ((shorter[j + 1] & UINT32_MAX) != i + 1) continue;
                uint64_t key = 0;
                for (int64_t k = 0; k < size; k++)
                    key = key * (uint64_t)in->base + (uint64_t)(id[i + (uint64_t)k] + 1);
                PREFETCH(in->table.slots + (hash_of(key) >> in->table.shift));
                work[asked] = key;
                spare[asked++] = i;
            }
            for (int64_t j = 0; j < asked; j++) {
                const uint64_t key = work[j];
                const int32_t place = (int32_t)(uint32_t)in->table.slots[hash_of(key) >> in->table.shift];
                if (place < 0) continue;
                PREFETCH(in->table.keys + place);
                PREFETCH(in->idf + place);
                work[left] = key;
                spare[left++] = spare[j];
            }
            for (int64_t j = 0; j < left; j++) {
                const int32_t place = find(&in->table, work[j]);
                if (place >= 0) grams[found++] = (uint64_t)place << 32 | spare[j];
            }
        }
        m = found;
        memcpy(work, grams, (size_t)m * sizeof *work);
        const uint64_t *order = sorted(work, spare, m, in->n_features);
        for (int64_t j = 0, next; j < m; j = next) {
            const uint64_t which = order[j] >> 32;
            for (next = j + 1; next < m && order[next] >> 32 == which;) next++;
            feature[n] = (int32_t)which;
            value[n] = in->tf[next - j] * in->idf[which];
            n++;
            if (!at) continue;
            const double each = in->once[next - j] * in->idf[which];
            for (int64_t k = j; k < next; k++) {
                const int64_t token = (int64_t)(order[k] & UINT32_MAX);
                at[(size - 1) * stride + token] = (int32_t)which;
                share[(size - 1) * stride + token] = each;
            }
        }
        uint64_t *other = shorter;
        shorter = grams;
        grams = other;
    }
    double total = 0.0;
    for (int64_t j = 0; j < n; j++) total += value[j] * value[j];
    *norm = sqrt(total);
    for (int64_t j = 0; j < n; j++) value[j] /= *norm;
    return n;
}

/* TF-IDF rows of texts given as token ids; see `Vocabulary` and `row_of`.
 *
 * scratch      4 * (tokens of the longest text)
 * returns      the number of entries
 */
EXPORT int64_t dvtopics_rows(
    const int64_t *ids, const int64_t *lengths, int64_t n_texts, int64_t base, int64_t ngram_max,
    const uint64_t *keys, const uint64_t *slots, int64_t shift, int64_t mask, int64_t n_features,
    const double *idf, const double *tf, const double *once, uint64_t *scratch,
    int32_t *feature, double *value, int64_t *indptr, double *norm,
    int32_t *at, double *share, int64_t stride) {
    const Vocabulary in = {
        {keys, slots, shift, mask}, base, ngram_max, n_features, idf, tf, once};
    int64_t n = 0, begin = 0;
    indptr[0] = 0;
    for (int64_t text = 0; text < n_texts; begin += lengths[text++]) {
        n += row_of(&in, ids + begin, lengths[text], scratch, feature + n, value + n, norm + text,
                    at ? at + begin : NULL, at ? share + begin : NULL, stride);
        indptr[text + 1] = n;
    }
    return n;
}

/* -- dvtopics.taggers.peaks ---------------------------------------------------------------- */

/* The text that windows are looked for in. */
typedef struct {
    const int32_t *at;
    const double *share;
    int64_t stride, ngram_max, window;
    double *sums;
} Windows;

/* What the n-grams that start at each of n tokens put into k scores, and the squares of their
 * lengths. */
static ALWAYS void gather(const Windows *in, int64_t low, int64_t n, const float *restrict coef,
                          int64_t k, double *restrict sums, double *restrict square) {
    for (int64_t i = 0; i < n; i++) {
        /* Of a usual number of scores these stay in registers. */
        double few[SCORES] = {0.0}, *sum = k == SCORES ? few : sums + i * k, total = 0.0;
        if (k != SCORES) memset(sum, 0, (size_t)k * sizeof *sum);
        for (int64_t size = 0; size < in->ngram_max; size++) {
            const int64_t here = size * in->stride + low + i, feature = in->at[here];
            /* An n-gram that is known is made of shorter ones that are. */
            if (feature < 0) break;
            const double share = in->share[here];
            const float *weights = coef + feature * k;
            for (int64_t c = 0; c < k; c++) sum[c] += (double)weights[c] * share;
            total += share * share;
        }
        if (k == SCORES) memcpy(sums + i * k, few, sizeof few);
        square[i] = total;
    }
}

/* Peaks of a text of `length` tokens: logits, less the intercept; where and unit are NULL, or where
 * the windows start, counted from `begin`, and what their sums were multiplied by. */
static ALWAYS void peaks(const Windows *in, int64_t begin, int64_t length, const float *coef,
                         int64_t k, double *restrict best, int64_t *where, double *unit) {
    const int64_t window = in->window;
    double *restrict sums = in->sums, *restrict last = sums + (BLOCK + WINDOW) * (k + 1);
    for (int64_t c = 0; c < k; c++) best[c] = -INFINITY;
    for (int64_t low = 0; low + window <= length; low += BLOCK) {
        const int64_t left = length - low, n = left < BLOCK + window - 1 ? left : BLOCK + window - 1;
        double *restrict square = sums + n * k;
        gather(in, low, n, coef, k, sums, square);
        for (int64_t width = 1; width < window; width *= 2) {
            /* What is read has not been written yet. */
            for (int64_t j = 0; j < (n - width) * k; j++) sums[j] += sums[j + width * k];
            for (int64_t i = 0; i < n - width; i++) square[i] += square[i + width];
        }
        for (int64_t i = 0; i + window <= n; i++) {
            square[i] = square[i] > 0.0 ? 1.0 / sqrt(square[i]) : 0.0;
        }
        for (int64_t c = 0; c < k; c++) last[c] = best[c];
        for (int64_t i = 0; i + window <= n; i++) {
            for (int64_t c = 0; c < k; c++) {
                const double one = sums[i * k + c] *= square[i];
                best[c] = one > best[c] ? one : best[c];
            }
        }
        for (int64_t c = 0; where && c < k; c++) {
            if (!(best[c] > last[c])) continue;
            int64_t i = 0;
            while (sums[i * k + c] < best[c]) i++;
            where[c] = begin + low + i;
            unit[c] = square[i];
        }
    }
}

/* -- dvtopics.taggers.scorer.TfidfScorer ---------------------------------------------------- */

/* Logits and content of a row. Returns the length of its part that is of single syllables.
 *
 * coef         (n_features, k);  intercept (k,);  table (n_syllables, d)
 */
static ALWAYS double project(const int32_t *feature, const double *value, int64_t n,
                             const float *coef, int64_t k, const double *intercept,
                             const float *table, int64_t n_syllables, int64_t d,
                             double *restrict logit, double *restrict about) {
    memset(logit, 0, (size_t)k * sizeof *logit);
    memset(about, 0, (size_t)d * sizeof *about);
    double total = 0.0;
    int64_t single = 0;
    /* Single syllables come first. */
    for (; single < n && feature[single] < n_syllables; single++)
        total += value[single] * value[single];
    const double length = sqrt(total);
    for (int64_t j = 0; j < n; j++) {
        const float *restrict weights = coef + feature[j] * k;
        const double v = value[j];
        if (j + AHEAD < n) PREFETCH(coef + feature[j + AHEAD] * k);
        for (int64_t c = 0; c < k; c++) logit[c] += (double)weights[c] * v;
    }
    for (int64_t j = 0; j < single; j++) {
        const float *restrict weights = table + feature[j] * d;
        const double v = value[j] / length;
        for (int64_t c = 0; c < d; c++) about[c] += (double)weights[c] * v;
    }
    for (int64_t c = 0; c < k; c++) logit[c] += intercept[c];
    return length;
}

/* Logits, contents and peaks of texts, one text after the other in the nearest caches. */
static ALWAYS void scores(
    const Vocabulary *in, const int64_t *ids, const int64_t *lengths, int64_t n_texts,
    uint64_t *scratch, int32_t *feature, double *value, const float *coef, int64_t k,
    const double *intercept, const float *table, int64_t n_syllables, int64_t d, int64_t window,
    double *sums, double *logits, double *content, double *norm, double *single,
    int32_t *at, double *share, int64_t stride, int traced,
    double *peak, int64_t *place, double *scale) {
    int64_t begin = 0;
    for (int64_t text = 0; text < n_texts; begin += lengths[text++]) {
        const int64_t length = lengths[text], shift = traced ? begin : 0;
        const int64_t n = row_of(in, ids + begin, length, scratch, feature, value, norm + text,
                                 at ? at + shift : NULL, at ? share + shift : NULL, stride);
        double *logit = logits + text * k;
        single[text] = project(feature, value, n, coef, k, intercept, table, n_syllables, d, logit,
                               content + text * d);
        if (!window) continue;
        double *best = peak + text * k;
        if (length >= window) {
            const Windows windows = {at + shift, share + shift, stride, in->ngram_max, window, sums};
            peaks(&windows, begin, length, coef, k, best, traced ? place + text * k : NULL,
                  traced ? scale + text * k : NULL);
        }
        for (int64_t c = 0; c < k; c++) {
            best[c] = length >= window ? best[c] + intercept[c] : logit[c];
            if (!traced || length >= window) continue;
            place[text * k + c] = -1;
            scale[text * k + c] = 0.0;
        }
    }
}

/* Scores of texts given as token ids; returns the number of texts. See `Vocabulary`, `project`.
 *
 * scratch      4 * (tokens of the longest text);  feature, value: ngram_max * these tokens
 * window       tokens of a window, a power of two, at most WINDOW; 0: no peaks
 * sums         (BLOCK + WINDOW) * (k + 1) + k
 * logits       (n_texts, k);  content (n_texts, d)
 * norm, single lengths of rows, and of their parts that are of single syllables
 * at, share    see `row_of`: of all texts if `traced`; else of one at a time, or NULL without window
 * peak         (n_texts, k), see `Peaks`; place, scale: the same, if `traced`
 */
EXPORT WIDE int64_t dvtopics_scores(
    const int64_t *ids, const int64_t *lengths, int64_t n_texts, int64_t base, int64_t ngram_max,
    const uint64_t *keys, const uint64_t *slots, int64_t shift, int64_t mask, int64_t n_features,
    const double *idf, const double *tf, const double *once, uint64_t *scratch,
    int32_t *feature, double *value, const float *coef, int64_t k, const double *intercept,
    const float *table, int64_t n_syllables, int64_t d, int64_t window, double *sums,
    double *logits, double *content, double *norm, double *single,
    int32_t *at, double *share, int64_t stride, int64_t traced,
    double *peak, int64_t *place, double *scale) {
    const Vocabulary in = {
        {keys, slots, shift, mask}, base, ngram_max, n_features, idf, tf, once};
    if (k == SCORES)
        scores(&in, ids, lengths, n_texts, scratch, feature, value, coef, SCORES, intercept, table,
               n_syllables, d, window, sums, logits, content, norm, single, at, share, stride,
               traced != 0, peak, place, scale);
    else
        scores(&in, ids, lengths, n_texts, scratch, feature, value, coef, k, intercept, table,
               n_syllables, d, window, sums, logits, content, norm, single, at, share, stride,
               traced != 0, peak, place, scale);
    return n_texts;
}
