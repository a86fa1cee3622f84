"""Run -> one self-contained HTML file that works offline."""

from __future__ import annotations

from repdiff.report.overview import render_matrix, write_matrix_report
from repdiff.report.page import render, write_report

__all__ = ["render", "render_matrix", "write_matrix_report", "write_report"]
