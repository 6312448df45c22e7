"""A transparency log's mathematics and signatures: tree, proofs, checkpoints, signed notes.

The caller brings the log's storage. A registry makes its answer of three parts:
`tree.StoredTree.inclusion_proof`, a `checkpoint.Checkpoint`, and `checkpoint.sign_note` over that
checkpoint's text.
"""
