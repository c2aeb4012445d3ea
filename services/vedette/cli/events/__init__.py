"""`vedette events`: what happened, as integrators hear it."""
