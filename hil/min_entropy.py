"""Min-entropy of raw samples of one bit, by the estimators of NIST SP 800-90B, section 6.3.

For sources whose samples depend on one another ("non-IID"). Each estimator gives an upper bound of
99 % of how well a sample can be guessed, and from it the min-entropy of a sample in bits; the
smallest of all is what the source may be credited with. Samples are a list of 0 and 1; the
estimators that the standard defines for any alphabet take one here too, for its worked examples.
"""

import itertools
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

Z_ALPHA = 2.576
"""Of the normal distribution: 99.5 % lie below."""

TUPLE_COUNT = 35
"""A tuple that comes less often tells nothing of the source (section 6.3.5)."""

MARKOV_STEPS = 128
BLOCK_BITS, DICTIONARY_BLOCKS = 6, 1000
COMPRESSION_DEVIATION = 0.5907
BISECTIONS = 60
FIRST_SORTED = 32


def upper_bound(chance: float, count: int) -> float:
    """Of the chance that was seen in so many cases."""
    return min(1.0, chance + Z_ALPHA * math.sqrt(chance * (1 - chance) / (count - 1)))


def bits(chance: float) -> float:
    """The min-entropy of something that is guessed with this chance."""
    return max(0.0, -math.log2(chance))


def most_common_value(samples: Sequence[int]) -> float:
    """Section 6.3.1."""
    count = len(samples)
    return bits(upper_bound(max(Counter(samples).values()) / count, count))


def collision(samples: Sequence[int]) -> float:
    """Section 6.3.2: how soon a value comes again. Two equal bits, or the third one is."""
    times = []
    place = 0
    while place + 1 < len(samples):
        time = 2 if samples[place] == samples[place + 1] else 3
        if place + time > len(samples):
            break
        times.append(time)
        place += time
    mean, deviation = _mean_and_deviation(times)
    lowest = mean - Z_ALPHA * deviation / math.sqrt(len(times))
    # The mean for bits of which one comes with chance p is 2 + 2p(1 - p): this is its inverse.
    return bits(0.5 + math.sqrt(1.25 - 0.5 * lowest)) if lowest < 2.5 else 1.0


def markov(samples: Sequence[int]) -> float:
    """Section 6.3.3: the likeliest sequence of 128 bits of a first-order Markov chain."""
    pairs = Counter(itertools.pairwise(samples))
    first = Counter(samples)
    one = first[1] / len(samples)

    def log(before: int, after: int) -> float:
        total = pairs[before, 0] + pairs[before, 1]
        return _log2(pairs[before, after] / total) if total else -math.inf

    start = {0: _log2(1 - one), 1: _log2(one)}
    length = MARKOV_STEPS
    half = length // 2
    likeliest: float = max(
        start[0] + _times(length - 1, log(0, 0)),
        start[0] + _times(half, log(0, 1)) + _times(half - 1, log(1, 0)),
        start[0] + log(0, 1) + _times(length - 2, log(1, 1)),
        start[1] + log(1, 0) + _times(length - 2, log(0, 0)),
        start[1] + _times(half, log(1, 0)) + _times(half - 1, log(0, 1)),
        start[1] + _times(length - 1, log(1, 1)),
    )
    return min(1.0, max(0.0, -likeliest / length))


