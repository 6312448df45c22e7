"""The arithmetic of a signature and its check: given nonces, edge cases, each part disturbed."""

import hashlib
import random
from collections.abc import Callable

import pytest
from support.core import curve, vectors
from support.core.curve import N, P
from support.core.jacobian import montgomery, plain
from support.core.operands import BYTES, number, numbers, pack, unpack
from support.core.runner import Runner, given, result

Amount = Callable[[int, int], int]
Job = tuple[int, int, int]  # private key, digest, nonce
INPUT_BYTES, OUTPUT_BYTES = 3 * BYTES, 4 * BYTES
HASHES = {"SHA-224": "sha224", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
EDGES = [1, 2, 3, N - 1, N - 2, N - 3, (N + 1) // 2, (N - 1) // 2, 2**255, 2**128, 2**32 - 1]

UNUSABLE = 0xFDFFFFFF00004000FFFFFFF7FFFFFFFFBDE6FAADA717BE84F3B9CAC6FC632551
"""A number whose comb adds a point to itself, see test_comb.py."""


def computed(runner: Runner, jobs: list[Job]) -> list[tuple[int, int, int, int]]:
    """r, s and the nonce's point, as numbers; what was returned is in the runner."""
    records = b"".join([pack(job) for job in jobs])
    arguments = [result(OUTPUT_BYTES), given(records, INPUT_BYTES)]
    data = runner.run("ws_signing_compute", arguments, len(jobs))[0]
    outputs = [data[i : i + OUTPUT_BYTES] for i in range(0, len(data), OUTPUT_BYTES)]
    return [(*unpack(o[: 2 * BYTES]), *plain(o[2 * BYTES :])) for o in outputs]


def expected(job: Job) -> tuple[int, int, int, int]:
    private_key, digest, nonce = job
    point = curve.times_g(nonce)
    assert point is not None
    r = point[0] % N
    return r, (digest + r * private_key) * pow(nonce, -1, N) % N, *point


def packed(output: tuple[int, int, int, int]) -> bytes:
    return pack(output[:2]) + montgomery(output[2:])


def checked(runner: Runner, outputs: list[bytes], jobs: list[Job]) -> list[int]:
    """What ws_signing_check says."""
    arguments = [given(b"".join(outputs), OUTPUT_BYTES)]
    arguments.append(given(b"".join([pack(job) for job in jobs]), INPUT_BYTES))
    runner.run("ws_signing_check", arguments, len(jobs))
    return runner.returned


def random_jobs(seed: int, count: int) -> list[Job]:
    rng = random.Random(seed)
    return [(1 + number(rng, N - 1), number(rng, N), 1 + number(rng, N - 1)) for _ in range(count)]


def test_numbers_worth_trying(core_runner: Runner, amount: Amount) -> None:
    jobs = [job for job in random_jobs(1, amount(100, 5_000)) if expected(job)[1] != 0]
    assert computed(core_runner, jobs) == list(map(expected, jobs))
    assert core_runner.returned == [1] * len(jobs)
    assert checked(core_runner, list(map(packed, map(expected, jobs))), jobs) == [2**32 - 1] * len(
        jobs
    )


@pytest.mark.parametrize("nonce", EDGES, ids=hex)
def test_edges(nonce: int, core_runner: Runner) -> None:
    jobs = [(key, digest, nonce) for key in EDGES[:6] for digest in (0, 1, N - 1)]
    jobs = [job for job in jobs if expected(job)[1] != 0]
    assert computed(core_runner, jobs) == list(map(expected, jobs))
    assert core_runner.returned == [1] * len(jobs)
    good = [packed(expected(job)) for job in jobs]
    assert checked(core_runner, good, jobs) == [2**32 - 1] * len(jobs)


@pytest.mark.parametrize("name", HASHES)
def test_cavp_with_the_nonces_of_the_vectors(name: str, core_runner: Runner) -> None:
    records = vectors.groups("SigGen.txt")[f"P-256,{name}"]
    numbers_of = [{part: int(record[part], 16) for part in "dkRS"} for record in records]
    digests = [
        hashlib.new(HASHES[name], bytes.fromhex(record["Msg"])).digest() for record in records
    ]
    jobs = [
        (v["d"], int.from_bytes(digest[:32]) % N, v["k"])
        for v, digest in zip(numbers_of, digests, strict=True)
    ]
    got = computed(core_runner, jobs)
    assert [output[:2] for output in got] == [(v["R"], v["S"]) for v in numbers_of]
    assert len(jobs) == 15


# --- nonces that cannot be used -----------------------------------------------------------------


def test_s_of_zero_is_no_signature(core_runner: Runner) -> None:
    """digest + r private_key is 0 modulo n."""
    jobs = []
    for private_key, _, nonce in random_jobs(2, 20):
        r = expected((private_key, 0, nonce))[0]
        jobs.append((private_key, -r * private_key % N, nonce))
    assert [output[1] for output in computed(core_runner, jobs)] == [0] * len(jobs)
    assert core_runner.returned == [0] * len(jobs)
    assert checked(core_runner, list(map(packed, map(expected, jobs))), jobs) == [0] * len(jobs)


def test_a_nonce_whose_comb_has_no_sum_is_refused(core_runner: Runner) -> None:
    jobs = [(key, digest, UNUSABLE) for key, digest, _ in random_jobs(3, 5)]
    computed(core_runner, jobs)
    assert core_runner.returned == [0] * len(jobs)


def test_the_check_refuses_where_the_other_form_has_no_sum(core_runner: Runner) -> None:
    """Right as the signature is: nobody meets it, and a check that cannot be made has to fail."""
    jobs = [(key, digest, N - UNUSABLE) for key, digest, _ in random_jobs(4, 5)]
    assert computed(core_runner, jobs) == list(map(expected, jobs))
    assert checked(core_runner, list(map(packed, map(expected, jobs))), jobs) == [0] * len(jobs)


# --- the check ----------------------------------------------------------------------------------


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "little") ^ 1 << bit).to_bytes(len(data), "little")


