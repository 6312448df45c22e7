"""A transparency log's mathematics and signatures: tree, proofs, checkpoints, signed notes.

Pure functions over hashes and texts; whoever keeps the log brings its storage. A registry makes
its answer of three parts: `tree.inclusion_proof`, a `checkpoint.Checkpoint`, and `note.sign_note`
over that checkpoint's text.
"""
