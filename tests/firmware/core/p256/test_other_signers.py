"""Signatures and verdicts are those of BearSSL and of OpenSSL.

In C on some hundred of each every day, on ten thousand with --all; as machine code in the model on
a few, and with --all on as many as some minutes allow.
"""

import hashlib
import random
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from support.core import bearssl, curve
from support.core.build import SANITIZED_RUN
from support.core.curve import N
from support.core.library import Core
from support.core.operands import number
from support.core.runner import ModelRunner, Operand, Runner, given, result

Amount = Callable[[int, int], int]
Job = tuple[int, bytes]  # private key, digest
PREHASHED = Prehashed(SHA256())
SIGNATURE_BYTES = 64
NO_ADDED_ENTROPY = 0

RFC_KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
# RFC 6979, A.2.5: nonce, r, s.
RFC_SIGNATURES = {
    ("sha1", b"sample"): (
        "882905F1227FD620FBF2ABF21244F0BA83D0DC3A9103DBBEE43A1FB858109DB4",
        "61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32",
        "6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB",
    ),
    ("sha224", b"sample"): (
        "103F90EE9DC52E5E7FB5132B7033C63066D194321491862059967C715985D473",
        "53B2FFF5D1752B2C689DF257C04C40A587FABABB3F6FC2702F1343AF7CA9AA3F",
        "B9AFB64FDC03DC1A131C7D2386D11E349F070AA432A4ACC918BEA988BF75C74C",
    ),
    ("sha256", b"sample"): (
        "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    ("sha384", b"sample"): (
        "09F634B188CEFD98E7EC88B1AA9852D734D0BC272F7D2A47DECC6EBEB375AAD4",
        "0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719",
        "4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954",
    ),
    ("sha512", b"sample"): (
        "5FA81C63109BADB88C1F367B47DA606DA28CAD69AA22C4FE6AD7DF73A7173AA5",
        "8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00",
        "2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE",
    ),
    ("sha1", b"test"): (
        "8C9520267C55D6B980DF741E56B4ADEE114D84FBFA2E62137954164028632A2E",
        "0CBCC86FD6ABD1D99E703E1EC50069EE5C0B4BA4B9AC60E409E8EC5910D81A89",
        "01B9D7B73DFAA60D5651EC4591A0136F87653E0FD780C3B1BC872FFDEAE479B1",
    ),
    ("sha224", b"test"): (
        "669F4426F2688B8BE0DB3A6BD1989BDAEFFF84B649EEB84F3DD26080F667FAA7",
        "C37EDB6F0AE79D47C3C27E962FA269BB4F441770357E114EE511F662EC34A692",
        "C820053A05791E521FCAAD6042D40AEA1D6B1A540138558F47D0719800E18F2D",
    ),
    ("sha256", b"test"): (
        "D16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
    ("sha384", b"test"): (
        "16AEFFA357260B04B1DD199693960740066C1A8F3E8EDD79070AA914D361B3B8",
        "83910E8B48BB0C74244EBDF7F07A1C5413D61472BD941EF3920E623FBCCEBEB6",
        "8DDBEC54CF8CD5874883841D712142A56A8D0F218F5003CB0296B6B509619F2C",
    ),
    ("sha512", b"test"): (
        "6915D11632ACA3C40D5D51C08DAF9C555933819548784480E93499000D9F0B7F",
        "461D93F31B6540894788FD206C07CFA0CC35F46FA3C91816FFF1040AD1581A04",
        "39AF9F15DE0DB8D97E72719C74820D304CE5226E32DEDAE67519E840D1194E55",
    ),
}


def some_jobs(seed: int, count: int) -> list[Job]:
    """Keys and digests worth trying; digests beyond n, too."""
    rng = random.Random(seed)
    return [(1 + number(rng, N - 1), number(rng, 2**256).to_bytes(32)) for _ in range(count)]


def signatures(runner: Runner, jobs: list[Job], added: bytes | None) -> list[bytes]:
    """What ws_ecdsa_sign gives, whose result has to be 0."""
    keys = given(b"".join([key.to_bytes(32) for key, _ in jobs]), 32)
    digests = given(b"".join([digest for _, digest in jobs]), 32)
    entropy: Operand | int = given(added, 32) if added else NO_ADDED_ENTROPY
    arguments = [keys, digests, entropy, result(SIGNATURE_BYTES)]
    data = runner.run("ws_ecdsa_sign", arguments, len(jobs))[0]
    assert runner.returned == [0] * len(jobs)
    return [data[i : i + SIGNATURE_BYTES] for i in range(0, len(data), SIGNATURE_BYTES)]


def of_openssl(job: Job) -> bytes:
    key = ec.derive_private_key(job[0], ec.SECP256R1())
    made = key.sign(job[1], ec.ECDSA(PREHASHED, deterministic_signing=True))
    r, s = decode_dss_signature(made)
    return r.to_bytes(32) + s.to_bytes(32)


@pytest.fixture
def share(core_runner: Runner, amount: Amount) -> Callable[[int], int]:
    """Tell how many signatures to try: of the machine code fewer."""

    def choose(in_c: int) -> int:
        slow = isinstance(core_runner, ModelRunner)
        return amount(20 if slow else in_c // 20, 2_000 if slow else in_c)

    return choose


def test_plain_signatures(core_runner: Runner, share: Callable[[int], int]) -> None:
    jobs = some_jobs(1, share(10_000))
    made = signatures(core_runner, jobs, None)
    assert made == [of_openssl(job) for job in jobs]
    assert made == [bearssl.sign(*job) for job in jobs]


def test_hedged_signatures(core_runner: Runner, share: Callable[[int], int]) -> None:
    """They verify, and are no plain ones."""
    jobs = some_jobs(2, share(10_000))
    added = random.Random(3).randbytes(32 * len(jobs))
    made = signatures(core_runner, jobs, added)
    for job, signature in zip(jobs, made, strict=True):
        key = ec.derive_private_key(job[0], ec.SECP256R1()).public_key()
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        key.verify(der, job[1], ec.ECDSA(PREHASHED))
    assert len({signature[:32] for signature in made}) == len(made)
    few = jobs[:20]
    assert not {bearssl.sign(*job)[:32] for job in few} & {made_[:32] for made_ in made}


def rfc_case(case: tuple[str, bytes]) -> tuple[bytes, tuple[int, int, int]]:
    """The digest, and nonce, r and s."""
    nonce, r, s = (int(part, 16) for part in RFC_SIGNATURES[case])
    return hashlib.new(case[0], case[1], usedforsecurity=False).digest(), (nonce, r, s)


@pytest.mark.parametrize("case", RFC_SIGNATURES, ids=lambda case: f"{case[0]}-{case[1].decode()}")
def test_rfc_6979_with_its_nonces(case: tuple[str, bytes], core: Core, core_runner: Runner) -> None:
    """The nonce comes from the hash at hand, so that only SHA-256's is made by the core itself."""
    digest, (nonce, r, s) = rfc_case(case)
    number_of = int.from_bytes(digest[:32])
    words = [RFC_KEY, number_of % N, nonce]
    records = b"".join([word.to_bytes(32, "little") for word in words])
    out = core_runner.run("ws_signing_compute", [result(128), given(records, 96)], 1)[0]
    assert (int.from_bytes(out[:32], "little"), int.from_bytes(out[32:64], "little")) == (r, s)
    spki = curve.spki(curve.times_g(RFC_KEY))
    assert core.verify_digest(spki, digest, encode_dss_signature(r, s)) == "ok"
    if case[0] == "sha256":
        made = r.to_bytes(32) + s.to_bytes(32)
        assert signatures(core_runner, [(RFC_KEY, digest)], None) == [made]


def openssl_verifies(key: int, digest: bytes, signature: bytes) -> bool:
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public = ec.derive_private_key(key, ec.SECP256R1()).public_key()
    try:
        public.verify(encode_dss_signature(r, s), digest, ec.ECDSA(PREHASHED))
    except InvalidSignature:
        return False
    return True


def test_verdicts_are_theirs(core_runner: Runner, share: Callable[[int], int]) -> None:
    """On signatures that are good, that nearly are, and that are no signatures.

    BearSSL is not asked about a digest of 0 modulo n: it refuses good signatures of it, and takes
    an r of 0.
    """
    rng = random.Random(4)
    jobs = some_jobs(5, share(4_000))
    cases = []
    for (key, digest), signature in zip(jobs, map(of_openssl, jobs), strict=True):
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        changed = [(r, s), (r, N - s), (r ^ 1, s), (s, r), (r, 0), (0, s), (N, s), (r, N)]
        r, s = changed[rng.randrange(2)] if rng.randrange(2) else rng.choice(changed)
        cases.append((key, digest, r.to_bytes(32) + s.to_bytes(32)))
    encoded = [curve.encode(curve.times_g(key)) for key, _, _ in cases]
    points = b"".join(encoded)
    digests, made = (b"".join(column) for column in list(zip(*cases, strict=True))[1:])
    arguments = [given(points, 65), given(digests, 32), 32, given(made, SIGNATURE_BYTES)]
    core_runner.run("ws_ecdsa_verify", arguments, len(cases))
    verdicts = [code == 0 for code in core_runner.returned]
    assert verdicts == [openssl_verifies(*case) for case in cases]
    for point, (_, digest, signature), verdict in zip(encoded, cases, verdicts, strict=True):
        if int.from_bytes(digest) % N:
            assert bearssl.verifies(point, digest, signature) == verdict
    assert SANITIZED_RUN or (any(verdicts) and not all(verdicts))
