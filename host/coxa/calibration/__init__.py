"""Calibrations of sensors, bodies and skin: kept, chosen for a set, applied to it, and made step by step."""
