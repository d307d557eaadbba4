"""Calibrations made step by step: what to do, whether it was done well, and what came of it; no terminal in here."""
