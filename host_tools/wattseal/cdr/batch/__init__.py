"""CDRs by the million: read in chunks, judged by all cores or a cluster, compared, written again.

run.py is the whole of it. inputs.py makes chunks, an engine (engines.py) has them judged
(judge.py) and outputs.py writes what came of them.
"""
