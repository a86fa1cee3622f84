"""Codes and figures of a run -> words for its report, the command line and the figures for papers."""
