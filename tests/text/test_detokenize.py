from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvtopics.corpus.checksum import text_checksum
from dvtopics.text.detokenize import detokenize


@pytest.mark.parametrize(
    ("segmented", "plain"),
    [
        ("Ban_Dân_vận Tỉnh_uỷ họp .", "Ban Dân vận Tỉnh uỷ họp."),
        ("( CCHC ) , TTHC ; QCDC : tốt !", "(CCHC), TTHC; QCDC: tốt!"),
        ("tăng 5 % so với 2 / 9 , 2010 - 2015", "tăng 5% so với 2/9, 2010 - 2015"),
        ('nói : " tốt " và " xấu " .', 'nói: "tốt" và "xấu".'),
        ("“ dân_biết , dân_bàn ”", "“dân biết, dân bàn”"),
        ("chính_quyền - nhân_dân", "chính quyền - nhân dân"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_reads_as_written(segmented, plain):
    assert detokenize(segmented) == plain


@given(st.text(st.sampled_from('ab1 _.,:()"“”-/%\n')))
def test_nothing_but_space_and_joints_changes(text):
    # So a text found again by its checksum may be shown detokenized.
    assert text_checksum(detokenize(text)) == text_checksum(text)
    assert "_" not in detokenize(text)
    assert detokenize(text) == detokenize(text).strip()
