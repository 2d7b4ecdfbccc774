"""Compiled inner loops of tagging, and numpy where they are not compiled.

`kernel.c` and `terms.c` are built when the package is installed on a machine with a C compiler.
They are optional: whatever calls `dvtopics.native.kernels` has the same in numpy, slower.
"""
