"""Whether what a caller says can be true: every rule of the registry, with a code for each.

A registration is judged in two steps: `facts` by itself, `against` what is recorded. Every other
request has one function. All of them tell everything that they find.
"""

from wattseal.registry.plausibility.access_requests import (
    judge_access,
    judge_revocation,
)
from wattseal.registry.plausibility.deactivation import judge_deactivation
from wattseal.registry.plausibility.facts import Facts, facts
from wattseal.registry.plausibility.findings import FINDINGS, reason
from wattseal.registry.plausibility.proof import CheckChallenge
from wattseal.registry.plausibility.registration import against, remarks
from wattseal.registry.plausibility.station import judge_consent, judge_hardware_exchange
from wattseal.registry.plausibility.test_charge import judge_test_charge

__all__ = (
    "FINDINGS",
    "CheckChallenge",
    "Facts",
    "against",
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
