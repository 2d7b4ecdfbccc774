from __future__ import annotations

import numpy as np

from dvtopics.taggers.calibration import Platt


def test_formula_six_decimals_and_nothing_to_judge():
    platt = Platt(np.array([2.0, 0.5]), np.array([-1.0, 0.25]))
    logits = np.array([[0.3, -2.0], [np.nan, np.nan], [1e9, -1e9]])
    expected = np.round(1 / (1 + np.exp(-(2 * 0.3 - 1))), 6)
    p = platt.probabilities(logits)
    assert p[0, 0] == expected
    assert p[0, 1] == np.round(1 / (1 + np.exp(-(0.5 * -2 + 0.25))), 6)
    assert p[1].tolist() == [0.0, 0.0]
    assert p[2].tolist() == [1.0, 0.0]
    assert [float(f"{value:.6f}") for value in p.ravel()] == p.ravel().tolist()
