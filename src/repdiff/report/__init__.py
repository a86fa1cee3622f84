"""Run, series or matrix -> one self-contained HTML file that works offline."""

from __future__ import annotations

from repdiff.report.overview import render_matrix, write_matrix_report
from repdiff.report.page import render, write_run_report
from repdiff.report.series_page import render_series, write_series_report
from repdiff.report.writing import write_report

__all__ = [
    "render",
    "render_matrix",
    "render_series",
    "write_matrix_report",
    "write_report",
    "write_run_report",
    "write_series_report",
]
