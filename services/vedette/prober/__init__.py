"""The prober: takes jobs, runs the checks, hands the results on. It decides no state."""