def test_every_flipped_bit_of_a_signature_is_refused(core_runner: Runner, amount: Amount) -> None:
    job = random_jobs(5, 1)[0]
    good = packed(expected(job))
    bits = random.Random(6).sample(range(8 * OUTPUT_BYTES), amount(100, 8 * OUTPUT_BYTES))
    disturbed = [flipped(good, bit) for bit in bits]
    assert checked(core_runner, disturbed, [job] * len(bits)) == [0] * len(bits)


def test_another_key_digest_or_nonce_is_refused(core_runner: Runner) -> None:
    job = random_jobs(7, 1)[0]
    others = [(job[0] + 1, *job[1:]), (job[0], job[1] + 1, job[2]), (*job[:2], job[2] + 1)]
    others += [(*job[:2], N - job[2])]  # the same x
    good = packed(expected(job))
    assert checked(core_runner, [good] * len(others), others) == [0] * len(others)
    assert checked(core_runner, [good], [job]) == [2**32 - 1]


def test_a_signature_that_is_right_for_another_point_is_refused(core_runner: Runner) -> None:
    """r and s of one nonce with the point of another, and everything of the negative nonce."""
    job = random_jobs(8, 1)[0]
    other = (*job[:2], job[2] + 1)
    r, s, x, y = expected(job)
    mixed = [(r, s, *expected(other)[2:]), (r, s, x, P - y), (r, N - s, x, y), (0, s, x, y)]
    mixed += [(r, 0, x, y), (0, 0, 0, 0), (r, s, 0, 0)]
    assert checked(core_runner, list(map(packed, mixed)), [job] * len(mixed)) == [0] * len(mixed)


def test_numbers_below_n_are_what_the_functions_ask_for() -> None:
    """Of the jobs in this file."""
    for key, digest, nonce in random_jobs(1, 500):
        assert 0 < key < N > digest
        assert 0 < nonce < N
    assert max(numbers(1, N, 500)) < N
