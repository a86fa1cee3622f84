"""Run -> one self-contained HTML file that works offline."""

from __future__ import annotations

from repdiff.report.page import render, write_report

__all__ = ["render", "write_report"]
