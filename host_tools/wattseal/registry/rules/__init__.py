"""Whether what a caller says can be true: every rule of the registry, with a code for each.

A registration is judged in two steps: `facts` takes it by itself, `check_against_registry` compares
it with what is recorded. Every other request has one function. Each returns all that it finds.
"""

from wattseal.registry.rules.other_requests import (
    judge_access,
    judge_consent,
    judge_deactivation,
    judge_hardware_exchange,
    judge_revocation,
    judge_test_charge,
)
from wattseal.registry.rules.proof import CheckChallenge, Facts, facts
from wattseal.registry.rules.reasons import reason
from wattseal.registry.rules.registration import check_against_registry, remarks

__all__ = (
    "CheckChallenge",
    "Facts",
    "check_against_registry",
    "facts",
    "judge_access",
    "judge_consent",
    "judge_deactivation",
    "judge_hardware_exchange",
    "judge_revocation",
    "judge_test_charge",
    "reason",
    "remarks",
)
