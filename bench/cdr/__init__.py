"""What the validation of CDRs costs beside the signatures alone."""
