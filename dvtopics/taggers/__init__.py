"""Taggers: scorer, context, calibration, decisions, evidence."""
