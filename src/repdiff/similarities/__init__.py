"""Two representations -> one number: how alike they are as a whole.

Each score is a pure function of two arrays, (n, d_x) and (n, d_y), whose rows are the same items. All are 1 for
identical representations. :func:`repdiff.similarity` gives all of them as one table. The package is not called
``similarity``, because it would shadow that function, as with ``compare``.

Degenerate input. If one representation has no spread (all items in one place), every score is 1 if the other has none
either, and 0 if the other has some. Finite input never gives NaN.
"""

from __future__ import annotations

from repdiff.similarities.kernels import cka, debiased_cka, rbf_cka
from repdiff.similarities.neighbors import jaccard, mutual_knn
from repdiff.similarities.shapes import procrustes, rsa
from repdiff.similarities.subspaces import pwcca, svcca

__all__ = ["cka", "debiased_cka", "jaccard", "mutual_knn", "procrustes", "pwcca", "rbf_cka", "rsa", "svcca"]
