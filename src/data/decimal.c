/* Shortest output after Steele & White and Dybvig; input by long division. Both on integers of a fixed, ample size. */
#include "data/decimal.h"

#include <stdio.h>
#include <string.h>

/* ---- unsigned integers of up to 2,560 bits ----
 * The largest that occurs: 60 digits times 10^400 on input (1,530 bits), 2^1,130 on output, and a few bits of shift. */
enum { WORDS = 80 };

typedef struct big {
  uint32_t words[WORDS];
  unsigned count; /* words in use, the last one not 0 */
} big;

static void big_set(big *a, uint64_t value) {
  a->words[0] = (uint32_t)value;
  a->words[1] = (uint32_t)(value >> 32);
  a->count = a->words[1] ? 2 : a->words[0] ? 1 : 0;
}

static void big_multiply_add(big *a, uint32_t factor, uint32_t addend) {
  uint64_t carry = addend;
  for (unsigned i = 0; i < a->count; i++) {
    carry += (uint64_t)a->words[i] * factor;
    a->words[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry && a->count < WORDS) a->words[a->count++] = (uint32_t)carry;
}

static void big_multiply_power10(big *a, unsigned power) {
  for (; power >= 9; power -= 9) big_multiply_add(a, 1000000000u, 0);
  for (; power > 0; power--) big_multiply_add(a, 10, 0);
}

static void big_shift_left(big *a, unsigned bits) {
  unsigned words = bits / 32;
  big_multiply_add(a, 1u << bits % 32, 0);
  if (words == 0 || a->count == 0 || a->count + words > WORDS) return;
  memmove(a->words + words, a->words, a->count * sizeof a->words[0]);
  memset(a->words, 0, words * sizeof a->words[0]);
  a->count += words;
}

static int big_compare(const big *a, const big *b) {
  if (a->count != b->count) return a->count < b->count ? -1 : 1;
  for (unsigned i = a->count; i-- > 0;)
    if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
  return 0;
}

/* a -= b, where a >= b. */
static void big_subtract(big *a, const big *b) {
  uint64_t borrow = 0;
  for (unsigned i = 0; i < a->count; i++) {
    uint64_t take = (i < b->count ? b->words[i] : 0) + borrow;
    borrow = a->words[i] < take;
    a->words[i] = (uint32_t)(a->words[i] - take);
  }
  while (a->count > 0 && a->words[a->count - 1] == 0) a->count--;
}

static void big_add(big *a, const big *b) {
  uint64_t carry = 0;
  while (a->count < b->count) a->words[a->count++] = 0;
  for (unsigned i = 0; i < a->count; i++) {
    carry += (uint64_t)a->words[i] + (i < b->count ? b->words[i] : 0);
    a->words[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry && a->count < WORDS) a->words[a->count++] = (uint32_t)carry;
}

static unsigned bit_length(uint64_t value) {
  unsigned bits = 0;
  for (; value; value >>= 1) bits++;
  return bits;
}

static unsigned big_bits(const big *a) {
  return a->count ? (a->count - 1) * 32 + bit_length(a->words[a->count - 1]) : 0;
}

/* ---- the two formats ---- */

typedef struct format {
  int mantissa_bits; /* stored ones */
  int exponent_bits;
} format;

static const format binary64 = {52, 11}, binary32 = {23, 8};

static int format_bias(format f) {
  return (1 << (f.exponent_bits - 1)) - 1;
}

/* ---- output ---- */

/* value = r / s; half the distance to the neighbours is plus / s and minus / s. */
typedef struct scaled {
  big r, s, plus, minus;
} scaled;

static void scale(scaled *v, uint64_t mantissa, int exponent, bool is_boundary) {
  unsigned extra = is_boundary ? 1 : 0; /* below a power of two the lower neighbour is at half the distance */
  big_set(&v->r, mantissa);
  big_set(&v->s, 1);
  big_set(&v->plus, 1);
  big_set(&v->minus, 1);
  if (exponent >= 0) {
    big_shift_left(&v->r, (unsigned)exponent + 1 + extra);
    big_shift_left(&v->plus, (unsigned)exponent + extra);
    big_shift_left(&v->minus, (unsigned)exponent);
    big_shift_left(&v->s, 1 + extra);
  } else {
    big_shift_left(&v->r, 1 + extra);
    big_shift_left(&v->plus, extra);
    big_shift_left(&v->s, (unsigned)-exponent + 1 + extra);
  }
}

/* r + plus against s: has the upper end of the interval reached the next digit? */
static bool reaches_next(const scaled *v, bool is_even) {
  big sum = v->r;
  big_add(&sum, &v->plus);
  int order = big_compare(&sum, &v->s);
  return is_even ? order >= 0 : order > 0;
}

/* Finds k with value < 10^k and scales so that the first digit is floor(10 r / s). */
static int find_power(scaled *v, int estimate, bool is_even) {
  if (estimate >= 0) {
    big_multiply_power10(&v->s, (unsigned)estimate);
  } else {
    big_multiply_power10(&v->r, (unsigned)-estimate);
    big_multiply_power10(&v->plus, (unsigned)-estimate);
    big_multiply_power10(&v->minus, (unsigned)-estimate);
  }
  while (reaches_next(v, is_even)) {
    big_multiply_add(&v->s, 10, 0);
    estimate++;
  }
  return estimate;
}

static size_t generate_digits(scaled *v, bool is_even, char digits[24]) {
  size_t count = 0;
  for (;;) {
    big_multiply_add(&v->r, 10, 0);
    big_multiply_add(&v->plus, 10, 0);
    big_multiply_add(&v->minus, 10, 0);
    int digit = 0;
    while (big_compare(&v->r, &v->s) >= 0) {
      big_subtract(&v->r, &v->s);
      digit++;
    }
    int low_order = big_compare(&v->r, &v->minus);
    bool is_low = is_even ? low_order <= 0 : low_order < 0, is_high = reaches_next(v, is_even);
    if (!is_low && !is_high && count < 20) {
      digits[count++] = (char)('0' + digit);
      continue;
    }
    big twice = v->r;
    big_shift_left(&twice, 1);
    if (is_high && (!is_low || big_compare(&twice, &v->s) >= 0)) digit++;
    digits[count++] = (char)('0' + digit);
    return count;
  }
}

/* digits d1 d2 ... with value 0.d1d2... x 10^power */
static size_t lay_out(bool is_negative, const char *digits, int count, int power, char *to) {
  const char *sign = is_negative ? "-" : "";
  if (power > 0 && power <= 17) {
    if (count <= power)
      return (size_t)snprintf(to, SCU__DECIMAL_MAX, "%s%.*s%.*s", sign, count, digits, power - count,
                              "00000000000000000");
    return (size_t)snprintf(to, SCU__DECIMAL_MAX, "%s%.*s.%.*s", sign, power, digits, count - power, digits + power);
  }
  if (power <= 0 && power > -5)
    return (size_t)snprintf(to, SCU__DECIMAL_MAX, "%s0.%.*s%.*s", sign, -power, "00000", count, digits);
  return (size_t)snprintf(to, SCU__DECIMAL_MAX, "%s%c%s%.*se%d", sign, digits[0], count > 1 ? "." : "", count - 1,
                          digits + 1, power - 1);
}

static size_t from_bits(uint64_t bits, format f, char *to) {
  uint64_t fraction = bits & ((UINT64_C(1) << f.mantissa_bits) - 1);
  int biased = (int)(bits >> f.mantissa_bits) & ((1 << f.exponent_bits) - 1);
  bool is_negative = bits >> (f.mantissa_bits + f.exponent_bits) & 1;
  if (biased == (1 << f.exponent_bits) - 1)
    return (size_t)snprintf(to, SCU__DECIMAL_MAX, "%s", fraction ? "NaN" : is_negative ? "-inf" : "inf");
  if (biased == 0 && fraction == 0) return (size_t)snprintf(to, SCU__DECIMAL_MAX, "%s0", is_negative ? "-" : "");
  uint64_t mantissa = biased ? fraction | UINT64_C(1) << f.mantissa_bits : fraction;
  int exponent = (biased ? biased : 1) - format_bias(f) - f.mantissa_bits;
  bool is_even = (mantissa & 1) == 0;
  scaled v;
  scale(&v, mantissa, exponent, fraction == 0 && biased > 1);
  /* log10 2 is a little more than 1233/4096: never above the true power, one below at most. */
  int estimate = ((int)bit_length(mantissa) + exponent - 1) * 1233 / 4096 - 1;
  int power = find_power(&v, estimate, is_even);
  char digits[24];
  size_t count = generate_digits(&v, is_even, digits);
  return lay_out(is_negative, digits, (int)count, power, to);
}

size_t scu__decimal_from_double(uint64_t bits, char *to) {
  return from_bits(bits, binary64, to);
}
size_t scu__decimal_from_float(uint32_t bits, char *to) {
  return from_bits(bits, binary32, to);
}

size_t scu__decimal_from_unsigned(uint64_t value, char *to) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  for (size_t i = 0; i < count; i++) to[i] = digits[count - 1 - i];
  to[count] = 0;
  return count;
}

size_t scu__decimal_from_signed(int64_t value, char *to) {
  if (value >= 0) return scu__decimal_from_unsigned((uint64_t)value, to);
  to[0] = '-';
  return 1 + scu__decimal_from_unsigned(0 - (uint64_t)value, to + 1);
}

/* ---- input ---- */

enum { DIGITS_MAX = 60, POWER_MAX = 400 };

typedef struct decimal {
  bool is_negative;
  big digits;
  int power; /* value = digits x 10^power */
} decimal;

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static size_t read_sign(const char *text, size_t length, bool *is_negative) {
  *is_negative = length > 0 && text[0] == '-';
  return length > 0 && (text[0] == '-' || text[0] == '+');
}

/* The exponent after 'e', which is the rest of the text. Clipped: far outside is far outside. */
static bool read_exponent(const char *text, size_t length, int *power) {
  bool is_negative;
  size_t i = read_sign(text, length, &is_negative);
  if (i == length) return false;
  int exponent = 0;
  for (; i < length; i++) {
    if (!is_digit(text[i])) return false;
    if (exponent < 100000) exponent = exponent * 10 + (text[i] - '0');
  }
  *power += is_negative ? -exponent : exponent;
  return true;
}

static bool read_decimal(const char *text, size_t length, decimal *d) {
  *d = (decimal){0};
  size_t i = read_sign(text, length, &d->is_negative), significant = 0;
  bool has_digits = false, is_after_point = false;
  for (; i < length && (is_digit(text[i]) || (text[i] == '.' && !is_after_point)); i++) {
    if (text[i] == '.') {
      is_after_point = true;
      continue;
    }
    has_digits = true;
    if (text[i] != '0' || significant > 0) significant++;
    if (significant > DIGITS_MAX) return false;
    if (significant == 1) {
      big_set(&d->digits, (uint64_t)(text[i] - '0'));
    } else if (significant > 1) {
      big_multiply_add(&d->digits, 10, (uint32_t)(text[i] - '0'));
    }
    if (is_after_point) d->power--;
    if (d->power < -100000) return false;
  }
  if (!has_digits) return false;
  if (i == length) return true;
  return (text[i] == 'e' || text[i] == 'E') && read_exponent(text + i + 1, length - i - 1, &d->power);
}

/* floor(n / d * 2^shift) for a quotient of few bits, and whether anything is left over. */
static uint64_t divide(big *n, big *d, int shift, bool *has_rest) {
  if (shift >= 0) {
    big_shift_left(n, (unsigned)shift);
  } else {
    big_shift_left(d, (unsigned)-shift);
  }
  uint64_t quotient = 0;
  unsigned n_bits = big_bits(n), d_bits = big_bits(d);
  for (int bit = n_bits > d_bits ? (int)(n_bits - d_bits) : 0; bit >= 0; bit--) {
    big multiple = *d;
    big_shift_left(&multiple, (unsigned)bit);
    quotient <<= 1;
    if (big_compare(n, &multiple) < 0) continue;
    big_subtract(n, &multiple);
    quotient |= 1;
  }
  *has_rest = n->count > 0;
  return quotient;
}

/* Rounds n / d to the format: nearest, ties to even. False on overflow. */
static bool round_ratio(big *n, big *d, format f, uint64_t *bits) {
  int precision = f.mantissa_bits + 1, least = 1 - format_bias(f) - f.mantissa_bits; /* exponent of the lowest bit */
  int exponent = (int)big_bits(n) - (int)big_bits(d) - precision; /* the quotient then has precision or one more bits */
  if (exponent < least) exponent = least;
  bool has_rest;
  /* two more bits than needed, to round once and for all */
  uint64_t quotient = divide(n, d, 2 - exponent, &has_rest);
  unsigned drop = 2;
  if (bit_length(quotient) > (unsigned)precision + 2) {
    drop++;
    exponent++;
  }
  uint64_t dropped = quotient & ((UINT64_C(1) << drop) - 1), half = UINT64_C(1) << (drop - 1);
  uint64_t mantissa = quotient >> drop;
  if (dropped > half || (dropped == half && (has_rest || (mantissa & 1)))) mantissa++;
  if (bit_length(mantissa) > (unsigned)precision) {
    mantissa >>= 1;
    exponent++;
  }
  if (bit_length(mantissa) < (unsigned)precision) { /* subnormal, or zero: exponent is `least` */
    *bits = mantissa;
    return true;
  }
  int biased = exponent - least + 1;
  if (biased >= (1 << f.exponent_bits) - 1) return false;
  *bits = (uint64_t)biased << f.mantissa_bits | (mantissa & ((UINT64_C(1) << f.mantissa_bits) - 1));
  return true;
}

static bool to_bits(const char *text, size_t length, format f, uint64_t *bits) {
  decimal d;
  if (!read_decimal(text, length, &d)) return false;
  uint64_t sign = (uint64_t)d.is_negative << (f.mantissa_bits + f.exponent_bits);
  *bits = sign;
  if (d.digits.count == 0 || d.power < -POWER_MAX) return true; /* 60 digits x 10^-400 is below every subnormal */
  if (d.power > POWER_MAX) return false;
  big one;
  big_set(&one, 1);
  big_multiply_power10(d.power >= 0 ? &d.digits : &one, (unsigned)(d.power >= 0 ? d.power : -d.power));
  uint64_t magnitude;
  if (!round_ratio(&d.digits, &one, f, &magnitude)) return false;
  *bits = sign | magnitude;
  return true;
}

bool scu__decimal_to_double(const char *text, size_t length, uint64_t *bits) {
  return to_bits(text, length, binary64, bits);
}

bool scu__decimal_to_float(const char *text, size_t length, uint32_t *bits) {
  uint64_t wide;
  if (!to_bits(text, length, binary32, &wide)) return false;
  *bits = (uint32_t)wide;
  return true;
}

bool scu__decimal_to_integer(const char *text, size_t length, int64_t *value, bool *fits) {
  bool is_negative;
  size_t i = read_sign(text, length, &is_negative);
  if (i == length) return false;
  uint64_t magnitude = 0, limit = is_negative ? UINT64_C(1) << 63 : INT64_MAX;
  *fits = true;
  for (; i < length; i++) {
    if (!is_digit(text[i])) return false;
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (magnitude > (limit - digit) / 10) *fits = false;
    if (*fits) magnitude = magnitude * 10 + digit;
  }
  *value = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
  return true;
}
