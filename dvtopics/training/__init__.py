"""What only fitting needs: stages, folds, calibration, thresholds."""
