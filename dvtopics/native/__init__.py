"""Compiled inner loops of tagging, and numpy where they are not compiled.

`kernel.c` is built when the package is installed on a machine with a C compiler. It is optional:
whatever calls `dvtopics.native.kernels` has the same in numpy, equal to the bit and slower.
"""
