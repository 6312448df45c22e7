"""Keys that stand in print with their private halves, or are everybody's test keys.

By SHA-256 of the SubjectPublicKeyInfo, each with where it is published: the examples of this
project's own documents, those of the RFCs, and the test vectors that libraries are tried with.
"""

PUBLISHED_KEYS = {
    "ba479b6509f73e4f3f470df7bc2cd840af7458fd95b7a280f329e7796ed80d2a": "docs/statements.md",
    "6e11d2e1026f32568ac0fd2889a34a8b0ad631a8d677d828214127384dfe5022": "docs/statements.md",
    "c18919e454a141446355971496134558dd04d43ec5f2f56453be86a2497a8714": "docs/statements.md",
    "b8cf3f71d31f1d42e65931316e0af705be05bf788a8a3da75d1989f927df7eef": "docs/statements.md",
    "fbb2df41373ff306c5d7efd10098c0e1a6f3abc3933b72714647cd4efedf1a88": "docs/statements.md",
    "5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4": "RFC 6979, A.2.5",
    "2bd1bb0c44a897c30a7aa0991cde38d8062fe441de50da0f46825344f602e827": "RFC 7515, A.3",
    "0959b8a32ced68a78e40886d18b701098c146497c51790ce549456ddfef3ece9": "Wycheproof, ECDSA P-256",
    "a5627e1865996b1e146ec84af97d51881afc319b862107ccce3ff6e843d1cdab": "Wycheproof, ECDSA P-256",
    "ae13f854e8eb6514dde3f1ae8f32f100a1afbfc43d6fbd245f05c3cddfc54d47": "NIST CAVS 11.0, SigGen",
    "a16478198625a49b0f085b71dc7bde39ebd5bae7a73663f63fb8ee727fc72d16": "NIST CAVS 11.0, SigGen",
    "45b9277ea49c053c167e5a4a429a275556ff06d185e63ef4a83629149e341c4c": "NIST CAVS 11.0, SigGen",
    "078fa49f8cf34ee59a2ff41e222520090b91fb02e1a5625e1385e69b22513543": "NIST CAVS 11.0, SigGen",
    "2b6653e43f6b3e5bca15d699584a9cfd36ee20361755304149a3a4bfbcc42aa1": "NIST CAVS 11.0, SigGen",
    "9fd4975f53de6b587c6d342b452e277fed6d7366ba7bde343dd1cb1747bfe000": "NIST CAVS 11.0, SigGen",
    "7d686fc93071292b16b7ec414ed183675071047be8f4a9048105013545ea805c": "NIST CAVS 11.0, SigGen",
    "7db9d6c90d30bd3d01cff14cc913284e5d9614d1226aaca427c41290e93207ea": "NIST CAVS 11.0, SigGen",
    "29f0465c288a2dd3fb23259876dbcaad12ce646acf882b5738a704b21eda10fb": "NIST CAVS 11.0, SigGen",
    "3937a680b4e8cdc00f0c3cd8af1c1b6a5d38078d6680eea5e31ef9ed2d006c1a": "NIST CAVS 11.0, SigGen",
    "f12c4aedb4dc3acd7bc0b3e76205e14addc9573dc04331c5371f2cec0844df44": "NIST CAVS 11.0, SigGen",
    "eb34dccade7d5116f4ef302e6af0f663f4b5bb0ac77b0dcb7eee9169e88b0e72": "NIST CAVS 11.0, SigGen",
    "42759bd5c20ac90c2a36e250b389d2ce53a00de7e4530292bb7146023a8f2992": "NIST CAVS 11.0, SigGen",
    "01583d4f8ea4626297e26946f2f0c7af9e93a0f9727f15b107f4b76fc6d9d209": "NIST CAVS 11.0, SigGen",
    "5d115d6b75893d74f034f24770078bd5a2d6cd2598b3cc59a99766ba009878f3": "NIST CAVS 11.0, SigGen",
    "7de9c731437ec34e96161664f872422608f1acf7dae7f7f0ca1d13abace400ec": "NIST CAVS 11.0, KeyPair",
    "23ec041e733fe8c75feabe63916f44b40662a03dd2d0f4cee8a0d065c0c38d05": "NIST CAVS 11.0, KeyPair",
    "74d96c1aa81946f586b88819a10c60a6ce7b9a3abe183b279bef575c070191eb": "NIST CAVS 11.0, KeyPair",
    "6bfa78f056f456594e6b6e90933caf684613a21c695f1ec6f1164c0cc7f39a2f": "NIST CAVS 11.0, KeyPair",
    "fa51f64e4f7597f7602716c59a159cde51ab771a426b3610058e5aa2bdd0bb76": "NIST CAVS 11.0, KeyPair",
    "a717c110c8fae4c9e0e2326aa39a8ae561b4e7b5102076561fa906dd6871e621": "NIST CAVS 11.0, KeyPair",
    "7e39a6f8ff73cec7ec3a6275c49dd4288d0179fd030406f60a07c40275310c11": "NIST CAVS 11.0, KeyPair",
    "efe51c443836ec83b192626b5d8698fddaa43a0ce5ed7f05b0f9ad358b84d6f2": "NIST CAVS 11.0, KeyPair",
    "fc1366b8704442abbb0d4c292ca85032e5f367c2600eba9ed3b384ec1fe21d84": "NIST CAVS 11.0, KeyPair",
    "e2abf341ee120045e0099ac0baa6c0ddb22460a6f9257e20f1bd6cba4f210e7d": "NIST CAVS 11.0, KeyPair",
}
