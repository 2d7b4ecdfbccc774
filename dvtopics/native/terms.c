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
/* Memory is asked for this many n-grams before it is read. */
#define AHEAD 12
/* Tokens of a text that are weighed at a time; `dvtopics.native.kernels` makes room for as many. */
#define BLOCK 512

/* Which tokens start a word of the phrase list, longest match from the left, and behind which a
 * term may go on to the next token: only blanks are between the two.
 *
 * chosen       1 for the texts that are wanted
 * begins       1 for the syllables that a longer word begins with
 * keys ... whole   one table after the other by length of words from 2 on: n_keys and n_slots of
 *              each, shift, mask, and whether what is found is a word itself
 * flags        STARTS, GOES_ON by token; zero beforehand
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

/* Words of the texts that one tag is traced to, one after the other. */
typedef struct {
    const double *weight;
    const double *link;
    uint8_t *taken;
} Words;

/* The heaviest terms of a tag; returns their number. */
static int64_t grow(const Words *words, int64_t n, int64_t most,
                    int64_t *low, int64_t *high, double *unit) {
    int64_t seeds[MOST_SEEDS], n_seeds = 0, found = 0;
    if (n <= 0) return 0;
    /* In single precision: words that differ by rounding only come in the order of the text. */
    float weights[MOST_SEEDS];
    double least = 0.0;
    for (int64_t i = 0; i < n; i++) least = words->weight[i] > least ? words->weight[i] : least;
    /* Most words weigh next to nothing: where enough weigh more, they need no place in line. */
    least /= 8.0;
    int64_t n_heavy = 0;
    for (int64_t i = 0; i < n; i++) n_heavy += words->weight[i] > least;
    if (n_heavy < 2 * most) least = 0.0;
    for (int64_t i = 0; i < n; i++) {
        if (!(words->weight[i] > least)) continue;
        const float weight = (float)words->weight[i];
        if (n_seeds == 2 * most) {
            if (!(weight > weights[n_seeds - 1])) continue;
            n_seeds--;
        }
        int64_t j = n_seeds++;
        for (; j > 0 && weights[j - 1] < weight; j--) {
            seeds[j] = seeds[j - 1];
            weights[j] = weights[j - 1];
        }
        seeds[j] = i;
        weights[j] = weight;
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

/* What the n-grams of one size weigh, one row of `length` a score, where they start in a text. */
static void gather(const int32_t *restrict at, const double *restrict share, int64_t length,
                   double part,
                   const float *restrict weights, int64_t width, double *restrict out) {
    for (int64_t i = 0; i < length; i++) {
        if (i + AHEAD < length && at[i + AHEAD] >= 0) {
            PREFETCH(weights + at[i + AHEAD] * width);
        }
        const int64_t feature = at[i];
        if (feature < 0) {
            for (int64_t c = 0; c < width; c++) out[c * length + i] = 0.0;
            continue;
        }
        const double factor = share[i] * part;
        const float *row = weights + feature * width;
        for (int64_t c = 0; c < width; c++) out[c * length + i] = factor * (double)row[c];
    }
}

/* out[i] = sum over c of weight[c] * rows[c][i]. */
static inline void weigh(const double *restrict rows, int64_t length, const double *restrict weight,
                         int64_t width, double *restrict out) {
    memset(out, 0, (size_t)length * sizeof *out);
    int64_t c = 0;
    for (; c + 4 <= width; c += 4) {
        const double *a = rows + c * length, *b = a + length, *e = b + length, *f = e + length;
        const double wa = weight[c], wb = weight[c + 1], we = weight[c + 2], wf = weight[c + 3];
        for (int64_t i = 0; i < length; i++) {
            out[i] += (wa * a[i] + wb * b[i]) + (we * e[i] + wf * f[i]);
        }
    }
    for (; c < width; c++) {
        const double *a = rows + c * length, wa = weight[c];
        for (int64_t i = 0; i < length; i++) out[i] += wa * a[i];
    }
}

/* Add what a window of n-grams weighs, for every score its own, where they start in a block. */
static void add_peaks(const double *restrict rows, int64_t n, int64_t begin,
                      const double *restrict peak, const int64_t *restrict peak_at, int64_t p,
                      int64_t window, double *restrict out) {
    for (int64_t c = 0; c < p; c++) {
        if (peak[c] == 0.0) continue;
        const int64_t from = peak_at[c] > begin ? peak_at[c] - begin : 0;
        const int64_t past = peak_at[c] + window - begin, to = past < n ? past : n;
        for (int64_t i = from; i < to; i++) out[i] += peak[c] * rows[c * n + i];
    }
}

/* The heaviest terms of every tag.
 *
 * begins       first token of every text, and the end
 * flags        see dvtopics_words
 * starts       first token of every word of the texts that are wanted
 * word_begins  first word of every text, and the end
 * at, share    see dvtopics_rows
 * single       (n_syllables, k + d);  coef (n_features, k)
 * tag, text, weight    pulls by tag, weights (n_pulls, k + d)
 * by_text      the pulls by text: those of one text share what its n-grams weigh
 * peak, peak_at     (n_pulls, p): weights on peaks, and the first tokens of their windows
 * most         terms a tag, at most 32
 * rows         (k + d + (ngram_max - 1) * k) * (BLOCK + ngram_max)
 * value, link, part    BLOCK + ngram_max
 * offset       first word of every pull, and the end
 * word_...     as long as the words of all pulls; taken: of the tag with most
 * out_...      most * the number of tags: pull, first and last token, weight of terms
 * returns      the number of terms
 */
EXPORT WIDE int64_t dvtopics_terms(
    const int64_t *begins, const uint8_t *flags, const int64_t *starts, const int64_t *word_begins,
    const int32_t *at, const double *share, int64_t stride, int64_t ngram_max,
    const float *single, const float *coef,
    int64_t k, int64_t d, int64_t n_pulls, const int64_t *tag, const int64_t *text,
    const double *weight, const double *peak, const int64_t *peak_at, int64_t p, int64_t window,
    const int64_t *by_text, int64_t most,
    double *rows, double *value, double *link, double *part,
    const int64_t *offset, double *word_weight, double *word_link, uint8_t *word_taken,
    int64_t *out_pull, int64_t *out_first, int64_t *out_last, double *out_weight) {
    for (int64_t first = 0, last; first < n_pulls; first = last) {
        const int64_t now = text[by_text[first]], length = begins[now + 1] - begins[now];
        for (last = first + 1; last < n_pulls && text[by_text[last]] == now;) last++;
        int64_t word = -1;
        /* What lies in the nearest caches at a time. N-grams reach in from the tokens before. */
        for (int64_t low = 0, next_word; low < length; low += BLOCK, word = next_word) {
            const int64_t high = low + BLOCK < length ? low + BLOCK : length;
            const int64_t before = low < ngram_max - 1 ? low : ngram_max - 1;
            const int64_t n = high - low + before, begin = begins[now] + low - before;
            for (int64_t size = 1, width = k + d, row = 0; size <= ngram_max; size++, width = k) {
                const int64_t from = (size - 1) * stride + begin;
                gather(at + from, share + from, n, 1.0 / (double)size,
                       size == 1 ? single : coef, width, rows + row * n);
                row += width;
            }
            next_word = word;
            for (int64_t place = first; place < last; place++) {
                const int64_t pull = by_text[place];
                const double *w = weight + pull * (k + d), *in = rows + (k + d) * n;
                weigh(rows, n, w, k + d, value);
                const double *of_peak = peak + pull * p;
                const int64_t *at_peak = peak_at + pull * p;
                add_peaks(rows, n, begin, of_peak, at_peak, p, window, value);
                memset(link, 0, (size_t)n * sizeof *link);
                for (int64_t size = 2; size <= ngram_max; size++, in += k * n) {
                    weigh(in, n, w, k, part);
                    add_peaks(in, n, begin, of_peak, at_peak, p, window, part);
                    /* As much as it gives its syllables it gives the joints between them. */
                    const double joint = (double)size / (double)(size - 1);
                    for (int64_t j = 0; j < size; j++) {
                        for (int64_t i = j; i < n; i++) value[i] += part[i - j];
                    }
                    for (int64_t j = 0; j < size - 1; j++) {
                        for (int64_t i = j; i < n; i++) link[i] += joint * part[i - j];
                    }
                }
                double *words = word_weight + offset[pull], *links = word_link + offset[pull];
                next_word = word;
                for (int64_t i = before; i < n; i++) {
                    const uint8_t flag = flags[begin + i];
                    if (flag & STARTS) words[++next_word] = 0.0;
                    words[next_word] += value[i];
                    links[next_word] = flag & GOES_ON ? link[i] : 0.0;
                }
            }
        }
    }
    int64_t n = 0;
    for (int64_t pull = 0, end; pull < n_pulls; pull = end) {
        for (end = pull + 1; end < n_pulls && tag[end] == tag[pull];) end++;
        const Words words = {word_weight + offset[pull], word_link + offset[pull], word_taken};
        int64_t low[MOST_SEEDS], high[MOST_SEEDS];
        double unit[MOST_SEEDS];
        const int64_t found = grow(&words, offset[end] - offset[pull], most, low, high, unit);
        for (int64_t j = 0; j < found; j++, n++) {
            /* A term lies in one text: words of several are not linked. */
            int64_t of = pull;
            while (offset[of + 1] <= offset[pull] + low[j]) of++;
            const int64_t shift = word_begins[text[of]] - offset[of] + offset[pull];
            const int64_t next = high[j] + shift + 1;
            out_pull[n] = of;
            out_first[n] = starts[low[j] + shift];
            out_last[n] =
                (next < word_begins[text[of] + 1] ? starts[next] : begins[text[of] + 1]) - 1;
            out_weight[n] = unit[j] / UNIT;
        }
    }
    return n;
}