def compression(samples: Sequence[int], dictionary_blocks: int = DICTIONARY_BLOCKS) -> float:
    """Section 6.3.4: how long ago each block of six bits came before."""
    count = len(samples) // BLOCK_BITS
    blocks = [_number(samples[i * BLOCK_BITS : (i + 1) * BLOCK_BITS]) for i in range(count)]
    seen = {block: index for index, block in enumerate(blocks[:dictionary_blocks], 1)}
    logs = []
    for index, block in enumerate(blocks[dictionary_blocks:], dictionary_blocks + 1):
        logs.append(math.log2(index - seen.get(block, 0)))
        seen[block] = index
    tests = len(logs)
    mean = sum(logs) / tests
    spread = sum(value * value for value in logs) / (tests - 1) - mean * mean
    deviation = COMPRESSION_DEVIATION * math.sqrt(max(spread, 0.0))
    lowest = mean - Z_ALPHA * deviation / math.sqrt(tests)
    others = (1 << BLOCK_BITS) - 1
    log_of = [0.0] + [math.log2(u) for u in range(1, count + 1)]

    def expected(chance: float) -> float:
        of_one = _expected_log(chance, log_of, dictionary_blocks, count)
        of_other = _expected_log((1 - chance) / others, log_of, dictionary_blocks, count)
        return of_one + others * of_other

    low, high = 1 / (1 << BLOCK_BITS), 1.0
    if expected(low) < lowest:
        return 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(middle) > lowest else (low, middle)
    return bits(low) / BLOCK_BITS


def _expected_log(chance: float, log_of: list[float], dictionary: int, count: int) -> float:
    """G(z) of the standard: the mean of log2 of the distance of a block with this chance."""
    if chance <= 0:
        return 0.0
    miss, survive = 1 - chance, 1.0  # (1 - z) ** (t - 1)
    before = total = 0.0  # the sum over u below t, and the sum over t
    for t in range(1, count + 1):
        if t > dictionary:
            total += before + log_of[t] * chance * survive
            if survive < 1e-18:
                total += (count - t) * before
                break
        before += log_of[t] * chance * chance * survive
        survive *= miss
    return total / (count - dictionary)


def tuples_and_repeats(samples: Sequence[int], cutoff: int = TUPLE_COUNT) -> tuple[float, float]:
    """Sections 6.3.5 and 6.3.6: the commonest tuples of each length, and the longest repeats.

    1.0 for the second where no tuple that is as rare as the standard wants comes twice.
    """
    count = len(samples)
    best_tuple = best_repeat = 0.0
    for length, commonest, pairs in _tuples(samples):
        places = count - length + 1
        if commonest >= cutoff:
            best_tuple = max(best_tuple, (commonest / places) ** (1 / length))
        elif commonest >= 2:
            best_repeat = max(best_repeat, (2 * pairs / places / (places - 1)) ** (1 / length))
    of_repeats = bits(upper_bound(best_repeat, count)) if best_repeat else 1.0
    return bits(upper_bound(best_tuple, count)), of_repeats


