"""Whether what a caller says can be true: every rule of the registry, with a code for each.

A registration is judged in two steps: `facts` takes it by itself, `check_against_registry` compares
it with what is recorded. Every other request has one function. Each returns all that it finds.
"""

from wattseal.registry.rules.other_requests import judge, judge_access, judge_revocation
from wattseal.registry.rules.proof import facts
from wattseal.registry.rules.reasons import reason
from wattseal.registry.rules.registration import check_against_registry, remarks

__all__ = (
    "check_against_registry",
    "facts",
    "judge",
    "judge_access",
    "judge_revocation",
    "reason",
    "remarks",
)
