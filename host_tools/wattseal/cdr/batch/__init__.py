"""CDRs by the million: read in chunks, judged by all cores or a cluster, compared, written again.

run.py is the whole of it. Readers (reading.py) make chunks, an engine (engines.py, dask_engine.py)
has them judged (judging.py), run_file.py keeps what came of them, writing.py writes it.
"""