def _tuples(samples: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """For each length, from the longest repeated one to 1: length, count of the commonest, pairs.

    Places whose tuples of a length are alike are neighbours in the order of suffixes: with falling
    length they grow together where the common prefix of two neighbours is as long.
    """
    order, common = _suffixes(samples)
    by_length: dict[int, list[int]] = {}
    for place, length in enumerate(common):
        by_length.setdefault(length, []).append(place)
    group = list(range(len(order)))
    size = [1] * len(order)

    def root(place: int) -> int:
        while group[place] != place:
            group[place] = group[group[place]]
            place = group[place]
        return place

    commonest, pairs = 1, 0
    for length in range(max(common, default=0), 0, -1):
        for place in by_length.get(length, ()):
            left, right = root(place - 1), root(place)
            pairs += size[left] * size[right]
            size[left] += size[right]
            group[right] = left
            commonest = max(commonest, size[left])
        yield length, commonest, pairs


def _suffixes(samples: Sequence[int]) -> tuple[list[int], list[int]]:
    """The places in the order of what follows them, and how much each has in common with the one
    before it in that order (Kasai and others); what is before the first is nothing.
    """
    count = len(samples)
    order, rank = _sorted_suffixes(samples)
    common = [0] * count
    alike = 0
    for place in range(count):
        position = rank[place]
        if position:
            other = order[position - 1]
            while (
                max(place, other) + alike < count
                and samples[place + alike] == samples[other + alike]
            ):
                alike += 1
            common[position] = alike
            alike = max(alike - 1, 0)
        else:
            alike = 0
    return order, common


def _sorted_suffixes(samples: Sequence[int]) -> tuple[list[int], list[int]]:
    """The places in the order of what follows them, and of each place where it is in that order.

    Sorted by the first samples, then by twice as many, and so on until no two are alike.
    """
    count = len(samples)
    base = max(samples) + 2
    top: int = base ** (FIRST_SORTED - 1)
    keys = [0] * count
    key = 0
    for place in range(count - 1, -1, -1):  # the end counts as less than every value
        key = keys[place] = (samples[place] + 1) * top + key // base
    length = FIRST_SORTED
    while True:
        order = sorted(range(count), key=keys.__getitem__)
        rank = [0] * count
        number, before = -1, -1
        for place in order:
            number += keys[place] != before
            before = keys[place]
            rank[place] = number
        if number == count - 1:
            return order, rank
        behind = [*(value + 1 for value in rank[length:]), *[0] * length]
        keys = [first * (count + 1) + second for first, second in zip(rank, behind, strict=False)]
        length *= 2


# --- predictors: sections 6.3.7 to 6.3.10 --------------------------------------------------------


def of_predictions(correct: Sequence[bool], alphabet: int = 2) -> float:
    """The entropy that is left where a predictor was right in these cases.

    By how often it was right at all, and by the longest run in which it was.
    """
    count, right = len(correct), sum(correct)
    run = longest = 0
    for was_right in correct:
        run = run + 1 if was_right else 0
        longest = max(longest, run)
    overall = upper_bound(right / count, count) if right else 1 - 0.01 ** (1 / count)
    return bits(max(overall, _local_chance(longest + 1, count), 1 / alphabet))


def _local_chance(run: int, count: int) -> float:
    """The chance with which no run of right guesses is as long, in 99 of 100 cases."""
    low, high = 0.0, 1.0
    target = math.log(0.99)
    for _ in range(BISECTIONS):
        chance = (low + high) / 2
        low, high = (chance, high) if _log_no_run(chance, run, count) > target else (low, chance)
    return low


def _log_no_run(chance: float, run: int, count: int) -> float:
    """Of the chance that none of `count` guesses begins a run of that length (Feller)."""
    miss = 1 - chance
    if miss <= 0:
        return -math.inf
    root = 1.0
    for _ in range(10):
        try:
            root = 1 + miss * chance**run * root ** (run + 1)
        except OverflowError:
            return -math.inf
    top, bottom = 1 - chance * root, (run + 1 - run * root) * miss
    if top <= 0 or bottom <= 0:
        return -math.inf
    return math.log(top / bottom) - (count + 1) * math.log(root)


class _Board:
    """Which of several guessers was right most often; of equals the one that was so last."""

    def __init__(self, count: int) -> None:
        self._scores = [0] * count
        self.winner = 0

    def credit(self, guesser: int) -> None:
        self._scores[guesser] += 1
        if self._scores[guesser] >= self._scores[self.winner]:
            self.winner = guesser


def most_common_in_window(
    samples: Sequence[int], windows: tuple[int, ...] = (63, 255, 1023, 4095)
) -> list[bool]:
    """Section 6.3.7, for bits: what came most often in one of several windows of odd lengths."""
    board = _Board(len(windows))
    ones = [sum(samples[:window]) for window in windows]
    correct = []
    for place in range(windows[0], len(samples)):
        sample = samples[place]
        guesses = [
            (2 * ones[index] > window) if place >= window else None
            for index, window in enumerate(windows)
        ]
        correct.append(guesses[board.winner] == sample)
        for index, guess in enumerate(guesses):
            if guess == sample:
                board.credit(index)
            if guess is not None:
                ones[index] += sample - samples[place - windows[index]]
    return correct


def lag(samples: Sequence[int], depth: int = 128) -> list[bool]:
    """Section 6.3.8: what came 1, 2, ... samples before."""
    scores = [0] * depth
    best = winner = 0
    history: deque[int] = deque(maxlen=depth)
    history.append(samples[0])
    correct = []
    for sample in samples[1:]:
        correct.append(winner < len(history) and history[winner] == sample)
        for guesser, earlier in enumerate(history):
            if earlier == sample:
                score = scores[guesser] + 1
                scores[guesser] = score
                if score >= best:
                    best, winner = score, guesser
        history.appendleft(sample)
    return correct


def markov_models(samples: Sequence[int], depth: int = 16) -> list[bool]:
    """Section 6.3.9, for bits: what followed most often on the last 1, 2, ... samples before.

    `more_ones` has, for each context that came before, by how much oftener a one followed it.
    """
    board = _Board(depth)
    more_ones: list[int | None] = [None] * (2 << depth)
    contexts = [(1 << length, (1 << length) - 1) for length in range(1, depth + 1)]
    correct = []
    past = samples[0]
    for place in range(2, len(samples)):
        newest, sample = samples[place - 1], samples[place]
        now = past << 1 | newest
        step = 2 * newest - 1
        winner = board.winner
        was_right = False
        for index, (mark, mask) in enumerate(contexts):
            if place - 1 > index:
                key = mark | past & mask
                more_ones[key] = (more_ones[key] or 0) + step
            if place > index:
                found = more_ones[mark | now & mask]
                if found is not None and (found >= 0) == sample:
                    was_right = was_right or index == winner
                    board.credit(index)
        correct.append(was_right)
        past = now & (1 << depth) - 1
    return correct


def dictionary(samples: Sequence[int], depth: int = 16, limit: int = 65536) -> list[bool]:
    """Section 6.3.10 (LZ78Y), for bits: what followed most often on whatever came before."""
    zeros, ones = [0] * (2 << depth), [0] * (2 << depth)
    known = bytearray(2 << depth)
    entries = 0
    contexts = [(1 << length, (1 << length) - 1) for length in range(depth, 0, -1)]
    correct = []
    past = _number(samples[:depth])
    for place in range(depth + 1, len(samples)):
        newest, now = samples[place - 1], past << 1 | samples[place - 1]
        followers = ones if newest else zeros
        most, guess = 0, None
        for mark, mask in contexts:
            key = mark | past & mask
            if not known[key] and entries < limit:
                known[key] = 1
                entries += 1
            if known[key]:
                followers[key] += 1
        for mark, mask in contexts:
            key = mark | now & mask
            of_one, of_zero = ones[key], zeros[key]
            if of_one >= of_zero and of_one > most:
                most, guess = of_one, 1
            elif of_zero > of_one and of_zero > most:
                most, guess = of_zero, 0
        correct.append(guess == samples[place])
        past = now & (1 << depth) - 1
    return correct


# --- all of them ---------------------------------------------------------------------------------


def assess(samples: Sequence[int]) -> dict[str, float]:
    """The min-entropy of a sample in bits, by the name of each estimator."""
    of_tuples, of_repeats = tuples_and_repeats(samples)
    found = {
        "most common value": most_common_value(samples),
        "collision": collision(samples),
        "Markov": markov(samples),
        "compression": compression(samples),
        "t-tuple": of_tuples,
        "longest repeated substring": of_repeats,
    }
    for name, predictor in PREDICTORS.items():
        found[name] = of_predictions(predictor(samples))
    return found


PREDICTORS: dict[str, Callable[[Sequence[int]], list[bool]]] = {
    "MultiMCW": most_common_in_window,
    "lag": lag,
    "MultiMMC": markov_models,
    "LZ78Y": dictionary,
}


def unpack(raw: bytes) -> list[int]:
    """The samples of packed ones, the first of each byte in bit 7."""
    return [byte >> place & 1 for byte in raw for place in range(7, -1, -1)]


def _number(samples: Sequence[int]) -> int:
    number = 0
    for sample in samples:
        number = number << 1 | sample
    return number


def _mean_and_deviation(values: Sequence[int]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / (len(values) - 1))


def _log2(chance: float) -> float:
    return math.log2(chance) if chance > 0 else -math.inf


def _times(count: int, log: float) -> float:
    return count * log if count else 0.0
