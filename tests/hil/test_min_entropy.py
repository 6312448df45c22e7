"""The estimators of SP 800-90B, 6.3: its worked examples, plain versions, known sources."""

import itertools
import math
import random
from collections import Counter

import pytest

from hil import min_entropy as estimators

COUNT = 60_000


def digits(text):
    return [int(digit) for digit in text]


FORTY = digits("1000111001010101110011000111001010101110")
FORTY_EIGHT = digits("100011100101010111001100011100101010111011100011")


def test_the_worked_examples_of_the_standard():
    example = digits("01120122010110221021")
    assert estimators.most_common_value(example) == pytest.approx(0.5363, abs=5e-5)
    assert estimators.collision(FORTY) == pytest.approx(0.4483, abs=5e-5)
    assert estimators.markov(FORTY) == pytest.approx(0.761, abs=5e-4)
    assert estimators.compression(FORTY_EIGHT, 4) == pytest.approx(0.1345, abs=5e-5)
    example = digits("220102012120121001000")
    assert estimators.tuples_and_repeats(example, 3)[0] == pytest.approx(0.273, abs=5e-4)


# --- the same again, as the standard puts it -----------------------------------------------------


def plain_tuples(samples, cutoff):
    count = len(samples)
    tuples, repeats = 0.0, 0.0
    for length in range(1, count):
        found = Counter(tuple(samples[i : i + length]) for i in range(count - length + 1))
        most, places = max(found.values()), count - length + 1
        if most >= cutoff:
            tuples = max(tuples, (most / places) ** (1 / length))
        elif most >= 2:
            pairs = sum(math.comb(n, 2) for n in found.values())
            repeats = max(repeats, (pairs / math.comb(places, 2)) ** (1 / length))
    bound = [estimators.upper_bound(chance, count) for chance in (tuples, repeats)]
    return estimators.bits(bound[0]), estimators.bits(bound[1]) if repeats else 1.0


def credit(scores, winner, guesses, sample):
    for index, guess in enumerate(guesses):
        if guess == sample:
            scores[index] += 1
            if scores[index] >= scores[winner]:
                winner = index
    return winner


def plain_windows(samples, windows):
    scores, winner, correct = [0] * len(windows), 0, []
    for i in range(windows[0], len(samples)):
        guesses = [
            Counter(samples[i - w : i]).most_common(1)[0][0] if i >= w else None for w in windows
        ]
        correct.append(guesses[winner] == samples[i])
        winner = credit(scores, winner, guesses, samples[i])
    return correct


def plain_lag(samples, depth):
    scores, winner, correct = [0] * depth, 0, []
    for i in range(1, len(samples)):
        guesses = [samples[i - d] if d <= i else None for d in range(1, depth + 1)]
        correct.append(guesses[winner] == samples[i])
        winner = credit(scores, winner, guesses, samples[i])
    return correct


def plain_models(samples, depth):
    models = [{} for _ in range(depth)]
    scores, winner, correct = [0] * depth, 0, []
    for i in range(2, len(samples)):
        guesses = []
        for d in range(1, depth + 1):
            if d < i:
                context = tuple(samples[i - d - 1 : i - 1])
                models[d - 1].setdefault(context, Counter())[samples[i - 1]] += 1
            found = models[d - 1].get(tuple(samples[i - d : i])) if d <= i else None
            guesses.append(max(found, key=lambda y: (found[y], y)) if found else None)
        correct.append(guesses[winner] == samples[i])
        winner = credit(scores, winner, guesses, samples[i])
    return correct


def plain_dictionary(samples, depth, limit):
    known, correct = {}, []
    for i in range(depth + 1, len(samples)):
        for j in range(depth, 0, -1):
            before = tuple(samples[i - j - 1 : i - 1])
            if before not in known and len(known) < limit:
                known[before] = Counter()
            if before in known:
                known[before][samples[i - 1]] += 1
        most, guess = 0, None
        for j in range(depth, 0, -1):
            found = known.get(tuple(samples[i - j : i]))
            if found:
                best = max(found, key=lambda y: (found[y], y))
                if found[best] > most:
                    most, guess = found[best], best
        correct.append(guess == samples[i])
    return correct


SHORT = {
    "fair": [random.Random(1).getrandbits(1) for _ in range(400)],
    "biased": [int(random.Random(seed).random() < 0.8) for seed in range(400)],
    "pattern": digits("1011001") * 50,
    "standing": [1] * 200,
    "pattern, then another": digits("10") * 100 + digits("110") * 70,
}


@pytest.mark.parametrize("name", SHORT)
def test_they_say_what_plain_versions_say(name):
    samples = SHORT[name]
    for cutoff in (3, 35):
        expected = plain_tuples(samples, cutoff)
        assert estimators.tuples_and_repeats(samples, cutoff) == pytest.approx(expected, abs=1e-9)
    windows = (3, 9, 31, 63)
    assert estimators.most_common_in_window(samples, windows) == plain_windows(samples, windows)
    assert estimators.lag(samples, 20) == plain_lag(samples, 20)
    assert estimators.markov_models(samples, 6) == plain_models(samples, 6)
    for limit in (20, 65536):
        found = estimators.dictionary(samples, 6, limit)
        assert found == plain_dictionary(samples, 6, limit)


def test_the_longest_run_of_right_guesses_bounds_too():
    """A run of 200 in 1,000 guesses, of which half are right: a chance of about 0.97."""
    correct = [True] * 200 + [bool(i % 2) for i in range(800)]
    assert estimators.of_predictions(correct) < 0.06
    assert estimators.of_predictions([False] * 1000) == 1.0
    assert estimators.of_predictions([True] * 1000) == 0.0


# --- sources whose entropy is known --------------------------------------------------------------


def sticky(stay, seed=1):
    chance, sample, found = random.Random(seed), 0, []
    for _ in range(COUNT):
        sample ^= int(chance.random() >= stay)
        found.append(sample)
    return found


@pytest.mark.parametrize(
    ("samples", "entropy", "how"),
    [
        ([int(random.Random(s).random() < 0.75) for s in range(COUNT)], 0.415, "most common value"),
        (sticky(0.8), 0.322, "Markov"),
        (sticky(0.8), 0.322, "MultiMMC"),
        (sticky(0.2), 0.322, "Markov"),
    ],
)
def test_a_source_of_known_entropy_is_estimated_just_below(samples, entropy, how):
    found = estimators.assess(samples)
    assert entropy - 0.03 <= found[how] <= entropy + 0.01
    assert min(found.values()) <= entropy + 0.01


def test_a_fair_source_is_credited_with_most_of_it_and_a_pattern_with_nothing():
    chance = random.Random(5)
    fair = [chance.getrandbits(1) for _ in range(COUNT)]
    assert min(estimators.assess(fair).values()) > 0.65
    pattern = list(itertools.islice(itertools.cycle(digits("1011001110001011")), COUNT))
    assert min(estimators.assess(pattern).values()) < 0.001


def test_packed_samples_begin_with_bit_7():
    assert estimators.unpack(b"\x80\x01") == [1, *[0] * 14, 1]
